// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The policy: parsed, so valid.

use std::collections::BTreeMap;
use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;

use crate::findings::{Declarations, DeclaredModel, Level, Release, Rule};

/// What the owner decided. `Policy::default()` is that of a repository without a policy.toml.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Path it was read from; `None`: there is no file.
    pub path: Option<String>,
    /// What the repository publishes.
    pub release: Release,
    /// Registries beside `registry/`, which is searched if it is there.
    pub registry: Registry,
    /// `[attest]`.
    pub attest: Attest,
    /// File inside the repository with the findings that are known (`[baseline]`), where the command line names none.
    pub baseline: Option<String>,
    /// One entry a released model.
    pub models: Vec<DeclaredModel>,
    /// Levels set for rules.
    pub rules: BTreeMap<Rule, Setting>,
    /// Findings that the owner accepts for a time.
    pub waivers: Vec<Waiver>,
}

/// `[attest]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attest {
    /// Whether the pre-push hook signs what passed.
    pub sign: bool,
    /// Whether continuous integration asks for an attestation of the tip.
    pub required: bool,
    /// File inside the repository that says whose signatures count, as in ssh-keygen(1).
    pub allowed_signers: Option<String>,
}

/// `[registry]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// Paths inside the repository.
    pub paths: Vec<String>,
    /// Whether registries must be signed by one of `[attest] allowed-signers`.
    pub require_signature: bool,
}

/// The level set for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Findings are left out.
    Allow,
    /// Said, and of no consequence.
    Note,
    /// Said, does not block.
    Warn,
    /// Blocks.
    Deny,
}

impl Setting {
    /// The level of findings; `None`: they are left out.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Allow => None,
            Self::Note => Some(Level::Note),
            Self::Warn => Some(Level::Warn),
            Self::Deny => Some(Level::Deny),
        }
    }

    /// The setting of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allow, Self::Note, Self::Warn, Self::Deny].into_iter().find(|setting| setting.name() == name)
    }

    /// Name in policy.toml.
    pub fn name(self) -> &'static str {
        self.level().map_or("allow", Level::name)
    }
}

impl From<Level> for Setting {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Warn => Self::Warn,
            Level::Deny => Self::Deny,
        }
    }
}

/// One `[[waiver]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule it waives.
    pub rule: Rule,
    /// Content id of the model, `sha256:…`; `None`: every model.
    pub model: Option<String>,
    /// Id of the base; `None`: every base.
    pub base: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it applies.
    pub expires: Date,
    /// Bytes of the entry in policy.toml.
    pub span: Range<usize>,
}

impl Policy {
    /// What is declared of the models, for the rules.
    pub fn declarations(&self) -> Declarations<'_> {
        Declarations { release: &self.release, models: &self.models }
    }

    /// The first `[[model]]` entry whose globs match the path.
    pub fn model_for(&self, path: &str) -> Option<&DeclaredModel> {
        self.declarations().model_for(path)
    }

    /// The level this policy gives a rule, by itself.
    pub fn setting(&self, rule: Rule) -> Setting {
        self.rules.get(&rule).copied().unwrap_or_else(|| rule.default_level().into())
    }

    /// Whether denied findings block on this ref (full name): a release branch or tag, or any ref where no policy
    /// or no release branch and tag is given.
    pub fn is_strict(&self, reference: &str) -> bool {
        let Release { branches, tags, .. } = &self.release;
        if self.path.is_none() || branches.is_empty() && tags.is_empty() {
            return true;
        }
        let matches =
            |patterns: &[String], name: &str| patterns.iter().filter_map(|p| glob(p)).any(|g| g.is_match(name));
        match (reference.strip_prefix("refs/heads/"), reference.strip_prefix("refs/tags/")) {
            (Some(branch), _) => matches(branches, branch),
            (_, Some(tag)) => matches(tags, tag),
            _ => false,
        }
    }
}

/// A ref pattern: `*` stays inside one part of the name, `**` does not.
pub(super) fn glob(pattern: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_refs_are_strict_and_others_are_not() -> Result<(), super::super::PolicyError> {
        let text = "schema = 1\n[release]\nbranches = [\"main\", \"release/*\"]\ntags = [\"v*\"]\n";
        let policy = Policy::parse("policy.toml", text)?;
        for name in ["refs/heads/main", "refs/heads/release/1", "refs/tags/v1.2"] {
            assert!(policy.is_strict(name), "{name}");
        }
        for name in ["refs/heads/dev", "refs/heads/release/1/x", "refs/tags/w1", "refs/notes/main"] {
            assert!(!policy.is_strict(name), "{name}");
        }
        assert!(Policy::default().is_strict("refs/heads/dev"));
        Ok(())
    }
}
