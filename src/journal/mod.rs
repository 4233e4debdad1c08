//! The append-only record of a run: one step event a line, as JSON.
//!
//! It is written before anybody is told. A caller whose [`Journal::append`] fails starts no
//! further hosts: a deployment nobody can look up afterwards is worse than none.
//! The form of a line is part of docs/reference/events.md.

mod past;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::event::StepEvent;
use crate::model::RunId;

pub use past::{Past, PastHost, PastStage};
pub use read::{Entry, Recorded, list, read};

/// Name of the record in the folder of its run.
const FILE: &str = "events.jsonl";

/// What went wrong with a journal. Each variant names the file or folder.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The folder or the file could not be made.
    #[error("the journal {} could not be created", path.display())]
    Create {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// An event could not be written.
    #[error("event {number} could not be written to the journal {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The number the event would have had.
        number: u64,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A journal or the folder of journals could not be read.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A line before the last is no entry.
    #[error("{}, line {line}: this is no entry of a journal", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the JSON reader says.
        #[source]
        source: serde_json::Error,
    },
}

/// The record of one run, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    number: u64,
    length: u64,
}

/// A line of the file: the event's own fields beside its number and time.
#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    at: u64,
    #[serde(flatten)]
    event: &'a StepEvent,
}

impl Journal {
    /// Makes `<dir>/<run>/events.jsonl`, readable by its owner only.
    ///
    /// # Errors
    /// [`JournalError::Create`], also when the run has a journal already.
    pub fn create(dir: &Path, run: &RunId) -> Result<Self, JournalError> {
        let folder = dir.join(run.as_str());
        let path = folder.join(FILE);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Create { path, source }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(failed(&folder))?;
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))?;
        // Says that the controller lives. Where there are no locks, verdicts are recorded early.
        let _ = file.try_lock();
        // Without this a power cut could take the file's name along with its last lines.
        for made in [folder.as_path(), dir] {
            File::open(made)
                .and_then(|folder| folder.sync_all())
                .map_err(failed(made))?;
        }
        Ok(Self::over(path, file))
    }

    /// Opens the journal of a run that is over or whose controller died, to add verdicts;
    /// `None` while the controller lives. Half a last line is cut off.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read or opened.
    pub fn reopen(path: &Path) -> Result<Option<Self>, JournalError> {
        let failed = |source| JournalError::Create {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Ok(None);
        }
        let (number, length) = read::extent(path)?;
        file.set_len(length).map_err(failed)?;
        Ok(Some(Self {
            number,
            length,
            ..Self::over(path.to_owned(), file)
        }))
    }

    fn over(path: PathBuf, file: File) -> Self {
        Self {
            path,
            file,
            number: 0,
            length: 0,
        }
    }

    /// Where the record is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an event; `at_millis` is the time in milliseconds since 1970.
    ///
    /// The end of a host and of the run is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Write`]; the caller then starts no further hosts. The event is not in
    /// the record, and later ones may still be added.
    pub fn append(&mut self, at_millis: u64, event: &StepEvent) -> Result<(), JournalError> {
        let number = self.number + 1;
        let line = Line {
            n: number,
            at: at_millis,
            event,
        };
        let mut text = serde_json::to_vec(&line).expect("events hold only text, numbers and lists");
        text.push(b'\n');
        let is_end = matches!(
            event,
            StepEvent::HostFinished { .. }
                | StepEvent::RunFinished { .. }
                | StepEvent::Verdict { .. }
        );
        if let Err(source) = self.write(&text, is_end) {
            // Half a line must not run into the next event. If this fails too, the disk is
            // past help, and `read` still names the line.
            let _ = self.file.set_len(self.length);
            return Err(JournalError::Write {
                path: self.path.clone(),
                number,
                source,
            });
        }
        self.number = number;
        self.length += text.len() as u64;
        Ok(())
    }

    fn write(&mut self, text: &[u8], is_end: bool) -> io::Result<()> {
        self.file.write_all(text)?;
        if is_end {
            self.file.sync_data()?;
        }
        Ok(())
    }
}
