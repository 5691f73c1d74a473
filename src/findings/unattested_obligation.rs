// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unattested-obligation`: an obligation that no tool can see is not attested.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: obligations on use, \
           scale, territory, registration, citation, content filters, and training of other models are met by \
           what people do. Somebody says so in policy.toml, in the model's entry: `attested = { scale-gate = \
           \"legal@acme.example 2026-01-31\" }`, who and when. The finding names the key. `mau-below-limit` and \
           `revenue-below-limit` are other names of `scale-gate`. A model that is declared to be distilled from \
           one whose license does not allow to improve other models with its outputs is asked about that. What \
           is not registered of a base (its license text, whether it came with a NOTICE) is a note.",
    why: "The check would otherwise be silent on what costs most. An attestation gives the question an owner \
           and a date.",
    example: "warning[unattested-obligation]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B \
           (llama3.1) asks for a separate license above a threshold (§2), and policy.toml does not attest it: \
           700M MAU at version release date -> request license (§2)",
    fix: "Have somebody look who may, and add the line that the finding proposes.",
    clauses: "Llama 2 to 4 §2; Gemma Terms of Use §3.2; Stability AI §III; Tencent Hunyuan §4 and §5(c); EXAONE \
           1.1-NC §3.1; FLUX.1 [dev] §2(d) and (e).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::UnattestedObligation)
}
