// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program: parse, call, exit.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
