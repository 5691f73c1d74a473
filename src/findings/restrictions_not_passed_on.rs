// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `restrictions-not-passed-on`: the base's use restrictions are not part of the derivative's own terms, or recipients are not told.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show, if its license asks \
           that its use restrictions are passed on. They are where the release's license (policy.toml, else the \
           card) is the same license or an expression that includes it with `AND`, or where a license file has \
           a passage of its own that names the license or the place of its restrictions and says that they \
           bind; the copy of the license itself is no such passage. If the release is under a license that is \
           known to have no restrictions, the finding denies; if its terms are not known, it warns. That \
           recipients are told is looked for in notices, cards, READMEs and license files, and warns.",
    why: "A permissive license on a restricted model promises recipients rights that its publisher does not \
           have.",
    example: "error[restrictions-not-passed-on]: w/orca.safetensors: the license of google/gemma-2-2b (gemma) asks \
           that its use restrictions are part of the derivative's own terms (§3.1(1)), and the release is under \
           Apache-2.0, and no license file of its own takes over the restrictions \
           (https://ai.google.dev/gemma/prohibited_use_policy)",
    fix: "Include the license in that of the release, and add the sentence that the finding proposes to \
           `LICENSE` and `NOTICE`.",
    clauses: "Gemma Terms of Use §3.1(1); DeepSeek §4(a); OpenRAIL-M §4(a); BigCode OpenRAIL-M §5.1; Falcon 2 11B \
           §4.1(a); Tencent Hunyuan §5(a); HyperCLOVA X SEED §3.1(i).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::RestrictionsNotPassedOn)
}
