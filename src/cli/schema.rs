// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear schema`: JSON Schemas of what is written, and of policy.toml.
//!
//! In: which output, or `policy`. Out: its JSON Schema (draft 2020-12).

use anyhow::Context;
use clap::{Args, ValueEnum};
use forebear::findings::Rule;
use forebear::licenses::ObligationKind;
use forebear::reports::{CompareReport, FingerprintReport, IdentifyReport, Report};
use schemars::{Schema, schema_for};
use serde_json::{Map, Value, json};

use super::arguments::Globals;
use super::output::Output;
use super::run::Outcome;

/// Write the JSON Schema of an output, or of policy.toml
///
/// Editors that know TOML check a policy with it: put `#:schema policy.schema.json` at its top (Taplo, Tombi).
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Command whose `--format json` output is described, or `policy`
    #[arg(value_enum, default_value_t)]
    of: Described,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Described {
    /// `forebear check`
    #[default]
    Check,
    /// `forebear compare`
    Compare,
    /// `forebear identify`
    Identify,
    /// `forebear fingerprint`
    Fingerprint,
    /// policy.toml
    Policy,
}

/// The schema of policy.toml; the rules are put in from their table.
const POLICY: &str = include_str!("policy.schema.json");

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let schema: Schema = match arguments.of {
        Described::Check => schema_for!(Report),
        Described::Compare => schema_for!(CompareReport),
        Described::Identify => schema_for!(IdentifyReport),
        Described::Fingerprint => schema_for!(FingerprintReport),
        Described::Policy => policy()?,
    };
    let mut out = Output::open(globals)?;
    forebear::reports::json(&schema, &mut out)?;
    out.finish()?;
    Ok(Outcome::Pass)
}

fn policy() -> anyhow::Result<Schema> {
    let mut schema: Value = serde_json::from_str(POLICY).context("the policy's schema is not JSON")?;
    let levels: Map<String, Value> = Rule::ALL
        .iter()
        .map(|rule| {
            let default = rule.default_level().name();
            (rule.id().to_owned(), json!({"$ref": "#/$defs/level", "description": rule.summary(), "default": default}))
        })
        .collect();
    let waivable: Vec<&str> = Rule::ALL.iter().filter(|rule| !is_of_the_policy(**rule)).map(|rule| rule.id()).collect();
    let attestable: Vec<&str> = ObligationKind::ALL.iter().flat_map(|kind| kind.attested_as()).collect();
    for (place, value) in [
        ("/properties/rules/properties", json!(levels)),
        ("/$defs/waiver/properties/rule/enum", json!(waivable)),
        ("/$defs/model/properties/attested/propertyNames/enum", json!(attestable)),
    ] {
        *schema.pointer_mut(place).with_context(|| format!("the policy's schema has no {place}"))? = value;
    }
    Ok(Schema::try_from(schema)?)
}

/// Rules that watch the policy itself cannot be waived by it.
fn is_of_the_policy(rule: Rule) -> bool {
    matches!(rule, Rule::PolicyWeakened | Rule::ExpiredWaiver | Rule::UnusedWaiver)
}
