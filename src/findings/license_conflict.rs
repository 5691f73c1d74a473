// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `license-conflict`: the release's own license contradicts that of a base, or the license file of the release.

use crate::licenses::{find_text, identify, lookup_expression};

use super::facts::Facts;
use super::finding::{Finding, Rule};
use super::lineage::listed;
use super::owed::{Ledger, Own};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Compares the release's license (policy.toml, else the model's card) with those of all bases that are declared for its \
           models, or that their weights show. A base that allows derivatives under the same terms only: the release must be \
           under that license, or under one that it accepts in its place. A base without commercial use: the release must not \
           be under a license that is known to grant it. Of an expression with `OR` every alternative must fit. A release whose \
           license is not given, and one whose license is not known, warn or ask for an attestation. Compared as well, and \
           warned of: license files at the top of the repository that hold other licenses, and not that of the release.",
    why: "Nobody can pass on rights that they were not given.",
    example: "error[license-conflict]: w/orca.safetensors: the license of acme/sand (cc-by-nc-4.0) does not allow commercial use (§2(a)(1)), \
              and the release is under Apache-2.0, which grants commercial use",
    fix: "Release under terms that fit, in policy.toml, in the card and in `LICENSE`, or get other terms for the base.",
    clauses: "CC-BY-SA-4.0 §3(b); CC-BY-NC-4.0 §2(a)(1); Llama 1 §1(a); Chameleon Research License §2.1 and §2.2.1; FLUX.1 [dev] §2(b).",
};

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut findings = ledger.findings(Rule::LicenseConflict);
    findings.extend(shown(facts));
    findings
}

/// The license that the repository shows at its top, and the one it says it has.
fn shown(facts: &Facts) -> Option<Finding> {
    let own = Own::of(facts, &facts.models.first()?.path)?;
    let (licenses, complete) = lookup_expression(own.expression, "", None);
    let texts = || facts.documents.licenses.iter().map(|file| (file.path.as_str(), file.text.as_str()));
    // A license that is not in the data cannot be missed.
    if !complete || licenses.iter().any(|license| find_text(texts(), Some(license), None).is_some()) {
        return None;
    }
    let at_top = facts.documents.licenses.iter().filter(|file| !file.path.contains('/'));
    let file = at_top.into_iter().find(|file| !identify(&file.text).is_empty())?;
    let found = identify(&file.text);
    let names: Vec<&str> = found.iter().map(|license| license.id.as_str()).collect();
    let message = format!(
        "{} holds the text of {}, and {} says {}, of which no license file holds the text",
        file.path,
        listed(&names),
        own.place.path,
        own.expression
    );
    let remedy = format!(
        "put the text of {} into {}, and the license of a base under LICENSES/; or correct {}",
        own.expression, file.path, own.place.path
    );
    let finding = Finding::new(Rule::LicenseConflict, message, remedy, &[own.expression, &file.path]);
    Some(finding.at(&file.path, None).capped(super::Level::Warn))
}
