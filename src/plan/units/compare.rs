//! Whether a unit that changes must be restarted.
//!
//! As switch-to-configuration-ng of nixpkgs has it (`compare_units`, NixOS 26.05; before that,
//! a changed `ExecReload` restarted a unit).

use std::collections::BTreeSet;

use super::unit::Unit;

/// What follows from the differences between two forms of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    /// Nothing that matters to what runs.
    None,
    /// It is to be reloaded.
    Reload,
    /// It is to be restarted.
    Restart,
}

/// Keys of `[Unit]` that say nothing about how a unit runs.
const IGNORED: [&str; 12] = [
    "Description",
    "Documentation",
    "OnFailure",
    "OnSuccess",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "CollectMode",
    "SourcePath",
];

/// Compares what runs with what shall run.
pub(super) fn compare(old: &Unit<'_>, new: &Unit<'_>) -> Difference {
    let sections: BTreeSet<&str> = old
        .sections
        .keys()
        .chain(new.sections.keys())
        .copied()
        .collect();
    let mut worst = Difference::None;
    for section in sections {
        let keys = [old, new].map(|unit| unit.sections.get(section));
        let keys: BTreeSet<&str> = keys
            .into_iter()
            .flatten()
            .flat_map(|keys| keys.keys().copied())
            .collect();
        if keys.is_empty() && section != "Unit" {
            // A section that holds nothing is there or not.
            let is_new = old.sections.contains_key(section) != new.sections.contains_key(section);
            worst = worst.max(if is_new {
                Difference::Restart
            } else {
                Difference::None
            });
        }
        for key in keys {
            worst = worst.max(key_difference((section, key), old, new));
        }
    }
    worst
}

fn key_difference((section, key): (&str, &str), old: &Unit<'_>, new: &Unit<'_>) -> Difference {
    let (before, after) = (old.values(section, key), new.values(section, key));
    if before == after {
        return Difference::None;
    }
    let is_gone = after.is_empty();
    match (section, key) {
        ("Unit", key) if IGNORED.contains(&key) => Difference::None,
        // What is gone cannot be reloaded for.
        ("Unit", "X-Reload-Triggers") | ("Service", "ExecReload") if is_gone => Difference::None,
        ("Unit", "X-Reload-Triggers") | ("Service", "ExecReload") => Difference::Reload,
        ("Mount", "Options") if !is_gone && !before.is_empty() => Difference::Reload,
        _ => Difference::Restart,
    }
}
