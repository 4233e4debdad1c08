//! Reads what the files of a system say, on the workstation and on hosts alike. Writes nothing
//! and understands nothing: that is `plan`'s.
//!
//! Layout: a toplevel as nixos/modules/system/activation/top-level.nix of nixpkgs makes it.

mod etc;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::model::{Contents, StorePath, Toplevel};

/// Most bytes that are read of one file.
const FILE_LIMIT: u64 = 256 * 1024;

/// Files of a toplevel that are one line, or one JSON value.
const LINES: [&str; 6] = [
    "init-interface-version",
    "kernel-params",
    "nixos-version",
    "switch-inhibitors",
    "system",
    "configuration-name",
];

/// Files of a closure by the names of their paths, and where in the path they are.
const BY_NAME: [(&str, &str); 4] = [
    ("users-groups.json", ""),
    ("userborn.json", ""),
    ("firewall-start", "bin/firewall-start"),
    ("nftables-rules", ""),
];

/// Reads the files of a system whose store is below `root`, which is `/` but in tests. `paths`
/// are those of its closure.
///
/// # Errors
/// When the system is not there, or not to be read. Single files that cannot be read are left
/// out.
pub fn contents<'a>(
    root: &Path,
    system: &Toplevel,
    paths: impl IntoIterator<Item = &'a StorePath>,
) -> io::Result<Contents> {
    let folder = below(root, system.path().as_path());
    let mut contents = Contents::default();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Ok(target) = fs::read_link(entry.path()) {
            contents.links.insert(name, shown(&target));
        } else if LINES.contains(&name.as_str())
            && let Some(text) = text(&entry.path())
        {
            contents.lines.insert(name, text.trim().to_owned());
        }
    }
    etc::read(root, &folder.join("etc"), &mut contents)?;
    contents.texts.extend(named(root, paths));
    Ok(contents)
}

/// The files of the closure that are known by their names.
fn named<'a>(
    root: &Path,
    paths: impl IntoIterator<Item = &'a StorePath>,
) -> BTreeMap<String, String> {
    let found = paths.into_iter().filter_map(|path| {
        let (name, file) = BY_NAME.iter().find(|(name, _)| *name == path.name())?;
        let path = below(root, path.as_path());
        let text = text(&if file.is_empty() {
            path
        } else {
            path.join(file)
        })?;
        Some(((*name).to_owned(), text))
    });
    found.collect()
}

/// Where an absolute path is below another root.
fn below(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

/// A file that is text and not too long.
fn text(path: &Path) -> Option<String> {
    let file = fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).ok()?;
    let is_short = bytes.len() as u64 <= FILE_LIMIT;
    String::from_utf8(bytes).ok().filter(|_| is_short)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
