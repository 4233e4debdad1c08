//! What a changed fstab does to what is mounted.

use std::collections::BTreeMap;

use crate::model::{Contents, UnitChanges};

/// A line of fstab(5), but for swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) struct Mount<'a> {
    pub(in crate::plan) device: &'a str,
    pub(in crate::plan) kind: &'a str,
    pub(in crate::plan) options: &'a str,
}

/// The file systems of an fstab by where they are mounted. Lines with a `#` are passed over, as
/// NixOS does.
pub(in crate::plan) fn fstab(contents: &Contents) -> BTreeMap<&str, Mount<'_>> {
    let text = contents.texts.get("etc/fstab").map_or("", String::as_str);
    let lines = text.lines().filter(|line| !line.contains('#'));
    let mounts = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let (device, folder, kind) = (words.next()?, words.next()?, words.next()?);
        let options = words.next().unwrap_or_default();
        let mount = Mount {
            device,
            kind,
            options,
        };
        (kind != "swap").then_some((folder, mount))
    });
    mounts.collect()
}

/// Unmounts what is gone, mounts anew what is elsewhere, remounts what has other options. What
/// is new is mounted by a target and not told.
pub(super) fn mounts(before: &Contents, after: &Contents, changes: &mut UnitChanges) {
    let new = fstab(after);
    for (folder, old) in fstab(before) {
        let unit = unit_name(folder);
        let is_kept = matches!(folder, "/" | "/nix");
        match new.get(folder) {
            None => changes.stop.insert(unit),
            Some(new) if new == &old => false,
            Some(new) if (new.device, new.kind) == (old.device, old.kind) => {
                changes.reload.insert(unit)
            }
            Some(new) if is_kept && new.options != old.options => changes.reload.insert(unit),
            Some(_) if is_kept => changes.skip.insert(unit),
            Some(_) => changes.restart.insert(unit),
        };
    }
}

/// The unit of a mount point (systemd-escape(1), `--path`).
fn unit_name(folder: &str) -> String {
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return "-.mount".to_owned();
    }
    let mut name = String::new();
    for (number, byte) in parts.join("/").bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'.' if number == 0 => name.push_str("\\x2e"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            other => name.push_str(&format!("\\x{other:02x}")),
        }
    }
    name + ".mount"
}
