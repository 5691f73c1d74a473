// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear explain`: what a rule checks, why, and how to fix it.
//!
//! In: a rule's id, or nothing. Out: its page, or the list of rules.

use std::io::Write;

use clap::Args;
use forebear::findings::Rule;
use serde_json::json;

use super::arguments::{Globals, rule};
use super::load;
use super::output::Output;
use super::run::Outcome;

/// Explain a rule: what it checks, why, and how to fix it
///
/// Without a rule, all rules are listed with their default levels.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Id of the rule, e.g. `undeclared-lineage`
    #[arg(value_parser = rule)]
    rule: Option<Rule>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    match (arguments.rule, as_json) {
        (Some(rule), false) => write!(out, "{}", load::rule_page(rule))?,
        (Some(rule), true) => forebear::reports::json(&facts(rule, Some(&load::rule_page(rule))), &mut out)?,
        (None, true) => {
            let rules: Vec<_> = Rule::ALL.iter().map(|rule| facts(*rule, None)).collect();
            forebear::reports::json(&rules, &mut out)?;
        }
        (None, false) => {
            let widest = Rule::ALL.iter().map(|rule| rule.id().len()).max().unwrap_or(0);
            for rule in Rule::ALL {
                let (id, level) = (rule.id(), load::level(rule.default_level()));
                writeln!(out, "{id:<widest$}  {level:<4}  {}", rule.summary())?;
            }
        }
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

fn facts(rule: Rule, page: Option<&str>) -> serde_json::Value {
    json!({
        "rule": rule.id(),
        "default_level": load::level(rule.default_level()),
        "summary": rule.summary(),
        "page": page,
    })
}
