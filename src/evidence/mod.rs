// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! fingerprint × base → numbers, each beside its null. No opinions beyond the relation's name.

mod comparison;

pub use comparison::{Comparison, ConfigContext, Context, Evidence, GainContext, LayerEffect, Relation, SigmaContext};
