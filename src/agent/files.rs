//! Durable files: replaced or created as a whole, and on the disk when the call returns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// Name of the file in a run's folder that is given up when the disk is full.
pub(super) const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 128 << 10;

/// A file could not be read or written.
#[derive(Debug, Error)]
pub(super) enum FileError {
    /// The system refused.
    #[error("{doing} {} failed", path.display())]
    Io {
        /// As in "writing".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not readable: it is half-written or of another version", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What the JSON reader said.
        #[source]
        source: serde_json::Error,
    },
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io {
        doing,
        path,
        source,
    }
}

/// Makes a folder only root may enter, with its parents.
pub(super) fn private_folder(path: &Path) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("making", path))
}

/// Sets space aside in a run's folder, for [`replace`] and [`create_once`] on a full disk.
pub(super) fn keep_reserve(folder: &Path) -> Result<(), FileError> {
    let path = folder.join(RESERVE);
    write_synced(&path, &[b'.'; RESERVE_BYTES]).map_err(failed("writing", &path))
}

/// Writes a file as a whole: readers and a power cut see the old content or the new.
pub(super) fn replace<T: Serialize>(path: &Path, content: &T) -> Result<(), FileError> {
    let temporary = write_temporary(path, content)?;
    fs::rename(&temporary, path)
        .and_then(|()| sync_folder(path))
        .map_err(failed("writing", path))
}

/// Creates a file with all its content unless it exists. Returns whether this call created it.
///
/// A hard link is the one step that both brings the whole content and fails when another
/// was first; `O_EXCL` would leave an empty file to a reader or a power cut.
pub(super) fn create_once<T: Serialize>(path: &Path, content: &T) -> Result<bool, FileError> {
    let temporary = write_temporary(path, content)?;
    let linked = fs::hard_link(&temporary, path);
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => removed
            .and_then(|()| sync_folder(path))
            .map(|()| true)
            .map_err(failed("writing", path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed("writing", path)(error)),
    }
}

/// Reads a file; `None` when there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("reading", path)(error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| FileError::Content {
            path: path.to_owned(),
            source,
        })
}

/// Removes a file if it is there.
pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removing", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a file if it is there, also for a power cut that follows.
pub(super) fn remove_for_good(path: &Path) -> Result<(), FileError> {
    remove(path)?;
    sync_folder(path).map_err(failed("removing", path))
}

/// Gives a folder its final name once everything is in it.
pub(super) fn publish_folder(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to)
        .and_then(|()| sync_folder(to))
        .map_err(failed("making", to))
}

/// Makes a link, instead of an older one if there is one.
pub(super) fn link(target: &Path, path: &Path) -> Result<(), FileError> {
    let temporary = temporary_name(path);
    symlink(target, &temporary)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(path))
        .map_err(failed("linking", path))
}

/// Opens a file only root may read, to append to.
pub(super) fn append(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(failed("opening", path))
}

fn write_temporary<T: Serialize>(path: &Path, content: &T) -> Result<PathBuf, FileError> {
    let bytes =
        serde_json::to_vec_pretty(content).expect("records hold only text, numbers and lists");
    let temporary = temporary_name(path);
    let written = match write_synced(&temporary, &bytes) {
        Err(error) if error.kind() == ErrorKind::StorageFull && give_up_reserve(path) => {
            write_synced(&temporary, &bytes)
        }
        other => other,
    };
    if written.is_err() {
        // An empty leftover is harmless, and the disk may be too full to say more.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed("writing", path))?;
    Ok(temporary)
}

fn give_up_reserve(path: &Path) -> bool {
    fs::remove_file(path.with_file_name(RESERVE)).is_ok()
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

fn temporary_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(
        ".{name}.{}.{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_reads_back_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        replace(&path, &1).unwrap();
        replace(&path, &2).unwrap();
        assert_eq!(read::<u32>(&path).unwrap(), Some(2));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_many_at_once_one_creates_and_all_see_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("decision");
        let created = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|content| scope.spawn(move || create_once(path, &content).unwrap()))
                .collect();
            all.into_iter()
                .map(|one| one.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(created, 1);
        assert!(read::<u32>(path).unwrap().is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_half_written_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        fs::write(&path, "{\"run\":").unwrap();
        let error = read::<Vec<u32>>(&path).unwrap_err();
        assert!(error.to_string().contains("record.json is not readable"));
        assert_eq!(read::<u32>(&folder.path().join("none")).unwrap(), None);
    }
}
