//! Encoded paths, shared by all hosts of a run: each is read once for all that take it at about
//! the same time.
//!
//! The bytes of a path are made when the first host asks for them, never far ahead of it, and
//! kept until newer ones need the room. A host that comes too late for them reads the path once more
//! by itself: it never holds up the others, and what is kept never grows with the fleet.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::Notify;

use super::encode::{Encoder, End, Form};
use super::own::Own;
use super::pace::Meter;
use super::room::{Room, Rooms};
use super::source::Source;
use crate::model::{PathInfo, StorePath};

/// Where store paths are.
const STORE: &str = "/nix/store";

/// Bytes that are kept for hosts that may still want them: eight hosts on two processors drift no further apart.
const ROOM: usize = 96 << 20;

/// The strongest level of packing there is any use for.
const STRONGEST: i32 = 9;

/// The encoded paths of a run.
pub struct Depot {
    shelves: Mutex<HashMap<(StorePath, Form), Arc<Good>>>,
    kept: Mutex<Kept>,
    /// Bytes that it may keep.
    room: usize,
    /// Hosts that may want paths, as far as they are known.
    hosts: AtomicUsize,
    pub(super) source: Source,
    /// Bytes of NARs read from the store.
    pub(super) read: AtomicU64,
    pub(super) meter: Meter,
    pub(super) rooms: Rooms,
}

/// What is kept, oldest first.
#[derive(Default)]
struct Kept {
    chunks: VecDeque<(Weak<Good>, usize, usize, Option<StorePath>)>,
    bytes: usize,
    /// Paths of which the first chunk is kept, and in how many forms.
    firsts: HashMap<StorePath, usize>,
}

/// One path.
pub(super) struct Good {
    pub(super) info: Arc<PathInfo>,
    pub(super) form: Form,
    takers: AtomicUsize,
    state: Mutex<State>,
    /// A chunk more is there.
    news: Notify,
}

#[derive(Default)]
struct State {
    /// `None` where it had to make room, or all have it; and how often it was taken.
    chunks: Vec<(Option<Bytes>, usize)>,
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
    /// A depot that is empty, of the paths in a folder; it keeps so many bytes of them.
    pub(super) fn in_folder(store: &Path, room: usize) -> Self {
        Self {
            shelves: Mutex::default(),
            kept: Mutex::default(),
            room,
            hosts: AtomicUsize::new(0),
            source: Source::of(store),
            read: AtomicU64::new(0),
            meter: Meter::default(),
            rooms: Rooms::default(),
        }
    }

    /// Says that a host more may want paths.
    pub fn expect_host(&self) {
        self.hosts.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes of NARs that were read from the store so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Begins to take a path. Packing that is done already is taken if it is no weaker, and what
    /// is made for others if it is nearly as good. Where there is no room to make a path as what
    /// differs from another, it is packed by itself.
    pub(super) fn take(self: &Arc<Self>, info: &Arc<PathInfo>, form: Form) -> Taking {
        let mut shelves = lock(&self.shelves);
        let key = |form: &Form| (info.path.clone(), form.clone());
        let there = |form: &Form, done: bool| {
            let good = shelves.get(&key(form)).filter(|good| good.is_fresh(done));
            good.cloned()
        };
        let (form, room) = match form {
            Form::After(base) => {
                let form = Form::After(Arc::clone(&base));
                if let Some(good) = there(&form, false) {
                    return self.taking(good);
                }
                match self.rooms.take(info.nar_size, base.nar_size) {
                    Some(room) => (form, Some(room)),
                    None => (Form::Packed(3), None),
                }
            }
            form => (form, None),
        };
        let stronger = match form {
            Form::Packed(level) => (level + 1..=STRONGEST)
                .rev()
                .find_map(|level| there(&Form::Packed(level), true)),
            Form::Plain | Form::After(_) => None,
        };
        let found = stronger
            .or_else(|| there(&form, false))
            .or_else(|| there(&form.as_good()?, false));
        if let Some(good) = found {
            return self.taking(good);
        }
        let good = Arc::new(Good::new(&self.source, info, form, room));
        shelves.insert(key(&good.form), Arc::clone(&good));
        self.taking(good)
    }

    /// Called while the shelves are held.
    fn taking(self: &Arc<Self>, good: Arc<Good>) -> Taking {
        good.takers.fetch_add(1, Ordering::Relaxed);
        Taking {
            depot: Arc::clone(self),
            good,
            at: 0,
            own: None,
        }
    }

    /// Somebody takes a path no more. One that nobody takes to its end keeps neither its files
    /// open nor its room.
    fn left(&self, good: &Arc<Good>) {
        let mut shelves = lock(&self.shelves);
        if good.takers.fetch_sub(1, Ordering::Relaxed) > 1 || lock(&good.state).end.is_some() {
            return;
        }
        let key = (good.info.path.clone(), good.form.clone());
        if shelves
            .get(&key)
            .is_some_and(|kept| Arc::ptr_eq(kept, good))
        {
            shelves.remove(&key);
        }
    }

    /// Whether a path can be taken from its beginning without reading it again.
    pub(super) fn has(&self, info: &PathInfo) -> bool {
        lock(&self.kept).firsts.contains_key(&info.path)
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
        for chunk in encoder.several() {
            self.read.fetch_add(chunk.read as u64, Ordering::Relaxed);
            self.keep(&good, chunk.bytes);
            end = chunk.end;
        }
        if end.is_none() {
            returned.encoder = Some(encoder);
        }
        lock(&good.state).end = end;
    }

    /// Puts a chunk on its shelf, and takes others down when there is no room.
    fn keep(&self, good: &Arc<Good>, bytes: Bytes) {
        let size = bytes.len();
        let mut kept = lock(&self.kept);
        let number = {
            let mut state = lock(&good.state);
            state.chunks.push((Some(bytes), 0));
            state.chunks.len() - 1
        };
        kept.put(Arc::downgrade(good), number, size, &good.info.path);
        while kept.bytes > self.room {
            let Some((good, number)) = kept.take_oldest() else {
                break;
            };
            if let Some(good) = good.upgrade() {
                lock(&good.state).chunks[number].0 = None;
            }
        }
    }
}

impl Kept {
    fn put(&mut self, good: Weak<Good>, number: usize, size: usize, path: &StorePath) {
        let first = (number == 0).then(|| path.clone());
        if let Some(path) = &first {
            *self.firsts.entry(path.clone()).or_default() += 1;
        }
        self.bytes += size;
        self.chunks.push_back((good, number, size, first));
    }

    fn take_oldest(&mut self) -> Option<(Weak<Good>, usize)> {
        let (good, number, size, first) = self.chunks.pop_front()?;
        self.bytes -= size;
        if let Some(path) = first
            && let Some(count) = self.firsts.get_mut(&path)
        {
            *count -= 1;
            if *count == 0 {
                self.firsts.remove(&path);
            }
        }
        Some((good, number))
    }
}

impl Default for Depot {
    fn default() -> Self {
        Self::in_folder(Path::new(STORE), ROOM)
    }
}

impl Good {
    fn new(source: &Source, info: &Arc<PathInfo>, form: Form, room: Option<Room>) -> Self {
        let encoder = Encoder::new(source, info, form.clone(), room);
        Self {
            info: Arc::clone(info),
            form,
            takers: AtomicUsize::new(0),
            state: Mutex::new(State {
                encoder: Some(Box::new(encoder)),
                ..State::default()
            }),
            news: Notify::new(),
        }
    }

    /// Whether somebody can begin to take it: its first chunk is there, or still to come, and
    /// nothing went wrong with it. `done` wants it to be made to its end.
    fn is_fresh(&self, done: bool) -> bool {
        let state = lock(&self.state);
        let is_there = !matches!(state.chunks.first(), Some((None, _)));
        match &state.end {
            Some(End::Whole) => is_there,
            Some(End::Damaged(_)) => false,
            None => is_there && !done,
        }
    }

    /// What there is for one of so many hosts. What all of them have taken is let go: its
    /// memory is used again at once, while the processor still has it at hand.
    fn look(&self, at: usize, hosts: usize) -> Look {
        let mut state = lock(&self.state);
        if let Some((chunk, taken)) = state.chunks.get_mut(at) {
            *taken += 1;
            let bytes = match *taken == hosts {
                true => chunk.take(),
                false => chunk.clone(),
            };
            return bytes.map_or(Look::Gone, Look::Chunk);
        }
        if let Some(end) = &state.end {
            return Look::End(end.clone());
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
        if state.encoder.is_none() && state.end.is_none() {
            // Nobody would make the rest, and all would wait for it.
            let how = "phoenix failed while it was read".to_owned();
            state.end = Some(End::Damaged(how));
        }
        drop(state);
        self.good.news.notify_waiters();
    }
}

/// A path being taken.
pub(super) struct Taking {
    depot: Arc<Depot>,
    good: Arc<Good>,
    at: usize,
    /// Set for one who came too late for what the depot kept.
    own: Option<Own>,
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
            if let Some(own) = &mut self.own {
                return own.next(&self.depot).await;
            }
            let good = &self.good;
            let news = good.news.notified();
            tokio::pin!(news);
            // Before the look, or what comes right after it would be missed.
            news.as_mut().enable();
            match good.look(self.at, self.depot.hosts.load(Ordering::Relaxed)) {
                Look::Chunk(bytes) => {
                    self.at += 1;
                    return Ok(bytes);
                }
                Look::End(end) => return Err(end),
                Look::Wait => news.await,
                Look::Make(encoder) => self.depot.make(good, encoder).await,
                Look::Gone => self.own = Some(Own::again(good, self.at, &self.depot)),
            }
        }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.depot.left(&self.good);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
