//! The activation transaction, from a prepared run to its end. Runs in a unit of its own
//! under PID 1; docs/design/0001-transaction.md draws its states.

use std::time::Duration;

use thiserror::Error;

use super::decision::{self, Decision};
use super::failpoints;
use super::files::FileError;
use super::finish;
use super::hold;
use super::host::{Cx, ProgramError, chain, seconds};
use super::lease;
use super::lock::{self, HostLock, LockError, Ticket};
use super::paths::Side;
use super::record::{self, Record};
use super::staging;
use super::switching;
use super::units;
use crate::model::{Hold, Mode, Problem, ProblemKind, RunId, RunState, Toplevel};

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
    /// An operator keeps everybody from deploying.
    #[error("an operator holds the host: {}", .0.shown())]
    Held(Box<Hold>),
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

impl GuardError {
    /// What `operator` is told.
    fn problem(&self, operator: &str) -> Problem {
        match self {
            Self::Locked(LockError::Held {
                holder: Some(holder),
                ..
            }) => holder.problem(operator),
            Self::Held(hold) => hold.problem(),
            other => Problem::from_error(ProblemKind::Refused, other),
        }
    }
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
            record.refusal = Some(error.problem(&record.who));
            record.save(cx.paths)?;
            // Nothing was changed and that is written down, so the timer has no more to do.
            cx.press_on(cx.host.stop(&units::timer_name(run)));
            cx.host.note(&chain(&error));
            return Ok(());
        }
    };
    if record.mode.is_boot() {
        staging::stage(cx, &mut record);
        return Ok(());
    }
    let decision = activate_and_wait(cx, &mut record);
    failpoints::reach(cx, "decided");
    finish::carry_out(cx, &mut record, &decision);
    Ok(())
}

/// Takes the lock, makes sure that nothing moved since the run was prepared, and arms the timer.
fn begin(cx: Cx<'_>, record: &mut Record) -> Result<HostLock, GuardError> {
    let lock =
        lock::take(cx, &Ticket::of(cx, record), LOCK_PATIENCE).map_err(GuardError::Locked)?;
    // Looked at with the lock in hand: whoever sets a hold looks at the lock afterwards, so
    // that one of the two sees the other.
    if let Some(hold) = hold::current(cx).filter(|_| !record.despite_hold) {
        return Err(GuardError::Held(Box::new(hold)));
    }
    if let Some(other) = unfinished(cx, &record.run) {
        return Err(GuardError::Unfinished(other));
    }
    let running = cx.paths.running();
    if running.as_ref() != Some(&record.old) {
        return Err(GuardError::MovedOn { running });
    }
    let work = match record.mode.is_boot() {
        true => staging::limit(),
        false => record.activate_limit,
    };
    let span = units::timer_span(work, record.confirm_limit);
    cx.host
        .start(&units::rescue(&record.run, Some(span)))
        .map_err(GuardError::Timer)?;
    record.enter(cx, RunState::Armed)?;
    if record.mode == Mode::Test {
        record.enter(cx, RunState::Activating)?;
    }
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
    let activated = match record.mode {
        // A trial boot brought it: it runs, and activating it again would prove nothing more.
        Mode::Keep => Ok(0),
        _ => switching::activate(cx, record, Side::New),
    };
    match activated {
        Ok(status) => {
            record.exit = Some(status);
            record.deadline = Some(cx.host.uptime() + record.confirm_limit);
            match record.enter(cx, RunState::Probing) {
                Ok(()) => await_decision(cx, record),
                Err(error) => back(cx, record, &chain(&error)),
            }
        }
        Err(trouble) => {
            record.exit = switching::exit_status(cx, record, Side::New);
            record.failed_units = trouble.failed_units;
            record.log = trouble.log;
            back(cx, record, &trouble.reason)
        }
    }
}

fn await_decision(cx: Cx<'_>, record: &Record) -> Decision {
    let files = cx.paths.run(&record.run);
    loop {
        match decision::read(&files) {
            Ok(Some(decision)) => return decision,
            Ok(None) => {}
            Err(error) => return back(cx, record, &chain(&error)),
        }
        if cx.host.uptime() >= lease::deadline(cx, record) {
            return decide_late(cx, record);
        }
        cx.host.pause(POLL);
    }
}

fn decide_late(cx: Cx<'_>, record: &Record) -> Decision {
    let wanted = Decision::back(no_decision(cx, record));
    // A decision made in this very moment wins.
    decision::decide(&cx.paths.run(&record.run), wanted.clone()).unwrap_or_else(|error| {
        cx.host.note(&chain(&error));
        wanted
    })
}

/// Why a run goes back that nobody decided.
pub(super) fn no_decision(cx: Cx<'_>, record: &Record) -> String {
    let limit = seconds(record.confirm_limit);
    if lease::was_renewed(cx, record) {
        format!(
            "contact with the controller was lost while it looked at health gates: no word for {limit}"
        )
    } else {
        format!("nobody confirmed the new system within {limit} after activation")
    }
}

/// Goes back, whatever else was decided: the new system is not as it should be.
fn back(cx: Cx<'_>, record: &Record, reason: &str) -> Decision {
    let wanted = Decision::back(reason);
    cx.press_on(decision::decide(&cx.paths.run(&record.run), wanted.clone()).map(drop));
    wanted
}
