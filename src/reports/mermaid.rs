// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The graph of lineage as a Mermaid diagram, which GitHub and GitLab draw in Markdown.
//!
//! In: a [`Report`]. Out: a fenced block, or nothing where there is no edge. Pictures cannot be embedded in a job
//! summary: links to files and data are taken out of it.

use super::report::Report;
use super::text::{harmless, log10_p};

/// Models and, of each, bases that are drawn.
const MOST: usize = 12;

/// Draws what is declared and what is found.
pub(super) fn mermaid(report: &Report) -> Option<String> {
    let mut lines = Vec::new();
    for (at, model) in report.models.iter().take(MOST).enumerate() {
        let found = model.matches.iter().filter(|found| found.relation.is_descent()).take(MOST);
        for (base, found) in found.enumerate() {
            // A line that is broken is one that nobody declared.
            let arrow = if model.declared.contains(&found.base) { "-->" } else { "-.->" };
            let undeclared = if model.declared.contains(&found.base) { "" } else { ", not declared" };
            let said = format!("{}, log10 p {}{undeclared}", found.relation.name(), log10_p(found.log10_p));
            lines.push(format!(
                "  m{at}b{base}[\"{}\"] {arrow}|\"{}\"| m{at}[\"{}\"]",
                label(&found.base),
                label(&said),
                label(&model.path)
            ));
        }
    }
    (!lines.is_empty()).then(|| format!("```mermaid\nflowchart LR\n{}\n```\n", lines.join("\n")))
}

/// Text of a node or edge: whatever is not plain is written as Mermaid's own references, so it is no syntax.
fn label(raw: &str) -> String {
    let mut safe = String::new();
    for c in harmless(raw).chars().take(120) {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, ' ' | '/' | ',') => safe.push(c),
            '\n' => safe.push(' '),
            c => safe.push_str(&format!("#{};", c as u32)),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::samples::blocked;

    #[test]
    fn an_edge_says_relation_and_number_and_whether_it_is_declared() {
        let mut report = blocked();
        let drawn = mermaid(&report).unwrap_or_default();
        assert!(
            drawn.contains(
                "m0b0[\"Qwen/Qwen2#46;5#45;0#46;5B\"] -.->|\"derived, log10 p #8722;41#46;2, not declared\"|"
            ),
            "{drawn}"
        );
        report.models[0].declared = vec!["Qwen/Qwen2.5-0.5B".to_owned()];
        assert!(mermaid(&report).unwrap_or_default().contains("] -->|"));
        report.models.clear();
        assert_eq!(mermaid(&report), None);
    }

    #[test]
    fn a_name_cannot_become_syntax() {
        assert_eq!(label("a\"]\nclick b ```"), "a#34;#93; click b #96;#96;#96;");
    }
}
