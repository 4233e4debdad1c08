//! The host's deploy lock: a kernel lock, so that it dies with its holder, and a file beside
//! it that says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::{self, FileError};
use super::host::{Cx, chain, seconds};
use super::lease;
use super::paths::Paths;
use super::record::Record;
use crate::model::{LockHolder, RunId, RunState};

pub(super) const POLL: Duration = Duration::from_millis(25);

/// The lock, held until this value is dropped or its process ends.
#[must_use]
pub(super) struct HostLock {
    _file: File,
}

/// What a holder writes beside the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// The run.
    pub(super) run: RunId,
    /// Operator, as `user@workstation`.
    pub(super) who: String,
    /// Address the controller came from.
    #[serde(default)]
    pub(super) from: Option<String>,
    /// Seconds since 1970 by the host's clock.
    pub(super) since: u64,
    /// Time since boot: the clock may be set meanwhile.
    #[serde(default)]
    pub(super) uptime: Duration,
}

impl Ticket {
    /// For a run that takes the lock now.
    pub(super) fn of(cx: Cx<'_>, record: &Record) -> Self {
        Self {
            run: record.run.clone(),
            who: record.who.clone(),
            from: record.from.clone(),
            since: cx.host.now(),
            uptime: cx.host.uptime(),
        }
    }
}

/// The lock could not be taken.
#[derive(Debug, Error)]
pub(super) enum LockError {
    /// Another run holds it.
    #[error("{}; waited {}", shown(holder.as_deref()), seconds(*waited))]
    Held {
        /// Who, if that can be read.
        holder: Option<Box<LockHolder>>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Its file could not be used.
    #[error("the host's deploy lock could not be used")]
    File(#[source] FileError),
}

/// A holder in words.
pub(super) fn shown(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(
        || "another run holds the host's deploy lock".to_owned(),
        LockHolder::shown,
    )
}

/// Takes the lock, waiting for it up to a limit, and says who holds it.
pub(super) fn take(cx: Cx<'_>, ticket: &Ticket, patience: Duration) -> Result<HostLock, LockError> {
    let file = open(cx.paths).map_err(LockError::File)?;
    let until = cx.host.uptime() + patience;
    while !try_lock(cx.paths, &file)? {
        if cx.host.uptime() >= until {
            return Err(LockError::Held {
                holder: read_holder(cx).map(Box::new),
                waited: patience,
            });
        }
        cx.host.pause(POLL);
    }
    // The lock counts. Who holds it is for people, and must not hold up a rescue on a full disk.
    if let Err(error) = files::replace(&cx.paths.lock_holder(), ticket) {
        cx.host.note(&chain(&error));
        cx.press_on(files::remove(&cx.paths.lock_holder()));
    }
    Ok(HostLock { _file: file })
}

/// Whether the lock is held by anybody.
///
/// Looking takes a shared lock for an instant; those who take the lock for good wait longer
/// than that.
pub(super) fn is_held(paths: &Paths) -> bool {
    File::open(paths.lock())
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Who holds the lock now.
pub(super) fn holder(cx: Cx<'_>) -> Option<LockHolder> {
    is_held(cx.paths).then(|| read_holder(cx)).flatten()
}

fn read_holder(cx: Cx<'_>) -> Option<LockHolder> {
    let ticket: Ticket = files::read(&cx.paths.lock_holder()).ok().flatten()?;
    let record = Record::load(cx.paths, &ticket.run).ok().flatten();
    Some(LockHolder {
        decides_within: record.as_ref().and_then(|one| decides_within(cx, one)),
        state: record.map(|record| record.state),
        age: cx.host.uptime().saturating_sub(ticket.uptime).as_secs(),
        run: ticket.run,
        who: ticket.who,
        from: ticket.from,
        since: ticket.since,
    })
}

/// Seconds until a run is decided at the latest, while it is not: whole ones, rounded up.
pub(super) fn decides_within(cx: Cx<'_>, record: &Record) -> Option<u64> {
    let at = match record.state {
        RunState::Probing => lease::deadline(cx, record),
        RunState::Prepared | RunState::Armed | RunState::Activating => {
            let entered = record.trail.last()?.uptime;
            entered + record.activate_limit + record.confirm_limit
        }
        _ => return None,
    };
    let left = at.saturating_sub(cx.host.uptime());
    Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}

fn open(paths: &Paths) -> Result<File, FileError> {
    files::private_folder(&paths.volatile())?;
    let path = paths.lock();
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|source| FileError::Io {
            doing: "opening",
            path,
            source,
        })
}

fn try_lock(paths: &Paths, file: &File) -> Result<bool, LockError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(LockError::File(FileError::Io {
            doing: "locking",
            path: paths.lock(),
            source,
        })),
    }
}
