//! Brings what a host lacks of a closure to it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, join, join_all, select};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::base::Bases;
use super::encode::{End, Form};
use super::failure::Failures;
use super::fetch::{Fetching, may_have};
use super::lane::{Held, Lane};
use super::limit::Share;
use super::missing::missing;
use super::pace::Pace;
use super::schedule::{Refusal, Schedule};
use super::sign::SigningKey;
use super::write::write;
use super::{Closure, Depot};
use crate::adapter::ssh::Program;
use crate::model::{Copied, PathInfo, Problem, Toplevel};
use crate::wire::daemon::{Answer, DaemonError};

/// Bytes a second that lanes together shall be able to carry: 1 Gbit/s.
const PACE: f64 = 125e6;

/// What OpenSSH's server lets be under way on one channel; nobody but the server can change it.
const WINDOW: f64 = 2_097_152.0;

/// Most lanes. sshd allows ten sessions on a connection (`MaxSessions`), and the run has some.
const LANES: usize = 4;

/// Bytes that may be on their way and not on the link: they say nothing of what it carries.
const QUEUED: u64 = 10 << 20;

/// How often it is looked at whether further lanes are of use.
const LOOK: Duration = Duration::from_millis(100);

/// Missing bytes that a further lane is worth.
const WORTH: u64 = 4 << 20;

/// What to send, and from where.
pub struct SendJob<'a> {
    /// The system whose closure it is.
    pub toplevel: &'a Toplevel,
    /// What the host shall have.
    pub closure: &'a Closure,
    /// What the host runs, where this workstation's store knows it.
    pub runs: Option<&'a Closure>,
    /// Whether the host may fetch from its own binary caches what they have.
    pub substitute: bool,
    /// The encoded paths.
    pub depot: &'a Arc<Depot>,
    /// Signs the paths, for a host that shall look at signatures.
    pub key: Option<&'a SigningKey>,
}

/// A daemon on a host, to which closures are brought. It was asked to protect all of them from the
/// host's garbage collector, and does while it lives.
pub struct Sender {
    first: Lane,
    /// What the host has of the bandwidth.
    share: Arc<Share>,
}

impl Sender {
    /// Begins with a daemon that was started.
    ///
    /// # Errors
    /// A [`Problem`] when contact is lost.
    pub async fn new(daemon: Program, share: &Arc<Share>) -> Result<Self, Problem> {
        let first = Lane::open(daemon, share).await?;
        let share = Arc::clone(share);
        Ok(Self { first, share })
    }

    /// Brings what is missing of a closure, and says what was sent. `open` starts further
    /// daemons beside the first one; they are gone by the end.
    ///
    /// # Errors
    /// A [`Problem`] with the paths that the host did not take, or why contact was lost. What
    /// arrived whole stays on the host; nothing more can be brought by this.
    // Dropped here, the channels close; the host keeps the paths that arrived whole.
    pub async fn bring(
        &self,
        job: &SendJob<'_>,
        open: impl AsyncFn() -> Result<Program, Problem>,
        progress: &dyn Fn(Copied),
    ) -> Result<Copied, Problem> {
        let missing = missing(&self.first, job).await?;
        let bytes: u64 = missing.iter().map(|info| info.nar_size).sum();
        let expected = Copied {
            expected_paths: Some(missing.len() as u64),
            nar_bytes: Some(0),
            expected_nar_bytes: Some(bytes),
            ..Copied::default()
        };
        progress(expected);
        if missing.is_empty() {
            return Ok(expected);
        }
        let may_fetch = |info: &PathInfo| job.substitute && may_have(info);
        let work = Work {
            depot: job.depot,
            share: &self.share,
            key: job.key,
            schedule: RefCell::new(Schedule::new(missing, may_fetch)),
            fetching: RefCell::default(),
            changed: Notify::new(),
            sent: Cell::new(expected),
            taken: Cell::new(0),
            progress,
            distance: Cell::new(None),
            began: Instant::now(),
            failures: RefCell::default(),
            pace: RefCell::new(Pace::new(self.share.bandwidth())),
            bases: job.runs.map(|runs| Bases::of(runs.paths())),
            whole: RefCell::default(),
        };
        let done = work.all(&self.first, bytes, &open).await;
        let read = job.depot.read();
        tracing::debug!(read, "bytes read of the store so far, for all hosts");
        done?;
        let failures = work.failures.into_inner();
        failures.verdict(job.toplevel, job.key).await?;
        Ok(work.sent.get())
    }

    /// Says nothing for a while: the agent does not take the silence for a dead connection.
    ///
    /// # Errors
    /// A [`Problem`] when contact is lost.
    pub async fn rest(&self) -> Result<(), Problem> {
        self.first.rest().await
    }

    /// Keeps the daemon for what it protects.
    pub async fn hold(self) -> Held {
        // If the connection is lost, whoever uses it next is told.
        let _ = self.first.rest().await;
        self.first.hold()
    }
}

/// What the lanes of one host share.
pub(super) struct Work<'a> {
    pub(super) depot: &'a Arc<Depot>,
    pub(super) share: &'a Arc<Share>,
    pub(super) key: Option<&'a SigningKey>,
    pub(super) schedule: RefCell<Schedule>,
    pub(super) fetching: RefCell<Fetching>,
    /// Something may go that could not before, or all is over.
    pub(super) changed: Notify,
    sent: Cell<Copied>,
    /// Bytes of NARs that were sent and taken.
    taken: Cell<u64>,
    progress: &'a dyn Fn(Copied),
    /// How long an answer takes, once that is known.
    distance: Cell<Option<Duration>>,
    began: Instant,
    pub(super) failures: RefCell<Failures>,
    pub(super) pace: RefCell<Pace>,
    /// What new paths may be like, where that is known.
    bases: Option<Bases>,
    /// Paths that were refused as what differs from another.
    whole: RefCell<BTreeSet<usize>>,
}

/// A question that has no answer yet.
pub(super) enum Asked {
    /// How far away the host is; asked at this time.
    Distance(Instant),
    /// Whether it took a path that was sent in this form.
    Path(usize, Form),
}

impl Work<'_> {
    /// Works on all lanes until all paths are through; the first one tells how it went.
    async fn all(
        &self,
        first: &Lane,
        bytes: u64,
        open: &impl AsyncFn() -> Result<Program, Problem>,
    ) -> Result<(), Problem> {
        let further = (1..LANES).filter(|number| bytes / WORTH >= *number as u64);
        let further = join_all(further.map(|number| self.further(number, open)));
        let further = join(further, self.fetch(open));
        let (first, further) = (pin!(self.lane(0, first)), pin!(further));
        match select(first, further).await {
            Either::Left((done, _)) => done,
            Either::Right((_, first)) => first.await,
        }
    }

    /// Works on a lane until all paths are through.
    async fn lane(&self, number: usize, lane: &Lane) -> Result<(), Problem> {
        let asked = RefCell::new(VecDeque::new());
        let speak = pin!(write(self, number, lane, &asked));
        let listen = pin!(self.listen(lane, &asked));
        match select(speak, listen).await {
            // Why nothing can be written any more is said to whoever reads.
            Either::Left((Err(_), listen)) => listen.await,
            Either::Left((Ok(()), _)) => Ok(()),
            Either::Right((done, _)) => done,
        }
    }

    /// Opens a further lane once those before it carry as much as the distance lets them.
    async fn further(&self, number: usize, open: &impl AsyncFn() -> Result<Program, Problem>) {
        while !self.is_short_of_lanes(number) {
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.over() => return,
            }
        }
        let opened = tokio::select! {
            opened = async { Lane::open(open().await?, self.share).await } => opened,
            () = self.over() => return,
        };
        let done = match &opened {
            Ok(lane) => self.lane(number, lane).await,
            Err(problem) => Err(problem.clone()),
        };
        // The host may allow fewer sessions than it usually does, or end one: the first lane
        // goes on with what was under way. Of a connection that is lost that one tells.
        if let Err(problem) = done {
            tracing::debug!(?problem, number, "a further lane is lost");
            self.schedule.borrow_mut().lane_lost(number);
            self.changed.notify_waiters();
        }
    }

    /// Whether so many lanes carry about what their windows let them, and could carry more.
    fn is_short_of_lanes(&self, lanes: usize) -> bool {
        let Some(distance) = self.distance.get() else {
            return false;
        };
        let bytes = self.sent.get().bytes.saturating_sub(QUEUED);
        let rate = bytes as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let under_way = rate * distance.as_secs_f64();
        lanes_for(distance) > lanes && under_way > WINDOW / 2.0 * lanes as f64
    }

    /// Waits until all paths are through.
    pub(super) async fn over(&self) {
        loop {
            let changed = self.changed.notified();
            if self.schedule.borrow().is_over() {
                return;
            }
            changed.await;
        }
    }

    /// Takes the answers of a lane until all paths are through.
    async fn listen(&self, lane: &Lane, asked: &RefCell<VecDeque<Asked>>) -> Result<(), Problem> {
        while !self.schedule.borrow().is_over() {
            let answer = tokio::select! {
                answer = lane.answer() => answer?,
                () = self.over() => break,
            };
            let question = asked.borrow_mut().pop_front();
            match (question, answer) {
                (Some(Asked::Distance(since)), _) => {
                    self.distance.set(Some(since.elapsed()));
                }
                (Some(Asked::Path(number, form)), Answer::Failed(error)) => {
                    self.refused(number, &form, &error);
                }
                (Some(Asked::Path(number, _)), _) => self.taken(number),
                (None, _) => {}
            }
            self.changed.notify_waiters();
        }
        Ok(())
    }

    /// A path that may go on a lane now, best one that is read already for another host.
    pub(super) fn next(&self, lane: usize) -> Option<(usize, Arc<PathInfo>)> {
        let mut schedule = self.schedule.borrow_mut();
        let is_sooner = |info: &PathInfo, waiting| self.is_sooner(info, waiting);
        schedule.next(lane, |info| self.depot.has(info), is_sooner)
    }

    /// How a path is sent now.
    pub(super) fn form(&self, number: usize, info: &PathInfo) -> Form {
        let form = self.pace.borrow().form();
        // Where the link is faster than packing, so is sending the whole.
        if form == Form::Plain || self.whole.borrow().contains(&number) {
            return form;
        }
        let bases = self.bases.as_ref();
        let base = bases.and_then(|bases| bases.like(info));
        base.map_or(form, Form::After)
    }

    /// The host did not take a path. If it was sent as what differs from another, it goes
    /// again as a whole: the other may not be the same on the host.
    fn refused(&self, number: usize, form: &Form, error: &DaemonError) {
        let is_worth = matches!(form, Form::After(_));
        let refusal = self.schedule.borrow_mut().refused(number, is_worth);
        match refusal {
            Refusal::Again | Refusal::Follows => {}
            Refusal::Otherwise => {
                tracing::debug!(%error, "a difference was refused");
                self.whole.borrow_mut().insert(number);
            }
            Refusal::Final => {
                let info = self.schedule.borrow().info(number);
                self.failures.borrow_mut().refused(number, info, error);
            }
        }
    }

    /// Seconds that it takes to send paths of so many bytes; `None` before one was taken.
    pub(super) fn seconds_to_send(&self, bytes: u64) -> Option<f64> {
        let taken = self.taken.get();
        let seconds = self.began.elapsed().as_secs_f64();
        (taken > 0).then(|| bytes as f64 * seconds / taken as f64)
    }

    /// The host took a path.
    fn taken(&self, number: usize) {
        let size = self.schedule.borrow().info(number).nar_size;
        self.taken.set(self.taken.get() + size);
        self.there(number);
    }

    /// The host fetched a path by itself.
    pub(super) fn fetched(&self, number: usize) {
        let sent = self.sent.get();
        self.sent.set(Copied {
            fetched: sent.fetched + 1,
            ..sent
        });
        self.there(number);
    }

    fn there(&self, number: usize) {
        let size = self.schedule.borrow_mut().there(number).nar_size;
        let sent = self.sent.get();
        self.tell(Copied {
            paths: sent.paths + 1,
            nar_bytes: sent.nar_bytes.map(|bytes| bytes + size),
            ..sent
        });
    }

    /// Counts bytes that went over the connection.
    pub(super) fn count(&self, bytes: usize) {
        let sent = self.sent.get();
        self.tell(Copied {
            bytes: sent.bytes + bytes as u64,
            ..sent
        });
    }

    fn tell(&self, sent: Copied) {
        self.sent.set(sent);
        (self.progress)(sent);
    }

    /// Notes how reading a path ended.
    pub(super) fn read(&self, number: usize, end: End) {
        if let End::Damaged(how) = end {
            self.failures.borrow_mut().unread(number, how);
        }
    }
}

/// How many lanes carry [`PACE`] when an answer takes this long.
fn lanes_for(distance: Duration) -> usize {
    let under_way = distance.as_secs_f64() * PACE;
    ((under_way / WINDOW).ceil() as usize).clamp(1, LANES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_hosts_get_more_lanes() {
        let lanes = |millis| lanes_for(Duration::from_millis(millis));
        assert_eq!([lanes(0), lanes(10), lanes(20), lanes(100)], [1, 1, 2, 4]);
    }
}
