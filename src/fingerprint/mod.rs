// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! tensors → fingerprint: the one streaming pass, its file format, the cache.

mod record;

pub use record::{Fingerprint, FingerprintError, Source};
