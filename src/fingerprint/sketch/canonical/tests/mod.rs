// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Small made-up checkpoints of every family.

mod decoders;
mod encoders;
mod latent;
mod made;
mod mixtures;
mod unnamed;
