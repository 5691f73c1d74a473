// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Drives the real program.

mod command_line;
mod layers;
mod registry_story;
