//! A path that is read once more, for one host that came too late for what the depot kept. Nothing
//! of it is kept for others, and no others have to make room for it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Depot;
use super::depot::Good;
use super::encode::{Chunk, Encoder, End, Form};

/// A reading of its own.
pub(super) struct Own {
    /// `None` while a thread reads, and at the end.
    encoder: Option<Box<Encoder>>,
    /// Kept here, so that what a thread reads is not lost to whoever stops waiting for it.
    reading: Option<JoinHandle<(Box<Encoder>, Vec<Chunk>)>>,
    /// Chunks that the host has already.
    skip: usize,
    ready: VecDeque<Bytes>,
    end: Option<End>,
}

impl Own {
    /// Reads a path again, in the same form: its chunks are those that were there before.
    pub(super) fn again(good: &Good, at: usize, depot: &Depot) -> Self {
        let room = match &good.form {
            Form::After(base) => {
                let room = depot.rooms.take_anyway(good.info.nar_size, base.nar_size);
                Some(room)
            }
            Form::Plain | Form::Packed(_) => None,
        };
        let encoder = Encoder::new(&depot.source, &good.info, good.form.clone(), room);
        Self {
            encoder: Some(Box::new(encoder)),
            reading: None,
            skip: at,
            ready: VecDeque::new(),
            end: None,
        }
    }

    /// The next bytes, or how it ended.
    // Dropped here, nothing is lost: the next call gets them.
    pub(super) async fn next(&mut self, depot: &Depot) -> Result<Bytes, End> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Ok(bytes);
            }
            if let Some(end) = &self.end {
                return Err(end.clone());
            }
            if let Some(mut encoder) = self.encoder.take() {
                self.reading = Some(spawn_blocking(move || {
                    let chunks = encoder.several();
                    (encoder, chunks)
                }));
            }
            let found = match &mut self.reading {
                Some(reading) => reading.await.ok(),
                None => None,
            };
            self.reading = None;
            match found {
                Some((encoder, chunks)) => self.took(encoder, chunks, depot),
                None => self.end = Some(End::Damaged("phoenix failed while it was read".into())),
            }
        }
    }

    fn took(&mut self, encoder: Box<Encoder>, chunks: Vec<Chunk>, depot: &Depot) {
        for chunk in chunks {
            depot.read.fetch_add(chunk.read as u64, Ordering::Relaxed);
            self.end = chunk.end;
            match self.skip {
                0 => self.ready.push_back(chunk.bytes),
                _ => self.skip -= 1,
            }
        }
        if self.end.is_none() {
            self.encoder = Some(encoder);
        }
    }
}
