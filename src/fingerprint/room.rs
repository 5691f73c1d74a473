// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How much of a checkpoint is in memory at once.
//!
//! In: how many bytes each piece of the work will hold. Out: leave to hold them, in the order in which it was asked for,
//! so that whoever needs much is not overtaken for ever by those who need little.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::checkpoints::{Checkpoint, Tensor};

/// Bytes that are always there, so that small tensors do not wait for one another.
const LEAST: u64 = 128 << 20;

/// A bound on the bytes that are held at once.
pub(super) struct Room {
    size: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    held: u64,
    /// The next number that is given out, and the one whose turn it is.
    last: u64,
    turn: u64,
    closed: bool,
}

/// Leave to hold some bytes; given back when it is dropped.
pub(super) struct Held<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    /// Room for twice the largest tensor, decoded.
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let largest = checkpoint.tensors.iter().map(Tensor::elements).max().unwrap_or_default();
        Self::new(largest.saturating_mul(8).max(LEAST))
    }

    fn new(size: u64) -> Self {
        Self { size, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until there is room for so many bytes; who asks for more than there is gets all of it. Nobody may ask who
    /// holds any. Fails once the room is closed.
    pub(super) fn take(&self, bytes: u64) -> io::Result<Held<'_>> {
        let bytes = bytes.min(self.size);
        let mut state = self.lock();
        let number = state.last;
        state.last += 1;
        while !state.closed && (state.turn != number || state.held + bytes > self.size) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(io::ErrorKind::Interrupted.into());
        }
        state.turn += 1;
        state.held += bytes;
        self.changed.notify_all();
        Ok(Held { room: self, bytes })
    }

    /// Lets nobody in any more: the pass failed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Gives back all but so many bytes.
    pub(super) fn keep(&mut self, bytes: u64) {
        let given_back = self.bytes.saturating_sub(bytes);
        self.bytes -= given_back;
        self.room.lock().held -= given_back;
        self.room.changed.notify_all();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.keep(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::thread;

    use super::Room;

    #[test]
    fn no_more_is_held_than_there_is_room_for_and_everybody_has_a_turn() {
        let (room, held, most) = (Room::new(10), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for worker in 0..6u64 {
                let (room, held, most) = (&room, &held, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        // One of them always wants everything, and more.
                        let bytes = if worker == 0 { 99 } else { 1 + (worker + round) % 5 };
                        let Ok(mut leave) = room.take(bytes) else { panic!("the room is open") };
                        let now = held.fetch_add(bytes.min(10), SeqCst) + bytes.min(10);
                        most.fetch_max(now, SeqCst);
                        held.fetch_sub(bytes.min(10), SeqCst);
                        leave.keep(bytes / 2);
                    }
                });
            }
        });
        assert_eq!((most.into_inner(), room.lock().held), (10, 0));
    }

    #[test]
    fn whoever_waits_is_sent_away_when_the_room_is_closed() {
        let room = Room::new(4);
        let first = room.take(4);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| room.take(1).is_err());
            room.close();
            assert!(waiting.join().is_ok_and(|sent_away| sent_away));
        });
        assert!(first.is_ok() && room.take(1).is_err());
    }
}
