// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-display-text`: the license asks to show a sentence, and nothing shows it.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if its license asks \
           that one of some sentences (\"Built with Llama\") is displayed, one of them must stand in a card or \
           README beside the weights or above them. A place that no tool sees (a website, a user interface) is \
           attested in policy.toml: `attested = { display-text = \"WHO 2026-01-31\" }`. A sentence that the \
           license only encourages gives a note. Where the license asks for it in every public statement, a \
           card or README without it is one.",
    why: "The sentence is a condition of the license, and the easiest to forget.",
    example: "error[missing-display-text]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) \
           asks to show “Built with Llama” (§1.b.i(B)), and no card or README beside the weights or above them \
           shows it, and policy.toml attests no other place",
    fix: "Add the sentence to the model card, or attest where else it is shown.",
    clauses: "Llama 3 §1.b.i(B); Llama 3.1 to 4 §1.b.i(B); Qwen §5(b); Stability AI §IV(a)(iii); HyperCLOVA X SEED \
           §3.1(v); Falcon 2 11B §6.",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::MissingDisplayText)
}
