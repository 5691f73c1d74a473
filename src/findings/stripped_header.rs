// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `stripped-header`: a source file lost a copyright line or SPDX tag that it had, or that came with the base's file.

use crate::code::Headers;
use crate::licenses::copyright_key;

use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Level, Rule};
use super::origins::{Told, credited_in_file};
use super::owed::Ledger;
use super::own::{among, is_own, keys_of_documents};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Looks at the leading comment of every source file that the push brings. Fires when a copyright line or an SPDX license \
           tag that stood there before the change is gone, and when a file of the same name came with a declared or proven base \
           and its copyright lines or tags are not in this one. Fires as well when the code itself is consistent with that of one \
           known family, the release says that it builds on that family, and the file neither keeps its copyright line nor says \
           where it came from. A changed year, another order or typography is not a loss; \
           neither is a line of the releaser's own (`copyright` under `[release]`), nor one that a `REUSE.toml` or `.license` \
           file gives for the file. Names that any project has (`utils.py`, `config.py`) are not compared with a base's. A \
           file that was written anew under its old name is seen as stripped, so the finding warns.",
    why: "Licenses of model code ask that copyright notices are kept in source files, changed or not.",
    example: "warning[stripped-header]: modeling_orca.py no longer holds: Copyright 2024 The Qwen team, Alibaba Group",
    fix: "Put the lines back at the top of the file and add your own below them. If nothing of the old file is left, waive it.",
    clauses: "Apache-2.0 §4(c); BSD, clause 1; MIT, second paragraph.",
};

/// Names of files that say nothing of where they come from.
const COMMON: [&str; 22] = [
    "__init__.py",
    "__main__.py",
    "app.py",
    "args.py",
    "common.py",
    "config.py",
    "conftest.py",
    "constants.py",
    "data.py",
    "dataset.py",
    "eval.py",
    "evaluate.py",
    "generate.py",
    "inference.py",
    "main.py",
    "model.py",
    "run.py",
    "setup.py",
    "test.py",
    "train.py",
    "types.py",
    "utils.py",
];

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.sources.iter().filter_map(|source| stripped(facts, source)).collect();
    for owed in &ledger.owed {
        let Some(base) = owed.base else { continue };
        for source in facts.sources.iter().filter(|source| !COMMON.contains(&file_name(&source.path))) {
            for (_, lines) in base.headers.iter().filter(|(name, _)| file_name(name) == file_name(&source.path)) {
                let theirs = Headers::from_lines(lines.iter().map(String::as_str));
                // Where the line was there before the change, the loss is already said.
                let before = source.previous.as_ref().map(|previous| lost(facts, source, previous)).unwrap_or_default();
                let lost: Vec<String> =
                    lost(facts, source, &theirs).into_iter().filter(|line| !before.contains(line)).collect();
                if lost.is_empty() {
                    continue;
                }
                let message = format!(
                    "{} has the name of a file of {}, and does not hold its header: {}",
                    source.path,
                    owed.id,
                    lost.join("; ")
                );
                let mut finding = finding(source, message, &lost);
                finding.base = Some(owed.id.to_owned());
                findings.push(finding);
            }
        }
    }
    let told = Told::of(facts);
    let by_code =
        facts.sources.iter().filter(|source| findings.iter().all(|found| found.path.as_ref() != Some(&source.path)));
    let by_code: Vec<Finding> = by_code.filter_map(|source| taken_over(facts, &told, source)).collect();
    findings.extend(by_code);
    findings
}

/// The code is one family's, the release says that it builds on it, and the file itself does not. Where nothing says so at
/// all, `undeclared-code-origin` speaks.
fn taken_over(facts: &Facts, told: &Told, source: &SourceFacts) -> Option<Finding> {
    let families = source.attribution.families()?;
    let named = families.iter().find(|candidate| told.credits(source, candidate))?;
    if families.iter().any(|candidate| credited_in_file(source, candidate)) {
        return None;
    }
    let theirs = Headers::from_lines([named.origin.copyright.as_str()]);
    let lost = lost(facts, source, &theirs);
    if theirs.is_empty() || lost.is_empty() || among(&keys_of_documents(facts), &named.origin.copyright) {
        return None;
    }
    let message = format!(
        "{} is consistent with derivation from the code of {} ({} of {} telling prints), and neither its header nor a comment \
         says so; other files of {} carry: {}",
        source.path,
        named.family,
        named.shared,
        source.attribution.telling,
        named.origin.id,
        lost.join("; ")
    );
    let mut finding = finding(source, message, &lost).capped(Level::Warn);
    finding.base = Some(named.origin.id.clone());
    Some(finding)
}

fn stripped(facts: &Facts, source: &SourceFacts) -> Option<Finding> {
    let lost = lost(facts, source, source.previous.as_ref()?);
    let message = format!("{} no longer holds: {}", source.path, lost.join("; "));
    (!lost.is_empty()).then(|| finding(source, message, &lost))
}

/// What of `earlier` is not kept, in the file or beside it, and is not the releaser's own.
fn lost(facts: &Facts, source: &SourceFacts, earlier: &Headers) -> Vec<String> {
    let rights = facts.documents.rights.iter().filter(|rights| rights.covers(&source.path));
    let beside: Vec<String> = rights.flat_map(|rights| &rights.copyright).map(|line| copyright_key(line)).collect();
    let lost = source.headers.lost_from(earlier).into_iter();
    lost.filter(|line| !is_own(facts, line) && !among(&beside, line)).collect()
}

fn finding(source: &SourceFacts, message: String, lost: &[String]) -> Finding {
    let lines = lost.join("\n");
    let remedy = format!("put back at the top of the file:\n{lines}");
    let mut finding =
        Finding::new(Rule::StrippedHeader, message, remedy, &[&source.path, &lines]).at(&source.path, Some(1));
    finding.obligation = Some("retain-notices".into());
    finding
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::code::headers;
    use crate::findings::samples::{Sample, base, declared, model};

    fn source(now: &str, before: Option<&str>) -> SourceFacts {
        SourceFacts {
            path: "src/modeling_qwen2.py".into(),
            headers: headers(now),
            previous: before.map(headers),
            ..SourceFacts::default()
        }
    }

    fn run(sample: &Sample) -> Vec<Finding> {
        let facts = sample.facts();
        check(&facts, &Ledger::of(&facts))
    }

    #[test]
    fn a_line_that_was_there_before_is_missed() {
        let mut sample = Sample::default();
        sample.sources.push(source("import torch\n", Some("# Copyright 2024 The Qwen team\nimport torch\n")));
        let found = run(&sample);
        assert_snapshot!(found[0].message, @"src/modeling_qwen2.py no longer holds: Copyright 2024 The Qwen team");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_kept_or_new_header_is_in_order() {
        let mut sample = Sample::default();
        sample.sources.push(source("# Copyright 2024-2026 The Qwen team\n", Some("# Copyright 2024 The Qwen team\n")));
        sample.sources.push(source("x = 1\n", None));
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn an_own_line_may_go_and_one_may_move_to_reuse() {
        let mut sample = Sample::default();
        sample.sources.push(source("x = 1\n", Some("# Copyright 2024 Acme Inc.\n")));
        assert_eq!(run(&sample).len(), 1);
        sample.release.copyright = vec!["Acme".into()];
        assert_eq!(run(&sample), []);
        sample.release.copyright.clear();
        let sidecar = "SPDX-FileCopyrightText: 2024 Acme Inc.\n";
        sample.documents.rights.extend(crate::documents::Rights::sidecar("src/modeling_qwen2.py.license", sidecar));
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn code_of_a_declared_family_without_its_line_is_told() {
        use crate::code::{Attribution, Candidate, CodeOrigin};
        let origin = CodeOrigin {
            id: "transformers/qwen2".into(),
            family: "qwen2".into(),
            license: "Apache-2.0".into(),
            copyright: "Copyright 2024 The Qwen team".into(),
        };
        let candidates = vec![Candidate { family: "qwen2".into(), origin, share: 0.97, shared: 80 }];
        let attribution = Attribution { candidates, together: 1, margin: 0.5, telling: 82 };
        let taken = |text| SourceFacts { attribution: attribution.clone(), ..source(text, None) };
        let mut sample = Sample::default();
        sample.sources.push(taken("import torch\n"));
        // With nothing declared, `undeclared-code-origin` speaks.
        assert_eq!(run(&sample), []);
        sample.declared.push(declared("*", &[("Qwen/Qwen2-7B", "finetune")]));
        let found = run(&sample);
        assert_snapshot!(found[0].message, @"src/modeling_qwen2.py is consistent with derivation from the code of qwen2 (80 of 82 telling prints), and neither its header nor a comment says so; other files of transformers/qwen2 carry: Copyright 2024 The Qwen team");
        assert_eq!(found[0].level, Level::Warn);
        for kept in ["# Copyright 2024 The Qwen team\n", "# Adapted from Qwen2\n"] {
            sample.sources = vec![SourceFacts { credits: crate::code::credits(kept), ..taken(kept) }];
            assert_eq!(run(&sample), [], "{kept}");
        }
        sample.sources = vec![taken("import torch\n")];
        sample.notice("NOTICE", "Orca\nCopyright 2024 The Qwen team\n");
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn a_name_that_any_project_has_says_nothing() {
        let mut sample = Sample::default();
        let mut qwen = base("Qwen/Qwen2", "apache-2.0");
        qwen.headers = vec![("utils.py".into(), vec!["# Copyright 2024 The Qwen team".into()])];
        sample.base(qwen);
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("Qwen/Qwen2", "finetune")]));
        sample.sources.push(SourceFacts { path: "src/utils.py".into(), ..SourceFacts::default() });
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn the_header_of_a_base_s_file_of_the_same_name_is_asked_for() {
        let mut sample = Sample::default();
        let mut qwen = base("Qwen/Qwen2", "apache-2.0");
        qwen.headers = vec![("modeling_qwen2.py".into(), vec!["# Copyright 2024 The Qwen team".into()])];
        sample.base(qwen);
        sample.sources.push(source("x = 1\n", None));
        assert_eq!(run(&sample), []);
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("Qwen/Qwen2", "finetune")]));
        assert_snapshot!(run(&sample)[0].message, @"src/modeling_qwen2.py has the name of a file of Qwen/Qwen2, and does not hold its header: # Copyright 2024 The Qwen team");
    }
}
