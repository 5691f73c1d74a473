// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What licenses ask for that can be written: copies of their texts, notices, credit, statements, sentences to show.

use crate::findings::{Debt, DeclaredRelation, Finding, Gap, Rule};
use crate::licenses::{
    self, LicenseData, ObligationKind, Verified, copyright_key, copyright_lines, find_text, normalize, notice_holds,
    phrase_holds,
};

use super::by_hand;
use super::lines;
use super::plan::Round;

/// Meets one obligation, if it can be met without a decision.
pub(super) fn meet(round: &mut Round<'_, '_>, finding: &Finding, gap: &Gap<'_>) -> Result<(), String> {
    if let Some(why) = by_hand::why_kind(gap.kind) {
        return Err(why.into());
    }
    let license = trusted(gap)?;
    let paste = finding.paste().unwrap_or_default();
    match gap.kind {
        ObligationKind::LicenseCopy => copy(round, gap, license),
        ObligationKind::RetainNotices => {
            let held = |text: &str| {
                let keys: Vec<String> = copyright_lines(text).into_iter().map(copyright_key).collect();
                copyright_lines(paste).into_iter().all(|line| keys.iter().any(|key| key.contains(&copyright_key(line))))
            };
            if round.working.edited().any(|(_, text)| held(text)) {
                return Ok(());
            }
            notice(round, finding, gap, &format!("{}:\n{paste}", gap.base))
        }
        ObligationKind::NoticeFile => sentence(round, finding, gap, license),
        ObligationKind::PropagateNoticeFile if !license.notice_text.is_empty() => {
            sentence(round, finding, gap, license)
        }
        ObligationKind::PropagateNoticeFile => {
            notice(round, finding, gap, &format!("From the NOTICE of {}:\n\n{paste}", gap.base))
        }
        ObligationKind::Attribution | ObligationKind::DownstreamNotice => notice(round, finding, gap, paste),
        ObligationKind::ModifiedFilesNotice
        | ObligationKind::ModificationStatement
        | ObligationKind::IndicateChanges => {
            for debt in &gap.debts {
                let words = statement(round, gap.base, debt);
                notice_of(round, finding, debt, &words)?;
            }
            Ok(())
        }
        ObligationKind::DisplayText | ObligationKind::PublicStatement => show(round, finding, gap),
        _ => Err("only you can say whether it is met".into()),
    }
}

/// The license, if what it asks is known well enough to act upon.
fn trusted(gap: &Gap<'_>) -> Result<&'static LicenseData, String> {
    let base = gap.base;
    let Some(license) = gap.license else {
        return Err(format!("the license of {base} is not in the data, so what else it asks is not known"));
    };
    if gap.indicative {
        return Err(format!("the license of {base} is only suggested by its id; register the base with its license"));
    }
    if license.verified != Verified::FullText {
        return Err(format!("what is known of {} was not read from its full text; read the license first", license.id));
    }
    if gap.debts.iter().any(|debt| debt.relation.is_none()) {
        return Err(format!(
            "{base} is not declared as a base of every model concerned; `forebear fix --declare` declares it"
        ));
    }
    Ok(license)
}

/// A copy of the license's text in `LICENSES/`.
fn copy(round: &mut Round<'_, '_>, gap: &Gap<'_>, license: &'static LicenseData) -> Result<(), String> {
    let registered = gap.known.and_then(|base| base.license_text.as_deref());
    if find_text(round.working.edited(), Some(license), registered).is_some() {
        return Ok(());
    }
    let built_in = licenses::text(&license.id);
    let text = match (registered, built_in) {
        (Some(own), Some(_)) if find_text([("", own)], Some(license), None).is_none() => {
            return Err(format!("the text registered with {} is not that of {}; which applies?", gap.base, license.id));
        }
        (Some(own), _) => own,
        (None, Some(text)) => text,
        (None, None) => {
            let place = license.address().map(|address| format!("; it is at {address}")).unwrap_or_default();
            return Err(format!(
                "the text of {} is neither part of forebear nor registered with {}{place}",
                license.id, gap.base
            ));
        }
    };
    let plain = |name: &str| name.replace(['/', ' ', '\\', ':'], "-");
    let names = [plain(&license.id), format!("{}-{}", plain(&license.id), plain(gap.base))];
    for name in names {
        let path = format!("LICENSES/{name}.txt");
        if round.working.text(&path)?.is_none() {
            let end = if text.ends_with('\n') { "" } else { lines::line_end(text) };
            return round.working.set(&path, format!("{text}{end}"), Rule::MissingLicenseText);
        }
    }
    Err(format!("LICENSES/{}.txt is there and holds another text", plain(&license.id)))
}

/// The sentence that the license prescribes, in place of a wrong one where there is one.
fn sentence(
    round: &mut Round<'_, '_>,
    finding: &Finding,
    gap: &Gap<'_>,
    license: &'static LicenseData,
) -> Result<(), String> {
    let words = filled(round, gap.base, &license.notice_text)?;
    let (Rule::WrongNoticeText, Some(path), Some(line)) = (finding.rule, &finding.path, finding.line) else {
        return notice(round, finding, gap, &words);
    };
    // Lines may have moved; the next round knows where.
    if round.working.is_edited(path) {
        return Ok(());
    }
    let Some(text) = round.working.text(path)? else { return Err(format!("{path} is not there")) };
    let first = (line as usize).saturating_sub(1);
    let block: Vec<&str> = text.lines().skip(first).take_while(|line| !line.trim().is_empty()).collect();
    let standing = block.join("\n");
    // It may be right for another base.
    if others_owe(round, &standing) {
        return notice(round, finding, gap, &words);
    }
    // A paragraph that says more than the sentence is somebody's own.
    let count = |text: &str| text.split_whitespace().count();
    let opens = first == 0 || text.lines().nth(first - 1).is_some_and(|line| line.trim().is_empty());
    if !opens || count(&standing) > count(&words) + 3 {
        return Err(format!(
            "the sentence near to it in {path} is part of a paragraph that says more; correct it there"
        ));
    }
    let after = lines::replace(&text, first, block.len(), &words);
    round.working.set(path, after, finding.rule)
}

/// Whether a declared base of the tree is under a license that prescribes these words.
fn others_owe(round: &Round<'_, '_>, words: &str) -> bool {
    let declared = round.facts.declared.models.iter().flat_map(|model| &model.bases);
    declared.filter_map(|base| round.facts.bases.get(&base.id)).any(|base| {
        let (licenses, _) = licenses::lookup_expression(&base.license, &base.id, base.license_text.as_deref());
        licenses.iter().any(|license| notice_holds(words, license))
    })
}

/// Adds a paragraph to the notice of every model concerned.
fn notice(round: &mut Round<'_, '_>, finding: &Finding, gap: &Gap<'_>, words: &str) -> Result<(), String> {
    if words.trim().is_empty() {
        return Err("what is to be written is not known".into());
    }
    gap.debts.iter().try_for_each(|debt| notice_of(round, finding, debt, words))
}

/// Adds a paragraph to the notice of one model: the first that covers it, as the finding proposes.
fn notice_of(round: &mut Round<'_, '_>, finding: &Finding, debt: &Debt<'_>, words: &str) -> Result<(), String> {
    let existing = round.facts.documents.notices_for(debt.model).next();
    let path = existing.map_or("NOTICE", |notice| &notice.path);
    let text = round.working.text(path)?.unwrap_or_default();
    if normalize(&text).contains(&normalize(words)) {
        return Ok(());
    }
    round.working.set(path, lines::append(&text, words), finding.rule)
}

/// That the model was changed, by whom, and how, as far as it is declared.
fn statement(round: &Round<'_, '_>, base: &str, debt: &Debt<'_>) -> String {
    let done = match debt.relation {
        Some(DeclaredRelation::Adapter) => "an adapter was trained for it",
        Some(DeclaredRelation::Merge) => "merged with other models",
        Some(DeclaredRelation::Quantized) => "quantized",
        Some(DeclaredRelation::Pruned) => "pruned",
        Some(DeclaredRelation::Upcycled) => "upcycled",
        Some(DeclaredRelation::Distilled) => "distilled",
        Some(DeclaredRelation::ContinuedPretraining) => "trained further",
        Some(DeclaredRelation::Finetune) | None => "fine-tuned",
    };
    let release = round.facts.declared.release;
    let organization = release.name.as_deref().and_then(|name| name.split_once('/')).map(|(owner, _)| owner);
    let who = release.copyright.first().map(String::as_str).or(organization);
    let by = who.map(|who| format!(" by {who}")).unwrap_or_default();
    format!("This is a modified version of {base}: {done}{by}.")
}

/// Shows a sentence in the page of every model concerned, below the first heading.
fn show(round: &mut Round<'_, '_>, finding: &Finding, gap: &Gap<'_>) -> Result<(), String> {
    let words = filled(round, gap.base, finding.paste().unwrap_or_default())?;
    if words.is_empty() {
        return Err("what is to be shown is not known".into());
    }
    for debt in &gap.debts {
        let documents = round.facts.documents;
        let card = documents.cards_for(debt.model).map(|card| card.path.as_str()).next();
        let page = card.or_else(|| documents.readmes_for(debt.model).map(|page| page.path.as_str()).next());
        let path = page.unwrap_or("README.md");
        let text = round.working.text(path)?.unwrap_or_default();
        if phrase_holds(&text, &words) {
            continue;
        }
        let after = match lines::below_heading(&text) {
            Some(line) => {
                let next = text.lines().nth(line);
                let gap = if next.is_none_or(|next| next.trim().is_empty()) { "" } else { "\n\n" };
                // `lines` drops one line end; a paragraph needs an empty line on both sides.
                lines::insert(&text, line, &format!("\n{words}{gap}"))
            }
            None if text.trim().is_empty() => {
                let name = release_name(round).map(|name| format!("# {name}\n\n")).unwrap_or_default();
                format!("{name}{words}\n")
            }
            None => lines::append(&text, &words),
        };
        round.working.set(path, after, finding.rule)?;
    }
    Ok(())
}

/// The sentence with its placeholders filled in; `[dev]` and its like are part of a name.
fn filled(round: &Round<'_, '_>, base: &str, sentence: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, after)) = after.split_once(']') else { break };
        out.push_str(before);
        let asked = inside.to_lowercase();
        if !asked.contains(' ') {
            out.extend(["[", inside, "]"]);
        } else if asked.contains("base on") {
            out.push_str(base.rsplit('/').next().unwrap_or(base));
        } else if asked.contains("model name") || asked.contains("derivative work") {
            out.push_str(release_name(round).ok_or("policy.toml does not say what the release is named")?);
        } else {
            return Err(format!("only you can say what stands for [{inside}]"));
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The last part of the release's name.
fn release_name<'a>(round: &Round<'_, 'a>) -> Option<&'a str> {
    let name = round.facts.declared.release.name.as_deref()?;
    name.trim().rsplit('/').next().filter(|name| !name.is_empty())
}
