// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Evidence and obligations → findings.
//!
//! One rule a file. A finding is about the user's model; an error is about us failing to look.

mod finding;

pub use finding::{Finding, Level, Rule};
