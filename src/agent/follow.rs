//! Follows a run from outside: reads its record and log, and sees to it that somebody
//! finishes it. Whoever follows may be killed; the run does not notice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use super::files::FileError;
use super::host::{Cx, chain, seconds};
use super::lock;
use super::paths::Side;
use super::record::Record;
use super::recover::finish_limit;
use super::tidy;
use super::units;
use crate::model::{Problem, ProblemKind, RunId, RunState, RunSummary};
use crate::wire::agent::Reply;

const POLL: Duration = Duration::from_millis(50);
/// How often the guard is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// Rescues started for one question; each runs a whole `switch-to-configuration`.
const RESCUES: u32 = 2;

/// Passes on states and log lines until the run waits for the proof or is over.
///
/// # Errors
/// When the controller's session is gone.
pub(super) fn follow(
    cx: Cx<'_>,
    run: &RunId,
    tell: &mut dyn FnMut(Reply) -> io::Result<()>,
) -> io::Result<Reply> {
    let mut logs = [Side::New, Side::Old].map(|side| Log::new(cx, run, side));
    let mut told = 0;
    let mut watch = Watch::new(cx);
    loop {
        let record = match load(cx, run) {
            Ok(record) => record,
            Err(problem) => return Ok(Reply::Error { problem }),
        };
        for line in logs.iter_mut().flat_map(|log| log.lines(record.is_over())) {
            tell(Reply::Log { line })?;
        }
        for step in record.trail.iter().skip(told) {
            tell(Reply::State { state: step.state })?;
        }
        told = record.trail.len();
        if let Some(reply) = closing(cx, &record) {
            return Ok(reply);
        }
        let limit = record.activate_limit + finish_limit(&record);
        if let Some(problem) = watch.look(cx, &record, limit) {
            // A run that never began is refused, everything else is not known.
            return Ok(match problem.kind {
                ProblemKind::Refused => Reply::Refused { problem },
                _ => Reply::Error { problem },
            });
        }
    }
}

fn closing(cx: Cx<'_>, record: &Record) -> Option<Reply> {
    if let Some(problem) = record.refusal.clone() {
        tidy::forget(cx, &record.run);
        let problem = match problem.hint {
            Some(_) => problem,
            None => problem.with_hint("wait until the host is free, plan again and try again"),
        };
        return Some(Reply::Refused { problem });
    }
    match record.state {
        RunState::Probing => Some(Reply::Activated {
            exit: record.exit.unwrap_or_default(),
        }),
        state if state.is_final() => Some(Reply::Ended {
            summary: record.summary(),
        }),
        _ => None,
    }
}

/// Waits until a run is over and returns the host's record of it.
pub(super) fn await_end(cx: Cx<'_>, run: &RunId) -> Result<RunSummary, Problem> {
    let mut watch = Watch::new(cx);
    loop {
        let record = load(cx, run)?;
        if record.is_over() {
            return Ok(record.summary());
        }
        if let Some(problem) = watch.look(cx, &record, finish_limit(&record)) {
            return Err(problem);
        }
    }
}

/// Reads the record of a run the controller speaks of.
pub(super) fn load(cx: Cx<'_>, run: &RunId) -> Result<Record, Problem> {
    let failed = |error: &FileError| Problem::from_error(ProblemKind::Failed, error);
    Record::load(cx.paths, run)
        .map_err(|error| failed(&error))?
        .ok_or_else(|| Problem::new(ProblemKind::Failed, format!("this host knows no run {run}")))
}

/// Waits, keeps the time, and looks after the guard.
struct Watch {
    start: Duration,
    looked: Duration,
    /// How often a rescue had to be started.
    rescues: u32,
}

impl Watch {
    fn new(cx: Cx<'_>) -> Self {
        let start = cx.host.uptime();
        Self {
            start,
            looked: start,
            rescues: 0,
        }
    }

    /// Waits one poll. Returns why when waiting longer makes no sense.
    fn look(&mut self, cx: Cx<'_>, record: &Record, limit: Duration) -> Option<Problem> {
        let now = cx.host.uptime();
        if now.saturating_sub(self.start) >= limit {
            let message = format!(
                "run {} did not come to its next rest within {}",
                record.run,
                seconds(limit)
            );
            let state = serde_json::to_string(&record.state).unwrap_or_default();
            let problem = Problem::new(ProblemKind::Failed, message);
            return Some(problem.because(format!("its state is still {state}")));
        }
        if now.saturating_sub(self.looked) >= LOOK_AFTER {
            self.looked = now;
            let is_orphan = rescue_if_orphaned(cx, &record.run);
            if is_orphan && record.state == RunState::Prepared {
                return Some(stillborn(cx, record));
            }
            self.rescues += u32::from(is_orphan);
            if self.rescues > RESCUES {
                return Some(stuck(cx, record));
            }
        }
        cx.host.pause(POLL);
        None
    }
}

/// Every rescue ends without writing the end down, as on a disk that became read-only.
fn stuck(cx: Cx<'_>, record: &Record) -> Problem {
    let log = cx
        .host
        .journal(&[units::rescue_name(&record.run)], record.began());
    let message = format!("the host could not finish the run in {RESCUES} tries");
    Problem::new(ProblemKind::Failed, message)
        .with_log(log)
        .with_hint("is /var/lib/phoenix full or read-only on the host?")
}

/// The guard ended before it had changed or refused anything.
fn stillborn(cx: Cx<'_>, record: &Record) -> Problem {
    let log = cx
        .host
        .journal(&[units::guard_name(&record.run)], record.began());
    tidy::forget(cx, &record.run);
    Problem::new(
        ProblemKind::Refused,
        "the program that guards the run ended before it began",
    )
    .with_log(log)
}

/// Whether nobody works on an open run any more; if so, its rescue is started.
pub(super) fn rescue_if_orphaned(cx: Cx<'_>, run: &RunId) -> bool {
    let is_dead = |unit: &str| cx.host.alive(unit) == Some(false);
    let rescue = units::rescue_name(run);
    if lock::is_held(cx.paths) || !is_dead(&units::guard_name(run)) || !is_dead(&rescue) {
        return false;
    }
    // The run may have ended between the caller's look at it and these.
    match Record::load(cx.paths, run) {
        // Nothing was changed yet, so there is nothing to rescue.
        Ok(Some(record)) if record.state == RunState::Prepared => return !record.is_over(),
        Ok(Some(record)) if !record.is_over() => {}
        _ => return false,
    }
    cx.host.note(&format!(
        "nobody works on run {run} any more: its rescue is started"
    ));
    if let Err(error) = cx.host.wake(&rescue) {
        cx.host.note(&chain(&error));
        cx.press_on(cx.host.start(&units::rescue(run, None)));
    }
    true
}

/// The part of a growing log that was not passed on yet.
struct Log {
    path: std::path::PathBuf,
    read: u64,
    rest: Vec<u8>,
}

impl Log {
    fn new(cx: Cx<'_>, run: &RunId, side: Side) -> Self {
        Self {
            path: cx.paths.run(run).log(side),
            read: 0,
            rest: Vec::new(),
        }
    }

    /// The lines that came since, the unfinished last one too when nothing more will come.
    fn lines(&mut self, is_over: bool) -> Vec<String> {
        if let Ok(mut file) = File::open(&self.path) {
            // A log that cannot be read on is missing lines on the screen, no more.
            let _ = file
                .seek(SeekFrom::Start(self.read))
                .and_then(|_| file.read_to_end(&mut self.rest))
                .map(|count| self.read += count as u64);
        }
        let end = match self.rest.iter().rposition(|byte| *byte == b'\n') {
            _ if is_over => self.rest.len(),
            Some(newline) => newline + 1,
            None => 0,
        };
        let lines: Vec<u8> = self.rest.drain(..end).collect();
        String::from_utf8_lossy(&lines)
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}
