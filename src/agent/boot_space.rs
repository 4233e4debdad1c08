//! Whether the boot partition has room for the kernel and initrd of a new system.
//!
//! Formats: bootspec, `boot.json` of a toplevel (NixOS RFC 125, version 1), and the entries
//! that systemd-boot-builder.py of nixpkgs writes below `loader/entries`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::facts;
use super::host::Cx;
use crate::model::Toplevel;

/// Room for entries and the loader's own files, in bytes.
const MARGIN: u64 = 1 << 20;
/// Where the boot partition may be.
const FOLDERS: [&str; 3] = ["/boot", "/efi", "/boot/efi"];

/// What a new system needs of the boot partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Where that is.
    pub(super) folder: String,
    /// Bytes it needs.
    pub(super) needed: u64,
    /// Bytes that are free, and those that the boot loader's installer removes first.
    pub(super) free: u64,
}

/// What a system needs of the boot partition; `None` when there is none, or when the store is
/// on the same file system, where boot loaders read kernels from the store.
pub(super) fn wanted(cx: Cx<'_>, new: &Toplevel) -> Option<Wanted> {
    let has_entries = |folder: &&str| cx.paths.at(folder).join("loader/entries").is_dir();
    let folder = FOLDERS.iter().copied().find(has_entries);
    let folder = folder.unwrap_or(FOLDERS[0]);
    let device = |folder: &str| Some(fs::metadata(cx.paths.at(folder)).ok()?.dev());
    if device(folder)? == device("/nix/store")? {
        return None;
    }
    let mut generations: Vec<Toplevel> = Vec::new();
    generations.extend(cx.paths.generations().into_iter().map(|one| one.toplevel));
    let known: BTreeSet<PathBuf> = generations
        .iter()
        .flat_map(|system| images(cx, system).into_keys())
        .collect();
    let mut needed = MARGIN;
    for (image, size) in images(cx, new) {
        if !known.contains(&image) {
            needed += size;
        }
    }
    let space = facts::space(cx, folder)?;
    let free = space.free + reclaimable(&cx.paths.at(folder), &generations);
    let folder = folder.to_owned();
    Some(Wanted {
        folder,
        needed,
        free,
    })
}

/// Kernel and initrd of a system and of its specialisations, with their sizes.
fn images(cx: Cx<'_>, system: &Toplevel) -> BTreeMap<PathBuf, u64> {
    let folder = cx.paths.at(system.path().as_path());
    let spec = fs::read(folder.join("boot.json")).ok();
    let spec: Option<Value> = spec.and_then(|text| serde_json::from_slice(&text).ok());
    let mut paths = Vec::new();
    if let Some(spec) = &spec {
        paths_in(spec, &mut paths);
    }
    let mut paths: Vec<PathBuf> = paths.iter().map(|path| cx.paths.at(path)).collect();
    if paths.is_empty() {
        paths = vec![folder.join("kernel"), folder.join("initrd")];
    }
    let sized = |path: PathBuf| {
        let path = path.canonicalize().ok()?;
        let size = path.metadata().ok()?.len();
        Some((path, size))
    };
    paths.into_iter().filter_map(sized).collect()
}

fn paths_in(spec: &Value, found: &mut Vec<String>) {
    let main = &spec["org.nixos.bootspec.v1"];
    let paths = [&main["kernel"], &main["initrd"]];
    found.extend(paths.iter().filter_map(|path| Some(path.as_str()?.into())));
    let others = spec["org.nixos.specialisation.v1"].as_object();
    for other in others.into_iter().flat_map(|others| others.values()) {
        paths_in(other, found);
    }
}

/// A boot entry: which system it starts, and the files it names.
#[derive(Debug)]
struct Entry {
    init: String,
    files: Vec<String>,
}

/// Bytes of images that the installer removes before it writes new ones: those of no entry
/// that stays. With fewer entries than generations there is a limit on entries, and the
/// oldest goes for the new one.
fn reclaimable(folder: &Path, generations: &[Toplevel]) -> u64 {
    let entries = entries(&folder.join("loader/entries"));
    let age = |entry: &Entry| {
        let starts = |system: &Toplevel| entry.init.starts_with(system.path().as_str());
        generations.iter().rposition(starts)
    };
    let mut live: Vec<(usize, &Entry)> = entries
        .iter()
        .filter_map(|entry| Some((age(entry)?, entry)))
        .collect();
    live.sort_by_key(|(age, _)| *age);
    let shown: BTreeSet<usize> = live.iter().map(|(age, _)| *age).collect();
    if shown.len() < generations.len()
        && let Some(oldest) = shown.first()
        && shown.len() > 1
    {
        live.retain(|(age, _)| age != oldest);
    }
    let used: BTreeSet<&str> = live
        .iter()
        .flat_map(|(_, entry)| entry.files.iter().map(String::as_str))
        .collect();
    let Ok(images) = fs::read_dir(folder.join("EFI/nixos")) else {
        return 0;
    };
    images
        .flatten()
        .filter(|image| {
            let name = format!("/EFI/nixos/{}", image.file_name().to_string_lossy());
            !used.contains(name.as_str())
        })
        .filter_map(|image| image.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|image| image.len())
        .sum()
}

fn entries(folder: &Path) -> Vec<Entry> {
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let read = |file: fs::DirEntry| {
        let is_ours = file.file_name().to_str()?.starts_with("nixos");
        let text = fs::read_to_string(file.path()).ok()?;
        is_ours.then(|| entry(&text))
    };
    files.flatten().filter_map(read).collect()
}

fn entry(text: &str) -> Entry {
    let fields: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let named = |names: &'static [&'static str]| {
        let fits = move |(name, _): &&(&str, &str)| names.contains(name);
        fields.iter().filter(fits).map(|(_, value)| value.trim())
    };
    let init = named(&["options"])
        .flat_map(str::split_whitespace)
        .find_map(|word| word.strip_prefix("init="))
        .unwrap_or_default();
    Entry {
        init: init.to_owned(),
        files: named(&["linux", "initrd"]).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StorePath;

    fn system(letter: char) -> Toplevel {
        let hash: String = std::iter::repeat_n(letter, 32).collect();
        Toplevel(StorePath::new(format!("/nix/store/{hash}-nixos-system-{letter}")).unwrap())
    }

    #[test]
    fn a_specialisation_has_images_of_its_own() {
        let mut found = Vec::new();
        let spec = r#"{
            "org.nixos.bootspec.v1": {"kernel": "/k1", "initrd": "/i1"},
            "org.nixos.specialisation.v1": {
                "xen": {"org.nixos.bootspec.v1": {"kernel": "/k2"}, "org.nixos.specialisation.v1": {}}
            }
        }"#;
        paths_in(&serde_json::from_str(spec).unwrap(), &mut found);
        assert_eq!(found, ["/k1", "/i1", "/k2"]);
    }

    /// A boot partition with an entry and a kernel of its own for each of some systems.
    fn partition(letters: &[char]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("loader/entries")).unwrap();
        fs::create_dir_all(at("EFI/nixos")).unwrap();
        for letter in letters {
            let text = format!(
                "title NixOS\nlinux /EFI/nixos/{letter}.efi\noptions init={}/init quiet\n",
                system(*letter)
            );
            fs::write(at(&format!("loader/entries/nixos-{letter}.conf")), text).unwrap();
            fs::write(at(&format!("EFI/nixos/{letter}.efi")), [0; 100]).unwrap();
        }
        folder
    }

    #[test]
    fn what_the_installer_removes_first_counts_as_free() {
        let generations: Vec<Toplevel> = ['a', 'b', 'c'].map(system).into();
        for (entries, live, free) in [
            (&['a', 'b', 'c'][..], 3, 0),
            // The generation of one entry is gone.
            (&['a', 'b', 'c', 'd'][..], 3, 100),
            // There is a limit on entries, and the oldest goes for the new one.
            (&['b', 'c'][..], 3, 100),
            // The only entry stays, whatever the limit.
            (&['c'][..], 3, 0),
        ] {
            let folder = partition(entries);
            let found = reclaimable(folder.path(), &generations[..live]);
            assert_eq!(found, free, "{entries:?}");
        }
        assert_eq!(reclaimable(Path::new("/none"), &generations), 0);
    }
}
