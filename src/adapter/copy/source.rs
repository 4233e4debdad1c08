//! Where paths are read from, and into. Memory is used again: a system that gives new memory
//! clears each page of it first, which takes longer than to read and encrypt what comes there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::model::StorePath;

/// Bytes of a buffer that is used again.
const SIZE: usize = 256 * 1024 + 1024;

/// Smaller ones are left to the allocator, which keeps their memory.
const SMALL: usize = 64 * 1024;

/// Most buffers that wait to be used again: 16 MiB.
const SPARE: usize = 64;

/// A store, and memory for what is read of it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The folder that has the paths.
    store: PathBuf,
    pub(super) buffers: Buffers,
}

impl Source {
    pub(super) fn of(store: &Path) -> Self {
        Self {
            store: store.to_owned(),
            buffers: Buffers::default(),
        }
    }

    /// Where a path is.
    pub(super) fn place(&self, path: &StorePath) -> PathBuf {
        match path.as_path().file_name() {
            Some(name) => self.store.join(name),
            None => self.store.clone(),
        }
    }
}

/// Buffers that nobody uses just now.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// Bytes in a buffer that is given back.
struct Lent {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// An empty buffer with room for so many bytes, and perhaps more.
    pub(super) fn take(&self, room: usize) -> Vec<u8> {
        if !(SMALL..=SIZE).contains(&room) {
            return Vec::with_capacity(room);
        }
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(SIZE))
    }

    /// Takes a buffer back.
    pub(super) fn give(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.capacity() == SIZE && spare.len() < SPARE {
            spare.push(bytes);
        }
    }

    /// Bytes whose buffer is taken back once nobody holds them. What fills little of one is
    /// moved: many of these are kept, and each by its length.
    pub(super) fn lend(&self, mut bytes: Vec<u8>) -> Bytes {
        if bytes.capacity() != SIZE {
            bytes.shrink_to_fit();
            return bytes.into();
        }
        if bytes.len() < SIZE / 2 {
            let moved = Bytes::copy_from_slice(&bytes);
            self.give(bytes);
            return moved;
        }
        let home = self.clone();
        Bytes::from_owner(Lent { bytes, home })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_what_fills_little_of_it_is_moved() {
        let buffers = Buffers::default();
        let mut bytes = buffers.take(SIZE);
        bytes.resize(SIZE, 7);
        let at = bytes.as_ptr();
        let lent = buffers.lend(bytes);
        let again = lent.clone();
        drop(lent);
        let other = buffers.take(SIZE);
        assert_ne!(other.as_ptr(), at, "somebody holds it");
        assert!(again.iter().all(|byte| *byte == 7));
        drop(again);
        let mut bytes = buffers.take(SMALL);
        assert!(bytes.is_empty() && bytes.as_ptr() == at);
        bytes.extend_from_slice(b"little");
        assert_eq!(buffers.lend(bytes), &b"little"[..]);
        let once_more = buffers.take(SIZE);
        assert_eq!(once_more.as_ptr(), at);
    }
}
