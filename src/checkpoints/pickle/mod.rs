// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pickles, read and never run.
//!
//! In: bytes of a pickle stream, protocols 0 to 5. Out: a [`Pickle`]: the values it would build, as records, and the
//! [`Note`]s of what it would call. Globals are names, calls are [`Object`] records: nothing is imported or executed.

mod allowed;
mod calls;
mod machine;
mod scalars;
mod stream;
#[cfg(test)]
mod tests;
mod value;

pub(super) use machine::{Failure, parse};
pub(super) use value::{Global, Id, Note, Object, Pickle, Span, Value};
