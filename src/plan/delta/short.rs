//! A delta in one line.

use crate::model::{ChangeKind, Delta};

/// Names that are told before the rest is counted.
const NAMES: usize = 3;

/// What changes, in one line: `nginx 1.26.0 → 1.26.1 and 12 others; restarts nginx.service`.
#[must_use]
pub fn in_short(delta: &Delta) -> String {
    let mut parts = Vec::new();
    let named = delta.packages.iter().filter(|change| {
        change.is_versioned() && !matches!(change.kind, ChangeKind::Rebuilt | ChangeKind::Outputs)
    });
    // What the system names itself says most.
    let mut named: Vec<_> = named.collect();
    named.sort_by_key(|change| !change.selected);
    let told = named.iter().map(|change| {
        let step = change.versions.first();
        let step = step.map(|step| (step.from.as_deref(), step.to.as_deref()));
        match (change.kind, step) {
            (ChangeKind::Added, _) => format!("+{}", change.name),
            (ChangeKind::Removed, _) => format!("-{}", change.name),
            (_, Some((Some(from), Some(to)))) => format!("{} {from} → {to}", change.name),
            _ => change.name.clone(),
        }
    });
    parts.extend(listed(told));
    let rebuilt = delta.packages.len() - named.len();
    if rebuilt > 0 && parts.is_empty() {
        parts.push(format!("{rebuilt} rebuilt"));
    }
    let units = &delta.units;
    let restarted = units
        .restart
        .iter()
        .chain(units.stop.intersection(&units.start));
    let restarted = listed(restarted.cloned());
    parts.extend(restarted.map(|units| format!("restarts {units}")));
    let stopped = listed(units.stop.difference(&units.start).cloned());
    parts.extend(stopped.map(|units| format!("stops {units}")));
    if !delta.reboot.is_empty() {
        parts.push("needs a reboot".to_owned());
    }
    match parts.is_empty() {
        true => "nothing that is known".to_owned(),
        false => parts.join("; "),
    }
}

/// `a, b, c and 12 others`; nothing of nothing.
fn listed(names: impl Iterator<Item = String>) -> Option<String> {
    let mut names: Vec<String> = names.collect();
    let others = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let joined = names.join(", ");
    match (names.is_empty(), others) {
        (true, _) => None,
        (_, 0) => Some(joined),
        (_, 1) => Some(format!("{joined} and 1 other")),
        _ => Some(format!("{joined} and {others} others")),
    }
}
