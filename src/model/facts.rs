//! What a host says about itself.

use serde::{Deserialize, Serialize};

use super::{Generation, HostName, RunId, Toplevel};

/// What the agent found on a host. Read in one go, before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Name the kernel has.
    pub host_name: String,
    /// Nix's word for the machine: `x86_64-linux`.
    pub system: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// `/proc/sys/kernel/random/boot_id`: changes with every boot.
    pub boot_id: String,
    /// Where `/run/current-system` points, if there is such a link.
    pub running: Option<Toplevel>,
    /// Where `/run/booted-system` points.
    pub booted: Option<Toplevel>,
    /// The generation the system profile points to.
    pub profile: Option<Generation>,
    /// All generations of the system profile, oldest first.
    pub generations: Vec<Generation>,
    /// `nix --version` of the host, as in `2.26.3`.
    pub nix: Option<String>,
    /// systemd units that are failed now.
    pub failed_units: Vec<String>,
    /// Free space where it matters.
    pub space: Vec<DiskSpace>,
    /// Who holds the host's deploy lock.
    pub lock: Option<LockHolder>,
    /// The newest run the host knows of.
    pub last_run: Option<RunSummary>,
}

impl Facts {
    /// Whether the host is known to boot another system than `toplevel`, although its profile
    /// says that one: the last run could not write the boot entry.
    #[must_use]
    pub fn boots_another(&self, toplevel: &Toplevel) -> bool {
        let behind =
            |run: &RunSummary| run.state == RunState::CommittedNotBoot && run.new == *toplevel;
        self.last_run.as_ref().is_some_and(behind)
    }

    /// A machine of kind `system` of which nothing else is known.
    #[must_use]
    pub fn blank(system: &str) -> Self {
        Self {
            host_name: String::new(),
            system: system.to_owned(),
            machine_id: String::new(),
            boot_id: String::new(),
            running: None,
            booted: None,
            profile: None,
            generations: Vec::new(),
            nix: None,
            failed_units: Vec::new(),
            space: Vec::new(),
            lock: None,
            last_run: None,
        }
    }
}

/// Free space of one file system, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpace {
    /// The folder that was asked about.
    pub path: String,
    /// Bytes an ordinary process can still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Who holds a host's deploy lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The run that holds it.
    pub run: RunId,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Seconds since 1970 when the lock was taken, by the host's clock.
    pub since: u64,
}

/// Where a run stands on a host. The states of docs/design/0001-transaction.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Lock held, everything recorded, nothing changed.
    Prepared,
    /// The rollback timer runs; nothing changed yet.
    Armed,
    /// `switch-to-configuration test` runs.
    Activating,
    /// Activated; waits for a decision until the deadline.
    Probing,
    /// Decided to keep the new system; profile and boot entry are being written.
    Committing,
    /// Runs the new system and boots it.
    Committed,
    /// Runs the new system, but the boot entry could not be written: boots the old one.
    CommittedNotBoot,
    /// Going back to the old system.
    RollingBack,
    /// Runs the old system again.
    RolledBack,
    /// Could neither keep the new system nor go back.
    Failed,
}

impl RunState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Committed | Self::CommittedNotBoot | Self::RolledBack | Self::Failed
        )
    }
}

/// A run as the host recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// The host the controller meant.
    pub host: HostName,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Where it stands.
    pub state: RunState,
    /// What ran before.
    pub old: Toplevel,
    /// What was activated.
    pub new: Toplevel,
    /// Why it went back or failed, in one line.
    pub reason: Option<String>,
    /// Units that failed because of it.
    pub failed_units: Vec<String>,
    /// Last lines of the log that explains it.
    pub log: Vec<String>,
    /// Seconds since 1970 of the last change of state, by the host's clock.
    pub changed: u64,
}
