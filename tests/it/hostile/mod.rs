// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files that were made to break their reader: each is a finding or an error that names it, within bounds of memory and
//! time, and never an internal error.

mod bombs;
mod containers;
mod pickles;
mod places;
mod scan;
mod text;
mod values;
