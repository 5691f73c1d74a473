// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Memory that is done with, for the next ones: fresh memory costs more than what is read into it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pieces of memory that are held at most.
const POOLED: usize = 12;

/// Memory for vectors of some kind of number. May be shared between threads.
#[derive(Debug)]
pub(super) struct Pool<T> {
    spent: Mutex<Vec<Vec<T>>>,
    /// Values that all of them may hold together.
    limit: usize,
}

impl<T> Pool<T> {
    /// An empty pool that never holds more than room for `limit` values.
    pub(super) fn new(limit: usize) -> Self {
        Self { spent: Mutex::new(Vec::new()), limit }
    }

    /// Memory for `len` values, the smallest that will do; what it holds is of no meaning, and may be of any length.
    pub(super) fn take(&self, len: usize) -> Vec<T> {
        let mut spent = self.lock();
        let fits = spent.iter().enumerate().filter(|(_, values)| values.capacity() >= len);
        match fits.min_by_key(|(_, values)| values.capacity()).map(|(at, _)| at) {
            Some(at) => spent.swap_remove(at),
            None => Vec::new(),
        }
    }

    /// Takes memory that is done with.
    pub(super) fn give(&self, values: Vec<T>) {
        let mut spent = self.lock();
        let held: usize = spent.iter().map(Vec::capacity).sum();
        if spent.len() < POOLED && values.capacity() > 0 && values.capacity() <= self.limit.saturating_sub(held) {
            spent.push(values);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<T>>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn memory_comes_back_within_the_limit_and_the_smallest_that_will_do() {
        let pool = Pool::<u8>::new(100);
        for capacity in [60, 30, 20] {
            pool.give(Vec::with_capacity(capacity));
        }
        assert_eq!(pool.take(40).capacity(), 60);
        assert_eq!(pool.take(20).capacity(), 30);
        assert_eq!(pool.take(20).capacity(), 0, "the third would have been more than the limit");
    }
}
