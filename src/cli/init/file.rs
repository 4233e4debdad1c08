//! One new file: whether its place is free, and how it gets there.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file to be written.
pub(super) struct NewFile {
    /// Below the folder.
    pub(super) path: String,
    pub(super) text: String,
}

/// What stands where a file is to be.
pub(super) enum Place {
    Free,
    Same,
    /// Something else, in words.
    Taken(String),
}

impl NewFile {
    /// Looks at a place, part by part, and follows no link on the way.
    pub(super) fn place(&self, root: &Path) -> io::Result<Place> {
        let mut below = PathBuf::new();
        let mut parts = Path::new(&self.path).components().peekable();
        while let Some(part) = parts.next() {
            below.push(part);
            let here = root.join(&below);
            let found = match fs::symlink_metadata(&here) {
                Ok(found) => found.file_type(),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Free),
                Err(error) => return Err(error),
            };
            let is_last = parts.peek().is_none();
            let what = if found.is_symlink() {
                "is a link"
            } else if is_last && !found.is_file() {
                "is no file"
            } else if !is_last && !found.is_dir() {
                "is no folder"
            } else if is_last && fs::read(&here)? != self.text.as_bytes() {
                "has other content"
            } else {
                continue;
            };
            return Ok(Place::Taken(format!("{} {what}", below.display())));
        }
        Ok(Place::Same)
    }

    /// Creates one file as a whole, for whom the operator's umask lets.
    pub(super) fn create(&self, root: &Path) -> io::Result<()> {
        let place = root.join(&self.path);
        let folder = place.parent().unwrap_or(root);
        fs::create_dir_all(folder)?;
        let mut new = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        new.write_all(self.text.as_bytes())?;
        // Refuses what somebody else has put there since it was looked at.
        new.persist_noclobber(&place).map_err(|error| error.error)?;
        Ok(())
    }
}
