// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unmarked-modification`: the license asks to say that the model was changed, and nothing says so.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show, unless the weights \
           are its own, unchanged: if its license asks for a statement that files or the model were changed, \
           some paragraph of a notice, card or README beside the weights or above them must name the base and \
           speak of a change (fine-tuned, quantized, merged, based on, and the like), or the card's front \
           matter must name it and the card speak of a change. Where the license asks to keep the base's \
           documentation, there must be a card. What is said in other words is not seen, so the finding warns.",
    why: "Users must be able to tell the licensor's model from what others made of it.",
    example: "warning[unmarked-modification]: w/orca.safetensors: the license of Qwen/Qwen2.5-7B (apache-2.0) asks \
           that changed files are marked as changed (§4(b)), and no notice, card or README beside the weights \
           or above them says that Qwen/Qwen2.5-7B was changed",
    fix: "Add the sentence that the finding proposes, with what was done.",
    clauses: "Apache-2.0 §4(b); Gemma Terms of Use §3.1(3); Qwen §3(b); OpenRAIL-M §4(c); Stability AI §IV(a); \
           FLUX.1 [dev] §3(c)(i); CC-BY-4.0 §3(a)(1)(B).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::UnmarkedModification)
}
