// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A license id as people write it → the license's data.

use globset::GlobBuilder;

use super::data::{LicenseData, all};
use super::matching::identify;

/// Returns the license with this id: ours, an SPDX id, a model card's value, or a title; case is ignored.
///
/// Several licenses may share a model card's value; the first of them is returned. [`lookup_for`] decides better.
pub fn lookup(id: &str) -> Option<&'static LicenseData> {
    lookup_all(id).into_iter().next()
}

/// Returns every license that this id may mean, the most exact first.
pub fn lookup_all(id: &str) -> Vec<&'static LicenseData> {
    let id = id.trim();
    let same = |other: &str| other.eq_ignore_ascii_case(id);
    if let Some(exact) = all().iter().find(|license| same(&license.id)) {
        return vec![exact];
    }
    let named = |license: &&LicenseData| {
        same(&license.spdx)
            || license.hf_ids.iter().any(|other| same(other))
            || license.names.iter().any(|other| same(other))
    };
    all().iter().filter(named).collect()
}

/// Returns the license that this id means for this base: where several share the id, the license's text decides,
/// then the base's id.
pub fn lookup_for(id: &str, base: &str, text: Option<&str>) -> Option<&'static LicenseData> {
    let candidates = lookup_all(id);
    if candidates.len() > 1 {
        if let Some(text) = text {
            let seen = identify(text);
            if let Some(license) = candidates.iter().find(|license| seen.iter().any(|found| found.id == license.id)) {
                return Some(license);
            }
        }
        if let Some(license) = candidates.iter().rev().find(|license| applies_to(license, base)) {
            return Some(license);
        }
    }
    candidates.into_iter().next()
}

/// Returns the licenses of an SPDX expression or a single id: every operand of `AND`, the first known
/// alternative of `OR`. Operands that are not in the data are left out; the flag says whether there were any.
pub fn lookup_expression(expression: &str, base: &str, text: Option<&str>) -> (Vec<&'static LicenseData>, bool) {
    if let Some(license) = lookup_for(expression, base, text) {
        return (vec![license], true);
    }
    let mut licenses = Vec::new();
    let mut complete = true;
    for operand in split(expression, " AND ") {
        let alternatives = split(operand, " OR ");
        let known = alternatives.iter().find_map(|alternative| {
            let id = alternative.trim_matches(|c: char| c == '(' || c == ')' || c.is_whitespace());
            let id = split(id, " WITH ").first().copied().unwrap_or(id);
            lookup_for(id, base, text)
        });
        match known {
            Some(license) => licenses.push(license),
            None => complete = false,
        }
    }
    (licenses, complete)
}

/// Returns the license under which a base of this id is usually published. Indicative: never enough to deny.
pub fn by_base(base: &str) -> Option<&'static LicenseData> {
    all().iter().rev().find(|license| applies_to(license, base))
}

/// Whether two ids mean the same license.
pub fn same_license(one: &str, other: &str) -> bool {
    if one.trim().eq_ignore_ascii_case(other.trim()) {
        return true;
    }
    let others = lookup_all(other);
    lookup_all(one).iter().any(|license| others.iter().any(|found| found.id == license.id))
}

fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn applies_to(license: &LicenseData, base: &str) -> bool {
    license.applies_to.iter().any(|pattern| {
        GlobBuilder::new(pattern)
            .case_insensitive(true)
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(base))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(license: Option<&LicenseData>) -> Option<&str> {
        license.map(|license| license.id.as_str())
    }

    #[test]
    fn ids_of_every_kind_are_understood() {
        assert_eq!(id(lookup("Apache-2.0")), Some("apache-2.0"));
        assert_eq!(id(lookup("LLAMA3.1")), Some("llama3.1"));
        assert_eq!(id(lookup("LicenseRef-llama3")), Some("llama3"));
        assert_eq!(id(lookup("Gemma Terms of Use")), Some("gemma"));
        assert_eq!(id(lookup("stabilityai-ai-community")), Some("stability-ai-community"));
        assert_eq!(id(lookup("no-such-license")), None);
    }

    #[test]
    fn a_shared_id_is_decided_by_text_then_by_base() {
        let kimi = super::super::text("kimi-k2-modified-mit");
        assert_eq!(id(lookup_for("modified-mit", "someone/unknown", kimi)), Some("kimi-k2-modified-mit"));
        assert_eq!(id(lookup_for("modified-mit", "MiniMaxAI/MiniMax-M2", None)), Some("minimax-m2-modified-mit"));
        assert_eq!(id(lookup_for("qwen-research", "Qwen/Qwen2.5-3B", None)), Some("qwen-research-2024"));
    }

    #[test]
    fn an_expression_gives_all_operands_and_one_alternative() {
        let ids = |expression| -> Vec<&str> {
            lookup_expression(expression, "", None).0.iter().map(|license| license.id.as_str()).collect()
        };
        assert_eq!(ids("MIT AND Apache-2.0"), ["mit", "apache-2.0"]);
        assert_eq!(ids("Foo-1.0 OR MIT"), ["mit"]);
        assert!(!lookup_expression("Foo-1.0 AND MIT", "", None).1);
    }

    #[test]
    fn a_base_suggests_its_license() {
        assert_eq!(id(by_base("meta-llama/Llama-3.1-8B-Instruct")), Some("llama3.1"));
        assert_eq!(id(by_base("nvidia/Cosmos-1.0")), Some("nvidia-open-model-cosmos"));
        assert_eq!(id(by_base("acme/orca")), None);
    }

    #[test]
    fn one_license_under_two_names_is_the_same() {
        assert!(same_license("apache-2.0", "Apache-2.0"));
        assert!(same_license("LicenseRef-scancode-llama-3.1-license-2024", "llama3.1"));
        assert!(!same_license("mit", "apache-2.0"));
    }
}
