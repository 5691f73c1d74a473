// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every kind of block, wide and narrow, plain and painted.

use insta::assert_snapshot;

use super::super::samples::{blocked, joined};
use super::*;
use crate::findings::Rule;

const POLICY: &str = "schema = 1\n\n[[waiver]]\nrule = \"missing-notice\"\nowner = \"me\"\n";
const NARROW: Look = Look { color: false, width: 40 };

fn text(path: &str) -> Option<String> {
    match path {
        "policy.toml" => Some(POLICY.to_owned()),
        "README.md" => Some("---\nlicense: mit\nbase_model: acme/other\n---\n".to_owned()),
        _ => None,
    }
}

fn shown(finding: &Finding, look: Look, detail: Detail) -> String {
    block(finding, &Manner { look, detail, links: false, text: &text })
}

/// The block in a wide and in a narrow terminal. Painted, it says the same.
fn both(finding: &Finding, detail: Detail) -> String {
    for look in [Look::default(), NARROW] {
        let painted = shown(finding, Look { color: true, ..look }, detail);
        let plain = shown(finding, look, detail);
        assert_ne!(painted, plain);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
    }
    format!("{}\n\n{}", shown(finding, Look::default(), detail), shown(finding, NARROW, detail))
}

fn lineage() -> Finding {
    let mut finding = joined().findings.remove(0);
    finding.model_ids = vec!["sha256:00".to_owned()];
    finding.structure = vec!["layers 0–3 → 0–3".to_owned(), "direction not determined by the weights".to_owned()];
    let quiet = finding.evidence[1].clone();
    let gram = Evidence { mechanism: "gram".to_owned(), ..finding.evidence[0].clone() };
    finding.evidence.insert(1, Evidence { null: "unrelated (as far as known)".to_owned(), ..gram.clone() });
    finding.evidence.insert(2, Evidence { mechanism: "circuit".to_owned(), ..gram });
    finding.evidence.push(quiet);
    finding
}

#[test]
fn a_finding_about_weights() {
    assert_snapshot!(both(&lineage(), Detail::Usual));
}

#[test]
fn a_finding_about_weights_with_more_and_with_all() {
    let (more, all) = (both(&lineage(), Detail::More), shown(&lineage(), Look::default(), Detail::All));
    assert_snapshot!(format!("{more}\n\n{all}"));
}

#[test]
fn a_finding_about_an_obligation() {
    assert_snapshot!(both(&blocked().findings[1], Detail::Usual));
}

#[test]
fn a_finding_about_a_line_shows_the_line() {
    assert_snapshot!(both(&blocked().findings[2], Detail::Usual));
}

#[test]
fn a_finding_about_the_policy_shows_the_entry() {
    let mut finding = Finding::new(Rule::UnusedWaiver, "the waiver of missing-notice by me matches nothing", "r", &[]);
    finding = finding.at("policy.toml", None);
    finding.span = Some((12, POLICY.len()));
    assert_snapshot!(both(&finding, Detail::Usual));
}

#[test]
fn a_note_without_a_place() {
    let mut finding = Finding::new(Rule::UnverifiableArtifact, "the remote is not known", "fetch it first", &[]);
    finding.level = findings::Level::Note;
    assert_snapshot!(both(&finding, Detail::Usual));
}

#[test]
fn colors_are_those_of_the_level() {
    let painted = |index: usize| shown(&blocked().findings[index], Look { color: true, width: 100 }, Detail::Usual);
    assert_snapshot!(painted(2).escape_debug());
    assert_ne!(painted(1).split('d').next(), painted(2).split('w').next(), "deny and warn differ in color");
}

#[test]
fn rules_are_links_to_their_pages_where_links_are_shown() {
    let finding = &blocked().findings[2];
    let look = Look { color: true, width: 100 };
    let linked = block(finding, &Manner { look, detail: Detail::Usual, links: true, text: &text });
    let page = format!("docs/rules/{}.md\u{1b}\\", finding.rule.id());
    assert!(linked.contains("\u{1b}]8;;https://") && linked.contains(&page), "{linked:?}");
    assert!(!shown(finding, look, Detail::Usual).contains("\u{1b}]8;;"));
}

#[test]
fn hostile_lines_cannot_steer_the_terminal() {
    let hostile = |_: &str| Some("a\u{1b}[31m\u{202e}b\n\u{1b}]0;t\u{7}\nc\u{9b}d\r\n".to_owned());
    for line in 1..4 {
        let mut finding = blocked().findings.remove(2);
        finding.line = Some(line);
        let text = block(&finding, &Manner { text: &hostile, ..Manner::plain(Look::default()) });
        assert!(text.contains('\u{fffd}') && text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
}
