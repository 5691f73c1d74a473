// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `checkpoint-outside-lfs`: a checkpoint is committed to git itself and not through Git LFS.

use super::facts::Facts;
use super::finding::{Finding, Rule};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Fires for every model that the push brings and whose bytes are in git itself. Models that were there before do not fire: \
           history cannot be mended by the next push.",
    why: "Weights in git history cannot be taken back without rewriting it, and every clone carries them for ever.",
    example: "warning[checkpoint-outside-lfs]: w/orca.safetensors is committed to git itself and not through Git LFS",
    fix: "Run `git lfs track` for the kind of file, then commit it again before pushing: `git lfs migrate import --include=...`.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let outside = facts.models.iter().filter(|model| model.introduced && model.outside_lfs);
    let finding = |path: &str, id: &str| {
        let message = format!("{path} is committed to git itself and not through Git LFS");
        let remedy = format!("run git lfs migrate import --include={path:?}, then push again");
        Finding::new(Rule::CheckpointOutsideLfs, message, remedy, &[id]).of_model(path, id)
    };
    outside.map(|model| finding(&model.path, &model.id)).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, model};

    #[test]
    fn a_new_checkpoint_in_git_itself_fires() {
        let mut sample = Sample::default();
        sample.models.push(model("m.safetensors", vec![]));
        assert_eq!(check(&sample.facts()), []);
        sample.models[0].outside_lfs = true;
        assert_snapshot!(check(&sample.facts())[0].message, @"m.safetensors is committed to git itself and not through Git LFS");
        sample.models[0].introduced = false;
        assert_eq!(check(&sample.facts()), []);
    }
}
