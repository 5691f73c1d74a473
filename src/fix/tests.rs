// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which edits findings come to, and which they do not.

use std::convert::Infallible;

use super::*;
use crate::changes::{Content, File, Snapshot};
use crate::code::headers;
use crate::documents;
use crate::findings::samples::{Sample, base, declared, model};
use crate::findings::{Facts, Ledger, Rule, SourceFacts, all};

const LLAMA_3: &str =
    "Llama 3 is licensed under the Llama 3 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.";

/// A release that is fine-tuned from bases `x/LICENSE`.
fn sample(licenses: &[&str]) -> Sample {
    let mut sample = Sample::default();
    for license in licenses {
        sample.base(base(&format!("x/{license}"), license));
    }
    let ids: Vec<String> = licenses.iter().map(|license| format!("x/{license}")).collect();
    let bases: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "finetune")).collect();
    sample.models.push(model("w/m.safetensors", vec![]));
    sample.declared.push(declared("**", &bases));
    sample.release.name = Some("acme/Orca".into());
    sample
}

fn run(sample: &Sample, files: &[(&str, &str)]) -> Fixed {
    let file = |(path, text): &(&str, &str)| {
        File::present((*path).into(), "0".into(), text.len() as u64, Content::memory(text.as_bytes().to_vec()))
    };
    let tree = Snapshot { files: files.iter().map(file).collect(), ..Snapshot::default() };
    let wanted = Wanted { declare: false, year: 2026 };
    let judged = settle(&tree, wanted, |tree, look| {
        let (documents, document_problems) = documents::read(&tree.files);
        let text = |path: &str| tree.files.iter().find(|file| file.path == path)?.content()?.read(1 << 20).ok();
        let sources = sample.sources.iter().cloned().map(|mut source| {
            let now = text(&source.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            source.headers = headers(&now.unwrap_or_default());
            source
        });
        let sources: Vec<SourceFacts> = sources.collect();
        let facts =
            Facts { documents: &documents, document_problems: &document_problems, sources: &sources, ..sample.facts() };
        let ledger = Ledger::of(&facts);
        look(&facts, &ledger, &all(&facts, &ledger));
        Ok::<(), Infallible>(())
    });
    let Ok(fixed) = judged;
    assert!(fixed.settled);
    fixed
}

fn after<'f>(fixed: &'f Fixed, path: &str) -> Option<&'f str> {
    fixed.patches.iter().find(|patch| patch.path == path).map(|patch| patch.after.as_str())
}

/// Why a rule's findings are left.
fn left(fixed: &Fixed, rule: Rule) -> Vec<&str> {
    fixed.left.iter().filter(|left| left.finding.rule == rule).map(|left| left.why.as_str()).collect()
}

#[test]
fn a_wrong_sentence_is_replaced_where_it_is_a_paragraph() {
    let text = format!("Orca\r\n\r\n{LLAMA_3}\r\n\r\nMore of ours.");
    let fixed = run(&sample(&["llama3.1"]), &[("NOTICE", &text)]);
    assert_eq!(after(&fixed, "NOTICE"), Some(text.replace("Llama 3 ", "Llama 3.1 ").as_str()));
    let text = format!("Orca is Acme's own, and as everybody knows, {LLAMA_3} Thank you all for that.\n");
    let fixed = run(&sample(&["llama3.1"]), &[("NOTICE", &text)]);
    assert_eq!(after(&fixed, "NOTICE"), None);
    assert_eq!(
        left(&fixed, Rule::WrongNoticeText),
        ["the sentence near to it in NOTICE is part of a paragraph that says more; correct it there"]
    );
}

#[test]
fn a_sentence_that_another_base_asks_for_stays() {
    let mut sample = sample(&["llama3.1", "llama3"]);
    // Of two models, each owes to one.
    sample.models.push(model("v/m.safetensors", vec![]));
    sample.declared =
        vec![declared("w/**", &[("x/llama3.1", "finetune")]), declared("v/**", &[("x/llama3", "finetune")])];
    let theirs = &crate::licenses::lookup("llama3").map(|license| license.notice_text.clone()).unwrap_or_default();
    let fixed = run(&sample, &[("NOTICE", &format!("{theirs}\n"))]);
    let asked = LLAMA_3.replace("Llama 3 ", "Llama 3.1 ");
    assert_eq!(after(&fixed, "NOTICE"), Some(format!("{theirs}\n\n{asked}\n").as_str()));
}

#[test]
fn every_model_gets_its_notice_where_its_notices_are() {
    let mut sample = sample(&["gemma"]);
    sample.models.push(model("v/m.safetensors", vec![]));
    sample.release.license = Some("gemma".into());
    let fixed = run(&sample, &[("v/NOTICE", "V\n"), ("w/NOTICE.md", "# W\n")]);
    for path in ["v/NOTICE", "w/NOTICE.md"] {
        assert!(
            after(&fixed, path).is_some_and(|text| text.contains("\n\nGemma is provided under")),
            "{path}: {fixed:#?}"
        );
    }
    assert_eq!(after(&fixed, "NOTICE"), None);
}

#[test]
fn what_is_not_known_well_enough_is_left() {
    let why = |sample: &Sample, files: &[(&str, &str)]| {
        let fixed = run(sample, files);
        assert_eq!(fixed.patches, [], "{fixed:#?}");
        left(&fixed, Rule::MissingLicenseText).join("; ")
    };
    let mut known = sample(&["minimax-model-license"]);
    known.declared[0].attested.insert("aup".into(), "somebody".into());
    known.release.license = Some("minimax-model-license".into());
    let notice =
        &crate::licenses::lookup("minimax-model-license").map(|one| one.notice_text.clone()).unwrap_or_default();
    let notice = [("NOTICE", &*format!("{notice}\n\nThis is a modified version of x/minimax-model-license.\n"))];
    let text = why(&known, &notice);
    assert!(
        text.starts_with("the text of minimax-model-license is neither part of forebear nor registered with"),
        "{text}"
    );
    let not_read = crate::licenses::all().iter().find(|one| {
        one.verified != crate::licenses::Verified::FullText && one.asks(crate::licenses::ObligationKind::LicenseCopy)
    });
    let id = not_read.map(|one| one.id.clone()).unwrap_or_default();
    let text = why(&sample(&[&id]), &[]);
    assert_eq!(text, format!("what is known of {id} was not read from its full text; read the license first"));
    let mut other = sample(&["mit"]);
    other.bases.get_mut("x/mit").into_iter().for_each(|base| base.license_text = Some("Ask us.".into()));
    assert_eq!(why(&other, &[]), "the text registered with x/mit is not that of mit; which applies?");
}

#[test]
fn a_text_that_is_there_under_the_same_name_is_not_written_over() {
    let fixed = run(&sample(&["mit"]), &[("LICENSES/mit.txt", "Ours.\n")]);
    assert_eq!(after(&fixed, "LICENSES/mit.txt"), None);
    assert_eq!(after(&fixed, "LICENSES/mit-x-mit.txt"), crate::licenses::text("mit"));
    let fixed = run(&sample(&["mit"]), &[("LICENSES", "Ours.\n")]);
    assert_eq!(
        left(&fixed, Rule::MissingLicenseText),
        ["LICENSES is no folder, so LICENSES/mit.txt cannot be written"]
    );
}

#[test]
fn a_header_that_was_lost_is_put_back() {
    let mut sample = Sample::default();
    let line = "Copyright 2024 The Qwen team, Alibaba Group";
    let source = SourceFacts {
        path: "modeling_orca.py".into(),
        previous: Some(headers(&format!("# {line}\nimport torch\n"))),
        ..SourceFacts::default()
    };
    sample.sources.push(source);
    let fixed = run(&sample, &[("modeling_orca.py", "\"\"\"Orca.\"\"\"\n")]);
    assert_eq!(after(&fixed, "modeling_orca.py"), Some(format!("# {line}\n\n\"\"\"Orca.\"\"\"\n").as_str()));
    assert_eq!(fixed.left, []);
}

#[test]
fn a_card_that_names_another_base_is_left() {
    let mut sample = sample(&["mit"]);
    sample.release.license = Some("MIT".into());
    let files = [
        ("LICENSES/mit.txt", crate::licenses::text("mit").unwrap_or_default()),
        ("README.md", "---\nbase_model: y/other\nlicense: apache-2.0\n---\n# Orca\n"),
    ];
    let fixed = run(&sample, &files);
    assert_eq!(fixed.patches, []);
    assert!(left(&fixed, Rule::CardMismatch).iter().all(|why| why.starts_with("the card names y/other")), "{fixed:#?}");
}
