//! Puts new files into a folder, and overwrites nothing there.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::file::{NewFile, Place};
use crate::cli::edge::Edge;
use crate::cli::error::{CliError, USAGE};

/// The fleet's folder.
pub(super) struct Folder {
    /// As the operator named it.
    pub(super) shown: PathBuf,
    /// The same, absolute.
    pub(super) path: PathBuf,
}

/// What became of the files.
#[derive(Default)]
pub(super) struct Written {
    pub(super) new: Vec<String>,
    /// Those that were there already, the same to the byte.
    pub(super) same: Vec<String>,
}

impl Folder {
    /// A folder that is there, or can be made.
    pub(super) fn open(edge: &Edge, shown: &Path) -> Result<Self, CliError> {
        let path = resolved(&edge.folder.join(shown)).map_err(|error| {
            let mut told = CliError::new(USAGE, format!("{} leads nowhere", shown.display()));
            told.problem.causes.push(error.to_string());
            told
        })?;
        if fs::metadata(&path).is_ok_and(|found| !found.is_dir()) {
            return Err(CliError::new(
                USAGE,
                format!("{} is no folder", shown.display()),
            ));
        }
        Ok(Self {
            shown: shown.to_owned(),
            path,
        })
    }

    /// What it is called in a sentence.
    pub(super) fn name(&self) -> String {
        if self.shown == Path::new(".") {
            "this folder".to_owned()
        } else {
            self.shown.display().to_string()
        }
    }

    /// A file in it, as the operator would name it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        if self.shown == Path::new(".") {
            PathBuf::from(name)
        } else {
            self.shown.join(name)
        }
    }

    /// Whether git keeps it, so that Nix sees no file that git does not know.
    pub(super) fn is_in_git(&self) -> bool {
        let real = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        real.ancestors().any(|folder| folder.join(".git").exists())
    }
}

/// Without `.` and `..` in it: what comes before `..` must be there.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            found = fs::canonicalize(&found)?;
            found.pop();
        } else {
            found.push(part);
        }
    }
    Ok(found)
}

/// Writes files whose places are free. What is there already and the same is left as it is.
///
/// # Errors
/// Nothing is written when a place is taken. A file that cannot be written leaves those before
/// it: the same call goes on behind them.
pub(super) fn write(folder: &Folder, files: &[NewFile]) -> Result<Written, CliError> {
    let mut written = Written::default();
    let mut taken = BTreeSet::new();
    for file in files {
        match file
            .place(&folder.path)
            .map_err(|error| unreadable(file, &error))?
        {
            Place::Free => written.new.push(file.path.clone()),
            Place::Same => written.same.push(file.path.clone()),
            Place::Taken(why) => _ = taken.insert(why),
        }
    }
    if !taken.is_empty() {
        return Err(in_the_way(folder, taken));
    }
    for file in files.iter().filter(|file| written.new.contains(&file.path)) {
        file.create(&folder.path).map_err(|error| {
            let mut told = CliError::new(1, format!("could not write {}", file.path));
            told.problem.causes.push(error.to_string());
            told.hint("mend that and do it again: only what is missing is written then")
        })?;
    }
    Ok(written)
}

fn unreadable(file: &NewFile, error: &io::Error) -> CliError {
    let message = format!("could not see whether {} is there", file.path);
    let mut told = CliError::new(USAGE, message);
    told.problem.causes.push(error.to_string());
    told
}

fn in_the_way(folder: &Folder, taken: BTreeSet<String>) -> CliError {
    let shown = folder.name();
    let message = format!("nothing was written into {shown}: it holds other files of these names");
    let mut told = CliError::new(USAGE, message);
    told.problem.causes.extend(taken);
    told.hint("move them away or name another folder; `phoenix init --adopt` is for a flake that has hosts already")
}
