// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The command line: the only place that prints, reads the environment, or uses `anyhow`.
//!
//! In: arguments. Out: a report on stdout or in a file, everything else on stderr, and the exit code.
//! One file a subcommand.

mod arguments;
mod attest;
mod baseline;
mod bom;
mod check;
mod ci;
mod compare;
mod completions;
mod demo;
mod doctor;
mod explain;
mod fingerprint;
mod fix;
mod gate;
mod github;
mod hook;
mod identify;
mod init;
mod load;
mod man;
mod online;
mod output;
mod places;
mod progress;
mod registry;
mod registry_code;
mod registry_signed;
mod report;
mod run;
mod schema;
mod witness;

pub(crate) use run::main;
