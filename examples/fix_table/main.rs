// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints the table in `docs/fix.md`: license × obligation → level of the finding when it alone is missing, and what
//! settles it.
//!
//! ```text
//! cargo run --example fix_table
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

mod table;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    match table::table() {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
