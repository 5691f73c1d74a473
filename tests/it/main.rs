// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Drives the real program, and the library against real git repositories.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod changes;
mod command_line;
mod conversions;
mod git_harness;
mod hooks;
mod layers;
mod lineage;
mod push;
mod registry_story;
