//! What a system puts into /etc.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{below, shown, text};
use crate::model::Contents;

/// Most links from one name to a file.
const LINKS: usize = 8;
/// Deepest folder that is looked into.
const DEPTH: usize = 12;
/// Where the units are, below etc.
const UNITS: &str = "systemd/system";

/// Files, and folders of files, whose text a plan looks at; paths below etc.
const TEXTS: [&str; 6] = [
    "fstab",
    "crypttab",
    "hostname",
    "ssh/sshd_config",
    "ssh/authorized_keys.d/",
    "systemd/network/",
];

/// Reads the folder `etc` of a system into `contents`.
pub(super) fn read(root: &Path, etc: &Path, contents: &mut Contents) -> io::Result<()> {
    let Some(folder) = resolve(root, etc) else {
        return Ok(());
    };
    let mut open = vec![(folder, String::new(), 0)];
    while let Some((folder, prefix, depth)) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let path = entry.path();
            let kind = entry.file_type()?;
            let is_folder = kind.is_dir() || resolve(root, &path).is_some_and(|to| to.is_dir());
            if name == UNITS {
                units(root, &path, contents);
            }
            match fs::read_link(&path) {
                Ok(target) => contents.etc.insert(name.clone(), shown(&target)),
                Err(_) if kind.is_dir() => None,
                Err(_) => contents.etc.insert(name.clone(), shown(&path)),
            };
            // Folders behind links are one thing, which changes as a whole; those of which the
            // texts are wanted are looked into nevertheless.
            let is_wanted = is_folder && TEXTS.contains(&format!("{name}/").as_str());
            if (kind.is_dir() || is_wanted) && depth < DEPTH {
                if let Some(folder) = resolve(root, &path) {
                    open.push((folder, format!("{name}/"), depth + 1));
                }
            } else if wants_text(&name) {
                let text = resolve(root, &path).and_then(|path| text(&path));
                contents
                    .texts
                    .extend(text.map(|text| (format!("etc/{name}"), text)));
            }
        }
    }
    Ok(())
}

fn wants_text(name: &str) -> bool {
    let is_it = |text: &str| name == text || text.ends_with('/') && name.starts_with(text);
    TEXTS.iter().any(|text| is_it(text))
}

/// Reads the units, their drop-ins, and which of them are wanted. What cannot be read is left
/// out.
fn units(root: &Path, folder: &Path, contents: &mut Contents) {
    let Some(folder) = resolve(root, folder) else {
        return;
    };
    for (name, path) in files(&folder) {
        let Some(file) = resolve(root, &path) else {
            continue;
        };
        if !file.is_dir() {
            contents.units.insert(name, unit(&file));
            continue;
        }
        let is_text = name.ends_with(".d");
        for (inner, path) in files(&file) {
            let text = match is_text {
                true => resolve(root, &path).map(|file| unit(&file)),
                false => Some(Some(String::new())),
            };
            if let Some(text) = text {
                contents.units.insert(format!("{name}/{inner}"), text);
            }
        }
    }
}

/// The text of a unit; `None` for one that is masked.
fn unit(file: &Path) -> Option<String> {
    (!file.ends_with("dev/null")).then(|| text(file).unwrap_or_default())
}

fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, entry.path())
    });
    named.collect()
}

/// Follows links, of which the absolute ones count from `root`. `None` when there is nothing at
/// the end; what is in the middle of a path must be no link.
fn resolve(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else {
            let is_there = path.symlink_metadata().is_ok() || path.ends_with("dev/null");
            return is_there.then_some(path);
        };
        path = match target.is_absolute() {
            true => below(root, &target),
            false => path.parent()?.join(target),
        };
    }
    None
}
