//! Kernel, initrd and what else needs a reboot.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Name;
use crate::model::{Contents, SettingChange, StorePath, Topic};

/// Links of a toplevel that are fixed at boot, and what people call them.
const PARTS: [(&str, &str); 3] = [
    ("kernel", "kernel"),
    ("kernel-modules", "kernel modules"),
    ("initrd", "initrd"),
];

/// What is told of booting, and of the release.
pub(super) fn settings(old: &Contents, new: &Contents) -> Vec<SettingChange> {
    let parts = PARTS
        .iter()
        .chain(&[("systemd", "systemd"), ("firmware", "firmware")]);
    let links = parts.filter(|(link, _)| old.links.get(*link) != new.links.get(*link));
    let links = links.map(|(link, what)| {
        let from = old.links.get(*link).map(|target| version(target));
        let to = new.links.get(*link).map(|target| version(target));
        let is_rebuilt = from == to;
        SettingChange {
            critical: false,
            topic: Topic::Boot,
            what: (*what).to_owned(),
            from,
            to: to.map(|to| {
                if is_rebuilt {
                    format!("{to}, built anew")
                } else {
                    to
                }
            }),
        }
    });
    let mut settings: Vec<SettingChange> = links.collect();
    settings.extend(parameters(old, new));
    settings.extend(line(("nixos-version", "NixOS", Topic::Release), old, new));
    settings
}

/// A one-line file that changes.
fn line(
    (file, what, topic): (&str, &str, Topic),
    old: &Contents,
    new: &Contents,
) -> Option<SettingChange> {
    let (from, to) = (old.lines.get(file), new.lines.get(file));
    (from != to).then(|| SettingChange {
        critical: false,
        topic,
        what: what.to_owned(),
        from: from.cloned(),
        to: to.cloned(),
    })
}

/// Kernel parameters, each that comes or goes. Order and repetition count for nothing here.
fn parameters(old: &Contents, new: &Contents) -> Vec<SettingChange> {
    let all = |contents: &Contents| -> BTreeSet<String> {
        let text = contents.lines.get("kernel-params");
        let words = text.into_iter().flat_map(|text| text.split_whitespace());
        words.map(str::to_owned).collect()
    };
    let (old, new) = (all(old), all(new));
    let changed = old.symmetric_difference(&new);
    changed
        .map(|parameter| SettingChange {
            critical: false,
            topic: Topic::Boot,
            what: format!("kernel parameter {parameter}"),
            from: old.contains(parameter).then(|| "set".to_owned()),
            to: new.contains(parameter).then(|| "set".to_owned()),
        })
        .collect()
}

/// Why the new system is whole only after a reboot.
pub(super) fn reboot(old: &Contents, new: &Contents) -> Vec<String> {
    let changed = PARTS
        .iter()
        .filter(|(link, _)| old.links.get(*link) != new.links.get(*link));
    let mut why: Vec<String> = changed.map(|(_, what)| format!("another {what}")).collect();
    if !parameters(old, new).is_empty() {
        why.push("other kernel parameters".to_owned());
    }
    why
}

/// What forbids to switch while the host runs, as the agent finds it again before it does
/// (`switch-inhibitors` of NixOS 26.05, `init-interface-version`).
pub(super) fn inhibitors(old: &Contents, new: &Contents) -> Vec<String> {
    let read = |contents: &Contents| -> BTreeMap<String, String> {
        let text = contents.lines.get("switch-inhibitors");
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    let (before, after) = (read(old), read(new));
    let both = before.iter().filter_map(|(name, from)| {
        let to = after.get(name).filter(|to| *to != from)?;
        Some(format!("{name} ({from} → {to})"))
    });
    let interface = line(("init-interface-version", "", Topic::Boot), old, new);
    let interface = interface.map(|change| {
        let or_none = |version: Option<String>| version.unwrap_or_else(|| "none".to_owned());
        let (from, to) = (or_none(change.from), or_none(change.to));
        format!("init-interface-version ({from} → {to})")
    });
    both.chain(interface).collect()
}

/// What to call the target of a link: its version where it has one, else its name. Without
/// the hash, which may be another one on each host.
fn version(target: &str) -> String {
    let base: String = target.split('/').take(4).collect::<Vec<_>>().join("/");
    let Ok(path) = StorePath::new(&base) else {
        return target.to_owned();
    };
    Name::parse(path.name())
        .version
        .unwrap_or(path.name())
        .to_owned()
}
