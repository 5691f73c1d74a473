// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Patches → a unified diff that `git apply` takes.

use similar::TextDiff;

use super::settle::Patch;

/// Lines around a change.
const AROUND: usize = 3;

/// Returns the unified diff of all patches, in their order.
pub fn unified(patches: &[Patch]) -> String {
    patches.iter().map(one).collect()
}

fn one(patch: &Patch) -> String {
    let before = patch.before.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(before, &patch.after);
    let old = if patch.before.is_some() { format!("a/{}", patch.path) } else { "/dev/null".to_owned() };
    diff.unified_diff().context_radius(AROUND).header(&old, &format!("b/{}", patch.path)).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn new_and_changed_files_are_shown_as_git_shows_them() {
        let patch = |path: &str, before: Option<&str>, after: &str| Patch {
            path: path.into(),
            before: before.map(str::to_owned),
            after: after.into(),
            rules: BTreeSet::new(),
        };
        let patches = [patch("LICENSES/x.txt", None, "text\n"), patch("NOTICE", Some("old"), "old\n\nnew")];
        assert_eq!(
            unified(&patches),
            "--- /dev/null\n+++ b/LICENSES/x.txt\n@@ -0,0 +1 @@\n+text\n\
             --- a/NOTICE\n+++ b/NOTICE\n@@ -1 +1,3 @@\n-old\n\\ No newline at end of file\n\
             +old\n+\n+new\n\\ No newline at end of file\n"
        );
    }
}
