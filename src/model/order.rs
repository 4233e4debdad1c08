//! What a host is ordered to do in a run, and what it answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{HostName, Nonce, RunId, RunState, Toplevel};

/// The order that begins the activation transaction on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The run.
    pub run: RunId,
    /// Must be repeated by whoever proves or decides.
    pub nonce: Nonce,
    /// The host the controller means; recorded, and shown with refusals.
    pub host: HostName,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// What the controller saw running when it planned. The host refuses when it moved on since.
    pub expected: Option<Toplevel>,
    /// The system to activate; its closure is on the host already.
    pub new: Toplevel,
    /// Commit by going back to this generation instead of making a new one.
    pub generation: Option<u64>,
    /// Limit for `switch-to-configuration test`.
    pub activate_limit: Duration,
    /// How long the host waits for a decision once activation has ended.
    pub confirm_limit: Duration,
}

/// What a host tells over a fresh connection after activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Where the run stands.
    pub state: RunState,
    /// What runs now.
    pub running: Option<Toplevel>,
    /// Units failed now that were not failed before the run.
    pub newly_failed: Vec<String>,
    /// Last journal lines of those units.
    pub log: Vec<String>,
}
