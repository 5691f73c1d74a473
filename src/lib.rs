// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! forebear: stop a model release whose ancestry or attribution is not in order.
//!
//! The data travels in one direction, once:
//!
//! `changes` (git refs, a tree, a folder → the files that would be published)
//! → `checkpoints` (weights), `code` (model source), `documents` (licenses, cards, configs)
//! → `fingerprint` (tensors → a small, comparable record, in one pass)
//! → `evidence` (fingerprint × base → numbers beside their nulls)
//! → `findings` (numbers and obligations → what is not in order)
//! → `policy` (what the owner decided → levels, verdict)
//! → `reports` (people and machines); beside them `fix` (findings → edits of documents)
//! → `attest` (a report that somebody signs).
//!
//! `remote` (URLs given by hand → files whose bytes are fetched when asked for) stands beside `changes`.
//! `bases` (the registry of base models) and `licenses` (texts and obligations) are knowledge.
//! `gate` is the only file that knows every stage. The library prints nothing and reads no
//! environment variable; that is the command line's part.

pub mod attest;
mod attested;
pub mod bases;
pub mod changes;
pub mod checkpoints;
pub mod code;
pub mod documents;
pub mod evidence;
pub mod findings;
pub mod fingerprint;
pub mod fix;
pub mod gate;
mod judged;
mod known;
pub mod licenses;
mod linear;
pub mod policy;
pub mod remote;
pub mod reports;
mod searched;
mod seen;
mod tokenizers;
mod told;
