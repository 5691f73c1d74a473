// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One round: each finding → an edit, or the reason why a person must decide.

use crate::changes::Snapshot;
use crate::findings::{Facts, Finding, Gap, Ledger, Level, Rule};

use super::settle::{Left, Patch, Wanted};
use super::working::Working;
use super::{by_hand, card, declare, header, owed};

/// What one round comes to.
pub(super) struct Plan {
    pub(super) patches: Vec<Patch>,
    pub(super) left: Vec<Left>,
}

/// What an edit is made from.
pub(super) struct Round<'r, 'a> {
    pub(super) facts: &'r Facts<'a>,
    pub(super) findings: &'r [Finding],
    pub(super) wanted: Wanted,
    pub(super) working: Working<'r>,
}

/// Plans one round. Notes ask for nothing.
pub(super) fn plan(
    facts: &Facts<'_>,
    ledger: &Ledger<'_>,
    findings: &[Finding],
    tree: &Snapshot,
    wanted: Wanted,
) -> Plan {
    let gaps = ledger.gaps();
    let mut round = Round { facts, findings, wanted, working: Working::new(tree) };
    let mut left = Vec::new();
    let mut waiting = Vec::new();
    for finding in findings.iter().filter(|finding| finding.level > Level::Note) {
        let before = round.working.count();
        let gap =
            gaps.iter().find(|gap| gap.finding.rule == finding.rule && gap.finding.fingerprint == finding.fingerprint);
        match round.act(finding, gap) {
            Err(why) => left.push(Left { finding: finding.clone(), why }),
            Ok(()) if round.working.count() == before => waiting.push(finding),
            Ok(()) => {}
        }
    }
    let patches = round.working.patches();
    if patches.is_empty() {
        // Nothing is edited, so nothing else settles them either.
        let why = |finding: &Finding| match finding.rule {
            // Its front matter agrees: what does not is a sentence, a config, or metadata.
            Rule::CardMismatch => "what is said there and policy.toml disagree; which is right, only you can say",
            _ => "what it asks for stands there already, and not in a place or form that is seen",
        };
        left.extend(waiting.into_iter().map(|finding| Left { finding: finding.clone(), why: why(finding).into() }));
    }
    Plan { patches, left }
}

impl Round<'_, '_> {
    /// Edits what one finding asks for. An error is the reason why not, one line. No edit at all and no error: another
    /// edit of this round has done it.
    fn act(&mut self, finding: &Finding, gap: Option<&Gap<'_>>) -> Result<(), String> {
        if let Some(why) = by_hand::why(finding.rule) {
            return Err(why.into());
        }
        match (finding.rule, gap) {
            (_, Some(gap)) => owed::meet(self, finding, gap),
            (Rule::CardMismatch, _) => card::agree(self, finding),
            (Rule::MissingHeader, _) => header::add(self),
            (Rule::StrippedHeader | Rule::UnmarkedModification, _) => header::put_back(self, finding),
            (Rule::UndeclaredLineage, _) => declare::base(self, finding),
            _ => Err("only you can say what is right".into()),
        }
    }
}
