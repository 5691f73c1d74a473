// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files → what model source code says about its origin.
//!
//! In: the text of a source file. Out: its copyright lines and SPDX tags, with their lines.

mod headers;

pub use headers::{Headers, headers, is_source};
