//! Events folded into what a display needs to know. Pure: the time is passed in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::event::{Event, HostResult, ProgressEvent, StepEvent};
use crate::model::{Copied, HostName, Outcome, RunId, SYSTEMD, Stage};

/// Lines of a host's log kept for the case that it fails.
const LOG_LINES: usize = 20;

/// A run as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The run, once it has begun.
    pub run: Option<RunId>,
    /// The hosts in the order of their selection.
    pub rows: Vec<Row>,
    /// Derivations built, known so far, and the name of one being built.
    pub build: Option<(u64, u64, Option<String>)>,
    /// Whether the operator interrupted the run.
    pub interrupted: bool,
    /// How long the run took, once it is over.
    pub took: Option<Duration>,
    index: BTreeMap<HostName, usize>,
}

/// A copy to a host.
#[derive(Clone, Copy, Debug)]
pub struct Copying {
    /// When it was first heard of in this stage: it may have waited for its turn.
    pub since: Duration,
    /// How far it was then: some may have gone ahead.
    pub before: Copied,
    /// How far it is.
    pub copied: Copied,
}

/// A host as far as it has come.
#[derive(Clone, Debug)]
pub struct Row {
    /// The host.
    pub host: HostName,
    /// Stages it is in, with the time it entered each. Connecting runs beside others.
    pub running: BTreeMap<Stage, Duration>,
    /// Bytes that went to the host in stages that are over.
    pub bytes: u64,
    /// A copy that runs.
    pub copy: Option<Copying>,
    /// The last thing heard of its stage: a line of the log, or what it waits for.
    pub detail: Option<String>,
    /// The last lines of its log.
    pub log: VecDeque<String>,
    /// Whether it entered any stage.
    pub begun: bool,
    /// How it ended.
    pub result: Option<HostResult>,
}

/// How many hosts stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Hosts of the run.
    pub all: usize,
    /// Hosts that ended.
    pub done: usize,
    /// Hosts that failed, were rolled back or are unknown; not those left alone.
    pub failed: usize,
    /// Hosts that have not begun, or wait between two stages.
    pub waiting: usize,
    /// Hosts in each stage; a host in two counts for the later one.
    pub running: BTreeMap<Stage, usize>,
    /// Bytes that went over connections.
    pub bytes: u64,
}

impl State {
    /// Takes in an event; `now` is the time since the start of the run.
    pub fn apply(&mut self, now: Duration, event: &Event) {
        match event {
            Event::Step(step) => self.step(now, step),
            Event::Progress(progress) => self.progress(now, progress),
        }
    }

    fn step(&mut self, now: Duration, step: &StepEvent) {
        match step {
            StepEvent::RunStarted { run, hosts, .. } => {
                self.run = Some(run.clone());
                for host in hosts {
                    self.row(host);
                }
            }
            StepEvent::StageStarted { host, stage } => {
                let row = self.row(host);
                row.begun = true;
                row.running.insert(*stage, now);
                row.detail = None;
                if let (Stage::Copy, Some(copy)) = (stage, &mut row.copy) {
                    *copy = Copying::from(now, copy.copied);
                }
            }
            StepEvent::StageFinished {
                host, stage, bytes, ..
            } => self.row(host).leave(*stage, *bytes),
            StepEvent::HostFinished { host, result } => self.row(host).end(result),
            StepEvent::Interrupted { .. } => self.interrupted = true,
            StepEvent::RunFinished { millis, hosts, .. } => {
                self.took = Some(Duration::from_millis(*millis));
                for (host, result) in hosts {
                    self.row(host).end(result);
                }
            }
            // Every host has that one, and it is through at once.
            StepEvent::GateFinished { host, result }
                if result.passed && result.name.as_str() != SYSTEMD =>
            {
                self.row(host).detail = Some(format!("gate {} passed", result.name));
            }
            StepEvent::GateFinished { .. }
            | StepEvent::Planned { .. }
            | StepEvent::Notice { .. }
            | StepEvent::Verdict { .. } => {}
        }
    }

    fn progress(&mut self, now: Duration, progress: &ProgressEvent) {
        match progress {
            ProgressEvent::Build {
                done,
                expected,
                current,
            } => self.build = Some((*done, *expected, current.clone())),
            ProgressEvent::Copy { host, copied } => self.row(host).copies(now, *copied),
            ProgressEvent::Log {
                host: Some(host),
                line,
                ..
            } => self.row(host).hear(line),
            ProgressEvent::Log { host: None, .. } => {}
            ProgressEvent::Waiting { host, what } => self.row(host).detail = Some(what.clone()),
        }
    }

    /// The row of a host. A host nobody announced gets one: readers take what comes.
    fn row(&mut self, host: &HostName) -> &mut Row {
        let next = self.rows.len();
        let at = *self.index.entry(host.clone()).or_insert(next);
        if at == next {
            self.rows.push(Row::new(host.clone()));
        }
        &mut self.rows[at]
    }

    /// The row of a host, if it takes part.
    #[must_use]
    pub fn host(&self, host: &HostName) -> Option<&Row> {
        self.index.get(host).map(|at| &self.rows[*at])
    }

    /// How many hosts stand where.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            all: self.rows.len(),
            ..Counts::default()
        };
        for row in &self.rows {
            counts.bytes += row.sent();
            match (&row.result, row.stage()) {
                (Some(result), _) => {
                    counts.done += 1;
                    counts.failed += usize::from(has_failed(&result.outcome));
                }
                (None, Some((stage, _))) => *counts.running.entry(stage).or_default() += 1,
                (None, None) => counts.waiting += 1,
            }
        }
        counts
    }

    /// How each host ended, as far as they have.
    #[must_use]
    pub fn results(&self) -> BTreeMap<HostName, HostResult> {
        let ended = |row: &Row| Some((row.host.clone(), row.result.clone()?));
        self.rows.iter().filter_map(ended).collect()
    }
}

impl Copying {
    fn from(since: Duration, copied: Copied) -> Self {
        Self {
            since,
            before: copied,
            copied,
        }
    }
}

fn has_failed(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Failed { .. } | Outcome::RolledBack { .. } | Outcome::Unknown { .. }
    )
}

impl Row {
    fn new(host: HostName) -> Self {
        Self {
            host,
            running: BTreeMap::new(),
            bytes: 0,
            copy: None,
            detail: None,
            log: VecDeque::new(),
            begun: false,
            result: None,
        }
    }

    /// The latest stage it is in, and when it entered it.
    #[must_use]
    pub fn stage(&self) -> Option<(Stage, Duration)> {
        self.running
            .last_key_value()
            .map(|(stage, at)| (*stage, *at))
    }

    /// Bytes that went to the host so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.bytes + self.copy.map_or(0, |copy| copy.copied.bytes)
    }

    fn leave(&mut self, stage: Stage, bytes: Option<u64>) {
        self.running.remove(&stage);
        self.detail = None;
        let counted = if stage == Stage::Copy {
            self.copy.take().map_or(0, |copy| copy.copied.bytes)
        } else {
            0
        };
        self.bytes += bytes.unwrap_or(counted);
    }

    fn copies(&mut self, now: Duration, copied: Copied) {
        let begins = Copying::from(now, copied);
        self.copy.get_or_insert(begins).copied = copied;
    }

    fn hear(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(line.to_owned());
        self.detail = Some(line.to_owned());
    }

    fn end(&mut self, result: &HostResult) {
        self.bytes = self.sent();
        self.copy = None;
        self.running.clear();
        self.detail = None;
        self.result = Some(result.clone());
    }
}
