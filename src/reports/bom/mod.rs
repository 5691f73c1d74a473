// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bills of materials: a [`Report`](super::Report) in, one document of a standard out.
//!
//! `ancestors` gathers what both say of where a model comes from; `cyclonedx` and `spdx` write it. The same report
//! gives the same bytes: names are digests of the content, and a time stands in it only if it is given.

mod ancestors;
mod cyclonedx;
mod names;
mod spdx;

pub use cyclonedx::cyclonedx;
pub use spdx::spdx;

#[cfg(test)]
mod tests;
