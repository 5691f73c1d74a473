// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! lineage-bench: models of known ancestry, disguised, and what lineage tests say of them.
//!
//! `read` (a Hugging Face folder) → `model` → `transforms` (every disguise by name) → `form` and `write` (a folder
//! again); `launder` does all of it. `forward` runs a model, to prove that a disguise keeps its outputs. `zoo` knows who
//! descends from whom and `cases` which pairs are asked about; `measure` asks forebear and `rival` another program.
//! `bench`, `calibrate`, and `power` make the tables, `report` prints them as markdown. `synthetic` draws pairs of
//! models that share nothing, of kinds that might look alike; `memory` fingerprints them, and `uniform` asks whether
//! their p-values are what they say.

pub mod bench;
pub mod calibrate;
pub mod cases;
pub mod error;
pub mod form;
pub mod forward;
pub mod histogram;
pub mod launder;
pub mod measure;
pub mod memory;
pub mod model;
pub mod power;
pub mod random;
pub mod read;
pub mod report;
pub mod rival;
pub mod statistics;
pub mod synthetic;
pub mod transforms;
pub mod uniform;
pub mod write;
pub mod zoo;

pub use error::Error;
