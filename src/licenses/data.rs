// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The license data, typed: `data/licenses/model_licenses.toml` in, [`LicenseData`] out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const DATA: &str = include_str!("../../data/licenses/model_licenses.toml");

static FILE: LazyLock<DataFile> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the data is embedded and a test parses it")]
    let file: DataFile = toml::from_str(DATA).expect("the embedded license data parses");
    file
});

/// Every license in the data, in its order.
pub fn all() -> &'static [LicenseData] {
    &FILE.license
}

#[derive(Deserialize)]
struct DataFile {
    obligation_kinds: BTreeMap<ObligationKind, KindData>,
    license: Vec<LicenseData>,
}

/// How obligations of one kind are checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindData {
    /// Who can tell whether it is met.
    pub check: CheckKind,
    /// Whether a person may say that it is met.
    #[serde(default)]
    pub attest: bool,
    /// Other names under which a policy may attest it.
    #[serde(default)]
    pub also: Vec<String>,
    /// What is asked, in one line.
    pub text: String,
}

/// Who can tell whether an obligation is met.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CheckKind {
    /// The tree.
    Auto,
    /// The tree, as far as it goes.
    Semi,
    /// Only a person.
    Attest,
    /// The tree; it is asked for politely.
    Warn,
}

/// What one license asks of whoever publishes a derivative.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseData {
    /// Our id.
    pub id: String,
    /// Titles, the full one first.
    pub names: Vec<String>,
    /// Values of a model card's `license` or `license_name`; several licenses may share one.
    pub hf_ids: Vec<String>,
    /// SPDX id, or a `LicenseRef-`.
    pub spdx: String,
    /// Indicative, case-insensitive globs of base model ids under this license.
    pub applies_to: Vec<String>,
    /// What is asked.
    pub obligations: Vec<ObligationKind>,
    /// Where in the license each obligation sits.
    pub clauses: BTreeMap<ObligationKind, String>,
    /// Sentence a Notice file must hold, verbatim; bracketed parts are placeholders. Empty: none.
    pub notice_text: String,
    /// Other wordings of the sentence in earlier versions of the license.
    #[serde(default)]
    pub notice_text_alternatives: Vec<String>,
    /// Sentences of which one must be displayed.
    pub display_texts: Vec<String>,
    /// What the notice clause attaches to.
    pub notice_scope: NoticeScope,
    /// What the derivative must or must not be called.
    pub naming_rule: NamingRule,
    /// Restrictions on use.
    pub use_restrictions: UseRestrictions,
    /// SPDX ids of other licenses that fulfill `same-terms`.
    #[serde(default)]
    pub same_terms_also: Vec<String>,
    /// Whether only non-commercial use is granted.
    pub non_commercial: bool,
    /// Terms above a number of users or revenue. Empty: none.
    pub scale_clause: String,
    /// Territories excluded. Empty: none.
    pub territory: String,
    /// Whether distilled models and models trained on outputs are derivatives.
    pub covers_distillation: bool,
    /// How the entry was checked.
    pub verified: Verified,
    /// Where the text is.
    pub source: String,
}

impl LicenseData {
    /// Whether the license asks this.
    pub fn asks(&self, kind: ObligationKind) -> bool {
        self.obligations.contains(&kind)
    }

    /// The clause behind an obligation, if the data cites one.
    pub fn clause(&self, kind: ObligationKind) -> Option<&str> {
        self.clauses.get(&kind).map(String::as_str)
    }

    /// The license's title.
    pub fn title(&self) -> &str {
        self.names.first().unwrap_or(&self.id)
    }

    /// First web address in `source`, if there is one.
    pub fn address(&self) -> Option<&str> {
        self.source.split([' ', ';', ',']).find(|word| word.starts_with("https://"))
    }
}

/// How an entry was checked. Entries below [`Verified::FullText`] never deny.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Verified {
    /// The license text was read; strings are verbatim from it.
    FullText,
    /// Verbatim excerpts were read, not every clause.
    Excerpt,
    /// Only third parties' quotations agree.
    Secondary,
}

/// What a notice clause literally attaches to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeScope {
    /// Any derivative.
    Derivatives,
    /// Copies of the materials: fine-tuned, merged and quantized weights; arguable for adapters and distilled models.
    CopiesOfMaterials,
    /// Only redistributed originals.
    ModelOnly,
    /// Not known.
    Unknown,
    /// No notice is asked.
    #[serde(rename = "")]
    None,
}

/// A rule on the derivative's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamingRule {
    /// Which rule.
    pub kind: NamingKind,
    /// The prefix, or the forbidden name.
    pub value: String,
    /// When it applies.
    pub when: String,
}

/// Kinds of [`NamingRule`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum NamingKind {
    /// No rule.
    None,
    /// The name begins with the value.
    Prefix,
    /// The value is not the primary name.
    ForbiddenPrimary,
}

/// Restrictions on use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseRestrictions {
    /// `inline`, `attachment`, `aup-url` or `none`.
    pub kind: String,
    /// Where they are written.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Whether the derivative's own terms must contain them.
    pub pass_through: bool,
    /// In a few words.
    pub summary: String,
}

impl ObligationKind {
    /// How obligations of this kind are checked.
    pub fn data(self) -> Option<&'static KindData> {
        FILE.obligation_kinds.get(&self)
    }

    /// The kind that a policy attests under this name; `None`: there is none, or no person can attest it.
    pub fn from_attested(name: &str) -> Option<Self> {
        let named = |kind: &Self| kind.attested_as().any(|known| known == name);
        Self::ALL.iter().copied().find(named)
    }

    /// The names under which a policy may attest it; none where a person's word does not count.
    pub fn attested_as(self) -> impl Iterator<Item = &'static str> {
        let data = self.data().filter(|data| data.attest);
        data.into_iter().flat_map(move |data| std::iter::once(self.name()).chain(data.also.iter().map(String::as_str)))
    }
}

macro_rules! obligations {
    ($($variant:ident => $name:literal;)*) => {
        /// What a license may ask. Described in the data file's `[obligation_kinds]`.
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ObligationKind {
            $(#[doc = concat!("`", $name, "`.")] #[serde(rename = $name)] $variant,)*
        }

        impl ObligationKind {
            /// All kinds, in the order of the data.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable name, as in the data and in findings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

obligations! {
    LicenseCopy => "license-copy";
    NoticeFile => "notice-file";
    DisplayText => "display-text";
    DisplayTextAtScale => "display-text-at-scale";
    EncouragedDisplay => "encouraged-display";
    NamePrefix => "name-prefix";
    NameForbidden => "name-forbidden";
    ModifiedFilesNotice => "modified-files-notice";
    ModificationStatement => "modification-statement";
    RetainNotices => "retain-notices";
    PropagateNoticeFile => "propagate-notice-file";
    PassThroughRestrictions => "pass-through-restrictions";
    DownstreamNotice => "downstream-notice";
    ExplanatoryDocs => "explanatory-docs";
    SameTerms => "same-terms";
    Attribution => "attribution";
    IndicateChanges => "indicate-changes";
    NoDerivativeSharing => "no-derivative-sharing";
    NoTrainOthers => "no-train-others";
    NonCommercial => "non-commercial";
    Aup => "aup";
    ScaleGate => "scale-gate";
    Territory => "territory";
    Registration => "registration";
    CiteInPublication => "cite-in-publication";
    ContentFilters => "content-filters";
    PublicStatement => "public-statement";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_parses_and_ids_are_unique() {
        let mut ids: Vec<&str> = all().iter().map(|license| license.id.as_str()).collect();
        assert!(ids.len() >= 50, "{} licenses", ids.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().len());
    }

    #[test]
    fn a_notice_is_given_exactly_where_one_is_asked() {
        for license in all() {
            let asked = license.asks(ObligationKind::NoticeFile);
            let given = !license.notice_text.is_empty();
            // The Yi notice is asked through Apache-2.0 §4(d).
            assert!(asked == given || license.id == "yi-apache", "{}", license.id);
            assert_eq!(license.notice_scope == NoticeScope::None, !given, "{}", license.id);
        }
    }

    #[test]
    fn every_kind_is_described_and_its_names_are_its_own() {
        let mut names: Vec<&str> = Vec::new();
        for kind in ObligationKind::ALL {
            let data = kind.data().map(|data| (data.check, data.attest));
            assert!(data.is_some(), "{}", kind.name());
            // What only a person can tell can be attested.
            assert!(data != Some((CheckKind::Attest, false)), "{}", kind.name());
            names.extend(kind.attested_as());
        }
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert_eq!(ObligationKind::from_attested("mau-below-limit"), Some(ObligationKind::ScaleGate));
        assert_eq!(ObligationKind::from_attested("license-copy"), None);
    }

    #[test]
    fn a_clause_is_cited_only_for_what_is_asked() {
        for license in all() {
            for kind in license.clauses.keys() {
                assert!(license.asks(*kind), "{}: {}", license.id, kind.name());
            }
        }
    }
}
