//! The files of the repository, as text with paths relative to its root.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what a build or a person put there, not the repository.
const FOREIGN: [&str; 3] = [".git", "target", "result"];

/// A file of the repository.
pub(crate) struct File {
    /// Path from the repository's root, with `/` between its parts.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below a folder of the repository (`""` is all of it), sorted by path.
pub(crate) fn files(folder: &str) -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths.into_iter().filter_map(|path| read(&path)).collect()
}

/// The Rust files below a folder of the repository.
pub(crate) fn rust(folder: &str) -> Vec<File> {
    let mut found = files(folder);
    found.retain(|file| file.path.ends_with(".rs"));
    found
}

/// The text of one file of the repository.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("the checkout does not change while it is read");
        let name = entry.file_name();
        let kind = entry.file_type().expect("a listed file has a type");
        if FOREIGN.iter().any(|foreign| name == *foreign) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// `None` for what is no UTF-8 text.
fn read(path: &Path) -> Option<File> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let path = path.strip_prefix(root()).expect("found below the root");
    Some(File {
        path: path.to_string_lossy().into_owned(),
        text,
    })
}
