// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What was seen in a repository → a commented policy.toml to start from.

use std::fmt::Write;

use crate::findings::Origin;

/// What was seen in a repository, and what its owner said.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Name of the release, if one can be guessed.
    pub name: Option<String>,
    /// License of the release, if one was found.
    pub license: Option<String>,
    /// Where the license was found.
    pub license_note: Option<String>,
    /// Branches to be strict on.
    pub branches: Vec<String>,
    /// Models.
    pub models: Vec<SeenModel>,
    /// Whether the hook shall sign what passes.
    pub sign: bool,
    /// Whether git signs with SSH here, so that the hook could.
    pub can_sign: bool,
}

/// One model seen.
#[derive(Clone, Debug, Default)]
pub struct SeenModel {
    /// Glob of its files.
    pub glob: String,
    /// Where its weights come from; `None`: nobody said, so it is left to the owner.
    pub origin: Option<Origin>,
    /// Ids of bases, with the relation's name in policy.toml.
    pub bases: Vec<(String, String)>,
    /// What was seen of it, for the owner to read.
    pub notes: Vec<String>,
}

/// Returns a commented policy.toml that [`super::Policy::parse`] accepts. Guesses are marked as such.
pub fn init_policy(seen: &Seen) -> String {
    let mut text = String::from(HEAD);
    text += "[release]                          # what this repository publishes\n";
    setting(&mut text, "name", seen.name.as_deref(), "acme/Orca-7B", "");
    let note = seen.license_note.as_deref().unwrap_or("SPDX expression, or a known model license id");
    setting(&mut text, "license", seen.license.as_deref(), "Apache-2.0", note);
    text += "# copyright = [\"Acme Inc.\"]        # whose copyright lines are the releaser's own\n";
    let branches = if seen.branches.is_empty() { vec!["main".to_owned()] } else { seen.branches.clone() };
    let listed: Vec<String> = branches.iter().map(|branch| quoted(branch)).collect();
    let _ = writeln!(text, "branches = [{}]    # denied findings block here; elsewhere they warn", listed.join(", "));
    text += "tags = [\"v*\"]\n\n";
    text += REGISTRY;
    attest(&mut text, seen);
    text += BASELINE;
    text += MODELS;
    if seen.models.is_empty() {
        text += EXAMPLE_MODEL;
    }
    for model in &seen.models {
        text += &init_model(model);
        text.push('\n');
    }
    text += TAIL;
    text
}

fn setting(text: &mut String, key: &str, value: Option<&str>, example: &str, note: &str) {
    let note = if note.is_empty() { String::new() } else { format!("    # {}", comment(note)) };
    let _ = match value {
        Some(value) => writeln!(text, "{key} = {}{note}", quoted(value)),
        None => writeln!(text, "# {key} = {}{note}", quoted(example)),
    };
}

fn attest(text: &mut String, seen: &Seen) {
    let live = if seen.sign { "" } else { "# " };
    let how = if seen.can_sign { "git signs with SSH here" } else { "git's SSH key: `git config gpg.format ssh`" };
    let _ = writeln!(text, "{live}[attest]                           # signed attestations of what passed");
    let _ = writeln!(text, "{live}sign = true                        # the pre-push hook signs what passes; {how}");
    text.push_str(
        "# required = true                    # continuous integration asks for it: rule hook-bypassed\n\
         # allowed-signers = \"allowed_signers\"    # whose signatures count, as in ssh-keygen(1)\n\n",
    );
}

/// Returns the entry of one model.
pub fn init_model(model: &SeenModel) -> String {
    let mut text = String::new();
    for note in &model.notes {
        let _ = writeln!(text, "# {}", comment(note));
    }
    let _ = writeln!(text, "[[model]]\npaths = [{}]", quoted(&model.glob));
    let known: Vec<String> = model
        .bases
        .iter()
        .map(|(id, relation)| format!("{{ id = {}, relation = {} }}", quoted(id), quoted(relation)))
        .collect();
    match model.origin {
        Some(Origin::FromScratch) => {
            text.push_str("origin = \"from-scratch\"           # \"derived\" | \"from-scratch\"\n");
        }
        Some(Origin::Derived) => {
            text.push_str("origin = \"derived\"                # \"derived\" | \"from-scratch\"\n");
            let _ = writeln!(text, "bases = [{}]    # {RELATIONS}", known.join(", "));
        }
        None => {
            text.push_str("# Nothing here says what it comes from, and only you can. Take one:\n");
            let _ = writeln!(text, "# origin = \"derived\"\n# bases = [{EXAMPLE_BASE}]    # {RELATIONS}");
            text.push_str("# origin = \"from-scratch\"\n");
        }
    }
    text
}

/// Text on one line of a comment, whatever a file of somebody else is called.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

const RELATIONS: &str =
    "finetune | adapter | merge | quantized | pruned | upcycled | distilled | continued-pretraining";

const EXAMPLE_BASE: &str = "{ id = \"OWNER/NAME\", relation = \"finetune\" }";

const HEAD: &str = "# What this repository publishes, and what may not be published from it.
# forebear reads this file before a push; every key but `schema` has a default, unknown keys are errors.
schema = 1

";

const REGISTRY: &str = "[registry]
# paths = [\"registry/\"]            # registries of base models in this repository, beside registry/
# require-signature = true         # only those signed by one of [attest] allowed-signers: forebear registry sign

";

const BASELINE: &str =
    "# [baseline]                         # findings that are known and do not block; read from the base side
# file = \"baseline.toml\"             # forebear check --tree HEAD --baseline baseline.toml --write-baseline

";

const MODELS: &str =
    "# One entry a released model. What is declared is checked against the weights; `*` stays inside a folder.
";

const EXAMPLE_MODEL: &str = "# [[model]]
# paths = [\"checkpoints/orca/**\"]
# origin = \"derived\"                # \"derived\" | \"from-scratch\"
# bases = [{ id = \"Qwen/Qwen2.5-7B\", relation = \"finetune\" }]
#     # finetune | adapter | merge | quantized | pruned | upcycled | distilled | continued-pretraining
# tokenizer = \"Qwen/Qwen2.5\"      # whose tokenizer it uses, if not that of a base
# attested = { mau-below-limit = \"legal@acme.example 2026-01-10\" }    # obligations no tool can see

";

const TAIL: &str = "[rules]                            # deny | warn | note | allow; forebear explain RULE says more
undeclared-lineage = \"deny\"
missing-license-text = \"deny\"
missing-notice = \"deny\"

# A waiver accepts a finding for a time. It is keyed to the content of the model; expired or unused, it is itself a finding.
# [[waiver]]
# rule = \"undeclared-lineage\"
# model = \"sha256:...\"              # the content id that the finding prints
# base = \"Qwen/Qwen2.5-7B\"
# owner = \"release-team@acme.example\"
# reason = \"research-only branch, not distributed\"
# expires = 2026-12-31
";

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::Policy;
    use super::*;

    #[test]
    fn what_was_seen_comes_back_from_the_parser() {
        let seen = Seen {
            name: Some("acme/\"Orca\"".into()),
            license: Some("Apache-2.0".into()),
            branches: vec!["main".into(), "release/*".into()],
            models: vec![
                SeenModel {
                    glob: "w/**".into(),
                    origin: Some(Origin::Derived),
                    bases: vec![("a/b".into(), "quantized".into()), ("c/d".into(), "merge".into())],
                    notes: vec!["seen\n[rules]".into()],
                },
                SeenModel { glob: "v/**".into(), origin: Some(Origin::FromScratch), ..SeenModel::default() },
                SeenModel { glob: "u/**".into(), ..SeenModel::default() },
            ],
            license_note: Some("as a file\nsays".into()),
            sign: true,
            ..Seen::default()
        };
        let policy = Policy::parse("policy.toml", &init_policy(&seen)).unwrap();
        assert_eq!(policy.release.name.as_deref(), Some("acme/\"Orca\""));
        assert_eq!(policy.release.branches.len(), 2);
        assert_eq!(policy.models.len(), 3);
        assert!(policy.attest.sign && policy.models[2].bases.is_empty());
        assert_eq!(policy.models[0].bases.len(), 2);
        assert_eq!(policy.models[1].origin, Origin::FromScratch);
    }

    #[test]
    fn an_empty_repository_gets_an_example_that_parses_once_uncommented() {
        let text = init_policy(&Seen::default());
        assert!(!Policy::parse("policy.toml", &text).unwrap().attest.sign);
        assert!(Policy::parse("policy.toml", &text).unwrap().models.is_empty());
        let live = |line: &str| {
            line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = ")).map(str::to_owned)
        };
        let example: String =
            EXAMPLE_MODEL.lines().filter_map(live).fold("schema = 1\n".to_owned(), |text, line| text + &line + "\n");
        assert_eq!(Policy::parse("policy.toml", &example).unwrap().models.len(), 1);
    }

    #[test]
    fn the_policy_of_this_repository_parses() {
        let policy = Policy::parse("policy.toml", include_str!("../../policy.toml")).unwrap();
        assert_eq!(policy.release.license.as_deref(), Some("Apache-2.0"));
        assert!(policy.waivers.is_empty());
    }
}
