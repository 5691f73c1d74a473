// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `foreign-copyright-undeclared`: pushed source claims the copyright of somebody who is not accounted for.

use std::collections::BTreeMap;

use crate::licenses::copyright_key;

use super::facts::Facts;
use super::finding::{Finding, Rule};
use super::lineage::listed;
use super::owed::Ledger;
use super::own::{among, is_own, keys_of_base, keys_of_documents};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Looks at the copyright lines in the leading comment of every source file that the push brings. Each is accounted for if \
           it is the releaser's own (`copyright = [\"Acme Inc.\"]` under `[release]` in policy.toml), if a declared or proven \
           base came with it, or if a LICENSE, NOTICE, `REUSE.toml` or `.license` file of the tree names the same holder. \
           Without `copyright` in policy.toml nobody knows which lines are the releaser's own: then only lines are told that \
           came with a registered base that is neither declared nor shown by the weights. Holders are compared without years \
           and typography. What the file's header, its `.license` file or `REUSE.toml` says of its license is told with it. It is no accusation: vendored code is in order once it is named.",
    why: "A header left by somebody else's model code is often the only trace of where the code came from.",
    example: "warning[foreign-copyright-undeclared]: modeling_pangu.py:3 holds a copyright line of somebody who is not accounted for: \
              Copyright 2024 The Qwen team, Alibaba Group. All rights reserved.",
    fix: "Declare the base that the code came with, or name the holder in `NOTICE` or `REUSE.toml`. If it is your own, add it to \
          `copyright` under `[release]`.",
    clauses: "Apache-2.0 §4(c) and (d); MIT, second paragraph; BSD, clause 1.",
};

/// Places of one line.
struct Line<'a> {
    text: &'a str,
    places: Vec<(&'a str, u32)>,
}

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut known = keys_of_documents(facts);
    known.extend(ledger.owed.iter().filter_map(|owed| owed.base).flat_map(keys_of_base));
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for source in facts.sources {
        for (number, text) in &source.headers.copyright {
            let line = lines.entry(copyright_key(text)).or_insert(Line { text, places: Vec::new() });
            line.places.push((&source.path, *number));
        }
    }
    lines.retain(|_, line| !is_own(facts, line.text) && !among(&known, line.text));
    lines.iter().filter_map(|(key, line)| finding(facts, key, line)).collect()
}

fn finding(facts: &Facts, key: &str, line: &Line) -> Option<Finding> {
    let (path, number) = line.places.first()?;
    let base = facts.bases.values().find(|base| keys_of_base(base).iter().any(|other| other == key));
    if facts.declared.release.copyright.is_empty() && base.is_none() {
        return None;
    }
    let places: Vec<String> = line.places.iter().take(3).map(|(path, number)| format!("{path}:{number}")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let more = match line.places.len() {
        0..=3 => String::new(),
        4 => ", and one more file,".into(),
        all => format!(", and {} more files,", all - 3),
    };
    let holds = if line.places.len() == 1 { "holds" } else { "hold" };
    let shown = if more.is_empty() { listed(&places) } else { places.join(", ") };
    let known = base.map(|base| format!("; {} came with the same", base.id)).unwrap_or_default();
    let said = license_of(facts, path).map(|license| format!("; {license}")).unwrap_or_default();
    let message = format!(
        "{shown}{more} {holds} a copyright line of somebody who is not accounted for: {}{known}{said}",
        line.text
    );
    let declare = base
        .map(|base| format!("declare {} in policy.toml if the code or the model is from there, or ", base.id))
        .unwrap_or_default();
    let remedy = format!(
        "{declare}name the holder in NOTICE or REUSE.toml; if it is your own, add it to copyright under [release] in policy.toml. In NOTICE:\n{}",
        line.text
    );
    let mut finding = Finding::new(Rule::ForeignCopyrightUndeclared, message, remedy, &[key]).at(path, Some(*number));
    finding.base = base.map(|base| base.id.clone());
    Some(finding)
}

/// What is said of the file's license, which tells what naming the holder has to say as well.
fn license_of(facts: &Facts, path: &str) -> Option<String> {
    let source = facts.sources.iter().find(|source| source.path == path)?;
    let licensing = facts.documents.licensing_of(path, Some(&source.headers));
    let stated = licensing.licenses.first()?;
    Some(match stated.line {
        Some(line) => format!("line {line} says that it is under {}", stated.value),
        None => format!("{} says that it is under {}", stated.path, stated.value),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::code::headers;
    use crate::findings::facts::SourceFacts;
    use crate::findings::samples::{Sample, base, declared, model};

    const QWEN: &str = "# Copyright 2024 The Qwen team, Alibaba Group. All rights reserved.\nimport torch\n";

    fn sample(text: &str) -> Sample {
        let mut sample = Sample::default();
        sample.sources.push(SourceFacts {
            path: "modeling.py".into(),
            headers: headers(text),
            ..SourceFacts::default()
        });
        sample
    }

    fn run(sample: &Sample) -> Vec<Finding> {
        let facts = sample.facts();
        check(&facts, &Ledger::of(&facts))
    }

    #[test]
    fn without_own_holders_nothing_foreign_is_known() {
        assert_eq!(run(&sample(QWEN)), []);
    }

    #[test]
    fn a_foreign_line_is_quoted_and_an_own_one_is_not() {
        let mut sample = sample(&format!("# Copyright (c) 2026 Acme, Inc.\n{QWEN}"));
        sample.release.copyright = vec!["Acme Inc.".into()];
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert_snapshot!(found[0].message, @"modeling.py:2 holds a copyright line of somebody who is not accounted for: Copyright 2024 The Qwen team, Alibaba Group. All rights reserved.");
        sample.notice("NOTICE", "Copyright 2023-2024 The Qwen Team, Alibaba Group");
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn a_line_of_an_undeclared_base_is_known_without_own_holders() {
        let mut sample = sample(QWEN);
        let mut qwen = base("Qwen/Qwen2.5-7B", "apache-2.0");
        qwen.headers = vec![("modeling_qwen2.py".into(), vec!["Copyright 2024 The Qwen team, Alibaba Group".into()])];
        sample.base(qwen);
        let found = run(&sample);
        assert!(found[0].message.ends_with("; Qwen/Qwen2.5-7B came with the same"), "{}", found[0].message);
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("Qwen/Qwen2.5-7B", "finetune")]));
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn many_files_of_one_holder_are_one_finding() {
        let mut sample = sample(QWEN);
        sample.release.copyright = vec!["Acme".into()];
        for name in ["a.py", "b.py", "c.py", "d.py"] {
            let source = SourceFacts { path: name.into(), headers: headers(QWEN), ..SourceFacts::default() };
            sample.sources.push(source);
        }
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.starts_with("modeling.py:1, a.py:1, b.py:1, and 2 more files, hold"),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn reuse_accounts_for_a_holder() {
        let mut sample = sample(QWEN);
        sample.release.copyright = vec!["Acme".into()];
        let reuse = "[[annotations]]\npath = \"x\"\nSPDX-FileCopyrightText = \"2024 The Qwen team, Alibaba Group\"\n";
        sample.documents.rights = crate::documents::Rights::parse("REUSE.toml", reuse).unwrap();
        assert_eq!(run(&sample), []);
        let reuse = "[[annotations]]\npath = \"*\"\nSPDX-License-Identifier = \"Apache-2.0\"\n";
        sample.documents.rights = crate::documents::Rights::parse("REUSE.toml", reuse).unwrap();
        let message = run(&sample).remove(0).message;
        assert!(message.ends_with("; REUSE.toml says that it is under Apache-2.0"), "{message}");
    }
}
