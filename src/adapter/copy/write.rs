//! The writing side of a lane: paths, as they may go.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::stream::{FuturesOrdered, StreamExt};
use tokio::time::Instant;

use super::depot::Taking;
use super::encode::{End, Form};
use super::lane::{Lane, record};
use super::work::{Asked, Work};
use crate::model::{PathInfo, Problem};
use crate::wire::daemon::Question;

/// Paths whose reading begins before it is their turn, and bytes that they may have.
const AHEAD: usize = 16;
const AHEAD_BYTES: u64 = 4 << 20;

/// Bytes of small paths that are sent together.
const BATCH: usize = 64 * 1024;

/// A path whose first bytes are there.
struct Begun {
    number: usize,
    info: Arc<PathInfo>,
    taking: Taking,
    first: Result<Bytes, End>,
}

/// Sends paths until all are through, or the lane takes no more.
pub(super) async fn write(
    work: &Work<'_>,
    number: usize,
    lane: &Lane,
    asked: &RefCell<VecDeque<Asked>>,
) -> Result<(), Problem> {
    let mut out = Out {
        work,
        lane,
        asked,
        is_measured: number > 0,
        batch: BytesMut::new(),
        idle_since: Instant::now(),
        is_telling: true,
    };
    let mut begun = FuturesOrdered::new();
    let mut ahead = 0;
    loop {
        let changed = work.changed.notified();
        while begun.len() < AHEAD && ahead < AHEAD_BYTES {
            let Some((number, info)) = work.next(number) else {
                break;
            };
            ahead += info.nar_size;
            begun.push_back(begin(work, number, info));
        }
        let next = match begun.next().now_or_never() {
            Some(next) => next,
            None => {
                out.flush().await?;
                lane.wait(begun.next()).await?
            }
        };
        let Some(next) = next else {
            out.flush().await?;
            if work.schedule.borrow().is_over() {
                return Ok(());
            }
            lane.wait(changed).await?;
            continue;
        };
        ahead -= next.info.nar_size;
        out.announce(&next).await?;
        out.path(next).await?;
    }
}

async fn begin(work: &Work<'_>, number: usize, info: Arc<PathInfo>) -> Begun {
    let form = work.form(number, &info);
    let mut taking = work.depot.take(&info, form);
    let first = taking.next().await;
    Begun {
        number,
        info,
        taking,
        first,
    }
}

/// Bytes on their way out.
struct Out<'a> {
    work: &'a Work<'a>,
    lane: &'a Lane,
    asked: &'a RefCell<VecDeque<Asked>>,
    /// Whether it is known, or asked already, how far away the host is.
    is_measured: bool,
    batch: BytesMut,
    /// When the link had taken everything.
    idle_since: Instant,
    /// Whether what is sent next says something about the link: differences are small, and
    /// take long to find.
    is_telling: bool,
}

impl Out<'_> {
    /// Asks the host to take a path, whose bytes come next.
    async fn announce(&mut self, begun: &Begun) -> Result<(), Problem> {
        if !std::mem::replace(&mut self.is_measured, true) {
            // On its way before anything that could hold up its answer.
            let distance = Asked::Distance(Instant::now());
            self.asked.borrow_mut().push_back(distance);
            let question = Question::IsValid(&begun.info.path);
            self.lane.put(&[question]).await?;
        }
        let path = Asked::Path(begun.number, begun.taking.form().clone());
        self.asked.borrow_mut().push_back(path);
        let signed = self.work.key.map(|key| key.sign(&begun.info));
        let question = Question::Add {
            info: signed.as_ref().unwrap_or(&begun.info),
            check_signatures: signed.is_some(),
        };
        let mut asked = Vec::new();
        self.lane
            .conversation
            .borrow_mut()
            .ask(question, &mut asked);
        self.put(record(&asked)).await
    }

    async fn path(&mut self, begun: Begun) -> Result<(), Problem> {
        let mut taking = begun.taking;
        self.is_telling = !matches!(taking.form(), Form::After(_));
        let mut next = begun.first;
        loop {
            match next {
                Ok(bytes) => self.put(bytes).await?,
                Err(end) => {
                    self.work.read(begun.number, end);
                    return Ok(());
                }
            }
            next = self.lane.wait(taking.next()).await?;
        }
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), Problem> {
        if self.batch.len() + bytes.len() <= BATCH {
            self.batch.extend_from_slice(&bytes);
            return Ok(());
        }
        self.flush().await?;
        self.send(bytes).await
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        match self.batch.is_empty() {
            true => Ok(()),
            false => {
                let batch = self.batch.split().freeze();
                self.send(batch).await
            }
        }
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Problem> {
        let (length, began) = (bytes.len(), Instant::now());
        let reading = began - self.idle_since;
        // What the bandwidth of fleet.toml holds up counts as held up by the link: packing pays then.
        let count = |length| self.work.count(length);
        self.lane.send(bytes, count).await?;
        self.idle_since = Instant::now();
        let sending = self.idle_since - began;
        if self.is_telling {
            let all = &self.work.depot.meter;
            let mut pace = self.work.pace.borrow_mut();
            pace.sent(length, sending, reading, all);
        }
        Ok(())
    }
}
