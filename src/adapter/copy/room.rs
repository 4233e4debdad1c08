//! Memory for what is packed as what differs from another path: each such path needs some of
//! it until it is read to its end, and all together have a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::archive::{SEGMENT, WINDOW};

/// Bytes for all of them together: three of the largest, and small ones beside them.
const LIMIT: u64 = 110 << 20;

/// The room there is.
#[derive(Debug, Default)]
pub(super) struct Rooms(Arc<AtomicU64>);

/// A part of it, until dropped.
#[derive(Debug)]
pub(super) struct Room {
    taken: Arc<AtomicU64>,
    bytes: u64,
}

impl Rooms {
    /// Room for a path of this size after another of that size, if there is some left.
    pub(super) fn take(&self, size: u64, other: u64) -> Option<Room> {
        let room = self.take_anyway(size, other);
        // Dropped, it is given back.
        (self.0.load(Ordering::Relaxed) <= LIMIT).then_some(room)
    }

    /// The same, whether some is left or not: others get none meanwhile.
    pub(super) fn take_anyway(&self, size: u64, other: u64) -> Room {
        // The segment, what it is packed to and what that is sent in; and the other's part, which
        // may have room for as much again while it grows.
        let bytes = 3 * size.min(SEGMENT as u64) + 2 * other.min(WINDOW);
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Room {
            taken: Arc::clone(&self.0),
            bytes,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_until_there_is_none_and_again_when_it_is_given_back() {
        let rooms = Rooms::default();
        let big = || rooms.take(u64::MAX, u64::MAX);
        let held: Vec<Room> = std::iter::from_fn(big).collect();
        assert_eq!(held.len(), 3);
        assert!(rooms.take(1000, 1000).is_some());
        drop(held);
        assert!(big().is_some());
    }
}
