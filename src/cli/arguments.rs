// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The commands and what holds for all of them.
//!
//! In: the arguments. Out: [`Cli`], which is valid if it exists. The doc comments are the help texts.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use forebear::findings::Rule;

use super::{
    attest, bom, check, ci, compare, completions, demo, doctor, explain, fingerprint, fix, hook, identify, init, man,
    registry, report, schema,
};

/// Stops a model release whose ancestry or attribution is not in order.
///
/// Exit codes: 0 nothing denied, 1 at least one finding denied, 2 could not check, 3 a bug in forebear.
#[derive(Debug, Parser)]
#[command(name = "forebear", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) globals: Globals,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Check(check::Gate),
    Ci(ci::Arguments),
    Hook(hook::Arguments),
    Fingerprint(fingerprint::Arguments),
    Compare(compare::Arguments),
    Identify(identify::Arguments),
    Registry(registry::Arguments),
    Report(report::Arguments),
    Bom(bom::Arguments),
    Attest(attest::Arguments),
    Explain(explain::Arguments),
    Fix(fix::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Schema(schema::Arguments),
}

/// What holds for all commands.
#[derive(Args, Debug)]
pub(crate) struct Globals {
    /// The policy; `policy.toml` at the root of the repository if not given
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub(crate) policy: Option<PathBuf>,
    /// A registry of base models, beside those the policy names; may be given more than once
    #[arg(long, value_name = "PATH", global = true, help_heading = "Global options")]
    pub(crate) registry: Vec<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, global = true, help_heading = "Global options")]
    pub(crate) format: Format,
    /// Write the report to a file instead of stdout
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub(crate) output: Option<PathBuf>,
    /// Say more: every mechanism, and why a rule matters; -vv for all
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// Say only what blocks, and errors
    #[arg(short, long, conflicts_with = "verbose", global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// When to use color; NO_COLOR is honored
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true, help_heading = "Global options")]
    pub(crate) color: Color,
    /// Use no network; the default
    #[arg(long, conflicts_with = "online", global = true, help_heading = "Global options")]
    pub(crate) offline: bool,
    /// Read URLs given in the place of paths: hf://, s3://, gs://, az://, https://
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) online: bool,
    /// Threads to use; one a core if not given
    #[arg(long, value_name = "N", global = true, help_heading = "Global options")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Neither read nor write cached fingerprints
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_cache: bool,
    /// Findings of this rule block; may be given more than once
    #[arg(short = 'D', long, value_name = "RULE", value_parser = rule, global = true, help_heading = "Global options")]
    pub(crate) deny: Vec<Rule>,
    /// Findings of this rule are said and do not block
    #[arg(short = 'W', long, value_name = "RULE", value_parser = rule, global = true, help_heading = "Global options")]
    pub(crate) warn: Vec<Rule>,
    /// Findings of this rule are left out
    #[arg(short = 'A', long, value_name = "RULE", value_parser = rule, global = true, help_heading = "Global options")]
    pub(crate) allow: Vec<Rule>,
    /// Report everything and block nothing
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) audit: bool,
}

impl Globals {
    /// Whether to write JSON, for commands that write nothing but text for people and JSON.
    pub(crate) fn json(&self) -> anyhow::Result<bool> {
        match self.format {
            Format::Human => Ok(false),
            Format::Json => Ok(true),
            other => anyhow::bail!("this command writes `human` or `json`, not `{}`", other.name()),
        }
    }
}

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Human,
    /// For other programs; see `forebear schema`
    Json,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
    /// JUnit XML, for continuous integration
    Junit,
    /// Code Quality JSON of a GitLab merge request
    Gitlab,
    /// Bill of materials: CycloneDX 1.6
    Cyclonedx,
    /// Bill of materials: SPDX 3.0.1
    Spdx,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Junit => "junit",
            Self::Gitlab => "gitlab",
            Self::Cyclonedx => "cyclonedx",
            Self::Spdx => "spdx",
        }
    }
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Also in files and pipes
    Always,
    /// Not at all
    Never,
}

/// The rule with this id, or the closest one in an error.
pub(crate) fn rule(id: &str) -> Result<Rule, String> {
    Rule::from_id(id).ok_or_else(|| {
        let near = Rule::ALL
            .iter()
            .map(|rule| (strsim::jaro_winkler(id, rule.id()), rule.id()))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .filter(|(similarity, _)| *similarity > 0.8);
        match near {
            Some((_, near)) => format!("no such rule; did you mean `{near}`?"),
            None => "no such rule; `forebear explain` lists them".to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_says_what_it_is_for() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[test]
    fn no_command_has_an_argument_that_hides_a_global_one() {
        fn walk(command: &clap::Command, globals: &[&clap::Id]) {
            for argument in command.get_arguments() {
                assert!(!globals.contains(&argument.get_id()), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(|inner| walk(inner, globals));
        }
        let command = Cli::command();
        let globals: Vec<&clap::Id> = command.get_arguments().map(clap::Arg::get_id).collect();
        assert!(globals.len() > 10);
        command.get_subcommands().for_each(|inner| walk(inner, &globals));
    }

    #[test]
    fn rules_are_parsed_by_id_and_mistakes_are_answered() {
        assert_eq!(rule("missing-notice"), Ok(Rule::MissingNotice));
        assert_eq!(rule("mising-notice"), Err("no such rule; did you mean `missing-notice`?".to_owned()));
        assert_eq!(rule("zzz"), Err("no such rule; `forebear explain` lists them".to_owned()));
    }
}
