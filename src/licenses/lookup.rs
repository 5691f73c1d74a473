// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A license id as people write it → the license's data.

use globset::GlobBuilder;

use super::data::{LicenseData, all};
use super::expression::{Expression, Term};
use super::matching::identify;
use super::texts::text as built_in;

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
        let seen = text.map(identify).unwrap_or_default();
        let same_text = |one: &LicenseData, other: &LicenseData| {
            one.id == other.id || built_in(&one.id).is_some() && built_in(&one.id) == built_in(&other.id)
        };
        let read = |license: &&LicenseData| seen.iter().any(|found| same_text(found, license));
        let by_text: Vec<&'static LicenseData> = candidates.iter().copied().filter(read).collect();
        let left = if by_text.is_empty() { &candidates } else { &by_text };
        if let Some(license) = left.iter().rev().find(|license| applies_to(license, base)).or(by_text.first()) {
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
    let Ok(parsed) = Expression::parse(expression) else { return (Vec::new(), false) };
    let mut licenses: Vec<&'static LicenseData> = Vec::new();
    let complete = gather(
        &parsed,
        &|term| lookup_for(&term.id, base, text).or_else(|| term.data().into_iter().next()),
        &mut licenses,
    );
    (licenses, complete)
}

/// Adds the licenses of an expression; returns whether all that count are known.
fn gather(
    expression: &Expression,
    known: &dyn Fn(&Term) -> Option<&'static LicenseData>,
    into: &mut Vec<&'static LicenseData>,
) -> bool {
    match expression {
        Expression::Term(term) => match known(term) {
            Some(license) => {
                into.push(license);
                true
            }
            None => false,
        },
        Expression::And(parts) => {
            let known = parts.iter().filter(|part| gather(part, known, into)).count();
            known == parts.len()
        }
        Expression::Or(parts) => parts.iter().any(|part| {
            let mut own = Vec::new();
            let complete = gather(part, known, &mut own);
            if complete {
                into.append(&mut own);
            }
            complete
        }),
    }
}

/// A release's license as an SPDX expression, if all of it is on the SPDX list. Licenses of models alone say nothing
/// of the code beside them, so there the copyright line stands without one.
pub fn of_code(license: &str) -> Option<&str> {
    let expression = lookup(license).map_or(license, |known| &known.spdx);
    let listed = |part: &str| spdx::license_id(part).is_some();
    let operators = ["AND", "OR"];
    let mut parts = expression.split([' ', '(', ')']).filter(|part| !part.is_empty() && !operators.contains(part));
    parts.all(listed).then_some(expression)
}

/// Returns the license under which a base of this id is usually published. Indicative: never enough to deny.
pub fn by_base(base: &str) -> Option<&'static LicenseData> {
    all().iter().rev().find(|license| applies_to(license, base))
}

/// Returns the licenses whose text is known to be at a web address: those that the data name, and the usual ones of
/// SPDX, the OSI, Creative Commons, and Apache.
pub fn lookup_address(address: &str) -> Vec<&'static LicenseData> {
    let plain = |address: &str| {
        let address = address.trim().to_ascii_lowercase();
        let address = address.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
        let ends = [".html", ".txt", "/", "legalcode", "deed.en", "/"];
        ends.iter().fold(address, |address, end| address.trim_end_matches(end)).to_owned()
    };
    let wanted = plain(address);
    let known: Vec<&LicenseData> =
        all().iter().filter(|license| license.address().is_some_and(|own| plain(own) == wanted)).collect();
    let listed = ["spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "apache.org/licenses/"];
    match listed.iter().find_map(|prefix| wanted.strip_prefix(prefix)) {
        _ if !known.is_empty() => known,
        Some("license-2.0") => lookup_all("apache-2.0"),
        Some(id) => lookup_all(id),
        None => Vec::new(),
    }
}

/// Whether two ids mean the same license.
pub fn same_license(one: &str, other: &str) -> bool {
    if one.trim().eq_ignore_ascii_case(other.trim()) {
        return true;
    }
    let others = lookup_all(other);
    lookup_all(one).iter().any(|license| others.iter().any(|found| found.id == license.id))
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
        assert_eq!(ids("gemma AND (Foo-1.0 OR (MIT AND Apache-2.0))"), ["gemma", "mit", "apache-2.0"]);
        assert_eq!(ids("MIT AND"), [] as [&str; 0]);
        assert!(!lookup_expression("Foo-1.0 AND MIT", "", None).1);
    }

    #[test]
    fn a_base_suggests_its_license() {
        assert_eq!(id(by_base("meta-llama/Llama-3.1-8B-Instruct")), Some("llama3.1"));
        assert_eq!(id(by_base("nvidia/Cosmos-1.0")), Some("nvidia-open-model-cosmos"));
        assert_eq!(id(by_base("acme/orca")), None);
    }

    #[test]
    fn an_address_is_a_license_where_it_is_known() {
        let ids = |address| lookup_address(address).iter().map(|license| license.id.as_str()).collect::<Vec<_>>();
        assert_eq!(ids("http://www.apache.org/licenses/LICENSE-2.0.txt"), ["apache-2.0"]);
        assert_eq!(ids("https://opensource.org/license/mit/"), ["mit"]);
        assert_eq!(ids("https://creativecommons.org/licenses/by-nc/4.0/"), ["cc-by-nc-4.0"]);
        assert_eq!(ids("https://ai.google.dev/gemma/terms"), ["gemma"]);
        assert_eq!(ids("https://example.org/LICENSE"), [] as [&str; 0]);
    }

    #[test]
    fn one_license_under_two_names_is_the_same() {
        assert!(same_license("apache-2.0", "Apache-2.0"));
        assert!(same_license("LicenseRef-scancode-llama-3.1-license-2024", "llama3.1"));
        assert!(!same_license("mit", "apache-2.0"));
    }

    #[test]
    fn code_gets_the_release_license_where_it_is_one_of_the_spdx_list() {
        assert_eq!(
            (of_code("apache-2.0"), of_code("MIT OR Apache-2.0")),
            (Some("Apache-2.0"), Some("MIT OR Apache-2.0"))
        );
        assert_eq!((of_code("llama3.1"), of_code("Apache-2.0 AND gemma"), of_code("LicenseRef-x")), (None, None, None));
    }
}
