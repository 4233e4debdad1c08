//! Holds what is copied to the bandwidth that fleet.toml gives to a host, and to all together.

#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use tokio::sync::{Mutex as Turns, Notify};
use tokio::time::{Instant, sleep, timeout};

use super::lane::ALIVE;
use crate::model::Bandwidth;

/// What is sent at a time, as a part of a second's bytes: hosts take turns so often.
const PIECES: u64 = 50;

/// Least and most bytes that are sent at a time.
const SMALLEST: u64 = 4 * 1024;
const LARGEST: u64 = 256 * 1024;

/// What may go at once after a pause, as a part of a second's bytes.
const BURSTS: u64 = 10;

/// Bytes that may go by now.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    /// Most that it holds, at least a piece.
    burst: f64,
    bytes: f64,
    at: Instant,
}

impl Bucket {
    fn new(bandwidth: Bandwidth) -> Self {
        let burst = (bandwidth.bytes() / BURSTS).max(SMALLEST) as f64;
        Self {
            rate: bandwidth.bytes() as f64,
            burst,
            bytes: burst,
            at: Instant::now(),
        }
    }

    /// How long it takes until so many bytes may go.
    fn wait(&mut self, bytes: usize) -> Duration {
        let since = std::mem::replace(&mut self.at, Instant::now());
        let more = (self.at - since).as_secs_f64() * self.rate;
        self.bytes = (self.bytes + more).min(self.burst);
        match bytes as f64 - self.bytes {
            // Timers end late by a part of a millisecond, never early by more than this.
            short if short <= 1e-3 => Duration::ZERO,
            short => Duration::from_secs_f64(short / self.rate).max(Duration::from_nanos(1)),
        }
    }

    fn take(&mut self, bytes: usize) {
        self.bytes -= bytes as f64;
    }
}

/// What all hosts of a run share. Whoever waits gets as many bytes as any other who does.
#[derive(Debug)]
pub struct Total {
    bandwidth: Bandwidth,
    queue: Mutex<Queue>,
    /// Somebody else may be first now.
    moved: Notify,
}

/// Start-time fair queueing: each piece is due once its host had as many bytes as others.
#[derive(Debug)]
struct Queue {
    bucket: Bucket,
    /// When each piece that waits is due, in bytes that a host had, and its number.
    waiting: Vec<(f64, u64)>,
    /// When the piece was due that went last.
    now: f64,
    numbers: u64,
}

/// A place in the queue, until dropped.
struct Place<'a> {
    total: &'a Total,
    number: u64,
}

impl Total {
    /// Bytes a second for all hosts together.
    #[must_use]
    pub fn new(bandwidth: Bandwidth) -> Self {
        let queue = Queue {
            bucket: Bucket::new(bandwidth),
            waiting: Vec::new(),
            now: 0.0,
            numbers: 0,
        };
        Self {
            bandwidth,
            queue: Mutex::new(queue),
            moved: Notify::new(),
        }
    }

    /// Waits until so many bytes may go. `had` is what the host had, counted so that one that
    /// asked for little gets no more for it later.
    async fn turn(&self, bytes: usize, had: &mut f64) {
        let place = self.place(*had);
        let mut moved = pin!(self.moved.notified());
        loop {
            // Before the look, or what comes right after it would be missed.
            moved.as_mut().enable();
            match self.look(place.number, bytes) {
                Ok(due) => {
                    *had = due + bytes as f64;
                    return;
                }
                Err(Some(wait)) => sleep(wait).await,
                Err(None) => moved.as_mut().await,
            }
            moved.set(self.moved.notified());
        }
    }

    fn place(&self, had: f64) -> Place<'_> {
        let mut queue = self.lock();
        queue.numbers += 1;
        let (due, number) = (had.max(queue.now), queue.numbers);
        queue.waiting.push((due, number));
        Place {
            total: self,
            number,
        }
    }

    /// Takes the bytes, and says when they were due; or how long they have to wait, which only
    /// the first in the queue knows.
    fn look(&self, number: u64, bytes: usize) -> Result<f64, Option<Duration>> {
        let mut queue = self.lock();
        let first = queue.waiting.iter().copied();
        let first = first.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let Some((due, _)) = first.filter(|first| first.1 == number) else {
            return Err(None);
        };
        let wait = queue.bucket.wait(bytes);
        if !wait.is_zero() {
            return Err(Some(wait));
        }
        queue.bucket.take(bytes);
        queue.now = due;
        Ok(due)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let number = self.number;
        self.total.lock().waiting.retain(|place| place.1 != number);
        self.total.moved.notify_waiters();
    }
}

/// What one host has of it; its lanes take turns.
#[derive(Debug)]
pub struct Share {
    total: Option<Arc<Total>>,
    bandwidth: Option<Bandwidth>,
    own: Turns<Own>,
}

#[derive(Debug)]
struct Own {
    bucket: Option<Bucket>,
    had: f64,
}

impl Share {
    /// Of a host with a limit of its own, of a limit of all hosts, or of both.
    #[must_use]
    pub fn new(own: Option<Bandwidth>, total: Option<&Arc<Total>>) -> Self {
        let all = total.map(|total| total.bandwidth);
        let bucket = own.map(Bucket::new);
        Self {
            total: total.cloned(),
            bandwidth: own.into_iter().chain(all).min(),
            own: Turns::new(Own { bucket, had: 0.0 }),
        }
    }

    /// Bytes a second that the host gets at most, if there is a limit.
    pub(super) fn bandwidth(&self) -> Option<Bandwidth> {
        self.bandwidth
    }

    /// Passes bytes on to `send`, piece by piece, as they may go.
    ///
    /// # Errors
    /// What `send` says.
    // Dropped here, what was passed on is a part of the bytes.
    pub async fn pass<E>(
        &self,
        mut bytes: Bytes,
        mut send: impl AsyncFnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(bandwidth) = self.bandwidth else {
            return send(bytes).await;
        };
        let length = (bandwidth.bytes() / PIECES).clamp(SMALLEST, LARGEST) as usize;
        while !bytes.is_empty() {
            let mut piece = bytes.split_to(length.min(bytes.len()));
            let mut turn = pin!(self.turn(piece.len()));
            // A host that hears nothing takes the connection for dead, and in the midst of a
            // record nothing can be said but what comes next of it: a byte goes before its turn.
            while !piece.is_empty() && timeout(ALIVE, turn.as_mut()).await.is_err() {
                let early = pin!(send(piece.split_to(1)));
                match select(turn.as_mut(), early).await {
                    // A link that takes nothing must not hold up the turns of others.
                    Either::Left(((), early)) => {
                        early.await?;
                        break;
                    }
                    Either::Right((sent, _)) => sent?,
                }
            }
            if !piece.is_empty() {
                send(piece).await?;
            }
        }
        Ok(())
    }

    /// Waits until so many bytes may go by both limits, and takes them from both at once: what
    /// waits for one of them does not gather in the other.
    async fn turn(&self, bytes: usize) {
        let mut own = self.own.lock().await;
        let Own { bucket, had } = &mut *own;
        if let Some(bucket) = bucket {
            sleep(bucket.wait(bytes)).await;
        }
        if let Some(total) = &self.total {
            total.turn(bytes, had).await;
        }
        if let Some(bucket) = bucket {
            // Counts what came meanwhile; it is enough by now.
            bucket.wait(bytes);
            bucket.take(bytes);
        }
    }
}
