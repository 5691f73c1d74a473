// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The finding: what is not in order, where, by which evidence, and what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::evidence::Evidence;

use super::joined::Related;

/// One thing that is not in order. The fields are those of the JSON output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Finding {
    /// Rule id, kebab-case.
    pub rule: Rule,
    /// Level after policy and flags.
    pub level: Level,
    /// One sentence: what is not in order.
    pub message: String,
    /// File concerned.
    pub path: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Byte span in it.
    pub span: Option<(usize, usize)>,
    /// Path of the model concerned.
    pub model: Option<String>,
    /// Id of the base concerned.
    pub base: Option<String>,
    /// Obligation kind concerned, e.g. `notice-file`.
    pub obligation: Option<String>,
    /// Clause of the license, e.g. `§1.b.iii`.
    pub clause: Option<String>,
    /// Numbers behind it, strongest first.
    pub evidence: Vec<Evidence>,
    /// How the model's parts go back to the base's, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub structure: Vec<String>,
    /// One line: what to do now.
    pub remedy: String,
    /// Stable over rebases and reformatting: digest of the rule and the logical identity.
    pub fingerprint: String,
    /// Findings that support this one, strongest first: about the same base, by other means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// The highest level this finding may have, whatever policy and flags say: weak knowledge never blocks.
    #[serde(skip)]
    pub cap: Option<Level>,
    /// Content ids (`sha256:…`) of the models concerned: what a waiver is keyed to.
    #[serde(skip)]
    pub model_ids: Vec<String>,
    /// Names of the families concerned, beside the base: what findings of several rules are joined by.
    #[serde(skip)]
    pub about: Vec<String>,
}

impl Finding {
    /// A finding at its rule's default level. `identity` is what makes it this finding and not another of its rule:
    /// content ids and base ids rather than paths, where there are any.
    pub fn new(rule: Rule, message: impl Into<String>, remedy: impl Into<String>, identity: &[&str]) -> Self {
        Self {
            rule,
            level: rule.default_level(),
            message: message.into(),
            path: None,
            line: None,
            span: None,
            model: None,
            base: None,
            obligation: None,
            clause: None,
            evidence: Vec::new(),
            structure: Vec::new(),
            remedy: remedy.into(),
            fingerprint: fingerprint(rule, identity),
            related: Vec::new(),
            cap: None,
            model_ids: Vec::new(),
            about: Vec::new(),
        }
    }

    /// Limits the level: the lower of `cap` and any cap set before.
    pub fn capped(mut self, cap: Level) -> Self {
        self.cap = Some(self.cap.map_or(cap, |other| other.min(cap)));
        self.level = self.level.min(cap);
        self
    }

    /// What the remedy asks to be written, word for word: all but its first line.
    pub fn paste(&self) -> Option<&str> {
        self.remedy.split_once('\n').map(|(_, text)| text)
    }

    /// Names the file concerned.
    pub fn at(mut self, path: &str, line: Option<u32>) -> Self {
        self.path = Some(path.to_owned());
        self.line = line;
        self
    }

    /// Names the model concerned, and its file if no other is named.
    pub fn of_model(mut self, path: &str, id: &str) -> Self {
        self.model = Some(path.to_owned());
        self.path.get_or_insert_with(|| path.to_owned());
        self.model_ids = vec![id.to_owned()];
        self
    }
}

/// First 16 hex digits of SHA-256 over the rule and the identity, each part preceded by its length.
fn fingerprint(rule: Rule, identity: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in std::iter::once(&rule.id()).chain(identity) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let first: [u8; 8] = std::array::from_fn(|index| digest.get(index).copied().unwrap_or_default());
    format!("{:016x}", u64::from_be_bytes(first))
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Said, and of no consequence.
    Note,
    /// Said, does not block.
    Warn,
    /// Blocks.
    Deny,
}

impl Level {
    /// Name used in JSON and in policy.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

macro_rules! rules {
    ($($variant:ident => $name:literal, $level:ident, $page:literal;)*) => {
        /// Every rule, by its stable id. The page of each is `docs/rules/ID.md`.
        #[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $page] #[serde(rename = $name)] $variant,)*
        }

        impl Rule {
            /// All rules, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The level when neither policy nor flags say otherwise.
            pub fn default_level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }

            /// One line: what the rule checks.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $page,)* }
            }

            /// The rule with this id.
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

rules! {
    UndeclaredLineage => "undeclared-lineage", Deny, "Weights descend from a registered base that is not declared.";
    ContradictedDeclaration => "contradicted-declaration", Deny, "The evidence contradicts a declared base.";
    UnsupportedDeclaration => "unsupported-declaration", Warn, "A declared base finds no support in the weights.";
    FromScratchContradicted => "from-scratch-contradicted", Deny, "Weights declared to be from scratch descend from a registered base.";
    CardMismatch => "card-mismatch", Warn, "The model card's base_model, relation or license disagrees with policy or evidence.";
    UndeclaredTeacher => "undeclared-teacher", Warn, "A card, config or training file names a model that this one learned from, and policy does not.";
    UndeclaredTokenizerOrigin => "undeclared-tokenizer-origin", Warn, "A tokenizer is consistent with another family's, which is neither declared as base nor named.";
    MissingLicenseText => "missing-license-text", Deny, "The base's license asks for a copy of its text, and the tree has none.";
    MissingNotice => "missing-notice", Deny, "The base's license asks for a notice, and no notice file holds it.";
    WrongNoticeText => "wrong-notice-text", Deny, "A notice file comes near to the sentence that the base's license asks for, and its words differ.";
    MissingAttribution => "missing-attribution", Deny, "The base's copyright lines are not kept, or it is not credited.";
    MissingDisplayText => "missing-display-text", Deny, "The base's license asks to show a sentence, and nothing shows it.";
    NameRule => "name-rule", Deny, "The base's license says how the release must or must not be named, and it is named otherwise.";
    RestrictionsNotPassedOn => "restrictions-not-passed-on", Deny, "The base's use restrictions are not part of the release's own terms, or recipients are not told.";
    LicenseConflict => "license-conflict", Deny, "The release's license contradicts that of a base, or its own license file.";
    UnsatisfiableObligations => "unsatisfiable-obligations", Deny, "No release can meet what the bases' licenses ask for.";
    UnattestedObligation => "unattested-obligation", Warn, "An obligation that no tool can see is not attested in policy.toml.";
    UnmarkedModification => "unmarked-modification", Warn, "The base's license asks to say that the model was changed, and nothing says so.";
    NoticeRemoved => "notice-removed", Warn, "The push deletes or shortens a license, a notice, or a copyright line in one.";
    MissingHeader => "missing-header", Warn, "Pushed source has neither a copyright line nor an SPDX tag, where policy.toml names the holder.";
    StrippedHeader => "stripped-header", Warn, "A source file lost a copyright line or SPDX tag that it had, or that came with the base's file.";
    ForeignCopyrightUndeclared => "foreign-copyright-undeclared", Warn, "Pushed source claims the copyright of somebody who is not accounted for.";
    UndeclaredCodeOrigin => "undeclared-code-origin", Warn, "Source code is consistent with derivation from known code, and nothing says so.";
    ForeignIdentifier => "foreign-identifier", Warn, "Code or a config carries names of a model family that nothing declares.";
    UnverifiableArtifact => "unverifiable-artifact", Deny, "A file that looks like a model cannot be read, so nothing is known of it.";
    MissingLfsObject => "missing-lfs-object", Deny, "A Git LFS pointer is pushed and its object is not on this machine.";
    UnsafePickle => "unsafe-pickle", Deny, "A pickle does more than rebuild tensors.";
    CheckpointOutsideLfs => "checkpoint-outside-lfs", Warn, "A checkpoint is committed to git itself and not through Git LFS.";
    HookBypassed => "hook-bypassed", Warn, "The tip has no valid attestation, where one is asked for.";
    ExpiredWaiver => "expired-waiver", Deny, "A waiver has passed its expiry date.";
    UnusedWaiver => "unused-waiver", Warn, "A waiver matches nothing.";
    PolicyWeakened => "policy-weakened", Deny, "A pushed change weakens the policy or the registry it is checked by.";
}
