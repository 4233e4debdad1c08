//! Encoded paths, shared by all hosts of a run: each is read once for all that take it at about
//! the same time.
//!
//! The bytes of a path are made when the first host asks for them, never far ahead of it, and
//! kept until newer ones need the room. A host that comes too late for them reads the path once more
//! by itself: it never holds up the others, and what is kept never grows with the fleet.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::Notify;

use super::encode::{Encoder, End, Form};
use super::pace::Meter;
use super::room::{Room, Rooms};
use crate::model::{PathInfo, StorePath};

/// Bytes that are kept for hosts that may still want them.
const ROOM: usize = 64 << 20;

/// Chunks that are made beyond the one asked for.
const AHEAD: usize = 4;

/// The encoded paths of a run.
pub struct Depot {
    shelves: Mutex<HashMap<(StorePath, Form), Arc<Good>>>,
    kept: Mutex<Kept>,
    /// Paths of which the first chunk is kept, in whatever form.
    fresh: Mutex<HashSet<StorePath>>,
    /// Bytes of NARs read from the store.
    read: AtomicU64,
    pub(super) meter: Meter,
    rooms: Rooms,
}

/// What is kept, oldest first.
#[derive(Default)]
struct Kept {
    chunks: VecDeque<(Weak<Good>, usize, usize)>,
    bytes: usize,
}

/// One path.
struct Good {
    info: Arc<PathInfo>,
    form: Form,
    /// Chunks at its beginning that nobody wants.
    skip: usize,
    state: Mutex<State>,
    /// A chunk more is there.
    news: Notify,
}

#[derive(Default)]
struct State {
    /// `None` where it had to make room.
    chunks: Vec<Option<Bytes>>,
    end: Option<End>,
    /// `None` before the first chunk, at the end, and while somebody reads.
    encoder: Option<Box<Encoder>>,
}

/// What somebody who asks for a chunk gets.
enum Look {
    Chunk(Bytes),
    End(End),
    /// It is not made yet; somebody makes it.
    Wait,
    /// Nobody makes it yet.
    Make(Box<Encoder>),
    /// It had to make room.
    Gone,
}

impl Depot {
    /// A depot that is empty.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shelves: Mutex::default(),
            kept: Mutex::default(),
            fresh: Mutex::default(),
            read: AtomicU64::new(0),
            meter: Meter::default(),
            rooms: Rooms::default(),
        }
    }

    /// Bytes of NARs that were read from the store so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Begins to take a path. Packing that is done already is taken, whatever its level.
    pub(super) fn take(self: &Arc<Self>, info: &Arc<PathInfo>, form: Form) -> Taking {
        let mut shelves = lock(&self.shelves);
        let key = |form: &Form| (info.path.clone(), form.clone());
        let is_fresh = |form: &Form| {
            let good = shelves.get(&key(form));
            good.is_some_and(|good| !good.is_spoilt())
        };
        let packed = [Form::Packed(9), Form::Packed(3), Form::Packed(1)];
        let form = match form {
            Form::Packed(_) => packed.into_iter().find(is_fresh).unwrap_or(form),
            Form::Plain | Form::After(_) => form,
        };
        if !is_fresh(&form) {
            let good = Arc::new(self.good(info, form));
            shelves.insert(key(&good.form), Arc::clone(&good));
            return self.taking(good);
        }
        let good = Arc::clone(&shelves[&key(&form)]);
        self.taking(good)
    }

    /// Whether a path can be taken from its beginning without reading it again.
    pub(super) fn has(&self, info: &PathInfo) -> bool {
        lock(&self.fresh).contains(&info.path)
    }

    /// A path of which nothing is made yet. Where there is no room to make it as what differs from
    /// another, it is packed by itself.
    fn good(&self, info: &Arc<PathInfo>, form: Form) -> Good {
        let Form::After(base) = &form else {
            return Good::new(info, form, 0, None);
        };
        match self.rooms.take(info.nar_size, base.nar_size) {
            Some(room) => Good::new(info, form, 0, Some(room)),
            None => Good::new(info, Form::Packed(3), 0, None),
        }
    }

    fn taking(self: &Arc<Self>, good: Arc<Good>) -> Taking {
        Taking {
            depot: Arc::clone(self),
            good,
            at: 0,
        }
    }

    /// Makes the next chunks of a path. Nothing is waited for before the thread begins: a
    /// future that others wait for may not wait for a turn that it is not asked to take.
    // Dropped here, the thread that reads ends with these chunks, and leaves them in the depot.
    async fn make(self: &Arc<Self>, good: &Arc<Good>, encoder: Box<Encoder>) {
        let returned = Return {
            good: Arc::clone(good),
            encoder: Some(encoder),
        };
        let depot = Arc::clone(self);
        // A thread that cannot be had leaves the chunk unmade, which whoever waits for it tries again.
        let _ = tokio::task::spawn_blocking(move || depot.fill(returned)).await;
    }

    fn fill(&self, mut returned: Return) {
        let Some(mut encoder) = returned.encoder.take() else {
            return;
        };
        let good = Arc::clone(&returned.good);
        let mut end = None;
        for _ in 0..AHEAD {
            let chunk = encoder.next();
            self.read.fetch_add(chunk.read as u64, Ordering::Relaxed);
            self.keep(&good, chunk.bytes);
            end = chunk.end;
            if end.is_some() {
                break;
            }
        }
        if end.is_none() {
            returned.encoder = Some(encoder);
        }
        lock(&good.state).end = end;
    }

    /// Puts a chunk on its shelf, and takes others down when there is no room.
    fn keep(&self, good: &Arc<Good>, bytes: Bytes) {
        let size = bytes.len();
        let number = {
            let mut state = lock(&good.state);
            let number = state.chunks.len();
            let is_wanted = number >= good.skip;
            state.chunks.push(is_wanted.then_some(bytes));
            if !is_wanted {
                return;
            }
            number
        };
        if number == 0 {
            lock(&self.fresh).insert(good.info.path.clone());
        }
        let mut kept = lock(&self.kept);
        let chunk = (Arc::downgrade(good), number, size);
        kept.chunks.push_back(chunk);
        kept.bytes += size;
        while kept.bytes > ROOM {
            let Some((good, number, size)) = kept.chunks.pop_front() else {
                break;
            };
            kept.bytes -= size;
            let Some(good) = good.upgrade() else {
                continue;
            };
            lock(&good.state).chunks[number] = None;
            if number == 0 {
                lock(&self.fresh).remove(&good.info.path);
            }
        }
    }
}

impl Default for Depot {
    fn default() -> Self {
        Self::new()
    }
}

impl Good {
    fn new(info: &Arc<PathInfo>, form: Form, skip: usize, room: Option<Room>) -> Self {
        let encoder = Encoder::new(info, form.clone(), room);
        Self {
            info: Arc::clone(info),
            form,
            skip,
            state: Mutex::new(State {
                encoder: Some(Box::new(encoder)),
                ..State::default()
            }),
            news: Notify::new(),
        }
    }

    /// The same once more, for whoever comes too late, in the same form: its chunks are those
    /// that were there before.
    fn again(&self, skip: usize) -> Self {
        Self::new(&self.info, self.form.clone(), skip, None)
    }

    /// Whether its first chunk is gone, so that nobody can begin to take it.
    fn is_spoilt(&self) -> bool {
        matches!(lock(&self.state).chunks.first(), Some(None))
    }

    fn look(&self, at: usize) -> Look {
        let mut state = lock(&self.state);
        match (state.chunks.get(at), &state.end) {
            (Some(Some(bytes)), _) => return Look::Chunk(bytes.clone()),
            (Some(None), _) => return Look::Gone,
            (None, Some(end)) => return Look::End(end.clone()),
            (None, None) => {}
        }
        match state.encoder.take() {
            Some(encoder) => Look::Make(encoder),
            None => Look::Wait,
        }
    }
}

/// Gives the encoder back, whatever becomes of who had it.
struct Return {
    good: Arc<Good>,
    encoder: Option<Box<Encoder>>,
}

impl Drop for Return {
    fn drop(&mut self) {
        let mut state = lock(&self.good.state);
        state.encoder = self.encoder.take();
        drop(state);
        self.good.news.notify_waiters();
    }
}

/// A path being taken.
pub(super) struct Taking {
    depot: Arc<Depot>,
    good: Arc<Good>,
    at: usize,
}

impl Taking {
    /// How it is sent.
    pub(super) fn form(&self) -> &Form {
        &self.good.form
    }

    /// The next bytes, or how it ended.
    // Dropped here, nothing is lost: the next call gets them.
    pub(super) async fn next(&mut self) -> Result<Bytes, End> {
        loop {
            let good = Arc::clone(&self.good);
            let news = good.news.notified();
            tokio::pin!(news);
            // Before the look, or what comes right after it would be missed.
            news.as_mut().enable();
            match good.look(self.at) {
                Look::Chunk(bytes) => {
                    self.at += 1;
                    return Ok(bytes);
                }
                Look::End(end) => return Err(end),
                Look::Wait => news.await,
                Look::Make(encoder) => self.depot.make(&good, encoder).await,
                Look::Gone => self.good = Arc::new(Good::again(&good, self.at)),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
