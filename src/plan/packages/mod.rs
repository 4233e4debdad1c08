//! What changes between the packages of two systems.

mod name;
mod pair;
mod version;

use std::collections::{BTreeMap, BTreeSet};

pub use name::Name;

use crate::model::{ChangeKind, ClosureSizes, PackageChange, StorePath};

/// What one system has of a package.
#[derive(Default)]
struct Have<'a> {
    paths: BTreeSet<&'a StorePath>,
    versions: BTreeSet<&'a str>,
    bytes: u64,
    selected: bool,
}

/// The packages of which the two systems do not have the same, by name. The systems themselves
/// are no packages.
#[must_use]
pub fn packages(before: &ClosureSizes, after: &ClosureSizes) -> Vec<PackageChange> {
    let mut all: BTreeMap<&str, [Have<'_>; 2]> = BTreeMap::new();
    for (side, closure) in [before, after].into_iter().enumerate() {
        for (path, size) in &closure.paths {
            if path == closure.toplevel.path() {
                continue;
            }
            let name = Name::parse(path.name());
            let have = &mut all.entry(name.package).or_default()[side];
            have.paths.insert(path);
            have.versions.extend(name.version);
            have.bytes += size;
            have.selected |= closure.selected.contains(path);
        }
    }
    let changes = all.into_iter();
    changes
        .filter(|(_, [old, new])| old.paths != new.paths)
        .map(|(name, [old, new])| change(name, &old, &new))
        .collect()
}

fn change(name: &str, old: &Have<'_>, new: &Have<'_>) -> PackageChange {
    let gone = old.versions.difference(&new.versions).copied();
    let come = new.versions.difference(&old.versions).copied();
    let versions = pair::pair(&gone.collect(), &come.collect());
    let stay = old.versions.intersection(&new.versions);
    let kind = if old.paths.is_empty() {
        ChangeKind::Added
    } else if new.paths.is_empty() {
        ChangeKind::Removed
    } else if !versions.is_empty() {
        pair::direction(&versions)
    } else if is_rebuilt(old, new) {
        ChangeKind::Rebuilt
    } else {
        ChangeKind::Outputs
    };
    PackageChange {
        name: name.to_owned(),
        kind,
        versions,
        stay: stay.map(|version| (*version).to_owned()).collect(),
        selected: old.selected || new.selected,
        bytes: signed(new.bytes) - signed(old.bytes),
    }
}

/// Whether something of the same whole name is another path now.
fn is_rebuilt(old: &Have<'_>, new: &Have<'_>) -> bool {
    let mut gone = old.paths.difference(&new.paths).map(|path| path.name());
    let come: BTreeSet<&str> = new
        .paths
        .difference(&old.paths)
        .map(|path| path.name())
        .collect();
    gone.any(|name| come.contains(name))
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
