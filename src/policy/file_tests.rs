// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What `policy.toml` takes, and how each fault in one is told.

#![expect(clippy::unwrap_used, reason = "tests")]

use insta::assert_snapshot;

use super::*;

/// Message, the text at the span, and the help.
fn fault(text: &str) -> String {
    let text = if text.contains("schema") { text.to_owned() } else { format!("schema = 1\n{text}") };
    let error = Policy::parse("policy.toml", &text).unwrap_err();
    let place = error.span.map_or("?", |span| text[span].lines().next().unwrap_or(""));
    format!("{} | {place} | {}", error.message, error.help.unwrap_or_default())
}

fn good(text: &str) -> Policy {
    Policy::parse("policy.toml", &format!("schema = 1\n{text}")).unwrap()
}

#[test]
fn every_key_has_a_default_but_the_schema() {
    let policy = good("");
    assert!(policy.models.is_empty() && policy.waivers.is_empty() && policy.rules.is_empty());
    assert_eq!(policy.release, Release::default());
    assert_snapshot!(fault("[release]\nname = \"a\" # schema"), @"missing field `schema` |  | write `schema = 1` at the top of the file");
    assert_snapshot!(fault("schema = 2"), @"schema 2 is not known | 2 | this version of forebear reads `schema = 1`");
    assert_snapshot!(fault("schema = \"1\""), @r#"invalid type: string "1", expected i64 | "1" |"#);
}

#[test]
fn release() {
    let policy = good(
        "[release]\nname = \"acme/Orca\"\nlicense = \"MIT\"\nbranches = [\"main\"]\ntags = [\"v*\"]\ncopyright = [\"Acme Inc.\"]",
    );
    assert_eq!(policy.release.copyright, ["Acme Inc."]);
    assert_snapshot!(fault("[release]\ncopyright = \"Acme\""), @r#"invalid type: string "Acme", expected a sequence | "Acme" |"#);
    assert_snapshot!(fault("[release]\ncopyright = [\"\"]"), @r#"an empty text | "" |"#);
    assert_eq!(policy.release.name.as_deref(), Some("acme/Orca"));
    assert_eq!((policy.release.branches.len(), policy.release.tags.len()), (1, 1));
    assert_snapshot!(fault("[release]\nname = 3"), @"invalid type: integer `3`, expected a string | 3 |");
    assert_snapshot!(fault("[release]\nbranches = \"main\""), @r#"invalid type: string "main", expected a sequence | "main" |"#);
    assert_snapshot!(fault("[release]\ntags = [\"v[\"]"), @r#"`v[` is not a valid glob | "v[" |"#);
    assert_snapshot!(fault("[release]\nlicence = \"MIT\""), @"unknown field `licence`, expected one of `name`, `license`, `copyright`, `branches`, `tags` | licence | did you mean `license`?");
    assert_snapshot!(fault("[release]\nlicense = \" \""), @r#"an empty text | " " |"#);
}

#[test]
fn registry() {
    let policy = good("[registry]\npaths = [\"registry/\"]\nrequire-signature = false");
    assert_eq!(policy.registry, Registry { paths: vec!["registry/".into()], require_signature: false });
    assert_snapshot!(fault("[registry]\nrequire-signature = true"), @"registries must be signed, and nothing says by whom | true | name the file that does: allowed-signers in [attest]");
    let policy = good("[registry]\nrequire-signature = true\n[attest]\nallowed-signers = \"signers\"");
    assert!(policy.registry.require_signature);
    assert_snapshot!(fault("[registry]\npaths = [\"../x\"]"), @r#"`../x` is not a path inside the repository | "../x" | use a relative path without `..`; a registry elsewhere is given with --registry"#);
    assert_snapshot!(fault("[registry]\nrequire-signature = \"yes\""), @r#"invalid type: string "yes", expected a boolean | "yes" |"#);
    assert_snapshot!(fault("[registry]\nrequire_signature = true"), @"unknown field `require_signature`, expected `paths` or `require-signature` | require_signature | did you mean `require-signature`?");
}

#[test]
fn model() {
    let policy = good(
        "[[model]]\npaths = [\"w/**\"]\norigin = \"derived\"\nbases = [{ id = \"a/b\", relation = \"continued-pretraining\" }]\n\
         attested = { mau-below-limit = \"legal@acme.example 2026-01-10\" }",
    );
    let model = policy.model_for("w/x/m.gguf").unwrap();
    assert_eq!(model.bases, [DeclaredBase { id: "a/b".into(), relation: DeclaredRelation::ContinuedPretraining }]);
    assert_eq!(model.attested.len(), 1);
    assert!(policy.model_for("v/m.gguf").is_none());
    assert_snapshot!(fault("[[model]]\norigin = \"derived\""), @"missing field `paths` | [[model]] |");
    assert_snapshot!(fault("[[model]]\npaths = []"), @"`paths` is empty, so the entry is about no model | [[model]] |");
    assert_snapshot!(fault("[[model]]\npaths = [\"a{\"]"), @r#"not a valid glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?) | "a{" |"#);
    assert_snapshot!(fault("[[model]]\npaths = \"a\""), @r#"invalid type: string "a", expected a sequence | "a" |"#);
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\norigin = \"scratch\""), @r#"unknown variant `scratch`, expected `derived` or `from-scratch` | "scratch" | did you mean `from-scratch`?"#);
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\nbases = [{ id = \"a/b\", relation = \"fine-tune\" }]"), @r#"unknown variant `fine-tune`, expected one of `finetune`, `adapter`, `merge`, `quantized`, `pruned`, `upcycled`, `distilled`, `continued-pretraining` | "fine-tune" | did you mean `finetune`?"#);
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\nbases = [{ id = \"a/b\" }]"), @r#"missing field `relation` | { id = "a/b" } |"#);
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\nbase = \"a/b\""), @"unknown field `base`, expected one of `paths`, `origin`, `bases`, `tokenizer`, `attested` | base | did you mean `bases`?");
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\n[[model]]\npaths = [\"b\", \"a\"]"), @"`a` is declared by an earlier [[model]] entry | [[model]] | keep one entry a model, with all its bases");
    assert_snapshot!(fault("[[model]]\npaths = [\"a\"]\nattested = [\"x\"]"), @r#"invalid type: sequence, expected a map | ["x"] |"#);
    assert_snapshot!(
        fault("[[model]]\npaths = [\"a\"]\norigin = \"from-scratch\"\nbases = [{ id = \"a/b\", relation = \"finetune\" }]"),
        @r#"a model from scratch has no base | "a/b" | set `origin = "derived"`, or remove the base; only `distilled` takes no weights over"#
    );
    let twice = "[[model]]\npaths = [\"a\"]\nbases = [{ id = \"a/b\", relation = \"merge\" }, { id = \"A/B\", relation = \"merge\" }]";
    assert_snapshot!(fault(twice), @r#"base `A/B` is declared twice | "A/B" |"#);
}

#[test]
fn a_star_does_not_cross_folders() {
    let policy = good("[[model]]\npaths = [\"*.gguf\"]");
    assert!(policy.model_for("m.gguf").is_some() && policy.model_for("w/m.gguf").is_none());
}

#[test]
fn rules() {
    let policy = good("[rules]\nmissing-notice = \"warn\"\nmissing-header = \"allow\"");
    assert_eq!(policy.setting(Rule::MissingNotice), Setting::Warn);
    assert_eq!(policy.setting(Rule::MissingHeader), Setting::Allow);
    assert_eq!(policy.setting(Rule::UnsafePickle), Setting::Deny);
    assert_snapshot!(fault("[rules]\nmissing-notices = \"warn\""), @"unknown rule `missing-notices` | missing-notices | did you mean `missing-notice`?");
    assert_snapshot!(fault("[rules]\nmissing-notice = \"error\""), @r#"unknown level `error` | "error" | a level is `deny`, `warn`, `note` or `allow`"#);
    assert_snapshot!(fault("[rules]\nmissing-notice = true"), @"invalid type: boolean `true`, expected a string | true |");
    assert_snapshot!(fault("[rule]\nmissing-notice = \"warn\""), @"unknown field `rule`, expected one of `schema`, `release`, `registry`, `attest`, `baseline`, `model`, `rules`, `waiver` | rule | did you mean `rules`?");
}

#[test]
fn waiver() {
    let text = |line: &str| {
        let mut lines = vec![
            "[[waiver]]".to_owned(),
            "rule = \"undeclared-lineage\"".into(),
            format!("model = \"sha256:{}\"", "AB".repeat(32)),
            "base = \"a/b\"".into(),
            "owner = \"me@acme.example\"".into(),
            "reason = \"research\"".into(),
            "expires = 2026-12-31".into(),
        ];
        let key = line.split(" =").next().unwrap_or("").to_owned();
        lines.retain(|other| key.is_empty() || !other.starts_with(&format!("{key} =")));
        lines.push(line.trim_start_matches("no ").to_owned());
        lines.join("\n")
    };
    let policy = good(&text(""));
    assert_eq!(policy.waivers[0].expires, jiff::civil::date(2026, 12, 31));
    assert_eq!(policy.waivers[0].model.as_ref().unwrap(), &format!("sha256:{}", "ab".repeat(32)));
    assert_snapshot!(fault(&text("expires = \"2026-12-31\"")), @r#"invalid type: string "2026-12-31", expected a TOML datetime | "2026-12-31" | write it as 2026-12-31, without quotes"#);
    assert_snapshot!(fault(&text("expires = 2026-12-31T10:00:00Z")), @"`expires` is a date without a time | 2026-12-31T10:00:00Z | write it as 2026-12-31, without quotes");
    assert_snapshot!(fault(&text("expires = 2026-02-30")), @"invalid date, expected day between 01 and 28 | 2026-02-30 |");
    assert_snapshot!(fault(&text("model = \"checkpoints/orca\"")), @r#"a waiver names the model by content: `sha256:` and 64 hex digits | "checkpoints/orca" | the finding prints the content id; leave `model` out to cover every model"#);
    assert_snapshot!(fault(&text("rule = \"unused-waiver\"")), @r#"`unused-waiver` cannot be waived | "unused-waiver" | it watches the policy itself; set its level under [rules]"#);
    assert_snapshot!(fault(&text("rule = \"nothing\"")), @r#"unknown rule `nothing` | "nothing" |"#);
    assert_snapshot!(fault(&text("reason = \"\"")), @r#"an empty text | "" |"#);
    assert_snapshot!(fault(&text("owners = \"x\"")), @"unknown field `owners`, expected one of `rule`, `model`, `base`, `owner`, `reason`, `expires` | owners | did you mean `owner`?");
    assert_snapshot!(fault("[[waiver]]\nrule = \"missing-notice\""), @"missing field `owner` | [[waiver]] |");
}

#[test]
fn what_is_not_toml_is_an_error_with_its_place() {
    assert_snapshot!(fault("[release\nname = 1"), @"unclosed table, expected `]` |  |");
    assert_snapshot!(fault("a = 1\na = 2"), @"duplicate key | a |");
}
