//! What a host is ordered to do in a run, and what it answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{HostName, Nonce, RunId, RunState, Toplevel};

/// What a run does with the new system on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Activates it with `test`, and keeps it once it is proven.
    #[default]
    Test,
    /// Keeps what a trial boot brought and runs already, once it is proven.
    Keep,
    /// Has the next boot try it once; the default of every later boot stays what it was.
    Boot,
    /// Makes it the default of every later boot, without any proof.
    BootUnproven,
}

impl Mode {
    /// Whether the run ends without activating: the host's next boot does that.
    #[must_use]
    pub fn is_boot(self) -> bool {
        matches!(self, Self::Boot | Self::BootUnproven)
    }
}

/// What a host does with an order to activate a system it must not switch to while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnInhibitor {
    /// Refuses it.
    #[default]
    Fail,
    /// Has the next boot try the system once, as [`Mode::Boot`].
    Boot,
}

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
    /// What to do with the new system.
    #[serde(default)]
    pub mode: Mode,
    /// What to do when the running system must not be switched to it.
    #[serde(default)]
    pub on_inhibitor: OnInhibitor,
    /// Limit for `switch-to-configuration test`.
    pub activate_limit: Duration,
    /// How long the host waits for a decision once activation has ended.
    pub confirm_limit: Duration,
    /// What the host does when it cannot go back.
    pub on_stranded: OnStranded,
    /// Activate although an operator holds the host.
    #[serde(default)]
    pub despite_hold: bool,
}

/// What a host does that can neither keep the new system nor go back to the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnStranded {
    /// Reboots: its boot entry was never touched and is the old system.
    #[default]
    Reboot,
    /// Stays as it is.
    Stay,
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
