// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Arguments → exit code.
//!
//! In: the process's arguments. Out: one of four exit codes. What cannot be checked never counts as passed.

use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use forebear::bases::RegistryError;
use forebear::changes::ChangesError;
use forebear::gate::GateError;
use forebear::reports::{Look, SourceError, harmless, source_error};
use tracing_subscriber::EnvFilter;

use super::arguments::{Cli, Color, Command, Globals};
use super::output::terminal_width;
use super::{
    attest, bom, check, ci, compare, completions, demo, doctor, explain, fingerprint, fix, hook, identify, init, man,
    online, registry, report, schema,
};

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is denied.
    Pass,
    /// Something is denied.
    Block,
    /// It could not be checked.
    CouldNotCheck,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::SUCCESS,
            Outcome::Block => Self::from(1),
            Outcome::CouldNotCheck => Self::from(2),
        }
    }
}

/// Exit code of an internal error.
const BUG: u8 = 3;

/// Parses the arguments, runs the command, and returns the exit code.
pub(crate) fn main() -> ExitCode {
    panic::set_hook(Box::new(report_bug));
    panic::catch_unwind(|| {
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(error) => {
                let failed = error.use_stderr();
                // Nothing is left to be said if even this cannot be written.
                let _ = error.print();
                return if failed { Outcome::CouldNotCheck.into() } else { ExitCode::SUCCESS };
            }
        };
        match set_up(&cli.globals).and_then(|()| run(&cli)) {
            Ok(outcome) => outcome.into(),
            Err(error) => {
                report_error(&error);
                Outcome::CouldNotCheck.into()
            }
        }
    })
    .unwrap_or_else(|_| ExitCode::from(BUG))
}

fn run(cli: &Cli) -> anyhow::Result<Outcome> {
    let globals = &cli.globals;
    match &cli.command {
        Command::Demo(arguments) => demo::run(arguments, globals),
        Command::Init(arguments) => init::run(arguments, globals),
        Command::Check(arguments) => check::run(arguments, globals),
        Command::Ci(arguments) => ci::run(arguments, globals),
        Command::Hook(arguments) => hook::run(arguments, globals),
        Command::Fingerprint(arguments) => fingerprint::run(arguments, globals),
        Command::Compare(arguments) => compare::run(arguments, globals),
        Command::Identify(arguments) => identify::run(arguments, globals),
        Command::Registry(arguments) => registry::run(arguments, globals),
        Command::Bom(arguments) => bom::run(arguments, globals),
        Command::Attest(arguments) => attest::run(arguments, globals),
        Command::Report(arguments) => report::run(arguments, globals),
        Command::Explain(arguments) => explain::run(arguments, globals),
        Command::Fix(arguments) => fix::run(arguments, globals),
        Command::Doctor(arguments) => doctor::run(arguments, globals),
        Command::Completions(arguments) => completions::run(arguments, globals),
        Command::Man(arguments) => man::run(arguments, globals),
        Command::Schema(arguments) => schema::run(arguments, globals),
    }
}

fn set_up(globals: &Globals) -> anyhow::Result<()> {
    match globals.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::AlwaysAnsi,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "forebear=info,warn",
        (false, 2) => "forebear=debug,info",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_from_env("FOREBEAR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).without_time().init();
    if let Some(jobs) = globals.jobs {
        rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.get())
            .build_global()
            .context("failed to start the threads")?;
    }
    Ok(())
}

fn report_error(error: &anyhow::Error) {
    let mut stderr = anstream::stderr();
    // Nothing is left to be said if even this cannot be written.
    let _ = if let Some(source) = in_source(error) {
        source_error(&source, Look { color: true, width: terminal_width() }, &mut stderr)
    } else {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        let help = remedy(error).map(|remedy| format!("\nhelp: {remedy}")).unwrap_or_default();
        writeln!(stderr, "{style}error{style:#}: {}{help}", harmless(&format!("{error:#}")))
    };
}

/// What to do now, where the kind of error tells.
fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    match error.downcast_ref::<GateError>() {
        Some(GateError::Changes(changes)) => Some(changes.remedy()),
        _ => error.downcast_ref::<ChangesError>().map(ChangesError::remedy).or_else(|| online::remedy(error)),
    }
}

/// The error with the line it is about, if it is about a line.
fn in_source(error: &anyhow::Error) -> Option<SourceError<'_>> {
    let gate = error.downcast_ref::<GateError>();
    if let Some(GateError::Policy(policy)) = gate {
        return Some(SourceError {
            path: &policy.path,
            text: &policy.text,
            span: policy.span.clone(),
            message: &policy.message,
            help: policy.help.as_deref(),
        });
    }
    let registry = match gate {
        Some(GateError::Registry(registry)) => Some(registry),
        _ => error.downcast_ref::<RegistryError>(),
    };
    let Some(RegistryError::Index(index)) = registry else { return None };
    Some(SourceError {
        path: &index.path,
        text: &index.text,
        span: index.span.clone(),
        message: &index.message,
        help: index.help.as_deref(),
    })
}

fn report_bug(panic: &panic::PanicHookInfo<'_>) {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let version = env!("CARGO_PKG_VERSION");
    // Nothing is left to be said if even this cannot be written.
    let _ = writeln!(
        anstream::stderr(),
        "forebear {version} stopped because of a bug of its own; nothing was decided, so this counts as blocked\n  \
         {panic}\nhelp: report it at {repository}/issues with these lines and the command you ran"
    );
}
