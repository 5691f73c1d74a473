// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Models inside other files: in archives, compressed, spelled out as text, behind other bytes, or cut in pieces.
//!
//! In: files in which no model was seen. Out: [`Unread`](super::sniff::Unread), which says what is in there and was not
//! looked at, or that it could not be searched. Nothing is judged by what is found here: whoever publishes weights
//! publishes them as a file.

mod bytes;
mod pieces;
mod search;
#[cfg(test)]
mod tests;
mod text;
mod unpack;

pub(super) use pieces::{Piece, pieces};
pub(super) use search::{Looked, look};
