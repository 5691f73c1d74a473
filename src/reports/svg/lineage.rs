// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The graph of lineage: a model, and the bases it is compared with, declared or found.
//!
//! In: a model of the report. Out: one edge a base, and an SVG of them. Whether a base is declared and whether evidence
//! for it was found are told by words, by the kind of the line, and by its color.

use askama::Template;

use crate::evidence::Comparison;
use crate::reports::ReportedModel;
use crate::reports::markup::shortened;
use crate::reports::text::{log10_p, plural};

/// Bases that are drawn; the table has all.
const MOST_BASES: usize = 12;
/// Characters that fit into a box.
const IN_BOX: usize = 34;
const ROW: usize = 78;

/// How declaration and evidence stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reports) enum State {
    /// Declared, and the weights are consistent with it.
    Agreed,
    /// The weights are consistent with derivation, and nothing declares it.
    Undeclared,
    /// Declared, and no evidence of descent was found.
    Unsupported,
    /// Neither declared nor descent: the nearest that is known.
    Near,
}

impl State {
    /// In words.
    pub(in crate::reports) fn name(self) -> &'static str {
        match self {
            Self::Agreed => "declared and found",
            Self::Undeclared => "found, not declared",
            Self::Unsupported => "declared, descent not found",
            Self::Near => "not declared, descent not found",
        }
    }

    /// Name for style sheets.
    pub(in crate::reports) fn class(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Undeclared => "undeclared",
            Self::Unsupported => "unsupported",
            Self::Near => "near",
        }
    }
}

/// A base, and what leads from the model to it.
pub(in crate::reports) struct Edge<'a> {
    pub(in crate::reports) base: &'a str,
    pub(in crate::reports) state: State,
    /// The relation, or why there is none.
    pub(in crate::reports) relation: &'static str,
    pub(in crate::reports) log10_p: String,
    /// Weight in a merge.
    pub(in crate::reports) weight: Option<String>,
}

/// The bases of a model: those there is evidence for, best first, then those that are only declared.
pub(in crate::reports) fn edges(model: &ReportedModel) -> Vec<Edge<'_>> {
    let declared = |base: &String| model.declared.contains(base);
    let found = model.matches.iter().map(|found| Edge {
        base: &found.base,
        state: match (found.relation.is_descent(), declared(&found.base)) {
            (true, true) => State::Agreed,
            (true, false) => State::Undeclared,
            (false, true) => State::Unsupported,
            (false, false) => State::Near,
        },
        relation: found.relation.name(),
        log10_p: log10_p(found.log10_p),
        weight: weight(found),
    });
    let missing = model.declared.iter().filter(|base| !model.matches.iter().any(|found| found.base == **base));
    let only_declared = missing.map(|base| Edge {
        base,
        state: State::Unsupported,
        relation: if model.searched == 0 { "not compared" } else { "no evidence found, or not registered" },
        log10_p: log10_p(None),
        weight: None,
    });
    found.chain(only_declared).collect()
}

fn weight(found: &Comparison) -> Option<String> {
    found.merge.map(|share| format!("weight {:.2} ± {:.2} in a merge", share.weight, share.standard_error))
}

/// The graph, laid out.
#[derive(Template)]
#[template(path = "svg/lineage.svg")]
pub(in crate::reports) struct Lineage {
    id: String,
    title: String,
    description: String,
    height: usize,
    middle: usize,
    model: String,
    about: String,
    bases: Vec<Drawn>,
    more: String,
}

struct Drawn {
    y: usize,
    name: String,
    full: String,
    class: &'static str,
    state: &'static str,
    label: String,
}

impl Lineage {
    /// Lays the graph out; `None` without any base.
    pub(in crate::reports) fn of(model: &ReportedModel, id: String) -> Option<Self> {
        let edges = edges(model);
        if edges.is_empty() {
            return None;
        }
        let shown = edges.len().min(MOST_BASES);
        let height = shown * ROW + 24;
        let bases = edges.iter().take(shown).enumerate().map(|(at, edge)| Drawn {
            y: 12 + at * ROW,
            name: shortened(edge.base, IN_BOX),
            full: edge.base.to_owned(),
            class: edge.state.class(),
            state: edge.state.name(),
            label: label(edge),
        });
        let said: Vec<String> = edges
            .iter()
            .take(shown)
            .map(|edge| format!("{}: {}, {}", edge.base, label(edge), edge.state.name()))
            .collect();
        let left_out = edges.len() - shown;
        Some(Self {
            title: format!("Lineage of {}", model.path),
            description: format!("{}.", said.join("; ")),
            middle: 12 + (shown * ROW - 24) / 2,
            height: height + if left_out > 0 { 20 } else { 0 },
            model: shortened(&model.path, IN_BOX),
            about: shortened(&format!("{}, {}", model.architecture, model.format), IN_BOX + 4),
            bases: bases.collect(),
            more: if left_out > 0 {
                format!("{} in the table", plural(left_out as u64, "more base is", "more bases are"))
            } else {
                String::new()
            },
            id,
        })
    }
}

fn label(edge: &Edge) -> String {
    match &edge.weight {
        Some(weight) => format!("{}, {weight}", edge.relation),
        None if edge.log10_p == "—" => edge.relation.to_owned(),
        None => format!("{}, log10 p {}", edge.relation, edge.log10_p),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::evidence::Relation;
    use crate::reports::samples::{blocked, comparison};

    #[test]
    fn declared_and_found_are_told_apart() {
        let mut model = blocked().models.remove(0);
        model.declared = vec!["a/declared".to_owned(), "b/found".to_owned(), "c/near".to_owned()];
        model.matches = vec![
            Comparison { base: "b/found".to_owned(), ..comparison() },
            comparison(),
            Comparison { base: "c/near".to_owned(), relation: Relation::Inconclusive, ..comparison() },
            Comparison { base: "d/near".to_owned(), relation: Relation::SharedOrigin, ..comparison() },
        ];
        let states: Vec<(&str, State)> = edges(&model).iter().map(|edge| (edge.base, edge.state)).collect();
        assert_eq!(
            states,
            [
                ("b/found", State::Agreed),
                ("Qwen/Qwen2.5-0.5B", State::Undeclared),
                ("c/near", State::Unsupported),
                ("d/near", State::Near),
                ("a/declared", State::Unsupported),
            ]
        );
        let svg = Lineage::of(&model, "l".to_owned()).unwrap().render().unwrap();
        assert!(svg.contains("found, not declared") && svg.contains("derived, log10 p −41.2"), "{svg}");
    }

    #[test]
    fn many_bases_are_counted_and_none_draw_nothing() {
        let mut model = blocked().models.remove(0);
        model.matches = (0..15).map(|at| Comparison { base: format!("b/{at}"), ..comparison() }).collect();
        assert!(
            Lineage::of(&model, "l".to_owned()).unwrap().render().unwrap().contains("3 more bases are in the table")
        );
        model.matches.clear();
        assert!(Lineage::of(&model, "l".to_owned()).is_none());
    }
}
