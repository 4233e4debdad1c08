//! The one decision of a run: whoever creates it first has decided, all others read it.

use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use super::paths::RunFiles;

/// Keep the new system, or go back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    /// True keeps the new system.
    pub(super) keep: bool,
    /// Why, in one line.
    pub(super) reason: String,
}

impl Decision {
    /// To keep the new system.
    pub(super) fn keep() -> Self {
        Self {
            keep: true,
            reason: "the new system was proven reachable".to_owned(),
        }
    }

    /// To go back.
    pub(super) fn back(reason: impl Into<String>) -> Self {
        Self {
            keep: false,
            reason: reason.into(),
        }
    }
}

/// Decides unless that has been done. Returns what is decided.
pub(super) fn decide(files: &RunFiles, wanted: Decision) -> Result<Decision, FileError> {
    if files::create_once(&files.decision(), &wanted)? {
        // What is decided holds within this boot; the copy only explains a power cut later.
        let _ = files::replace(&files.kept_decision(), &wanted);
        return Ok(wanted);
    }
    // Somebody was first. Their file is complete: it came by one link.
    Ok(read(files)?.unwrap_or(wanted))
}

/// What had been decided when an earlier boot ended.
pub(super) fn read_kept(files: &RunFiles) -> Option<Decision> {
    files::read(&files.kept_decision()).ok().flatten()
}

/// What is decided, if anything is.
pub(super) fn read(files: &RunFiles) -> Result<Option<Decision>, FileError> {
    files::read(&files.decision())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_reads_what_the_first_decided() {
        let folder = tempfile::tempdir().unwrap();
        let files = RunFiles {
            kept: folder.path().join("gone"),
            live: folder.path().to_owned(),
        };
        assert_eq!(read(&files).unwrap(), None);
        let first = decide(&files, Decision::back("too late")).unwrap();
        assert_eq!(decide(&files, Decision::keep()).unwrap(), first);
        assert_eq!(decide(&files, Decision::back("again")).unwrap(), first);
    }
}
