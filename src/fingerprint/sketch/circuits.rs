// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rotary circuits of attention.

use super::canonical::Attention;
use super::record::Circuit;

/// Sketches every query head.
pub(super) fn circuits(_attention: &Attention) -> Vec<Circuit> {
    Vec::new()
}
