// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear explain`: what a rule checks, why, and how to fix it; what a license asks.
//!
//! In: the id of a rule or license, or nothing. Out: its page, a license's text, or the list of rules.

use std::io::Write;

use clap::Args;
use forebear::findings::Rule;
use forebear::licenses::{self, LicenseData};
use serde_json::json;

use super::arguments::{Globals, rule};
use super::load;
use super::output::Output;
use super::run::Outcome;

/// Explain a rule or a license: what is checked or asked, why, and how to fix it
///
/// Without an id, all rules are listed with their default levels.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Id of a rule or license, e.g. `undeclared-lineage` or `llama3.1`
    #[arg(value_parser = subject)]
    subject: Option<Subject>,
    /// Print the text of the license and nothing else
    #[arg(long, requires = "subject")]
    text: bool,
}

/// What can be explained.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Rule(Rule),
    License(&'static LicenseData),
}

fn subject(id: &str) -> Result<Subject, String> {
    match (Rule::from_id(id), licenses::lookup(id)) {
        (Some(rule), _) => Ok(Subject::Rule(rule)),
        (None, Some(license)) => Ok(Subject::License(license)),
        (None, None) => rule(id).map(Subject::Rule),
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    match (arguments.subject, as_json) {
        (Some(Subject::License(license)), _) if arguments.text => match licenses::text(&license.id) {
            Some(text) => write!(out, "{text}")?,
            None => anyhow::bail!("the text of {} is not part of forebear; it is at {}", license.id, license.source),
        },
        (Some(Subject::Rule(rule)), _) if arguments.text => anyhow::bail!("{} is a rule, not a license", rule.id()),
        (Some(Subject::License(license)), false) => explain_license(license, &mut out)?,
        (Some(Subject::License(license)), true) => forebear::reports::json(&license_facts(license), &mut out)?,
        (Some(Subject::Rule(rule)), false) => write!(out, "{}", load::rule_page(rule))?,
        (Some(Subject::Rule(rule)), true) => {
            forebear::reports::json(&facts(rule, Some(&load::rule_page(rule))), &mut out)?;
        }
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

fn explain_license(license: &LicenseData, out: &mut Output) -> anyhow::Result<()> {
    writeln!(
        out,
        "# {}\n\n{} ({})\n\nA derivative that is published owes:",
        license.id,
        license.title(),
        license.spdx
    )?;
    for kind in &license.obligations {
        let clause = license.clause(*kind).map(|clause| format!(" ({clause})")).unwrap_or_default();
        writeln!(out, "- {}{clause}", kind.name())?;
    }
    if !license.notice_text.is_empty() {
        writeln!(out, "\nNotice to reproduce:\n    {}", license.notice_text)?;
    }
    writeln!(out, "\nSource: {}", license.source)?;
    Ok(())
}

fn license_facts(license: &LicenseData) -> serde_json::Value {
    let obligations: Vec<_> =
        license.obligations.iter().map(|kind| json!({"kind": kind.name(), "clause": license.clause(*kind)})).collect();
    json!({
        "license": license.id,
        "title": license.title(),
        "spdx": license.spdx,
        "obligations": obligations,
        "notice_text": license.notice_text,
        "source": license.source,
    })
}
