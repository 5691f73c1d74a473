// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-header`: a changed source file lost its copyright line or SPDX header.

use crate::code::Headers;

use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Rule};
use super::obligations::owed;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Looks at the leading comment of every source file that the push changes. Fires when a copyright line or an SPDX \
           license tag that stood there before the change is gone, and when a file of the same name came with a declared or \
           proven base and its copyright lines or tags are not in this one. A changed year, another order or typography is \
           not a loss.",
    why: "Licenses of model code ask that copyright notices are kept in source files, changed or not.",
    example: "warning[missing-header]: modeling_orca.py no longer holds: Copyright 2024 The Qwen team, Alibaba Group",
    fix: "Put the lines back at the top of the file and add your own below them.",
    clauses: "Apache-2.0 §4(c); BSD, clause 1; MIT, second paragraph.",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.sources.iter().filter_map(stripped).collect();
    for owed in owed(facts) {
        let Some(base) = owed.base else { continue };
        for source in facts.sources {
            for (_, lines) in base.headers.iter().filter(|(name, _)| file_name(name) == file_name(&source.path)) {
                let theirs = Headers::from_lines(lines.iter().map(String::as_str));
                // Where the line was there before the change, the loss is already said.
                let before =
                    source.previous.as_ref().map(|previous| source.headers.lost_from(previous)).unwrap_or_default();
                let lost: Vec<String> =
                    source.headers.lost_from(&theirs).into_iter().filter(|line| !before.contains(line)).collect();
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
    findings
}

fn stripped(source: &SourceFacts) -> Option<Finding> {
    let lost = source.headers.lost_from(source.previous.as_ref()?);
    let message = format!("{} no longer holds: {}", source.path, lost.join("; "));
    (!lost.is_empty()).then(|| finding(source, message, &lost))
}

fn finding(source: &SourceFacts, message: String, lost: &[String]) -> Finding {
    let lines = lost.join("\n");
    let remedy = format!("put back at the top of the file:\n{lines}");
    let mut finding =
        Finding::new(Rule::MissingHeader, message, remedy, &[&source.path, &lines]).at(&source.path, Some(1));
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

    #[test]
    fn a_line_that_was_there_before_is_missed() {
        let mut sample = Sample::default();
        sample.sources.push(source("import torch\n", Some("# Copyright 2024 The Qwen team\nimport torch\n")));
        let found = check(&sample.facts());
        assert_snapshot!(found[0].message, @"src/modeling_qwen2.py no longer holds: Copyright 2024 The Qwen team");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_kept_or_new_header_is_in_order() {
        let mut sample = Sample::default();
        sample.sources.push(source("# Copyright 2024-2026 The Qwen team\n", Some("# Copyright 2024 The Qwen team\n")));
        sample.sources.push(source("x = 1\n", None));
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn the_header_of_a_base_s_file_of_the_same_name_is_asked_for() {
        let mut sample = Sample::default();
        let mut qwen = base("Qwen/Qwen2", "apache-2.0");
        qwen.headers = vec![("modeling_qwen2.py".into(), vec!["# Copyright 2024 The Qwen team".into()])];
        sample.base(qwen);
        sample.sources.push(source("x = 1\n", None));
        assert_eq!(check(&sample.facts()), []);
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("Qwen/Qwen2", "finetune")]));
        assert_snapshot!(check(&sample.facts())[0].message, @"src/modeling_qwen2.py has the name of a file of Qwen/Qwen2, and does not hold its header: # Copyright 2024 The Qwen team");
    }
}
