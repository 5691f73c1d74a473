// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Somebody who pushes and does not want the gate to see, or to count: each way, through a real push.

mod clock;
mod deciding;
mod hiding;
mod objects;

/// What is wrong with a derivative of Tern that says nothing of it.
const UNDECLARED: [&str; 3] = ["missing-license-text", "missing-notice", "undeclared-lineage"];
/// What is said of something that was not looked at.
const UNSEEN: [&str; 1] = ["unverifiable-artifact"];
