//! Finishes a run whose guard did not: started by the rollback timer, or at once when the
//! guard's unit fails.

use std::time::Duration;

use super::decision::{self, Decision};
use super::finish::{self, BOOT_LIMIT, PROFILE_LIMIT, TRIES};
use super::guard::{GuardError, no_decision};
use super::host::{Cx, chain};
use super::lease;
use super::lock::{self, HostLock, LockError, Ticket};
use super::paths::Side;
use super::reconcile;
use super::record::Record;
use super::{staging, units};
use crate::model::{RunId, RunState};

/// How long the lock is waited for once nobody should hold it.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// What stopping and starting units may add to one switch.
const UNIT_MARGIN: Duration = Duration::from_secs(60);

/// Finishes a run.
///
/// # Errors
/// When the record cannot be read, or the lock stays held by somebody else.
pub(super) fn recover(cx: Cx<'_>, run: &RunId) -> Result<(), GuardError> {
    lease::wait_out(cx, &load(cx, run)?);
    let record = load(cx, run)?;
    if record.is_over() {
        cx.press_on(cx.host.stop(&units::timer_name(run)));
        return Ok(());
    }
    if record.is_cut_off(cx.paths) {
        reconcile::reconcile(cx, record);
        return Ok(());
    }
    let (_lock, hung) = take_over(cx, &record).map_err(GuardError::Locked)?;
    // The guard may have finished while the lock was waited for.
    let mut record = load(cx, run)?;
    if !record.is_over() {
        let decision = decided(cx, &record, hung);
        finish::carry_out(cx, &mut record, &decision);
    }
    Ok(())
}

fn load(cx: Cx<'_>, run: &RunId) -> Result<Record, GuardError> {
    Record::load(cx.paths, run)?.ok_or_else(|| GuardError::Unknown(run.clone()))
}

/// Takes the lock. A guard that still lives may finish what it is carrying out; one that
/// still waits is past its deadline and is stopped. Says also whether it had to be.
fn take_over(cx: Cx<'_>, record: &Record) -> Result<(HostLock, bool), LockError> {
    let ticket = Ticket::of(cx, record);
    let guard = units::guard_name(&record.run);
    let mut hung = false;
    if cx.host.alive(&guard) != Some(false) {
        let is_finishing = matches!(
            record.state,
            RunState::Committing | RunState::RollingBack | RunState::Staging
        );
        if is_finishing {
            let patience = finish_limit(record);
            if let Ok(lock) = lock::take(cx, &ticket, patience) {
                return Ok((lock, false));
            }
        }
        hung = true;
        cx.host
            .note("the guard is past its deadline and is stopped");
        cx.press_on(cx.host.stop(&guard));
    }
    Ok((lock::take(cx, &ticket, LOCK_PATIENCE)?, hung))
}

/// How long committing or going back can take.
pub(super) fn finish_limit(record: &Record) -> Duration {
    let commit = (PROFILE_LIMIT + BOOT_LIMIT) * TRIES;
    let back = (record.limit(Side::Old) + UNIT_MARGIN) * TRIES;
    commit.max(back).max(staging::limit()) + UNIT_MARGIN
}

fn decided(cx: Cx<'_>, record: &Record, hung: bool) -> Decision {
    let is_late = record
        .deadline
        .is_some_and(|_| cx.host.uptime() >= lease::deadline(cx, record));
    let wanted = Decision::back(if is_late {
        no_decision(cx, record)
    } else if hung {
        "the program that guards the run hung".to_owned()
    } else if record.mode.is_boot() {
        "the program that prepared the boot was ended half-way".to_owned()
    } else {
        "the program that guards the run was ended before the decision".to_owned()
    });
    decision::decide(&cx.paths.run(&record.run), wanted.clone()).unwrap_or_else(|error| {
        cx.host.note(&chain(&error));
        wanted
    })
}
