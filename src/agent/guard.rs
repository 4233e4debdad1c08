//! The activation transaction, from a prepared run to its end. Runs in a unit of its own
//! under PID 1; docs/design/0001-transaction.md draws its states.

use std::time::Duration;

use thiserror::Error;

use super::decision::{self, Decision};
use super::files::FileError;
use super::finish;
use super::host::{Cx, ProgramError, chain, seconds};
use super::lock::{self, HostLock, LockError};
use super::paths::Side;
use super::record::{self, Record};
use super::switching;
use super::units;
use crate::model::{LockHolder, Problem, ProblemKind, RunId, RunState, Toplevel};

/// How long the lock is waited for: longer than anybody looks at it, see [`lock::is_held`].
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// How often the decision is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Why a guard did not begin.
#[derive(Debug, Error)]
pub(super) enum GuardError {
    /// There is no such run.
    #[error("this host knows no run {0}")]
    Unknown(RunId),
    /// A file of the run failed.
    #[error("the record of the run could not be used")]
    Record(#[from] FileError),
    /// Somebody else deploys.
    #[error("another deployment is under way")]
    Locked(#[source] LockError),
    /// A run before this one has not ended.
    #[error("run {0} has not ended yet; its rescue is under way")]
    Unfinished(RunId),
    /// The host was switched since it was looked at.
    #[error("the host moved on: it runs {}", running.as_ref().map_or("no system".to_owned(), |one| one.path().short()))]
    MovedOn {
        /// What runs now.
        running: Option<Toplevel>,
    },
    /// There would be no way back.
    #[error("the rollback timer could not be armed")]
    Timer(#[source] ProgramError),
}

/// Runs the transaction of a prepared run.
///
/// A guard that must not begin writes its refusal into the record: nothing was changed then.
///
/// # Errors
/// When the record cannot be read, or the refusal not be written.
pub(super) fn guard(cx: Cx<'_>, run: &RunId) -> Result<(), GuardError> {
    let mut record =
        Record::load(cx.paths, run)?.ok_or_else(|| GuardError::Unknown(run.clone()))?;
    if record.is_over() || record.state != RunState::Prepared {
        return Ok(());
    }
    let _lock = match begin(cx, &mut record) {
        Ok(lock) => lock,
        Err(error) => {
            record.refusal = Some(Problem::from_error(ProblemKind::Refused, &error));
            record.save(cx.paths)?;
            // Nothing was changed and that is written down, so the timer has no more to do.
            cx.press_on(cx.host.stop(&units::timer_name(run)));
            cx.host.note(&chain(&error));
            return Ok(());
        }
    };
    let decision = activate_and_wait(cx, &mut record);
    finish::carry_out(cx, &mut record, &decision);
    Ok(())
}

/// Takes the lock, makes sure that nothing moved since the run was prepared, and arms the timer.
fn begin(cx: Cx<'_>, record: &mut Record) -> Result<HostLock, GuardError> {
    let holder = LockHolder {
        run: record.run.clone(),
        who: record.who.clone(),
        since: cx.host.now(),
    };
    let lock = lock::take(cx, &holder, LOCK_PATIENCE).map_err(GuardError::Locked)?;
    if let Some(other) = unfinished(cx, &record.run) {
        return Err(GuardError::Unfinished(other));
    }
    let running = cx.paths.running();
    if running.as_ref() != Some(&record.old) {
        return Err(GuardError::MovedOn { running });
    }
    let span = units::timer_span(record.activate_limit, record.confirm_limit);
    cx.host
        .start(&units::rescue(&record.run, Some(span)))
        .map_err(GuardError::Timer)?;
    record.enter(cx, RunState::Armed)?;
    record.enter(cx, RunState::Activating)?;
    Ok(lock)
}

/// A run of this boot that has begun and not ended. Its guard is gone if the lock is free.
pub(super) fn unfinished(cx: Cx<'_>, except: &RunId) -> Option<RunId> {
    record::all(cx)
        .into_iter()
        .filter(|other| other.run != *except && other.state != RunState::Prepared)
        .find(|other| !other.is_over() && !other.is_cut_off(cx.paths))
        .map(|other| other.run)
}

/// Activates the new system and waits for the decision about it. From here on nothing is an
/// error: whatever goes wrong is a decision to go back.
fn activate_and_wait(cx: Cx<'_>, record: &mut Record) -> Decision {
    match switching::activate(cx, record, Side::New) {
        Ok(status) => {
            record.exit = Some(status);
            record.deadline = Some(cx.host.uptime() + record.confirm_limit);
            match record.enter(cx, RunState::Probing) {
                Ok(()) => await_decision(cx, record),
                Err(error) => back(cx, record, &chain(&error)),
            }
        }
        Err(trouble) => {
            record.failed_units = trouble.failed_units;
            record.log = trouble.log;
            back(cx, record, &trouble.reason)
        }
    }
}

fn await_decision(cx: Cx<'_>, record: &Record) -> Decision {
    let files = cx.paths.run(&record.run);
    let deadline = record.deadline.unwrap_or_default();
    loop {
        match decision::read(&files) {
            Ok(Some(decision)) => return decision,
            Ok(None) => {}
            Err(error) => return back(cx, record, &chain(&error)),
        }
        if cx.host.uptime() >= deadline {
            return decide_late(cx, record);
        }
        cx.host.pause(POLL);
    }
}

fn decide_late(cx: Cx<'_>, record: &Record) -> Decision {
    let wanted = Decision::back(no_decision(record));
    // A decision made in this very moment wins.
    decision::decide(&cx.paths.run(&record.run), wanted.clone()).unwrap_or_else(|error| {
        cx.host.note(&chain(&error));
        wanted
    })
}

/// Why a run goes back that nobody decided.
pub(super) fn no_decision(record: &Record) -> String {
    format!(
        "nobody confirmed the new system within {} after activation",
        seconds(record.confirm_limit)
    )
}

/// Goes back, whatever else was decided: the new system is not as it should be.
fn back(cx: Cx<'_>, record: &Record, reason: &str) -> Decision {
    let wanted = Decision::back(reason);
    cx.press_on(decision::decide(&cx.paths.run(&record.run), wanted.clone()).map(drop));
    wanted
}
