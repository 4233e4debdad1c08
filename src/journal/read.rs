//! Reads journals back, also those of older and newer versions of phoenix.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{FILE, JournalError};
use crate::event::StepEvent;
use crate::model::RunId;

/// A line of a journal.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An event this version knows; fields it does not know are left out.
    Known {
        /// Number of the event in its run, from 1.
        number: u64,
        /// Milliseconds since 1970.
        at: u64,
        /// The event.
        event: StepEvent,
    },
    /// An event of a newer version, as it was written.
    Unknown(Value),
}

impl Entry {
    /// The event, if this version knows it.
    #[must_use]
    pub fn event(&self) -> Option<&StepEvent> {
        match self {
            Self::Known { event, .. } => Some(event),
            Self::Unknown(_) => None,
        }
    }
}

/// A run that has a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The run.
    pub run: RunId,
    /// Its journal.
    pub path: PathBuf,
}

impl Recorded {
    /// Whether the run's controller lives.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        fs::File::open(&self.path)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// Reads a journal. A last line that was cut off while it was written is left out.
///
/// # Errors
/// [`JournalError::Read`] when the file cannot be read, [`JournalError::Line`] when a line
/// before the last is no JSON.
pub fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
    let bytes = fs::read(path).map_err(|source| JournalError::Read {
        path: path.to_owned(),
        source,
    })?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let mut entries = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_slice(line) {
            Ok(value) => entries.push(entry(value)),
            Err(_) if index + 1 == lines.len() => {}
            Err(source) => {
                return Err(JournalError::Line {
                    path: path.to_owned(),
                    line: index + 1,
                    source,
                });
            }
        }
    }
    Ok(entries)
}

fn entry(value: Value) -> Entry {
    let number = |key| value.get(key).and_then(Value::as_u64);
    match (
        number("n"),
        number("at"),
        serde_json::from_value(value.clone()),
    ) {
        (Some(number), Some(at), Ok(event)) => Entry::Known { number, at, event },
        _ => Entry::Unknown(value),
    }
}

/// The highest number of an event, and the length of the whole lines.
pub(super) fn extent(path: &Path) -> Result<(u64, u64), JournalError> {
    let bytes = fs::read(path).map_err(|source| JournalError::Read {
        path: path.to_owned(),
        source,
    })?;
    let length = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let number = |line: &[u8]| {
        let value: Value = serde_json::from_slice(line).ok()?;
        value.get("n").and_then(Value::as_u64)
    };
    let lines = bytes[..length].split(|byte| *byte == b'\n');
    Ok((
        lines.filter_map(number).max().unwrap_or_default(),
        length as u64,
    ))
}

/// The journals below `dir`, newest run first; none when there is no such folder.
///
/// # Errors
/// [`JournalError::Read`] when the folder cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Recorded>, JournalError> {
    let failed = |source| JournalError::Read {
        path: dir.to_owned(),
        source,
    };
    let folders = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        folders => folders.map_err(failed)?,
    };
    let mut found = Vec::new();
    for folder in folders {
        let folder = folder.map_err(failed)?;
        let path = folder.path().join(FILE);
        let run = folder.file_name().to_str().and_then(|n| RunId::new(n).ok());
        if let Some(run) = run.filter(|_| path.is_file()) {
            found.push(Recorded { run, path });
        }
    }
    found.sort_by(|one, other| other.run.cmp(&one.run));
    Ok(found)
}
