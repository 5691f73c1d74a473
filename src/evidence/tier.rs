// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How far the search for evidence went.
//!
//! In: a comparison. Out: its [`Tier`]. Reading no weights comes first, then looking at values where they stand, then the
//! tests of whole blocks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::{Comparison, Evidence};
use super::mechanisms::FILE_DIGESTS;

/// log10 of the probability that two files have one SHA-256.
const COLLISION_LOG10: f64 = -77.0;

/// How far the search for evidence went, cheapest first. The next tier is only left out where nothing of either model is
/// left to be explained, so no weaker relation comes of it; that there is no evidence is only said after the last.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The stored files have the digests of the base's: no weights were read.
    FileDigests,
    /// A few matrices, by values at the same places: the others were not read.
    Glance,
    /// Values at the same places: all of both models is accounted for.
    InPlace,
    /// Whole blocks as well, in any coordinates and any order.
    #[default]
    Blocks,
}

impl Tier {
    /// What settled the relation, in words; nothing if every test was made.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::FileDigests => Some("settled by the digests of the files; no weights were read"),
            Self::Glance => Some("settled by a few matrices; the others were not read"),
            Self::InPlace => {
                Some("settled by values at the same places; the tests of whole blocks had nothing left to show")
            }
            Self::Blocks => None,
        }
    }
}

impl Comparison {
    /// The comparison of a model with a base whose `files` have the same digests, one of `searched` bases.
    pub fn by_digests(mut self, files: u64, searched: usize) -> Self {
        let log10_p = COLLISION_LOG10 + (searched.max(1) as f64).log10();
        self.tier = Tier::FileDigests;
        self.log10_p = self.log10_p.map(|log10_p| log10_p.min(COLLISION_LOG10));
        self.mechanisms.insert(
            0,
            Evidence {
                mechanism: FILE_DIGESTS.into(),
                log10_p: Some(log10_p),
                effect: 1.0,
                null: "two different files have one SHA-256 with probability below 1e-77".into(),
                n: files,
                detail:
                    "every file of the model has the SHA-256 of one of the base's: its fingerprint is the base's, and \
                         no weights were read"
                        .into(),
            },
        );
        self
    }
}
