//! Reads the events of a run: journal first, then the display, then the operator's answer.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::edge;
use crate::engine::Stop;
use crate::event::{Event, StepEvent};
use crate::journal::Journal;
use crate::model::{Problem, ProblemKind};
use crate::ui::Reporter;

/// Whoever watches a run.
pub(super) struct Watcher<'a> {
    /// Gone once it could not be written.
    pub(super) journal: Option<Journal>,
    pub(super) reporter: Reporter,
    pub(super) to_stop: &'a watch::Sender<Stop>,
    pub(super) to_answer: watch::Sender<Option<bool>>,
    pub(super) began: Instant,
}

impl Watcher<'_> {
    /// Reads until the engine is done.
    pub(super) async fn watch(&mut self, mut received: mpsc::Receiver<Event>) {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                event = received.recv() => match event {
                    Some(event) => self.take(&event).await,
                    None => break,
                },
                _ = tick.tick() => self.reporter.tick(self.began.elapsed()),
            }
        }
        self.reporter.finish();
    }

    /// The record first: a deployment that nobody can audit is worse than none.
    async fn take(&mut self, event: &Event) {
        if let Event::Step(step) = event {
            self.record(step);
        }
        self.reporter.event(self.began.elapsed(), event);
        if matches!(event, Event::Step(StepEvent::Planned { confirm: true, .. })) {
            let yes = self.question().await;
            self.to_answer.send_replace(Some(yes));
        }
    }

    fn record(&mut self, step: &StepEvent) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let at = u64::try_from(edge::now().as_millis()).unwrap_or(u64::MAX);
        if let Err(error) = journal.append(at, step) {
            self.journal = None;
            let message = format!(
                "the record of this run could not be written ({}); nothing new is started, hosts past arming are finished",
                Problem::from_error(ProblemKind::Failed, &error).in_one_line()
            );
            self.reporter.event(
                self.began.elapsed(),
                &Event::Step(StepEvent::Notice {
                    host: None,
                    message,
                }),
            );
            self.to_stop.send_if_modified(|stop| {
                std::mem::replace(stop, Stop::Drain.max(*stop)) < Stop::Drain
            });
            self.reporter.prompt().withdraw();
        }
    }

    /// Asks on a thread of its own, so that an interrupt is heard meanwhile.
    async fn question(&mut self) -> bool {
        let mut stop = self.to_stop.subscribe();
        if *stop.borrow() > Stop::No {
            return false;
        }
        let prompt = self.reporter.prompt();
        let ask = tokio::task::spawn_blocking(move || prompt.ask("Carry this plan out?"));
        tokio::select! {
            answer = ask => matches!(answer, Ok(Some(true))),
            _ = stop.wait_for(|stop| *stop > Stop::No) => false,
        }
    }
}
