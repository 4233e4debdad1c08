//! What speaks against switching to a system while the host runs.
//!
//! Formats: `switch-inhibitors` of a toplevel, a JSON object of strings, compared as
//! `system.preSwitchChecks.switchInhibitors` of nixpkgs does
//! (nixos/modules/system/activation/switchable-system.nix, NixOS 26.05); and
//! `init-interface-version`, over which switch-to-configuration exits with status 100.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::host::Cx;
use crate::model::Toplevel;

/// Something that must not change under a running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inhibitor {
    name: String,
    from: String,
    to: String,
}

/// Inhibitors in one line: `systemd (257.5 → 258.1), dbus (dbus → broker)`.
pub(super) fn shown(inhibitors: &[Inhibitor]) -> String {
    let one = |one: &Inhibitor| format!("{} ({} → {})", one.name, one.from, one.to);
    inhibitors.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What speaks against switching from one system to another.
pub(super) fn between(cx: Cx<'_>, old: &Toplevel, new: &Toplevel) -> Vec<Inhibitor> {
    let (before, mut after) = (read(cx, old), read(cx, new));
    let both = before.into_iter().filter_map(|(name, from)| {
        let to = after.remove(&name)?;
        Some(Inhibitor { name, from, to })
    });
    let interface = |system: &Toplevel| cx.paths.line(&format!("{system}/init-interface-version"));
    let init = Inhibitor {
        name: "init-interface-version".to_owned(),
        from: interface(old),
        to: interface(new),
    };
    both.chain([init])
        .filter(|one| one.from != one.to)
        .collect()
}

/// The inhibitors of a system. NixOS takes a file of another form, as of the time before
/// 26.05, for one without any.
fn read(cx: Cx<'_>, system: &Toplevel) -> BTreeMap<String, String> {
    let text = cx.paths.line(&format!("{system}/switch-inhibitors"));
    serde_json::from_str(&text).unwrap_or_default()
}

/// Whether a system's kernel, modules or initrd are others than those that were booted.
pub(super) fn needs_reboot(cx: Cx<'_>, system: &Toplevel) -> bool {
    let Some(booted) = cx.paths.booted() else {
        return false;
    };
    ["kernel", "initrd", "kernel-modules"]
        .iter()
        .any(|part| target(cx, &booted, part) != target(cx, system, part))
}

fn target(cx: Cx<'_>, system: &Toplevel, part: &str) -> Option<PathBuf> {
    let path = cx.paths.at(system.path().as_path()).join(part);
    // A system that is no link farm has the thing itself there: then it is a part of it alone.
    let is_link = |path: &Path| path.symlink_metadata().is_ok();
    std::fs::read_link(&path)
        .ok()
        .or_else(|| is_link(&path).then_some(path))
}
