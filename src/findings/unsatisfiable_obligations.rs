// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unsatisfiable-obligations`: no release can meet the obligations: two bases contradict each other, or changed material may not be shared.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every model, over all its bases, declared or shown by its weights: two names that it must begin \
           with, or one that another license forbids; two licenses that each allow derivatives under their own \
           terms only; such terms that grant commercial use beside a license that does not; and a license that \
           does not allow to share changed material at all. The contradiction is told once, with the first \
           base, in place of a finding for each.",
    why: "What cannot be met by any text or name has to be settled before the release is made: by other bases, \
           or other terms.",
    example: "error[unsatisfiable-obligations]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B \
           (llama3.1) asks for a name that begins with Llama (§1.b.i last sentence), and the license of \
           LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct (exaone-1.1-nc) asks for a name that begins with EXAONE, which \
           no name can do that begins with Llama",
    fix: "Leave one of the bases out, or get other terms from the licensor of one.",
    clauses: "Llama 3.1 §1.b.i; EXAONE 1.1-NC §2.1(c); CC-BY-SA-4.0 §3(b); CC-BY-NC-4.0 §2(a)(1); CC-BY-NC-ND-4.0 \
           §2(a)(1)(B).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::UnsatisfiableObligations)
}
