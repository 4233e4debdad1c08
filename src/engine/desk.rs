//! The engine's only contact with whoever watches: events out, interrupts and answers in.

use std::future::Future;

use futures::future::{Either, select};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::event::{Event, ProgressEvent, StepEvent};
use crate::model::{Copied, HostName, Stage};

/// How far the operator wants the run to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// All the way.
    No,
    /// Start nothing new; finish hosts that are past arming.
    Drain,
    /// Leave at once; hosts past arming decide by themselves.
    Leave,
}

/// What a stage came to, for its event.
#[derive(Default)]
pub(super) struct Note {
    pub(super) note: Option<String>,
    pub(super) copied: Option<Copied>,
}

/// Where the engine sends events, and where it looks for interrupts and for the answer to a plan.
#[derive(Debug)]
pub struct Desk {
    /// Events, in order. Steps wait for room; progress is dropped when there is none.
    pub events: mpsc::Sender<Event>,
    /// Interrupts; only ever rises.
    pub stop: watch::Receiver<Stop>,
    /// The operator's answer to the plan, once given.
    pub answer: watch::Receiver<Option<bool>>,
}

impl Desk {
    /// Emits a step, waiting for room. A closed channel is no reason to stop half-way.
    pub(super) async fn step(&self, event: StepEvent) {
        let _closed = self.events.send(Event::Step(event)).await;
    }

    /// Tells that a host enters a stage.
    pub(super) async fn started(&self, host: &HostName, stage: Stage) {
        self.step(StepEvent::StageStarted {
            host: host.clone(),
            stage,
        })
        .await;
    }

    /// Tells that a host leaves a stage it was in since `began`.
    pub(super) async fn finished(&self, host: &HostName, stage: Stage, began: Instant, note: Note) {
        let Note { note, copied } = note;
        let millis = millis(began);
        self.step(StepEvent::StageFinished {
            host: host.clone(),
            stage,
            millis,
            note,
            bytes: copied.map(|copied| copied.bytes),
            nar_bytes: copied.and_then(|copied| copied.nar_bytes),
            paths: copied.map(|copied| copied.paths),
        })
        .await;
    }

    /// Tells something of a host that is neither a stage nor its end.
    pub(super) async fn notice(&self, host: &HostName, message: String) {
        self.step(StepEvent::Notice {
            host: Some(host.clone()),
            message,
        })
        .await;
    }

    /// Emits progress, or drops it when readers lag.
    pub(super) fn progress(&self, event: ProgressEvent) {
        let _full = self.events.try_send(Event::Progress(event));
    }

    /// Returns once the operator asked for `stop` or more; for ever pending otherwise.
    pub(super) async fn stopped(&self, stop: Stop) {
        let mut watched = self.stop.clone();
        if watched.wait_for(|now| *now >= stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the operator asked for `stop` or more.
    pub(super) fn is_stopped(&self, stop: Stop) -> bool {
        *self.stop.borrow() >= stop
    }

    /// Runs `work` unless, or until, the operator asks for `stop` or more.
    pub(super) async fn unless_stopped<T>(
        &self,
        stop: Stop,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        match select(Box::pin(self.stopped(stop)), Box::pin(work)).await {
            Either::Left(((), _dropped)) => None,
            Either::Right((done, _)) => Some(done),
        }
    }

    /// The answer to the plan; no one left to answer means no.
    pub(super) async fn answered(&self) -> bool {
        let mut answer = self.answer.clone();
        let given = answer
            .wait_for(Option::is_some)
            .await
            .map(|found| *found == Some(true));
        given.unwrap_or(false)
    }
}

/// Milliseconds since `began`.
pub(super) fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
