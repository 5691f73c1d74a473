// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `name-rule`: the license says how the derivative must or must not be named, and it is named otherwise.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: the last part of \
           `name` under `[release]` must begin with the word that the license asks for, or must not begin with \
           one that it forbids. Case and what stands between letters do not matter: `Llama-3-Orca` begins with \
           `Llama 3`. An unchanged copy is not a derivative. A release without a name, and a copy in fewer \
           bits, warn at most; so do models distilled from outputs, where the license covers those.",
    why: "The name tells users whose model they have; two families of licenses make it a condition, one \
           forbids it.",
    example: "error[name-rule]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks for a \
           name that begins with Llama (§1.b.i last sentence), and the release is named Orca-8B",
    fix: "Rename the release, in policy.toml and wherever it is published. If two bases ask for names that \
           contradict each other, see `unsatisfiable-obligations`.",
    clauses: "Llama 3 §1.b.i; Llama 3.1 to 4 §1.b.i; EXAONE 1.1-NC §2.1(c); HyperCLOVA X SEED §3.1; Qwen Research \
           (2026) §4(c).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::NameRule)
}
