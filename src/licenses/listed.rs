// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A text → the license of the SPDX list that it is nearest to, by the detection of the `spdx` crate.

use std::sync::LazyLock;

use spdx::detection::{Store, TextData};

/// Longest text compared, in bytes; the longest license of the list is far shorter.
const LENGTH_LIMIT: usize = 256 << 10;

/// Words of the shortest text that is compared: no license of the list is as short, and loading it takes longer than all
/// else that is done with a small repository.
const FEWEST_WORDS: usize = 10;

/// Loading takes a second in a debug build, so only when a text needs it.
static STORE: LazyLock<Option<Store>> = LazyLock::new(|| Store::load_inline().ok());

/// Returns the SPDX id and its score, 0 to 1. Below 0.95 the texts differ by more than typography: a license with an
/// added clause has 0.75 to 0.9.
pub fn nearest_listed(text: &str) -> Option<(&'static str, f32)> {
    if text.len() > LENGTH_LIMIT || text.split_whitespace().nth(FEWEST_WORDS - 1).is_none() {
        return None;
    }
    let found = STORE.as_ref()?.analyze(&TextData::new(text));
    Some((spdx::license_id(found.name)?.name, found.score))
}
