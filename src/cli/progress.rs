// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How far a long piece of work is.
//!
//! In: steps done. Out: a line on stderr, only on a terminal and only for work longer than a second.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebear::fingerprint;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::Globals;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the count is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Runs a piece of work that counts its bytes, and shows the count.
pub(crate) fn watched<T: Send>(
    label: &str,
    total: u64,
    globals: &Globals,
    work: impl FnOnce(&fingerprint::Progress) -> T + Send,
) -> T {
    let counted = fingerprint::Progress::default();
    let shown = Progress::bytes(label, total, globals);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                let now = counted.bytes.load(Ordering::Relaxed);
                shown.add(now.saturating_sub(seen));
                seen = now;
            }
        });
        let _end = End { done: &done, ticker: ticker.thread().clone() };
        work(&counted)
    })
}

/// Ends the counting at once when it is dropped, also by a panic: the scope waits for its threads.
struct End<'a> {
    done: &'a AtomicBool,
    ticker: thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.ticker.unpark();
    }
}

/// How far a piece of work is; gone from the screen when it is dropped.
struct Progress {
    bar: ProgressBar,
    started: Instant,
    waiting: AtomicBool,
}

impl Progress {
    /// Starts with this many bytes ahead.
    fn bytes(label: &str, total: u64, globals: &Globals) -> Self {
        Self::start(label, total, "{prefix} {bytes} of {total_bytes} {wide_bar} {bytes_per_sec} {eta}", globals)
    }

    /// Notes that so many more are done. May be called from any thread.
    fn add(&self, done: u64) {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::panic::{AssertUnwindSafe, catch_unwind};

    use clap::Parser;

    use super::super::arguments::Cli;
    use super::*;

    #[test]
    fn work_that_ends_or_panics_is_not_waited_for() {
        let globals = Cli::try_parse_from(["forebear", "doctor"]).unwrap().globals;
        assert_eq!(watched("work", 1, &globals, |_| 7), 7);
        let panicked = AssertUnwindSafe(|| watched("work", 1, &globals, |_| std::panic::resume_unwind(Box::new(7))));
        assert!(catch_unwind(panicked).is_err());
    }
}
