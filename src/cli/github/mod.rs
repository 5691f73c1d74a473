// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GitHub Actions: from the event that started a workflow to what has to be looked at.
//!
//! In: the runner's variables and the event's payload. Out: a scope, a clone that is deep enough for it, and the files
//! that would be published. `event` decides and reads nothing; `checkout` asks git; `plan` joins the two; `runner` is
//! where the runner is written to.

mod checkout;
mod event;
mod plan;
mod runner;

pub(super) use checkout::Checkout;
pub(super) use event::Scope;
pub(super) use plan::{cache_key, missing, published};
pub(super) use runner::{Answers, Runner};
