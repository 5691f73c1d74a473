// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The policy that counts for a push: the base side's, with the push's declarations.

use crate::findings::{Finding, Rule};

use super::model::{Policy, Setting, Waiver};

/// One way in which a pushed policy is weaker than that of the base side. It does not apply to the push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// File concerned.
    pub path: String,
    /// What is weaker, e.g. `lowers missing-notice from deny to warn`.
    pub what: String,
    /// Bytes in the pushed file, if there is a place.
    pub span: Option<(usize, usize)>,
}

impl Weakening {
    /// The finding of rule `policy-weakened`.
    pub fn finding(&self) -> Finding {
        let message = format!("{} {}", self.path, self.what);
        let remedy = "have the change reviewed and merged on its own where the repository is reviewed; it counts once it is there";
        let mut finding =
            Finding::new(Rule::PolicyWeakened, message, remedy, &[&self.path, &self.what]).at(&self.path, None);
        finding.span = self.span;
        finding
    }
}

impl Policy {
    /// Returns the policy that counts, and where the pushed one is weaker.
    ///
    /// Of levels, the stricter of both; of waivers, those that both sides have, with the earlier date; branches, tags
    /// and registry of the base side, with what the push adds; of copyright holders, none that the push adds; the
    /// baseline of the base side, unless the push does without. Declarations (`[[model]]`, name and license of
    /// `[release]`) are the push's: they are claims, and evidence checks them. Without a base side the push's policy counts.
    pub fn effective(base: Option<&Self>, pushed: &Self) -> (Self, Vec<Weakening>) {
        let Some(base) = base.filter(|base| base.path.is_some()) else { return (pushed.clone(), Vec::new()) };
        let mut weakenings = Weakenings { path: pushed.path.as_ref().or(base.path.as_ref()), found: Vec::new() };
        let mut effective = pushed.clone();
        effective.path.clone_from(&base.path);
        if pushed.path.is_none() {
            weakenings.add("is removed by the push", None);
            effective.rules.clone_from(&base.rules);
            effective.waivers.clone_from(&base.waivers);
        } else {
            levels(base, pushed, &mut effective, &mut weakenings);
            waivers(base, pushed, &mut effective, &mut weakenings);
            refs(base, pushed, &mut weakenings);
            registry(base, pushed, &mut weakenings);
        }
        attest(base, pushed, &mut effective, &mut weakenings);
        baseline(base, pushed, &mut effective, &mut weakenings);
        effective.release.branches = union(&base.release.branches, &pushed.release.branches);
        effective.release.tags = union(&base.release.tags, &pushed.release.tags);
        // An empty list of the base side means: strict everywhere.
        if base.release.branches.is_empty() && base.release.tags.is_empty() {
            effective.release.branches.clear();
            effective.release.tags.clear();
        }
        if !base.release.copyright.is_empty() {
            holders(base, pushed, &mut effective, &mut weakenings);
        }
        effective.registry.paths = union(&base.registry.paths, &pushed.registry.paths);
        effective.registry.require_signature = base.registry.require_signature || pushed.registry.require_signature;
        (effective, weakenings.found)
    }
}

struct Weakenings<'a> {
    path: Option<&'a String>,
    found: Vec<Weakening>,
}

impl Weakenings<'_> {
    fn add(&mut self, what: impl Into<String>, span: Option<(usize, usize)>) {
        let path = self.path.cloned().unwrap_or_else(|| "policy.toml".into());
        self.found.push(Weakening { path, what: what.into(), span });
    }
}

fn levels(base: &Policy, pushed: &Policy, effective: &mut Policy, weakenings: &mut Weakenings) {
    for rule in Rule::ALL {
        let (before, after) = (base.setting(*rule), pushed.setting(*rule));
        if after < before {
            let name = Setting::name;
            weakenings.add(format!("lowers {} from {} to {}", rule.id(), name(before), name(after)), None);
        }
        effective.rules.insert(*rule, before.max(after));
    }
}

fn waivers(base: &Policy, pushed: &Policy, effective: &mut Policy, weakenings: &mut Weakenings) {
    effective.waivers.clear();
    for waiver in &pushed.waivers {
        let span = Some((waiver.span.start, waiver.span.end));
        let of = format!("waiver of {} by {}", waiver.rule.id(), waiver.owner);
        match base.waivers.iter().filter(|other| covers_same(other, waiver)).max_by_key(|other| other.expires) {
            None => weakenings.add(format!("adds a {of}"), span),
            Some(other) => {
                if waiver.expires > other.expires {
                    weakenings.add(format!("extends the {of} from {} to {}", other.expires, waiver.expires), span);
                }
                let expires = waiver.expires.min(other.expires);
                effective.waivers.push(Waiver { expires, ..waiver.clone() });
            }
        }
    }
}

fn covers_same(one: &Waiver, other: &Waiver) -> bool {
    one.rule == other.rule && one.model == other.model && one.base == other.base
}

fn refs(base: &Policy, pushed: &Policy, weakenings: &mut Weakenings) {
    let strict_everywhere = base.release.branches.is_empty() && base.release.tags.is_empty();
    if strict_everywhere && !(pushed.release.branches.is_empty() && pushed.release.tags.is_empty()) {
        weakenings.add("limits blocking to some branches and tags", None);
    }
    // With none left, every ref is strict.
    if pushed.release.branches.is_empty() && pushed.release.tags.is_empty() {
        return;
    }
    let lists = [
        ("branch", &base.release.branches, &pushed.release.branches),
        ("tag", &base.release.tags, &pushed.release.tags),
    ];
    for (kind, before, after) in lists {
        for pattern in before.iter().filter(|pattern| !after.contains(pattern)) {
            weakenings.add(format!("removes the release {kind} pattern {pattern}"), None);
        }
    }
}

/// Whose copyright is the releaser's own: another holder's lines are let pass, so a push adds none for itself.
fn holders(base: &Policy, pushed: &Policy, effective: &mut Policy, weakenings: &mut Weakenings) {
    let known = |holder: &&String| base.release.copyright.contains(holder);
    for holder in pushed.release.copyright.iter().filter(|holder| !known(holder)) {
        weakenings.add(format!("adds the copyright holder {holder}"), None);
    }
    if pushed.path.is_some() && pushed.release.copyright.is_empty() {
        weakenings.add("no longer says whose copyright is the releaser's own", None);
    }
    let kept: Vec<String> = pushed.release.copyright.iter().filter(known).cloned().collect();
    effective.release.copyright = if kept.is_empty() { base.release.copyright.clone() } else { kept };
}

fn registry(base: &Policy, pushed: &Policy, weakenings: &mut Weakenings) {
    for path in base.registry.paths.iter().filter(|path| !pushed.registry.paths.contains(path)) {
        weakenings.add(format!("removes the registry path {path}"), None);
    }
    if base.registry.require_signature && !pushed.registry.require_signature {
        weakenings.add("no longer requires registries to be signed", None);
    }
}

/// Whose signatures count, and whether any is asked for, is the base side's; a push may ask for more.
fn attest(base: &Policy, pushed: &Policy, effective: &mut Policy, weakenings: &mut Weakenings) {
    let (before, after) = (&base.attest, &pushed.attest);
    if pushed.path.is_some() {
        if before.required && !after.required {
            weakenings.add("no longer requires an attestation", None);
        }
        if before.allowed_signers.is_some() && before.allowed_signers != after.allowed_signers {
            weakenings.add("changes which file says whose signatures count", None);
        }
    }
    effective.attest.required = before.required || after.required;
    if before.allowed_signers.is_some() {
        effective.attest.allowed_signers.clone_from(&before.allowed_signers);
    }
}

/// What is known is the base side's; a push may only want less of it.
fn baseline(base: &Policy, pushed: &Policy, effective: &mut Policy, weakenings: &mut Weakenings) {
    match (&base.baseline, &pushed.baseline) {
        (None, Some(file)) => {
            weakenings.add(format!("names a baseline, {file}"), None);
            effective.baseline = None;
        }
        (Some(before), Some(after)) if before != after => {
            weakenings.add(format!("names another baseline, {after} in place of {before}"), None);
            effective.baseline = Some(before.clone());
        }
        // A policy that is gone is told; what it let pass is none the worse for that.
        (Some(before), None) if pushed.path.is_none() => effective.baseline = Some(before.clone()),
        _ => {}
    }
}

fn union(one: &[String], other: &[String]) -> Vec<String> {
    let added = other.iter().filter(|item| !one.contains(item));
    one.iter().chain(added).cloned().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::Level;

    fn policy(text: &str) -> Policy {
        Policy::parse("policy.toml", &format!("schema = 1\n{text}")).unwrap()
    }

    fn said(base: &str, pushed: &str) -> String {
        let (_, found) = Policy::effective(Some(&policy(base)), &policy(pushed));
        found.iter().map(|weakening| weakening.finding().message).collect::<Vec<_>>().join("\n")
    }

    const WAIVER: &str = "[[waiver]]\nrule = \"missing-notice\"\nowner = \"me\"\nreason = \"r\"\nexpires = ";

    #[test]
    fn every_weakening_is_said() {
        assert_snapshot!(said("", "[rules]\nmissing-notice = \"warn\""), @"policy.toml lowers missing-notice from deny to warn");
        assert_snapshot!(said("[rules]\nmissing-header = \"deny\"", ""), @"policy.toml lowers missing-header from deny to warn");
        assert_snapshot!(said("", &format!("{WAIVER}2026-12-31")), @"policy.toml adds a waiver of missing-notice by me");
        assert_snapshot!(
            said(&format!("{WAIVER}2026-01-31"), &format!("{WAIVER}2026-12-31")),
            @"policy.toml extends the waiver of missing-notice by me from 2026-01-31 to 2026-12-31"
        );
        assert_snapshot!(
            said("[release]\nbranches = [\"main\", \"r/*\"]", "[release]\nbranches = [\"main\"]"),
            @"policy.toml removes the release branch pattern r/*"
        );
        assert_snapshot!(said("", "[release]\ntags = [\"v*\"]"), @"policy.toml limits blocking to some branches and tags");
        assert_snapshot!(said("[registry]\npaths = [\"r\"]", ""), @"policy.toml removes the registry path r");
        let own = "[release]\ncopyright = [\"Acme\"]";
        assert_snapshot!(said(own, &own.replace("Acme", "Qwen")), @"policy.toml adds the copyright holder Qwen");
        assert_snapshot!(said(own, ""), @"policy.toml no longer says whose copyright is the releaser's own");
        assert_eq!(said("", own), "");
        let (policy, found) =
            Policy::effective(Some(&policy("[rules]\nmissing-header = \"deny\"")), &Policy::default());
        assert_snapshot!(found[0].finding().message, @"policy.toml is removed by the push");
        assert_eq!(policy.setting(Rule::MissingHeader), Setting::Deny);
        assert_eq!(found[0].finding().level, Level::Deny);
    }

    #[test]
    fn a_baseline_is_that_of_the_base_side_unless_the_push_does_without() {
        let (one, other) = ("[baseline]\nfile = \"one.toml\"", "[baseline]\nfile = \"other.toml\"");
        let counts = |base: &str, pushed: &str| Policy::effective(Some(&policy(base)), &policy(pushed)).0.baseline;
        assert_snapshot!(said("", one), @"policy.toml names a baseline, one.toml");
        assert_snapshot!(said(one, other), @"policy.toml names another baseline, other.toml in place of one.toml");
        assert_eq!((said(one, "").as_str(), said(one, one).as_str()), ("", ""));
        assert_eq!((counts("", one), counts(one, "")), (None, None));
        assert_eq!((counts(one, other).as_deref(), counts(one, one).as_deref()), (Some("one.toml"), Some("one.toml")));
        let removed = Policy::effective(Some(&policy(one)), &Policy::default()).0;
        assert_eq!(removed.baseline.as_deref(), Some("one.toml"));
    }

    #[test]
    fn a_stricter_push_counts_at_once() {
        let (policy, found) = Policy::effective(Some(&policy("")), &policy("[rules]\nmissing-header = \"deny\""));
        assert_eq!((policy.setting(Rule::MissingHeader), found), (Setting::Deny, vec![]));
    }

    #[test]
    fn weaker_settings_do_not_count() {
        let pushed = policy(&format!("[rules]\nmissing-notice = \"allow\"\n{WAIVER}2026-12-31"));
        let (effective, _) = Policy::effective(Some(&policy("")), &pushed);
        assert_eq!(effective.setting(Rule::MissingNotice), Setting::Deny);
        assert!(effective.waivers.is_empty());
    }

    #[test]
    fn declarations_are_the_pushs() {
        let pushed = policy("[release]\nname = \"new\"\n[[model]]\npaths = [\"m\"]");
        let (effective, found) = Policy::effective(Some(&policy("[release]\nname = \"old\"")), &pushed);
        assert_eq!((effective.release.name.as_deref(), effective.models.len(), found.len()), (Some("new"), 1, 0));
    }

    #[test]
    fn without_a_base_side_the_push_counts() {
        let pushed = policy("[rules]\nmissing-notice = \"warn\"");
        let (effective, found) = Policy::effective(None, &pushed);
        assert_eq!((effective.setting(Rule::MissingNotice), found.len()), (Setting::Warn, 0));
    }
}
