// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How far a long piece of work is.
//!
//! In: steps done. Out: a line on stderr, only on a terminal and only for work longer than a second.
#![expect(dead_code, reason = "the long commands use it")]

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::Globals;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a piece of work is; gone from the screen when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    waiting: AtomicBool,
}

impl Progress {
    /// Starts with this many bytes ahead.
    pub(crate) fn bytes(label: &str, total: u64, globals: &Globals) -> Self {
        Self::start(label, total, "{prefix} {bytes} of {total_bytes} {wide_bar} {bytes_per_sec} {eta}", globals)
    }

    /// Starts with this many steps ahead.
    pub(crate) fn steps(label: &str, total: u64, globals: &Globals) -> Self {
        Self::start(label, total, "{prefix} {pos} of {len} {wide_bar} {eta}", globals)
    }

    /// Notes that so many more are done. May be called from any thread.
    pub(crate) fn add(&self, done: u64) {
        self.bar.inc(done);
        if self.started.elapsed() > PATIENCE && self.waiting.swap(false, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn start(label: &str, total: u64, template: &str, globals: &Globals) -> Self {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        bar.set_style(style);
        bar.set_prefix(label.to_owned());
        let shown = io::stderr().is_terminal() && !globals.quiet;
        Self { bar, started: Instant::now(), waiting: AtomicBool::new(shown) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
