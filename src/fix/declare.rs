// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A base that the weights show, declared in policy.toml: only where it is asked for.

use toml::de::{DeTable, DeValue};

use crate::findings::{DeclaredModel, Finding, Rule, proposed, quoted, snippet};
use crate::policy::Policy;

use super::lines;
use super::plan::Round;

const POLICY: &str = "policy.toml";

/// Declares the base of a finding of undeclared lineage.
pub(super) fn base(round: &mut Round<'_, '_>, finding: &Finding) -> Result<(), String> {
    if !round.wanted.declare {
        return Err("what the model was made from, only you can say; --declare writes the entry below".into());
    }
    let (Some(path), Some(base)) = (&finding.model, &finding.base) else {
        return Err("which model and base it is about is not known".into());
    };
    let model = round.facts.models.iter().find(|model| model.path == *path);
    let shown = model.and_then(|model| model.comparisons.iter().find(|found| found.base == *base));
    let Some(shown) = shown else { return Err("the evidence for it is not known".into()) };
    let relation = proposed(shown.relation);
    let text = round.working.text(POLICY)?;
    let (policy, text) = match text {
        Some(text) => (parsed(&text)?, text),
        None => (Policy::default(), "schema = 1\n".to_owned()),
    };
    let after = match policy.model_for(path) {
        Some(entry) if entry.bases.iter().any(|other| other.id.eq_ignore_ascii_case(base)) => return Ok(()),
        Some(entry) => {
            let item = format!("{{ id = {}, relation = \"{relation}\" }}", quoted(base));
            extended(&text, entry, &item).ok_or("its [[model]] entry is written in a way that is not edited")?
        }
        None => lines::append(&text, &snippet(&escaped(path), base, relation)),
    };
    let checked = parsed(&after)?;
    let declared = checked.model_for(path).is_some_and(|entry| entry.bases.iter().any(|other| other.id == *base));
    if !declared {
        return Err("the entry could not be written so that it is about this model".into());
    }
    round.working.set(POLICY, after, Rule::UndeclaredLineage)
}

fn parsed(text: &str) -> Result<Policy, String> {
    Policy::parse(POLICY, text).map_err(|error| format!("policy.toml would not be valid: {}", error.message))
}

/// A path as a glob that matches it alone.
fn escaped(path: &str) -> String {
    globset::escape(path)
}

/// The policy with an item at the end of the entry's `bases`, or with `bases` below its `paths`.
fn extended(text: &str, entry: &DeclaredModel, item: &str) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let models = document.get_ref().get("model")?.get_ref().as_array()?;
    let tables = models.iter().filter_map(|model| model.get_ref().as_table());
    let table = tables.into_iter().find(|table| {
        let paths = table.get("paths").and_then(|paths| paths.get_ref().as_array());
        paths.is_some_and(|paths| {
            let written = paths.iter().filter_map(|path| path.get_ref().as_str());
            written.eq(entry.patterns.iter().map(String::as_str))
        })
    })?;
    let span = |key: &str| table.get(key).map(|value| (value.span(), value.get_ref()));
    if let Some((bases, value)) = span("bases") {
        let DeValue::Array(items) = value else { return None };
        // Only `[ … ]`: an array of tables has no bracket of its own.
        let (open, close) = (text.get(bases.start..=bases.start)?, bases.end.checked_sub(1)?);
        let inline = |item: &toml::Spanned<DeValue>| text.get(item.span()).is_some_and(|item| item.starts_with('{'));
        if open != "[" || text.get(close..bases.end)? != "]" || !items.iter().all(inline) {
            return None;
        }
        let Some(last) = items.iter().next_back() else {
            return Some(format!("{}{item}{}", text.get(..=bases.start)?, text.get(close..)?));
        };
        let end = last.span().end;
        return Some(format!("{}, {item}{}", text.get(..end)?, text.get(end..)?));
    }
    let (paths, _) = span("paths")?;
    let line = text.get(..paths.end)?.matches('\n').count();
    Some(lines::insert(text, line + 1, &format!("bases = [{item}]")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn with(entry: &str) -> Option<String> {
        let text = format!("schema = 1\n\n[[model]]\n{entry}");
        let policy = parsed(&text).unwrap();
        let after = extended(&text, &policy.models[0], "{ id = \"c/d\", relation = \"merge\" }")?;
        parsed(&after).unwrap();
        Some(after.strip_prefix("schema = 1\n\n[[model]]\n").unwrap().to_owned())
    }

    #[test]
    fn a_base_is_added_where_bases_are_written() {
        assert_eq!(
            with("paths = [\"w/**\"]\nbases = [\n  { id = \"a/b\", relation = \"merge\" },   # ours\n]\n").unwrap(),
            "paths = [\"w/**\"]\nbases = [\n  { id = \"a/b\", relation = \"merge\" }, { id = \"c/d\", relation = \"merge\" },   # ours\n]\n"
        );
        assert_eq!(
            with("paths = [\"w/**\"] # all\norigin = \"derived\"\n").unwrap(),
            "paths = [\"w/**\"] # all\nbases = [{ id = \"c/d\", relation = \"merge\" }]\norigin = \"derived\"\n"
        );
        assert_eq!(
            with("paths = [\"w/**\"]\nbases = []").unwrap(),
            "paths = [\"w/**\"]\nbases = [{ id = \"c/d\", relation = \"merge\" }]"
        );
        assert_eq!(with("paths = [\"w/**\"]\n[[model.bases]]\nid = \"a/b\"\nrelation = \"merge\"\n"), None);
    }
}
