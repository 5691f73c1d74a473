// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The evidence report: one page that stands alone, for people who have to decide.
//!
//! In: a [`Report`](super::Report). Out: HTML that needs no network and runs no script but its own, which its content
//! security policy names by digest. `models` holds what is told of a model, `words` what a p-value says in words,
//! `duties` the checklist of obligations, `faults` the findings, `unseen` what was not checked.

mod duties;
mod faults;
mod models;
mod page;
#[cfg(test)]
mod tests;
mod unseen;
mod words;

pub use page::html;
