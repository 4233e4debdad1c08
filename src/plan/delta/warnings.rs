//! What an operator should see before saying yes.

use super::super::{Action, HostPlan, runs_apart};
use crate::model::{Delta, Facts, Mode, Toplevel};

/// What speaks for looking twice at a host: it runs or boots something else than its profile
/// says, somebody holds it, or it has no room.
#[must_use]
pub fn warnings(plan: &HostPlan, facts: &Facts, delta: Option<&Delta>) -> Vec<String> {
    let mut warnings = drift(facts);
    if plan.action == Action::Nothing {
        return warnings;
    }
    if let Some(hold) = &facts.hold {
        warnings.push(format!("held: {}, reason: {}", hold.shown(), hold.reason));
    }
    let Some(delta) = delta else {
        return warnings;
    };
    let switches = plan.action.mode() == Mode::Test;
    if switches && !delta.inhibitors.is_empty() {
        warnings.push(format!(
            "must not be switched while it runs: {}",
            delta.inhibitors.join(", ")
        ));
    }
    warnings.extend(room(facts, delta.closure.bytes_to_send));
    warnings
}

/// How what runs, what boots and what the profile says differ.
fn drift(facts: &Facts) -> Vec<String> {
    let mut drift = Vec::new();
    let profile = facts
        .profile
        .as_ref()
        .map(|generation| &generation.toplevel);
    let short = |system: Option<&Toplevel>| {
        system.map_or_else(
            || "nothing known".to_owned(),
            |system| system.path().short(),
        )
    };
    let running = facts.running.as_ref();
    if facts.is_on_trial() {
        drift.push("runs a system on trial, which its profile does not say".to_owned());
    } else if running != profile && runs_apart(facts) {
        drift.push(format!(
            "runs {}, which nobody kept: its profile says {}",
            short(running),
            short(profile)
        ));
    } else if running != profile {
        drift.push(format!(
            "runs {}, but its profile says {}",
            short(running),
            short(profile)
        ));
    }
    if let Some(next) = facts.next_boot() {
        drift.push(format!("its next boot tries {}", next.path().short()));
    }
    if facts.needs_reboot {
        drift.push(
            "waits for a reboot: the system it runs has another kernel than was booted".to_owned(),
        );
    }
    drift
}

/// Whether the store has no room for what is to be sent.
fn room(facts: &Facts, needed: u64) -> Option<String> {
    let store = facts
        .space
        .iter()
        .find(|space| space.path == "/nix/store")?;
    (store.free < needed).then(|| {
        format!(
            "its /nix/store has {} MiB free, {} MiB are to be sent",
            store.free >> 20,
            needed.div_ceil(1 << 20)
        )
    })
}
