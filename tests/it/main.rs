// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Drives the real program, and the library against real git repositories.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod adapters;
mod attest_story;
mod baseline_story;
mod bom_story;
mod cache_story;
mod changes;
mod code_story;
mod command_line;
mod conversions;
mod false_accusations;
mod git_harness;
mod github;
mod hooks;
mod hostile;
mod init_story;
mod layers;
mod license_trees;
mod licensing;
mod lineage;
mod machines;
mod pages;
mod parts;
mod push;
mod pushers;
mod readme;
mod registry_index;
mod registry_story;
mod remote;
mod report_story;
mod scale;
mod signed_registry;
mod stories;
mod tiers;
mod tokenizer_story;
