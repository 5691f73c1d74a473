// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What happens to a release: real models, real git, the real program. One test a story.

mod declarations;
mod fix;
mod hostile;
mod lineage;
mod obligations;
mod owner;
pub(crate) mod release;
mod rows;
mod said;
mod same;
mod setups;
mod storage;
mod table;
