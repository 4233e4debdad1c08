//! Serialises a path of the file system as a NAR, a piece at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::vec;

use thiserror::Error;

use crate::wire::nar::Piece;

/// Why a path could not be serialised. What was read by then is the beginning of a NAR.
#[derive(Debug, Error)]
pub enum DumpError {
    /// A part of it cannot be read.
    #[error("could not read {file}")]
    Read {
        /// The part.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A part of it is none that a NAR can hold, or not what it was a moment before.
    #[error("{file} {what}")]
    Odd {
        /// The part.
        file: PathBuf,
        /// What is odd.
        what: &'static str,
    },
}

/// The NAR of a path, read as it is asked for.
#[derive(Debug)]
pub struct Dump {
    root: Option<PathBuf>,
    /// The folders that are open, outermost first.
    folders: Vec<Folder>,
    /// The file that is open.
    file: Option<OpenFile>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Names that are still to come, in order.
    names: vec::IntoIter<Vec<u8>>,
    /// Whether an entry was begun and not ended.
    in_entry: bool,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    path: PathBuf,
    size: u64,
    left: u64,
}

impl Dump {
    /// The NAR of `path`, of which nothing is read yet.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self {
            root: Some(path.to_owned()),
            folders: Vec::new(),
            file: None,
        }
    }

    /// Appends the next bytes until `out` holds at least `length`, or the NAR ends; false at
    /// its end. Only a name or a link's target makes it go over, by as much.
    ///
    /// # Errors
    /// [`DumpError`] when the path cannot be read.
    pub fn fill(&mut self, out: &mut Vec<u8>, length: usize) -> Result<bool, DumpError> {
        if let Some(root) = self.root.take() {
            Piece::Start.put(out);
            self.node(root, out)?;
        }
        while out.len() < length {
            if let Some(file) = &mut self.file {
                if file.read(out, length)? {
                    Piece::EndFile { size: file.size }.put(out);
                    self.file = None;
                }
                continue;
            }
            let Some(folder) = self.folders.last_mut() else {
                return Ok(false);
            };
            if std::mem::take(&mut folder.in_entry) {
                Piece::EndEntry.put(out);
                continue;
            }
            match folder.names.next() {
                Some(name) => {
                    Piece::Entry { name: &name }.put(out);
                    folder.in_entry = true;
                    let path = folder.path.join(OsString::from_vec(name));
                    self.node(path, out)?;
                }
                None => {
                    Piece::EndFolder.put(out);
                    self.folders.pop();
                }
            }
        }
        Ok(self.file.is_some() || !self.folders.is_empty())
    }

    fn node(&mut self, path: PathBuf, out: &mut Vec<u8>) -> Result<(), DumpError> {
        let found = fs::symlink_metadata(&path).map_err(read(&path))?;
        let kind = found.file_type();
        if kind.is_file() {
            let size = found.len();
            let is_executable = found.permissions().mode() & 0o100 != 0;
            Piece::File {
                is_executable,
                size,
            }
            .put(out);
            self.file = Some(OpenFile {
                file: File::open(&path).map_err(read(&path))?,
                path,
                size,
                left: size,
            });
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).map_err(read(&path))?;
            let target = target.as_os_str().as_bytes();
            Piece::Link { target }.put(out);
        } else if !kind.is_dir() {
            let what = "is neither a file, a folder nor a link";
            return Err(DumpError::Odd { file: path, what });
        } else {
            // No limit to how deep: Nix 2.34 has one, older ones do not, and the daemon says so.
            self.folders.push(Folder::open(path)?);
            Piece::Folder.put(out);
        }
        Ok(())
    }
}

impl Folder {
    fn open(path: PathBuf) -> Result<Self, DumpError> {
        let entries = fs::read_dir(&path).map_err(read(&path))?;
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_vec());
        let names: io::Result<Vec<Vec<u8>>> = entries.map(name).collect();
        let mut names = names.map_err(read(&path))?;
        names.sort_unstable();
        Ok(Self {
            path,
            names: names.into_iter(),
            in_entry: false,
        })
    }
}

impl OpenFile {
    /// Appends until `out` holds `length`; true when nothing is left.
    fn read(&mut self, out: &mut Vec<u8>, length: usize) -> Result<bool, DumpError> {
        let room = length - out.len();
        let wanted = usize::try_from(self.left).map_or(room, |left| left.min(room));
        let start = out.len();
        // As few reads as it takes: `read_to_end` begins with small ones.
        out.resize(start + wanted, 0);
        let count = fill(&mut self.file, &mut out[start..]);
        out.truncate(start + *count.as_ref().unwrap_or(&0));
        let count = count.map_err(read(&self.path))?;
        if count < wanted {
            let what = "became shorter while it was read";
            let file = self.path.clone();
            return Err(DumpError::Odd { file, what });
        }
        self.left -= count as u64;
        Ok(self.left == 0)
    }
}

/// Reads until the buffer is full, or the file ends; says how much that was.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn read(file: &Path) -> impl FnOnce(io::Error) -> DumpError {
    let file = file.to_owned();
    move |source| DumpError::Read { file, source }
}
