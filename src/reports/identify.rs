// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An identification for people.
//!
//! In: an [`IdentifyReport`]. Out: the best match in full, the others one a line, and how many bases were
//! searched, also when nothing was found.

use std::io::{self, Write};

use super::compare::{compare, hanging, meaning};
use super::report::IdentifyReport;
use super::text::{Look, bytes, log10_p, plural};
use crate::evidence::candidates::Examined;

/// Writes an identification for people.
pub fn identify(report: &IdentifyReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let searched = plural(report.searched as u64, "base", "bases");
    let examined = report.bases.as_ref().map(|bases| format!("; {}", examined(bases))).unwrap_or_default();
    let Some((best, others)) = report.matches.split_first() else {
        let said = match report.searched {
            0 => "not checked: no base is registered; `forebear registry add` adds one".to_owned(),
            _ => format!("no evidence found of descent from any of {searched}{examined}"),
        };
        return hanging(&format!("{}: {said}", report.path), 0, 4, look, out);
    };
    compare(best, look, out)?;
    if !others.is_empty() {
        writeln!(out, "\n{}", look.strong("other bases with evidence, best first"))?;
    }
    for other in others {
        let line = format!(
            "{}: {}, log10 p {}, effect {:.2} ({})",
            other.base,
            other.relation.name(),
            log10_p(other.log10_p),
            other.effect,
            meaning(other.relation)
        );
        hanging(&line, 4, 8, look, out)?;
    }
    let matches = plural(report.matches.len() as u64, "base", "bases");
    writeln!(out)?;
    hanging(&format!("evidence for {matches} of {searched} searched{examined}"), 0, 4, look, out)?;
    let Some(glance) = &report.glance else { return Ok(()) };
    let matrices = plural(glance.matrices, "matrix", "matrices");
    let read = format!(
        "{matrices} read, {} of {}; without --quick all is read, which may show more",
        bytes(glance.bytes),
        bytes(glance.of)
    );
    hanging(&read, 0, 4, look, out)
}

/// How many bases an index left to the complete tests, and by what it ruled the others out.
pub(super) fn examined(bases: &Examined) -> String {
    format!(
        "{} compared completely, {} ruled out by the index ({})",
        plural(bases.compared as u64, "base", "bases"),
        plural(bases.ruled_out as u64, "base", "bases"),
        bases.by.join(", ")
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::evidence::{Comparison, Relation};
    use crate::reports::SCHEMA_VERSION;
    use crate::reports::samples::comparison;

    fn shown(matches: Vec<Comparison>) -> String {
        let report = IdentifyReport {
            schema_version: SCHEMA_VERSION,
            path: "checkpoints/orca/model.safetensors".to_owned(),
            matches,
            searched: 12,
            bases: None,
            glance: None,
        };
        let mut out = Vec::new();
        identify(&report, Look::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_best_match_comes_in_full_and_the_others_in_a_line() {
        let remote = Comparison {
            base: "Qwen/Qwen2.5-0.5B-Instruct".to_owned(),
            relation: Relation::SharedOrigin,
            log10_p: Some(-9.0),
            effect: 0.2,
            ..comparison()
        };
        let text = shown(vec![comparison(), remote]);
        assert_snapshot!(text.split_once("other bases").unwrap().1, @"
         with evidence, best first
            Qwen/Qwen2.5-0.5B-Instruct: shared-origin, log10 p −9.0, effect 0.20 (the same
                initialisation or a remote common ancestor; not evidence of derivation)

        evidence for 2 bases of 12 bases searched
        ");
    }

    #[test]
    fn no_match_still_says_how_many_were_searched() {
        assert_snapshot!(shown(Vec::new()), @"checkpoints/orca/model.safetensors: no evidence found of descent from any of 12 bases");
    }
}
