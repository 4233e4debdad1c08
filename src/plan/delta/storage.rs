//! File systems, swap and encrypted devices that the system mounts.

use std::collections::BTreeMap;

use super::differing;
use crate::model::{Contents, SettingChange, Topic};

/// What is told of fstab(5) and crypttab(5). What the initrd opens stands in neither.
pub(super) fn settings(old: &Contents, new: &Contents) -> Vec<SettingChange> {
    let mut settings = differing(Topic::Storage, false, &mounts(old), &mounts(new));
    settings.extend(differing(
        Topic::Storage,
        false,
        &encrypted(old),
        &encrypted(new),
    ));
    settings
}

fn lines<'a>(contents: &'a Contents, file: &str) -> impl Iterator<Item = Vec<&'a str>> {
    let text = contents.texts.get(file).map_or("", String::as_str);
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| words.len() >= 2)
}

fn mounts(contents: &Contents) -> BTreeMap<String, String> {
    let named = lines(contents, "etc/fstab").map(|words| {
        let (device, folder) = (words[0], words[1]);
        let kind = words.get(2).copied().unwrap_or_default();
        let options = words.get(3).copied().unwrap_or_default();
        match kind {
            "swap" => (format!("swap {device}"), options.to_owned()),
            _ => (folder.to_owned(), format!("{kind} {device} {options}")),
        }
    });
    named.collect()
}

fn encrypted(contents: &Contents) -> BTreeMap<String, String> {
    let named = lines(contents, "etc/crypttab").map(|words| {
        (
            format!("encrypted device {}", words[0]),
            words[1].to_owned(),
        )
    });
    named.collect()
}
