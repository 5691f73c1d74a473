// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Made from the license data: a release that meets all a license asks but for some things, as real files in a folder;
//! its findings; and what settles each.
//!
//! In: a license of the data. Out: one [`Row`] an obligation. The weights are told, not read: a declared model with one
//! base. Everything else goes the way it goes in the gate: files, documents, ledger, findings, levels, edits, files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use forebear::changes::{Snapshot, folder};
use forebear::documents;
use forebear::evidence::{Comparison, Context, Relation, Tier};
use forebear::findings::{BaseFacts, Facts, Finding, Ledger, Level, ModelFacts, Rule, all};
use forebear::fix::{self, Fixed, Wanted};
use forebear::licenses::{self, CheckKind, LicenseData, ObligationKind as Kind, Verified, text};
use forebear::policy::{self, Overrides, Policy};

const BASE: &str = "somebody/Tern-7B";
const LINE: &str = "Copyright (c) 2024 The Tern Makers";
const NOTICE: &str = "Tern comes with this notice, which names the people who made the training data.";
const WORD: &str = "legal@acme.example 2026-01-31";
const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 2, 1);

/// Every license that was read in full.
pub(crate) fn full_text() -> impl Iterator<Item = &'static LicenseData> {
    licenses::all().iter().filter(|license| license.verified == Verified::FullText)
}

/// What happens where one obligation alone is not met.
pub(crate) struct Row {
    /// What is asked.
    pub(crate) kind: Kind,
    /// Level of the finding that tells of it.
    pub(crate) level: Level,
    /// What settles it.
    pub(crate) settled: Settled,
}

/// What settles an obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Settled {
    /// `forebear fix`.
    Fix,
    /// An entry in `attested`.
    Attestation,
    /// Another name of the release.
    Name,
    /// Other terms of the release.
    Terms,
    /// Words that only a person can write.
    Words,
    /// Nothing but the base unchanged.
    Unchanged,
}

impl Settled {
    /// As the table says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Attestation => "attested",
            Self::Name => "another name",
            Self::Terms => "other terms",
            Self::Words => "words of your own",
            Self::Unchanged => "the base unchanged",
        }
    }
}

/// One release.
struct Release {
    files: BTreeMap<&'static str, String>,
    base: BaseFacts,
    unchanged: bool,
}

/// The rows of a license, in the order of its obligations. A text says what went otherwise than it should.
pub(crate) fn rows(license: &'static LicenseData) -> Result<Vec<Row>, String> {
    let order = release(license, &[]);
    let clean = tempfile::tempdir().map_err(|error| error.to_string())?;
    order.write(clean.path())?;
    let found = order.findings(clean.path())?;
    if !found.is_empty() {
        return Err(format!("{}: a release in order is not: {found:#?}", license.id));
    }
    license.obligations.iter().map(|kind| row(license, *kind, &order)).collect()
}

fn row(license: &'static LicenseData, kind: Kind, order: &Release) -> Result<Row, String> {
    let place = format!("{}: {}", license.id, kind.name());
    let mut lacking = vec![kind];
    let of_kind = |found: &[Finding]| found.iter().find(|one| one.obligation.as_deref() == Some(kind.name())).cloned();
    let (broken, tree, own, found) = loop {
        let broken = release(license, &lacking);
        let tree = tempfile::tempdir().map_err(|error| error.to_string())?;
        broken.write(tree.path())?;
        let found = broken.findings(tree.path())?;
        match of_kind(&found) {
            Some(own) => break (broken, tree, own, found),
            // What meets another obligation meets this one too.
            None if lacking.len() == 1 => lacking.extend(comes_with(license, kind)),
            None => return Err(format!("{place} is missing and not found")),
        }
    };
    let expected: Vec<&str> = lacking.iter().chain(&comes_with(license, kind)).map(|kind| kind.name()).collect();
    if let Some(other) = found.iter().find(|one| !one.obligation.as_deref().is_some_and(|one| expected.contains(&one)))
    {
        return Err(format!("{place} is missing and so this is said: {}", other.message));
    }
    let fixed = broken.fix(tree.path())?;
    let again = broken.fix(tree.path())?;
    if !again.patches.is_empty() {
        return Err(format!("{place}: a second run edits again: {:#?}", again.patches));
    }
    let left = broken.findings(tree.path())?;
    let left: Vec<&Finding> = left.iter().filter(|one| one.level > Level::Note).collect();
    if left.len() != fixed.left.len() {
        return Err(format!("{place}: what was said to be left is not what is left: {left:#?}"));
    }
    let settled = if left.iter().any(|one| one.obligation == own.obligation) || own.level == Level::Note {
        by_hand(license, kind, &broken, order, tree.path()).ok_or(format!("{place} cannot be settled: {left:#?}"))?
    } else {
        Settled::Fix
    };
    Ok(Row { kind, level: own.level, settled })
}

/// What a person does, tried: the words of the release in order, until the obligation is met.
fn by_hand(license: &LicenseData, kind: Kind, broken: &Release, order: &Release, tree: &Path) -> Option<Settled> {
    let met = |release: &Release| {
        let found = release.findings(tree).ok()?;
        (!found.iter().any(|one| one.obligation.as_deref() == Some(kind.name()))).then_some(())
    };
    let (now, wanted) = (broken.files.get("policy.toml")?, order.files.get("policy.toml")?);
    let line = |text: &str, key: &str| text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
    for (key, settled) in [("name", Settled::Name), ("license", Settled::Terms), ("attested", Settled::Attestation)] {
        let (Some(old), Some(new)) = (line(now, key), line(wanted, key)) else { continue };
        if old != new {
            let mut names = vec![("policy.toml", now.replace(&old, &new))];
            // The text of other terms goes with them.
            names.extend(
                (settled == Settled::Terms).then(|| ("LICENSES/own.txt", order.files["LICENSES/own.txt"].clone())),
            );
            for (name, text) in names {
                fs::write(tree.join(name), text).ok()?;
            }
            return met(broken).map(|()| settled);
        }
    }
    if kind == Kind::NoDerivativeSharing {
        return met(order).map(|()| Settled::Unchanged);
    }
    let page = license.display_texts.first().cloned().unwrap_or(format!("Orca is a modified version of {BASE}."));
    fs::write(tree.join("README.md"), format!("# Orca\n\n{page}\n")).ok()?;
    met(broken).map(|()| Settled::Words)
}

impl Release {
    fn write(&self, folder: &Path) -> Result<(), String> {
        for (path, text) in &self.files {
            let path = folder.join(path);
            let above = path.parent().unwrap_or(folder);
            fs::create_dir_all(above).and_then(|()| fs::write(&path, text)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What is said of the files of a folder.
    fn findings(&self, top: &Path) -> Result<Vec<Finding>, String> {
        let mut all = Vec::new();
        self.judge(&read(top)?, &mut |_, _, findings| all = findings.to_vec())?;
        Ok(all)
    }

    fn fix(&self, top: &Path) -> Result<Fixed, String> {
        let wanted = Wanted { declare: false, year: 2026 };
        let fixed = fix::settle(&read(top)?, wanted, |tree, look| self.judge(tree, look))?;
        if !fixed.settled {
            return Err("the edits undo each other".into());
        }
        fix::write(top, &fixed.patches).map_err(|error| error.to_string())?;
        Ok(fixed)
    }

    fn judge(&self, tree: &Snapshot, look: fix::Look<'_>) -> Result<(), String> {
        let text = |path: &str| {
            let file = tree.files.iter().find(|file| file.path == path).and_then(|file| file.content())?;
            String::from_utf8(file.read(1 << 20).ok()?).ok()
        };
        let policy = Policy::parse("policy.toml", &text("policy.toml").unwrap_or_default());
        let policy = policy.map_err(|error| error.to_string())?;
        let (documents, problems) = documents::read(&tree.files);
        let models = [ModelFacts {
            path: "w/m.safetensors".into(),
            files: vec!["w/m.safetensors".into()],
            id: format!("sha256:{}", "ab".repeat(32)),
            format: "safetensors".into(),
            comparisons: if self.unchanged { vec![identical()] } else { Vec::new() },
            ..ModelFacts::default()
        }];
        let facts = Facts {
            today: TODAY,
            declared: policy.declarations(),
            models: &models,
            bases: &BTreeMap::from([(BASE.to_owned(), self.base.clone())]),
            documents: &documents,
            document_problems: &problems,
            sources: &[],
            former: &[],
            unverifiable: &[],
            problems: &[],
            tokenizers: &[],
        };
        let ledger = Ledger::of(&facts);
        // Nothing was compared, so nothing is said of the declaration itself.
        let mut found = all(&facts, &ledger);
        found.retain(|one| !matches!(one.rule, Rule::UnsupportedDeclaration | Rule::ContradictedDeclaration));
        let decided = policy::apply(found, &policy, &Overrides::default(), true, TODAY);
        look(&facts, &ledger, &decided.findings);
        Ok(())
    }
}

fn read(top: &Path) -> Result<Snapshot, String> {
    let published = folder(top).map_err(|error| error.to_string())?;
    published.snapshots.into_iter().next().ok_or_else(|| "no tree".to_owned())
}

fn identical() -> Comparison {
    Comparison {
        suspect: "w/m.safetensors".into(),
        base: BASE.into(),
        relation: Relation::Identical,
        tier: Tier::Blocks,
        log10_p: Some(-300.0),
        effect: 1.0,
        mechanisms: Vec::new(),
        layers: Vec::new(),
        parts: Vec::new(),
        difference: None,
        merge: None,
        structure: None,
        context: Context::default(),
    }
}

fn is_change(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ModifiedFilesNotice | Kind::ModificationStatement | Kind::IndicateChanges | Kind::ExplanatoryDocs
    )
}

/// A release that meets all that the license asks, but for some kinds.
fn release(license: &LicenseData, without: &[Kind]) -> Release {
    let has = |kind: Kind| license.asks(kind) && !without.contains(&kind);
    let own = text(&license.id)
        .map_or_else(|| format!("{}\n{}", license.title(), "terms of some kind ".repeat(100)), str::to_owned);
    let notice = license.asks(Kind::PropagateNoticeFile) && license.notice_text.is_empty();
    let base = BaseFacts {
        id: BASE.into(),
        license: license.id.clone(),
        license_text: Some(format!("{LINE}\n\n{own}\n")),
        notice_text: notice.then(|| NOTICE.into()),
        ..BaseFacts::default()
    };
    let mut files = BTreeMap::new();
    let (policy, terms) = policy_text(license, without);
    files.insert("policy.toml", policy);
    let other = licenses::lookup(terms).filter(|_| terms != license.id).and_then(|other| text(&other.id));
    files.insert("LICENSES/own.txt", other.unwrap_or("-\n").to_owned());
    if has(Kind::LicenseCopy) {
        files.insert("LICENSES/base.txt", own);
    }
    let mut words = vec!["Orca, Acme's own".to_owned()];
    words.extend(has(Kind::RetainNotices).then(|| LINE.into()));
    let sentence = has(Kind::NoticeFile) || has(Kind::PropagateNoticeFile) && !license.notice_text.is_empty();
    words.extend(sentence.then(|| license.notice_text.clone()));
    words.extend((has(Kind::PropagateNoticeFile) && license.notice_text.is_empty()).then(|| NOTICE.into()));
    let changed = license.obligations.iter().any(|kind| is_change(*kind) && has(*kind));
    words.extend(changed.then(|| format!("This is a modified version of {BASE}.")));
    let told = format!("Use of this model is subject to the use restrictions of the {}.", license.title());
    words.extend(has(Kind::DownstreamNotice).then_some(told));
    words.extend(has(Kind::Attribution).then(|| format!("{BASE} by the Tern Makers, under {}", license.title())));
    files.insert("NOTICE", words.join("\n\n") + "\n");
    let shown = [Kind::DisplayText, Kind::DisplayTextAtScale, Kind::EncouragedDisplay, Kind::PublicStatement];
    let shown = shown.iter().any(|kind| has(*kind)).then(|| license.display_texts.first()).flatten();
    files.insert("README.md", format!("# Orca\n\n{}\n", shown.map_or("A model.", String::as_str)));
    // Where changed material may not be shared, the release in order is an unchanged copy.
    let unchanged = has(Kind::NoDerivativeSharing) && !without.iter().any(|kind| is_change(*kind));
    Release { files, base, unchanged }
}

/// policy.toml, and the terms of the release.
fn policy_text<'l>(license: &'l LicenseData, without: &[Kind]) -> (String, &'l str) {
    let has = |kind: Kind| license.asks(kind) && !without.contains(&kind);
    let terms = if without.contains(&Kind::NonCommercial) || without.contains(&Kind::PassThroughRestrictions) {
        "MIT"
    } else if without.contains(&Kind::SameTerms) {
        if license.non_commercial { "CC-BY-NC-4.0" } else { "MIT" }
    } else {
        &license.id
    };
    let prefix = if has(Kind::NamePrefix) { format!("{}-", license.naming_rule.value) } else { String::new() };
    let attest = |kind: &&Kind| {
        has(**kind)
            && kind.data().is_some_and(|data| data.check == CheckKind::Attest)
            && **kind != Kind::DisplayTextAtScale
    };
    let attested: Vec<String> =
        license.obligations.iter().filter(attest).map(|kind| format!("{} = \"{WORD}\"", kind.name())).collect();
    let policy = format!(
        "schema = 1\n\n[release]\nname = \"acme/{prefix}Orca\"\nlicense = \"{terms}\"\n\n[[model]]\npaths = [\"w/**\"]\n\
         bases = [{{ id = \"{BASE}\", relation = \"finetune\" }}]\nattested = {{ {} }}\n",
        attested.join(", ")
    );
    (policy, terms)
}

/// Kinds that cannot fail alone, because what meets another meets them too.
fn comes_with(license: &LicenseData, kind: Kind) -> Vec<Kind> {
    let others: &[Kind] = match kind {
        // To say that a model is a modified version of a base is to credit it.
        Kind::Attribution => &[Kind::IndicateChanges, Kind::NoDerivativeSharing],
        // Some notices say that the license binds.
        Kind::DownstreamNotice => &[Kind::NoticeFile],
        Kind::NonCommercial => &[Kind::SameTerms],
        Kind::IndicateChanges => &[Kind::NoDerivativeSharing],
        // Some license texts have a copyright line of their own.
        Kind::LicenseCopy => &[Kind::RetainNotices],
        _ => &[],
    };
    others.iter().copied().filter(|other| license.asks(*other)).collect()
}
