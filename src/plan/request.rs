//! What the operator asked for, with every setting filled in.

use crate::model::{
    ActivateSettings, Gate, HostName, Identity, Mode, Nonce, Parallel, RunId, Stage,
};
use std::collections::BTreeMap;

/// What a run is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Bring hosts to what the flake says, and end after `until`.
    Deploy {
        /// The last stage to run; [`Stage::Confirm`] for the whole way.
        until: Stage,
    },
    /// Go back to generation `to`, or to the one before the present.
    Rollback {
        /// The generation's number.
        to: Option<u64>,
    },
}

impl Goal {
    /// Whether hosts are changed.
    #[must_use]
    pub fn activates(self) -> bool {
        match self {
            Self::Deploy { until } => until >= Stage::Activate,
            Self::Rollback { .. } => true,
        }
    }
}

/// One host of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: HostName,
    /// Limits of its activation.
    pub activate: ActivateSettings,
    /// What must hold before its new system is kept.
    pub health: Vec<Gate>,
    /// An unreachable host is deferred, not failed.
    pub may_be_offline: bool,
}

/// What the operator wants passed over, this once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waived {
    /// That the host runs a system phoenix never deployed, or was last deployed as another host.
    pub unknown: bool,
    /// That the system is named for another host.
    pub name: bool,
}

/// What the operator asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The run.
    pub run: RunId,
    /// Proves to hosts that a decision comes from this run's controller.
    pub nonce: Nonce,
    /// The command, as in `deploy`.
    pub command: String,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// What to reach.
    pub goal: Goal,
    /// What hosts do with a system they do not run yet: [`Mode::Test`], or one for their next boot.
    pub mode: Mode,
    /// The hosts, in order.
    pub targets: Vec<Target>,
    /// Every host of the fleet, with the machine it was adopted as.
    pub machines: BTreeMap<HostName, Option<Identity>>,
    /// Checks to pass over.
    pub waived: Waived,
    /// Limits of the stages.
    pub parallel: Parallel,
    /// Whether the plan needs the operator's yes before anything is changed.
    pub ask: bool,
    /// Begin no further activation once a host has failed.
    pub fail_fast: bool,
    /// Activate hosts although operators hold them.
    pub despite_hold: bool,
}
