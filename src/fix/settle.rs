// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Judge, plan, lay the edits over the tree; again, until there is nothing to edit.
//!
//! A tree in which the edits came to rest is one that the next run leaves alone: that is why running `fix` twice
//! changes nothing the second time.

use std::collections::{BTreeMap, BTreeSet};

use crate::changes::{Content, File, Snapshot};
use crate::findings::{Facts, Finding, Ledger, Rule};

use super::plan::plan;

/// Rounds before the edits are believed to undo each other. One is usual, two where a declaration comes first.
const ROUNDS: usize = 8;

/// What may be written.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whether bases that the weights show may be declared in policy.toml.
    pub declare: bool,
    /// The year for new copyright lines.
    pub year: i16,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fixed {
    /// Files to write, by path.
    pub patches: Vec<Patch>,
    /// Findings that a person must settle.
    pub left: Vec<Left>,
    /// Whether the edits came to rest; if not, nothing should be written.
    pub settled: bool,
}

/// The new text of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Path in the tree.
    pub path: String,
    /// Its text before; `None`: there is no such file.
    pub before: Option<String>,
    /// Its text after.
    pub after: String,
    /// Rules of the findings that asked for it.
    pub rules: BTreeSet<Rule>,
}

/// A finding that a person must settle.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// The finding, with its level.
    pub finding: Finding,
    /// Why it was not settled, one line.
    pub why: String,
}

/// Looks at one tree's facts, what is owed, and the findings with their levels.
pub type Look<'l> = &'l mut dyn FnMut(&Facts<'_>, &Ledger<'_>, &[Finding]);

/// Plans edits of `tree`. `judge` says what is not in order in a tree; it is called once a round.
pub fn settle<E>(
    tree: &Snapshot,
    wanted: Wanted,
    mut judge: impl FnMut(&Snapshot, Look<'_>) -> Result<(), E>,
) -> Result<Fixed, E> {
    let mut tree = tree.clone();
    let mut patches: BTreeMap<String, Patch> = BTreeMap::new();
    let mut fixed = Fixed::default();
    for _ in 0..ROUNDS {
        let mut planned = None;
        judge(&tree, &mut |facts, ledger, findings| planned = Some(plan(facts, ledger, findings, &tree, wanted)))?;
        let Some(plan) = planned else { break };
        fixed.left = plan.left;
        if plan.patches.is_empty() {
            fixed.settled = true;
            break;
        }
        for patch in plan.patches {
            lay_over(&mut tree, &patch);
            match patches.get_mut(&patch.path) {
                Some(earlier) => {
                    earlier.after = patch.after;
                    earlier.rules.extend(patch.rules);
                }
                None => drop(patches.insert(patch.path.clone(), patch)),
            }
        }
    }
    fixed.patches = patches.into_values().filter(|patch| patch.before.as_ref() != Some(&patch.after)).collect();
    Ok(fixed)
}

fn lay_over(tree: &mut Snapshot, patch: &Patch) {
    let content = Content::memory(patch.after.as_bytes().to_vec());
    let id = format!("fixed:{}", patch.path);
    tree.put(&patch.path, Some(File::present(patch.path.clone(), id, patch.after.len() as u64, content)));
}
