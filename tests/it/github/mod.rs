// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The GitHub Action: its own steps, run as a runner runs them, on real clones.

mod events;
mod formats;
mod runner;
mod workflows;
