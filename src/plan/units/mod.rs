//! What activating a system does to the units that run.
//!
//! The rules are those of switch-to-configuration-ng of nixpkgs
//! (pkgs/by-name/sw/switch-to-configuration-ng, NixOS 26.05). Not foretold is what activation
//! scripts ask for by themselves, and the units of users.

mod compare;
mod mounts;
mod unit;

use std::collections::BTreeSet;

use compare::{Difference, compare};
use unit::Unit;

use crate::model::{Contents, LiveUnits, UnitChanges};

/// Targets that are pulled in by others and never restarted themselves.
const ANCHORS: [&str; 4] = [
    "sysinit.target",
    "basic.target",
    "multi-user.target",
    "graphical.target",
];
/// Targets that may still look active after a host has slept.
const SLEEP: [&str; 3] = ["suspend.target", "hibernate.target", "hybrid-sleep.target"];

/// What happens to units when a host with `live` units goes from one system to another.
#[must_use]
pub fn units(before: &Contents, after: &Contents, live: &LiveUnits) -> UnitChanges {
    let mut walk = Walk {
        before,
        after,
        live,
        changes: UnitChanges::default(),
        targets: BTreeSet::new(),
    };
    for name in &live.active {
        walk.visit(name);
    }
    mounts::mounts(before, after, &mut walk.changes);
    walk.find_new();
    walk.changes
}

struct Walk<'a> {
    before: &'a Contents,
    after: &'a Contents,
    live: &'a LiveUnits,
    changes: UnitChanges,
    /// Targets that are started again, which starts what they want.
    targets: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    /// Looks at one unit that is active.
    fn visit(&mut self, name: &'a str) {
        let base = base(name, [self.before, self.after]);
        if !exists(self.before, &base) {
            return;
        }
        let old = read(self.before, name, &base);
        if !exists(self.after, &base) || lost_instance(name, &base, self.before, self.after) {
            if old.says("Unit", "X-StopOnRemoval", true) {
                self.changes.stop.insert(name.to_owned());
            }
            return;
        }
        let new = read(self.after, name, &base);
        if name.ends_with(".target") {
            self.target(name, &new);
            return;
        }
        match compare(&old, &new) {
            Difference::None => {}
            Difference::Reload => {
                self.changes.reload.insert(name.to_owned());
            }
            Difference::Restart => self.modified(name, &base, &new),
        }
    }

    /// Every active target is started again; that is what starts new units.
    fn target(&mut self, name: &'a str, new: &Unit<'_>) {
        let refuses = new.says("Unit", "RefuseManualStart", false)
            || new.says("Unit", "X-OnlyManualStart", false);
        if !refuses && !SLEEP.contains(&name) {
            self.targets.insert(name);
        }
        if new.says("Unit", "X-StopOnReconfiguration", false) {
            self.changes.stop.insert(name.to_owned());
        }
    }

    /// A unit that must run anew, in the way that it wants.
    fn modified(&mut self, name: &str, base: &str, new: &Unit<'_>) {
        let own = || name.to_owned();
        let changes = &mut self.changes;
        if ANCHORS.contains(&name) || name.ends_with(".path") || name.ends_with(".slice") {
            // Applied when systemd reloads its units.
        } else if name == "-.mount" || name == "nix.mount" {
            changes.reload.insert(own());
        } else if name.ends_with(".mount") {
            changes.restart.insert(own());
        } else if name.ends_with(".socket") {
            // Left alone; with its service it is restarted.
        } else if new.says("Service", "X-ReloadIfChanged", false) {
            changes.reload.insert(own());
        } else if !new.says("Service", "X-RestartIfChanged", true)
            || new.says("Unit", "RefuseManualStop", false)
            || new.says("Unit", "X-OnlyManualStart", false)
        {
            changes.skip.insert(own());
        } else if !new.says("Service", "X-StopIfChanged", true) || !name.ends_with(".service") {
            changes.restart.insert(own());
        } else {
            let is_socket_activated = self.sockets(base, new);
            self.changes.stop.insert(own());
            if !is_socket_activated || new.says("Service", "X-NotSocketActivated", false) {
                self.changes.start.insert(own());
            }
        }
    }

    /// Has the sockets of a service restarted and says whether there are any: they start it.
    fn sockets(&mut self, base: &str, new: &Unit<'_>) -> bool {
        let mut sockets: Vec<String> = new.words("Service", "Sockets").map(str::to_owned).collect();
        if sockets.is_empty() {
            let stem = base.strip_suffix(".service").unwrap_or(base);
            sockets.push(format!("{}.socket", stem.strip_suffix('@').unwrap_or(stem)));
        }
        let mut is_socket_activated = false;
        for socket in sockets {
            let exists = exists(self.after, &socket);
            is_socket_activated |= exists;
            if self.live.loaded.contains(&socket) {
                if exists {
                    self.changes.start.insert(socket.clone());
                }
                self.changes.stop.insert(socket);
            }
        }
        is_socket_activated
    }

    /// Units that nothing knew and that something wants which runs or is started.
    fn find_new(&mut self) {
        let mut wanting: Vec<String> = self.targets.iter().map(|name| (*name).to_owned()).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = wanting.pop() {
            for wanted in wanted(self.after, &name) {
                let is_new = !self.live.loaded.contains(&wanted)
                    && exists(self.after, &base(&wanted, [self.before, self.after]))
                    && !exists(self.before, &base(&wanted, [self.before, self.after]));
                if is_new && seen.insert(wanted.clone()) {
                    wanting.push(wanted);
                }
            }
        }
        self.changes.come = seen;
    }
}

/// What a unit pulls in, by its text and by links beside it.
fn wanted(contents: &Contents, name: &str) -> BTreeSet<String> {
    let unit = read(contents, name, &base(name, [contents, contents]));
    let keys = ["Wants", "Requires", "BindsTo", "Upholds"];
    let told = keys.iter().flat_map(|key| unit.words("Unit", key));
    let mut all: BTreeSet<String> = told.map(str::to_owned).collect();
    for folder in ["wants", "requires", "upholds"] {
        let folder = format!("{name}.{folder}/");
        let links = contents.units.range(folder.clone()..);
        let links = links.map_while(|(path, _)| path.strip_prefix(&folder));
        all.extend(links.map(str::to_owned));
    }
    all
}

/// The file of a unit: its own, or for an instance the template's.
fn base(name: &str, systems: [&Contents; 2]) -> String {
    let is_own = systems.iter().any(|system| system.units.contains_key(name));
    let instance = name.split_once('@').and_then(|(stem, rest)| {
        let (_, kind) = rest.rsplit_once('.')?;
        Some(format!("{stem}@.{kind}"))
    });
    instance
        .filter(|_| !is_own)
        .unwrap_or_else(|| name.to_owned())
}

/// Whether a system has a unit, and does not mask it.
fn exists(contents: &Contents, file: &str) -> bool {
    contents.units.get(file).is_some_and(Option::is_some)
}

/// Whether an instance that the old system declared as drop-ins is declared no more.
fn lost_instance(name: &str, base: &str, before: &Contents, after: &Contents) -> bool {
    let declares = |contents: &Contents| drop_ins(contents, name).next().is_some();
    name != base && declares(before) && !declares(after)
}

fn drop_ins<'a>(contents: &'a Contents, file: &str) -> impl Iterator<Item = &'a str> {
    let folder = format!("{file}.d/");
    let all = contents.units.range(folder.clone()..);
    let own = all.take_while(move |(path, _)| path.starts_with(&folder));
    own.filter_map(|(_, text)| text.as_deref())
}

/// A unit with its drop-ins, and for an instance with those of the template before its own.
fn read<'a>(contents: &'a Contents, name: &str, base: &str) -> Unit<'a> {
    let main = contents.units.get(base).and_then(Option::as_deref);
    let shared = drop_ins(contents, base);
    let own = drop_ins(contents, name).filter(|_| name != base);
    Unit::read(main.into_iter().chain(shared).chain(own))
}

#[cfg(test)]
mod tests;
