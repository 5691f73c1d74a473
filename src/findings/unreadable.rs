// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unverifiable-artifact`, `missing-lfs-object` and `unsafe-pickle`: what could not be looked at, or is
//! dangerous to load. Fail closed: nothing is known of it, and that is said.

use crate::changes::{Problem, ProblemKind};

use super::facts::{Facts, ModelFacts, UnverifiableFacts, UnverifiableKind};
use super::finding::{Finding, Level, Rule};
use super::pages::Page;

pub(super) const UNVERIFIABLE: Page = Page {
    what: "Fires for every file that looks like a model, by content or by name, and cannot be read: malformed, of a format that is \
           recognised and not read, with a shard missing, with other bytes than its Git LFS pointer promises. Also for weights inside another file that the \
           push brings (archives and compressed files, nested up to three deep; base64 or hexadecimal in a text; behind other \
           bytes; in pieces that are a model together; in the message of a commit or tag): they are not compared where they \
           are. Also for objects of the push that git cannot read, and for a clone that is too shallow to tell. Large files without a known \
           form that look like numbers or are compressed warn: they may be weights. So do archives that are not unpacked, or not to their end, and submodules. With `--path`, links and special files named like checkpoints count as unread: what uploads a folder follows them.",
    why: "What cannot be read cannot be compared with anything. If that passed, damaging a header would be a way around the gate.",
    example: "error[unverifiable-artifact]: w/orca.safetensors cannot be verified: malformed safetensors at byte 8: header is not JSON",
    fix: "Replace the file by one that its own tools can read, or leave it out of the release.",
    clauses: "",
};

pub(super) const MISSING_LFS: Page = Page {
    what: "Fires for every Git LFS pointer that is pushed and whose object is not in the local LFS store, so that its content \
           cannot be looked at.",
    why: "A pointer says nothing of the weights behind it.",
    example: "error[missing-lfs-object]: w/orca.safetensors is a Git LFS pointer, and its object is not on this machine",
    fix: "Run `git lfs fetch --all` (or `git lfs pull`) and push again.",
    clauses: "",
};

pub(super) const UNSAFE_PICKLE: Page = Page {
    what: "Pickles in checkpoints are interpreted by an allow-list of opcodes and functions, never executed. Fires when a pickle \
           calls anything beyond what rebuilding tensors needs.",
    why: "Loading such a file runs code of whoever wrote it, on the machine of whoever downloads the release.",
    example: "error[unsafe-pickle]: w/orca.bin does more than rebuild tensors: calls os.system",
    fix: "Save the weights as safetensors and publish those.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let files = facts.unverifiable.iter().map(of_file);
    let models = facts.models.iter().flat_map(of_hazards);
    let formless = facts.models.iter().filter_map(of_formless);
    let problems = facts.problems.iter().map(of_problem);
    files.chain(models).chain(formless).chain(problems).collect()
}

/// A model of this many parameters has matrices.
const SIZABLE: u64 = 100_000;

/// A model most of which is flattened, cut small or constant: it was read, and hardly anything could be compared.
fn of_formless(model: &ModelFacts) -> Option<Finding> {
    let ModelFacts { path, id, parameters, comparable, .. } = model;
    if *parameters < SIZABLE || *comparable >= parameters / 2 {
        return None;
    }
    let percent = 100 * u128::from(*comparable) / u128::from(*parameters);
    let message = format!(
        "{path}: only {percent} % of {parameters} parameters stand in matrices that can be compared; \
         the rest is flattened, very small, or constant, so no evidence found says little"
    );
    let remedy = "publish the weights as the matrices that the network uses";
    Some(
        Finding::new(Rule::UnverifiableArtifact, message, remedy, &[id, "formless"])
            .of_model(path, id)
            .capped(Level::Warn),
    )
}

fn of_file(file: &UnverifiableFacts) -> Finding {
    let UnverifiableFacts { path, what, reason, .. } = file;
    let (rule, message, remedy) = match file.kind {
        UnverifiableKind::MissingLfs => (
            Rule::MissingLfsObject,
            format!("{path} is a Git LFS pointer, and its object is not on this machine"),
            "run git lfs fetch --all, then push again",
        ),
        UnverifiableKind::UnsafePickle => (
            Rule::UnsafePickle,
            format!("{path} does more than rebuild tensors: {reason}"),
            "save the weights as safetensors and publish those",
        ),
        kind => (
            Rule::UnverifiableArtifact,
            format!("{path} cannot be verified: {reason}"),
            match kind {
                UnverifiableKind::MissingPart => "add the part that is named, or leave the model out of the release",
                UnverifiableKind::WrongDigest => "fetch the Git LFS object again: git lfs fsck",
                UnverifiableKind::Unsupported => {
                    "publish the weights as safetensors, GGUF or ONNX as well, or leave them out"
                }
                _ => "replace the file by one that can be read, or leave it out of the release",
            },
        ),
    };
    let remedy = if file.remedy.is_empty() { remedy } else { &file.remedy };
    let finding = Finding::new(rule, message, remedy, &[path, what]).at(path, None);
    // Data sets and archives look like this too.
    if file.kind == UnverifiableKind::Suspected { finding.capped(Level::Warn) } else { finding }
}

fn of_hazards(model: &ModelFacts) -> Vec<Finding> {
    let mut files: Vec<&str> = model.hazards.iter().map(|hazard| hazard.path.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let finding = |path: &str| {
        let mut whats: Vec<&str> =
            model.hazards.iter().filter(|hazard| hazard.path == path).map(|hazard| hazard.what.as_str()).collect();
        whats.sort_unstable();
        whats.dedup();
        let message = format!("{path} does more than rebuild tensors: {}", whats.join(", "));
        let remedy = "save the weights as safetensors and publish those";
        Finding::new(Rule::UnsafePickle, message, remedy, &[&model.id, path])
            .at(path, None)
            .of_model(&model.path, &model.id)
    };
    files.into_iter().map(finding).collect()
}

fn of_problem(problem: &Problem) -> Finding {
    let Problem { kind, subject, message, remedy } = problem;
    let finding =
        Finding::new(Rule::UnverifiableArtifact, format!("{subject}: {message}"), remedy, &[subject, message]);
    match kind {
        ProblemKind::Unreadable | ProblemKind::Shallow => finding,
        ProblemKind::UnknownRemote => finding.capped(Level::Note),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::checkpoints::Hazard;
    use crate::findings::samples::{Sample, model};

    fn of(kind: UnverifiableKind) -> Finding {
        of_file(&UnverifiableFacts {
            path: "w/m.bin".into(),
            what: "checkpoint".into(),
            reason: "malformed zip at byte 4: no end record".into(),
            remedy: String::new(),
            kind,
        })
    }

    #[test]
    fn each_kind_has_its_rule() {
        assert_snapshot!(of(UnverifiableKind::Malformed).message, @"w/m.bin cannot be verified: malformed zip at byte 4: no end record");
        assert_snapshot!(of(UnverifiableKind::MissingLfs).message, @"w/m.bin is a Git LFS pointer, and its object is not on this machine");
        assert_eq!(of(UnverifiableKind::MissingLfs).rule, Rule::MissingLfsObject);
        assert_eq!(of(UnverifiableKind::UnsafePickle).rule, Rule::UnsafePickle);
        assert_eq!(of(UnverifiableKind::WrongDigest).rule, Rule::UnverifiableArtifact);
    }

    #[test]
    fn hazards_are_said_once_a_file() {
        let mut sample = Sample::default();
        let mut model = model("m.bin", vec![]);
        let hazard = |path: &str, what: &str| Hazard { path: path.into(), what: what.into(), offset: 0 };
        model.hazards =
            vec![hazard("m.bin", "calls os.system"), hazard("m.bin", "calls os.system"), hazard("n.bin", "x")];
        sample.models.push(model);
        let found = check(&sample.facts());
        assert_eq!(found.len(), 2);
        assert_snapshot!(found[0].message, @"m.bin does more than rebuild tensors: calls os.system");
    }

    #[test]
    fn problems_of_the_push_are_findings() {
        let mut sample = Sample::default();
        let problem =
            |kind| Problem { kind, subject: "refs/heads/main".into(), message: "m".into(), remedy: "r".into() };
        sample.problems =
            vec![problem(ProblemKind::Unreadable), problem(ProblemKind::Shallow), problem(ProblemKind::UnknownRemote)];
        let levels: Vec<Level> = check(&sample.facts()).iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Deny, Level::Deny, Level::Note]);
    }

    #[test]
    fn a_model_without_matrices_warns() {
        let mut sample = Sample::default();
        sample.models.push(ModelFacts { parameters: 1_000_000, comparable: 12_000, ..model("m.bin", vec![]) });
        sample.models.push(ModelFacts { parameters: 1_000_000, comparable: 500_000, ..model("n.bin", vec![]) });
        let found = check(&sample.facts());
        assert_eq!((found.len(), found[0].cap), (1, Some(Level::Warn)));
        assert_snapshot!(found[0].message, @"m.bin: only 1 % of 1000000 parameters stand in matrices that can be compared; the rest is flattened, very small, or constant, so no evidence found says little");
    }

    #[test]
    fn a_readable_model_is_in_order() {
        let mut sample = Sample::default();
        sample.models.push(model("m.safetensors", vec![]));
        assert_eq!(check(&sample.facts()), []);
    }
}
