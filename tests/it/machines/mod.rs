// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Machines that die, fill up, forget, and lie: nothing of the user's is lost, and no verdict changes.

mod cache;
mod kills;
mod load;
mod space;
mod world;
