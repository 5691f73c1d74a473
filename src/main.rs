// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program: parse, call, exit.

mod cli;

/// Hands memory of tensors on to the next ones. The system's gives it back each time, and to have its pages cleared again
/// is a quarter of the time of a fingerprint.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
