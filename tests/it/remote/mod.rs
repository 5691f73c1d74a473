// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Checkpoints elsewhere: read like local ones, and never believed more than they can prove.

mod hub;
mod page;
mod reads;
mod server;
mod stores;
