// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear init`: a policy for this repository.
//!
//! In: the repository, and the answers of a person or of flags. Out: a commented `policy.toml`, and if wanted the hook
//! and a workflow; then what `check` says. Everything is asked before anything is written, and nothing that is there is
//! overwritten.

mod ask;
mod command;
mod look;
mod models;
mod workflow;

pub(crate) use command::{Arguments, run};
