//! What changes on a host, put together from its survey.

mod boot;
mod short;
mod storage;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

pub use short::in_short;
pub use warnings::warnings;

use super::{packages, units};
use crate::model::{
    ClosureChange, Contents, Delta, Inspection, SettingChange, StorePath, Survey, Topic,
};

/// All that a plan tells of the way from one system to the other.
#[must_use]
pub fn delta(survey: &Survey) -> Delta {
    let Survey {
        before,
        after,
        units: live,
        missing,
    } = survey;
    let (old, new) = (&before.contents, &after.contents);
    let mut settings = settings(old, new);
    settings.sort_by(|a, b| (!a.critical, a.topic, &a.what).cmp(&(!b.critical, b.topic, &b.what)));
    Delta {
        packages: packages(&before.closure, &after.closure),
        settings,
        units: units(old, new, live),
        reboot: boot::reboot(old, new),
        inhibitors: boot::inhibitors(old, new),
        closure: closure(before, after, missing),
    }
}

fn settings(old: &Contents, new: &Contents) -> Vec<SettingChange> {
    let parts = [boot::settings(old, new), storage::settings(old, new)];
    parts.into_iter().flatten().collect()
}

fn closure(
    before: &Inspection,
    after: &Inspection,
    missing: &BTreeSet<StorePath>,
) -> ClosureChange {
    let count = |inspection: &Inspection| inspection.closure.paths.len() as u64;
    let sent = missing
        .iter()
        .filter_map(|path| after.closure.paths.get(path));
    ClosureChange {
        paths_before: count(before),
        paths_after: count(after),
        bytes_before: before.closure.bytes(),
        bytes_after: after.closure.bytes(),
        paths_to_send: missing.len() as u64,
        bytes_to_send: sent.sum(),
    }
}

/// The entries of two maps that are not the same, as settings.
fn differing(
    topic: Topic,
    critical: bool,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<SettingChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    changed
        .map(|name| SettingChange {
            critical,
            topic,
            what: name.clone(),
            from: old.get(name).cloned(),
            to: new.get(name).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
