// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Blobs that were read, for who asks next: every stage looks at every file, and to unpack a delta costs more than
//! to look.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::ObjectId;

/// Largest blob that is kept, in bytes: the fingerprint of a base is one.
const SMALL: usize = 8 << 20;
/// Bytes of all that are kept.
const ROOM: usize = 64 << 20;

/// The contents of small blobs, those read last.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    blobs: HashMap<ObjectId, Arc<[u8]>>,
    order: VecDeque<ObjectId>,
    bytes: usize,
}

impl Kept {
    /// The content of a blob, if it is kept.
    pub(super) fn get(&self, id: ObjectId) -> Option<Arc<[u8]>> {
        self.lock().blobs.get(&id).cloned()
    }

    /// Keeps the content of a blob that is small, in place of those that came first.
    pub(super) fn put(&self, id: ObjectId, content: &Arc<[u8]>) {
        if content.len() > SMALL {
            return;
        }
        let mut held = self.lock();
        if held.blobs.insert(id, Arc::clone(content)).is_none() {
            held.bytes += content.len();
            held.order.push_back(id);
        }
        while held.bytes > ROOM {
            let Some(first) = held.order.pop_front() else { break };
            held.bytes -= held.blobs.remove(&first).map_or(0, |content| content.len());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gix::ObjectId;

    use super::{Kept, ROOM, SMALL};

    fn id(number: u32) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        ObjectId::from(bytes)
    }

    #[test]
    fn the_first_blobs_make_room_and_large_ones_are_not_kept() {
        let kept = Kept::default();
        kept.put(id(0), &Arc::from(vec![0; SMALL + 1]));
        assert!(kept.get(id(0)).is_none());
        let count = (ROOM / SMALL) as u32;
        for number in 1..=count + 2 {
            // Twice is once.
            kept.put(id(number), &Arc::from(vec![1; SMALL]));
            kept.put(id(number), &Arc::from(vec![1; SMALL]));
        }
        assert!(kept.get(id(1)).is_none() && kept.get(id(2)).is_none());
        assert_eq!(kept.get(id(3)).map(|content| content.len()), Some(SMALL));
        assert_eq!(kept.lock().bytes, ROOM);
    }
}
