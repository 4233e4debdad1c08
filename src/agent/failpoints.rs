//! Failpoints hold a run at a named place, so that a test can break something exactly there.
//!
//! They are built with the feature `failpoints` only; scripts/build makes sure that no agent it
//! ships has them. docs/design/0009-failpoints.md names the places.

#[cfg(any(test, feature = "failpoints"))]
pub(super) use on::reach;

use super::host::Cx;
use crate::model::RunState;

/// Waits at a place while a test wants that; never in an agent that is shipped.
#[cfg(not(any(test, feature = "failpoints")))]
pub(super) fn reach(_cx: Cx<'_>, _place: &str) {}

/// The place right after a state was written down.
pub(super) fn entered(cx: Cx<'_>, state: RunState) {
    reach(
        cx,
        match state {
            RunState::Prepared => "prepared",
            RunState::Armed => "armed",
            RunState::Activating => "activating",
            RunState::Probing => "probing",
            RunState::Committing => "committing",
            RunState::RollingBack => "rolling-back",
            RunState::Staging => "staging",
            RunState::Committed
            | RunState::CommittedNotBoot
            | RunState::Staged
            | RunState::OnTrial
            | RunState::RolledBack
            | RunState::Failed => return,
        },
    );
}

#[cfg(any(test, feature = "failpoints"))]
mod on {
    use std::fs;
    use std::time::Duration;

    use super::Cx;

    /// A test makes a file of a place's name here, waits for `NAME.reached`, and removes its file.
    const FOLDER: &str = "/run/phoenix-failpoints";
    /// A test that died must not hold the host for ever.
    const LIMIT: Duration = Duration::from_secs(60);
    const POLL: Duration = Duration::from_millis(20);

    pub(in crate::agent) fn reach(cx: Cx<'_>, place: &str) {
        let folder = cx.paths.at(FOLDER);
        let file = folder.join(place);
        if !file.exists() {
            return;
        }
        // Without the mark the test gives up by itself.
        let _ = fs::write(folder.join(format!("{place}.reached")), "");
        let until = cx.host.uptime() + LIMIT;
        while file.exists() && cx.host.uptime() < until {
            cx.host.pause(POLL);
        }
    }
}
