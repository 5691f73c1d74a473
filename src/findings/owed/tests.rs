// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Made from the license data: for every license that was read in full, a release in order, and one that lacks each
//! thing that the license asks for. A new license is tested as soon as its data is there.

use std::collections::BTreeSet;

use super::*;
use crate::evidence::Relation;
use crate::findings::facts::all;
use crate::findings::finding::{Finding, Level, Rule};
use crate::findings::samples::{Sample, base, comparison, declared, model};
use crate::licenses::{self, CheckKind, LicenseData, ObligationKind as Kind, Verified, text};

const BASE: &str = "somebody/Tern-7B";
const LINE: &str = "Copyright (c) 2024 The Tern Makers";
const NOTICE: &str = "Tern comes with this notice, which names the people who made the training data.";

fn full_text() -> impl Iterator<Item = &'static LicenseData> {
    licenses::all().iter().filter(|license| license.verified == Verified::FullText)
}

/// A release that meets all that the license asks, but for some kinds.
fn release(license: &LicenseData, without: &[Kind]) -> Sample {
    let has = |kind: Kind| license.asks(kind) && !without.contains(&kind);
    let mut sample = Sample::default();
    let mut tern = base(BASE, &license.id);
    let own = text(&license.id)
        .map_or_else(|| format!("{}\n{}", license.title(), "terms of some kind ".repeat(100)), str::to_owned);
    tern.license_text = Some(format!("{LINE}\n\n{own}"));
    tern.notice_text =
        (license.asks(Kind::PropagateNoticeFile) && license.notice_text.is_empty()).then(|| NOTICE.into());
    sample.base(tern);
    let changed = |kind: &Kind| {
        matches!(
            kind,
            Kind::ModifiedFilesNotice | Kind::ModificationStatement | Kind::IndicateChanges | Kind::ExplanatoryDocs
        )
    };
    sample.models.push(model("w/m.safetensors", vec![]));
    // Where changed material may not be shared, the release in order is an unchanged copy.
    if license.asks(Kind::NoDerivativeSharing)
        && !without.contains(&Kind::NoDerivativeSharing)
        && !without.iter().any(changed)
    {
        sample.models[0].comparisons.push(comparison(BASE, Relation::Identical, -300.0));
    }
    sample.declared.push(declared("w/**", &[(BASE, "finetune")]));
    for kind in license.obligations.iter().filter(|kind| has(**kind)) {
        if kind.data().is_some_and(|data| data.check == CheckKind::Attest) && *kind != Kind::DisplayTextAtScale {
            let word = "legal@acme.example 2026-01-31".to_owned();
            sample.declared[0].attested.insert(kind.name().into(), word);
        }
    }
    let prefix = if has(Kind::NamePrefix) { format!("{}-", license.naming_rule.value) } else { String::new() };
    sample.release.name = Some(format!("acme/{prefix}Orca"));
    let terms = if without.contains(&Kind::NonCommercial) || without.contains(&Kind::PassThroughRestrictions) {
        "MIT"
    } else if without.contains(&Kind::SameTerms) {
        if license.non_commercial { "CC-BY-NC-4.0" } else { "MIT" }
    } else {
        &license.id
    };
    sample.release.license = Some(terms.into());
    // The text of the license that the repository says it has, so that this is not what fails.
    sample.license(
        "LICENSES/own.txt",
        licenses::lookup(terms).and_then(|own| text(&own.id)).filter(|_| terms != license.id).unwrap_or("-"),
    );
    if has(Kind::LicenseCopy) {
        sample.license("LICENSES/base.txt", &own);
    }
    let mut notice = vec!["Orca, Acme's own".to_owned()];
    if has(Kind::RetainNotices) {
        notice.push(LINE.into());
    }
    if has(Kind::NoticeFile) || has(Kind::PropagateNoticeFile) && !license.notice_text.is_empty() {
        notice.push(license.notice_text.clone());
    }
    if has(Kind::PropagateNoticeFile) && license.notice_text.is_empty() {
        notice.push(NOTICE.into());
    }
    if license.obligations.iter().filter(|kind| changed(kind)).any(|kind| has(*kind)) {
        notice.push(format!("This is a modified version of {BASE}."));
    }
    if has(Kind::DownstreamNotice) {
        notice.push(format!("Use of this model is subject to the use restrictions of the {}.", license.title()));
    }
    if has(Kind::Attribution) {
        notice.push(format!("{BASE} by the Tern Makers, under {}", license.title()));
    }
    sample.notice("NOTICE", &notice.join("\n\n"));
    let shown = [Kind::DisplayText, Kind::DisplayTextAtScale, Kind::EncouragedDisplay, Kind::PublicStatement];
    let words = if shown.iter().any(|kind| has(*kind)) { license.display_texts[0].as_str() } else { "" };
    let page = crate::documents::Readme { path: "README.md".into(), text: format!("# Orca\n\n{words}\n") };
    sample.documents.readmes.push(page);
    sample
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

fn failing(sample: &Sample) -> BTreeSet<Kind> {
    let facts = sample.facts();
    let ledger = Ledger::of(&facts);
    ledger.rows.iter().filter(|row| row.state.outcome != ObligationState::Met).map(|row| row.kind).collect()
}

fn findings(sample: &Sample) -> Vec<Finding> {
    let facts = sample.facts();
    let about_license =
        |finding: &Finding| !matches!(finding.rule, Rule::UnsupportedDeclaration | Rule::ContradictedDeclaration);
    all(&facts, &Ledger::of(&facts)).into_iter().filter(about_license).collect()
}

#[test]
fn a_release_in_order_meets_every_license() {
    for license in full_text() {
        let sample = release(license, &[]);
        assert_eq!(failing(&sample), BTreeSet::new(), "{}", license.id);
        assert_eq!(findings(&sample), [], "{}", license.id);
    }
}

#[test]
fn each_thing_that_is_missing_is_found_and_nothing_else() {
    assert!(full_text().count() >= 46);
    for license in full_text() {
        for kind in &license.obligations {
            let mut without = vec![*kind];
            let mut sample = release(license, &without);
            if !failing(&sample).contains(kind) {
                without.extend(comes_with(license, *kind));
                sample = release(license, &without);
            }
            let failing = failing(&sample);
            let place = format!("{}: {}", license.id, kind.name());
            assert!(failing.contains(kind), "{place} is missing and not found");
            let expected: BTreeSet<Kind> = without.iter().chain(&comes_with(license, *kind)).copied().collect();
            assert!(failing.is_subset(&expected), "{place} is missing and so is said to be {failing:?}");
            let found = findings(&sample);
            let own: Vec<&Finding> =
                found.iter().filter(|finding| finding.obligation.as_deref() == Some(kind.name())).collect();
            assert_eq!(own.len(), 1, "{place}: {found:#?}");
            assert_eq!(own[0].clause.as_deref(), license.clause(*kind), "{place}");
            assert!(!own[0].remedy.is_empty(), "{place}");
            assert!(found.len() == failing.len(), "{place}: {found:#?}");
        }
    }
}

#[test]
fn what_is_certain_denies_and_the_rest_does_not() {
    use Kind::{
        DisplayText, LicenseCopy, NamePrefix, NoDerivativeSharing, NonCommercial, PassThroughRestrictions, SameTerms,
    };
    for license in full_text() {
        for kind in &license.obligations {
            let found = findings(&release(license, &[*kind]));
            let Some(own) = found.iter().find(|finding| finding.obligation.as_deref() == Some(kind.name())) else {
                continue;
            };
            let denies = own.level == Level::Deny;
            let certain = [
                DisplayText,
                LicenseCopy,
                NamePrefix,
                NoDerivativeSharing,
                NonCommercial,
                PassThroughRestrictions,
                SameTerms,
            ];
            if certain.contains(kind) {
                assert!(denies, "{}: {}", license.id, own.message);
            }
            let attested = kind.data().is_some_and(|data| data.check == CheckKind::Attest);
            assert!(!(attested && denies), "{}: {}", license.id, own.message);
        }
    }
}

#[test]
fn licenses_that_were_not_read_in_full_never_deny() {
    let others = licenses::all().iter().filter(|license| license.verified != Verified::FullText);
    for license in others {
        let mut sample = release(license, Kind::ALL);
        sample.release.license = Some("MIT".into());
        let found = findings(&sample);
        assert!(!found.is_empty(), "{}", license.id);
        assert!(found.iter().all(|finding| finding.level < Level::Deny), "{}: {found:#?}", license.id);
    }
}

#[test]
fn a_merge_owes_to_all_its_parents_and_a_quantized_copy_or_adapter_to_its_base() {
    for relation in ["merge", "quantized", "adapter", "pruned", "continued-pretraining"] {
        let mut sample = Sample::default();
        sample.base(base("a/one", "llama3.1"));
        sample.base(base("b/two", "apache-2.0"));
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("a/one", relation), ("b/two", relation)]));
        let facts = sample.facts();
        let owed = Ledger::of(&facts).obligations();
        let asked = |id: &str| licenses::lookup(id).map_or(0, |license| license.obligations.len());
        assert_eq!(owed.len(), asked("llama3.1") + asked("apache-2.0"), "{relation}");
    }
}

#[test]
fn a_student_owes_where_the_license_speaks_of_outputs() {
    let kinds = |license: &str| -> Vec<String> {
        let mut sample = Sample::default();
        sample.base(base("a/teacher", license));
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("a/teacher", "distilled")]));
        let found = findings(&sample);
        assert!(found.iter().all(|finding| finding.level < Level::Deny), "{license}: {found:#?}");
        let facts = sample.facts();
        Ledger::of(&facts).obligations().into_iter().map(|owed| owed.kind).collect()
    };
    assert!(kinds("llama3.1").contains(&"name-prefix".to_owned()));
    assert_eq!(kinds("llama2"), ["no-train-others"]);
    assert_eq!(kinds("mit"), [""; 0]);
}

fn merge_of(one: &str, other: &str) -> Vec<Finding> {
    let mut sample = Sample::default();
    sample.base(base("a/one", one));
    sample.base(base("b/two", other));
    sample.models.push(model("m.safetensors", vec![]));
    sample.declared.push(declared("*", &[("a/one", "merge"), ("b/two", "merge")]));
    sample.release.name = Some("acme/Orca".into());
    findings(&sample)
        .into_iter()
        .filter(|finding| matches!(finding.rule, Rule::UnsatisfiableObligations | Rule::NameRule))
        .collect()
}

#[test]
fn bases_that_contradict_each_other_are_told_once() {
    let names = merge_of("llama3.1", "exaone-1.1-nc");
    assert_eq!(names.len(), 1, "{names:#?}");
    insta::assert_snapshot!(names[0].message, @"m.safetensors: the license of a/one (llama3.1) asks for a name that begins with Llama (§1.b.i last sentence), and the license of b/two (exaone-1.1-nc) asks for a name that begins with EXAONE, which no name can do that begins with Llama");
    assert_eq!(names[0].level, Level::Deny);
    // A name that begins with Llama does not begin with Qwen: both can be met, and only the prefix is missing.
    let forbidden = merge_of("qwen-research-2026", "llama3.1");
    assert_eq!(
        (forbidden.len(), forbidden.first().map(|finding| finding.rule)),
        (1, Some(Rule::NameRule)),
        "{forbidden:#?}"
    );
    let shared = merge_of("cc-by-sa-4.0", "chameleon-research");
    assert_eq!(shared.len(), 1, "{shared:#?}");
    insta::assert_snapshot!(shared[0].message, @"m.safetensors: the license of a/one (cc-by-sa-4.0) allows derivatives under the same terms only (§3(b)), and the license of b/two (chameleon-research) allows derivatives under chameleon-research only; the license of b/two (chameleon-research) does not allow commercial use, which cc-by-sa-4.0 grants");
    let commercial = merge_of("cc-by-nc-4.0", "cc-by-sa-4.0");
    insta::assert_snapshot!(commercial[0].message, @"m.safetensors: the license of a/one (cc-by-nc-4.0) does not allow commercial use (§2(a)(1)), and the license of b/two (cc-by-sa-4.0) allows derivatives under cc-by-sa-4.0 only, which grants commercial use");
}

#[test]
fn bases_that_agree_are_not_told() {
    assert_eq!(
        merge_of("llama3", "llama3.1").iter().filter(|finding| finding.rule == Rule::UnsatisfiableObligations).count(),
        0
    );
    assert_eq!(merge_of("apache-2.0", "mit"), []);
    assert_eq!(merge_of("cc-by-nc-4.0", "cc-by-nc-sa-4.0"), []);
}

#[test]
#[expect(clippy::unwrap_used, reason = "tests")]
fn an_attestation_from_the_future_does_not_count() {
    let license = full_text().find(|license| license.asks(Kind::ScaleGate)).unwrap();
    let mut sample = release(license, &[]);
    let row = |sample: &Sample| {
        let facts = sample.facts();
        let rows = Ledger::of(&facts).obligations();
        rows.into_iter().find(|row| row.kind == Kind::ScaleGate.name()).map(|row| (row.state, row.what)).unwrap()
    };
    assert_eq!(row(&sample).0, ObligationState::Met);
    sample.declared[0].attested.insert(Kind::ScaleGate.name().into(), "legal@acme.example 2026-12-31".into());
    let (state, what) = row(&sample);
    assert_eq!(state, ObligationState::NeedsAttestation);
    assert!(what.contains("on a day that has not come (legal@acme.example 2026-12-31)"), "{what}");
}
