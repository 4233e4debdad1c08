//! The host's deploy lock: a kernel lock, so that it dies with its holder, and a file beside
//! it that says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use thiserror::Error;

use super::files::{self, FileError};
use super::host::{Cx, seconds};
use super::paths::Paths;
use crate::model::LockHolder;

const POLL: Duration = Duration::from_millis(50);

/// The lock, held until this value is dropped or its process ends.
#[must_use]
pub(super) struct HostLock {
    _file: File,
}

/// The lock could not be taken.
#[derive(Debug, Error)]
pub(super) enum LockError {
    /// Another run holds it.
    #[error("{holder} holds the host's deploy lock; waited {}", seconds(*waited))]
    Held {
        /// Who, as [`shown`] says.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Its file could not be used.
    #[error("the host's deploy lock could not be used")]
    File(#[source] FileError),
}

/// A holder in words: who, and for how long.
pub(super) fn shown(cx: Cx<'_>, holder: Option<&LockHolder>) -> String {
    holder.map_or_else(
        || "another run".to_owned(),
        |LockHolder { run, who, since }| {
            let age = Duration::from_secs(cx.host.now().saturating_sub(*since));
            format!("run {run} of {who}, begun {} ago,", seconds(age))
        },
    )
}

/// Takes the lock, waiting for it up to a limit, and says who holds it.
pub(super) fn take(
    cx: Cx<'_>,
    holder: &LockHolder,
    patience: Duration,
) -> Result<HostLock, LockError> {
    let file = open(cx.paths).map_err(LockError::File)?;
    let until = cx.host.uptime() + patience;
    while !try_lock(cx.paths, &file)? {
        if cx.host.uptime() >= until {
            return Err(LockError::Held {
                holder: shown(cx, read_holder(cx.paths).as_ref()),
                waited: patience,
            });
        }
        cx.host.pause(POLL);
    }
    files::replace(&cx.paths.lock_holder(), holder).map_err(LockError::File)?;
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
pub(super) fn holder(paths: &Paths) -> Option<LockHolder> {
    is_held(paths).then(|| read_holder(paths)).flatten()
}

fn read_holder(paths: &Paths) -> Option<LockHolder> {
    files::read(&paths.lock_holder()).ok().flatten()
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
