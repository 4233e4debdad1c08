//! The cells in which something dies while the run is in a certain state.

use super::cell::{Cell, Expect, Fault, Release, Side};

/// A state and how a run is held in it.
struct State {
    row: &'static str,
    hold: &'static str,
    /// Whether the new system is decided to be kept by then.
    is_kept: bool,
    /// Whether the run goes back without any fault.
    is_bad: bool,
}

const fn state(row: &'static str, hold: &'static str) -> State {
    State {
        row,
        hold,
        is_kept: false,
        is_bad: false,
    }
}

/// In PROBING the controller's proof is held, not the guard: its lease runs on.
const STATES: [State; 8] = [
    state("PREPARED", "prepared"),
    state("ARMED", "armed"),
    state("ACTIVATING", "activating"),
    state("PROBING", "prove"),
    State {
        is_kept: true,
        ..state("DECIDED", "decided")
    },
    State {
        is_kept: true,
        ..state("COMMITTING", "committing")
    },
    State {
        is_kept: true,
        ..state("COMMITTING, profile set", "profile-set")
    },
    State {
        is_bad: true,
        ..state("ROLLING_BACK", "rolling-back")
    },
];

/// The faults that strike in each state.
const FAULTS: [(Fault, &str, &str); 4] = [
    (
        Fault::KillController,
        "Controller killed",
        "phoenix gets SIGKILL",
    ),
    (
        Fault::CutLink,
        "Link cut",
        "the link is cut until the host has ended the run by itself",
    ),
    (
        Fault::CutPower,
        "Power cut",
        "the host's power is cut, and switched on again",
    ),
    (
        Fault::KillGuard,
        "Guard killed",
        "the guard of the run gets SIGKILL",
    ),
];

/// Every state with every fault.
pub(super) fn cells() -> Vec<Cell> {
    let pair = |fault| STATES.iter().map(move |state| (state, fault));
    FAULTS
        .iter()
        .flat_map(pair)
        // Before the guard is there, nobody can kill it.
        .filter(|(state, fault)| fault.0 != Fault::KillGuard || state.row != "PREPARED")
        .map(|(state, (fault, section, injected))| {
            let variant = if state.is_bad {
                "service-fails"
            } else {
                "working"
            };
            Cell::new(section, state.row, injected, expect(state, *fault))
                .sending(Release::of(variant))
                .held(state.hold, *fault)
        })
        .collect()
}

fn expect(state: &State, fault: Fault) -> Expect {
    let is_kept = state.is_kept && fault != Fault::CutPower;
    let mut expect = if is_kept {
        Expect::kept(&[])
    } else {
        Expect::back(says(state, fault))
    };
    if fault == Fault::KillController {
        expect.outcome = None;
        expect.says = vec![if is_kept { "confirmed" } else { "rolled back" }];
    }
    let is_away = matches!(fault, Fault::KillController | Fault::CutLink);
    // A bad release goes back at once: there is no lease to wait for.
    expect.is_lost = is_away && expect.runs == Side::Old && !state.is_bad;
    expect
}

fn says(state: &State, fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::CutLink if state.is_bad => &["failed after the switch"],
        Fault::CutLink => &["nobody confirmed the new system within 4 s after activation"],
        Fault::CutPower if state.is_bad => {
            &["failed after the switch; the host was rebooted while it went back"]
        }
        Fault::CutPower if state.is_kept => &["rebooted before the commit had ended"],
        Fault::CutPower => &["rebooted before the run was decided"],
        Fault::KillGuard if state.is_bad => &["failed after the switch"],
        Fault::KillGuard => &["the program that guards the run was ended before the decision"],
        _ => &[],
    }
}
