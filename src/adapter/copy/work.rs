//! What the lanes of one host do together until it has all that it lacked.

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
use super::lane::Lane;
use super::limit::Share;
use super::pace::Pace;
use super::schedule::{Refusal, Schedule};
use super::sign::SigningKey;
use super::write::write;
use super::{Depot, SendJob};
use crate::adapter::ssh::Program;
use crate::model::{Copied, PathInfo, Problem};
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
    /// Bytes of NARs that were sent and taken, and how long after the beginning the last were:
    /// while nothing is sent the link does not become slower.
    taken: Cell<(u64, Duration)>,
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

impl<'a> Work<'a> {
    pub(super) fn new(
        job: &SendJob<'a>,
        share: &'a Arc<Share>,
        missing: Vec<Arc<PathInfo>>,
        expected: Copied,
        progress: &'a dyn Fn(Copied),
    ) -> Self {
        let may_fetch = |info: &PathInfo| job.substitute && may_have(info);
        Self {
            depot: job.depot,
            share,
            key: job.key,
            schedule: RefCell::new(Schedule::new(missing, may_fetch)),
            fetching: RefCell::default(),
            changed: Notify::new(),
            sent: Cell::new(expected),
            taken: Cell::default(),
            progress,
            distance: Cell::new(None),
            began: Instant::now(),
            failures: RefCell::default(),
            pace: RefCell::new(Pace::new(share.bandwidth())),
            bases: job.runs.map(|runs| Bases::of(runs.paths())),
            whole: RefCell::default(),
        }
    }
}

impl Work<'_> {
    /// What was sent, or what is to be told of paths that the host did not take.
    pub(super) async fn end(self, job: &SendJob<'_>) -> Result<Copied, Problem> {
        let failures = self.failures.into_inner();
        failures.verdict(job.toplevel, job.key).await?;
        Ok(self.sent.get())
    }

    /// Works on all lanes until all paths are through; the first one tells how it went.
    pub(super) async fn all(
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
        let (taken, time) = self.taken.get();
        (taken > 0).then(|| bytes as f64 * time.as_secs_f64() / taken as f64)
    }

    /// The host took a path.
    fn taken(&self, number: usize) {
        let size = self.there(number);
        let (taken, _) = self.taken.get();
        self.taken.set((taken + size, self.began.elapsed()));
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

    /// The host has a path; says how large it is.
    fn there(&self, number: usize) -> u64 {
        let size = self.schedule.borrow_mut().there(number).nar_size;
        let sent = self.sent.get();
        self.tell(Copied {
            paths: sent.paths + 1,
            nar_bytes: sent.nar_bytes.map(|bytes| bytes + size),
            ..sent
        });
        size
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
