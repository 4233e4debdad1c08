//! What changes from one system to another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::PackageChange;

/// All that a host's plan tells of the way from the system that runs to the one that shall.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delta {
    /// Packages, and files that the configuration makes, by name.
    pub packages: Vec<PackageChange>,
    /// Settings of the system, those that one can be locked out by first.
    pub settings: Vec<SettingChange>,
    /// What happens to units.
    pub units: UnitChanges,
    /// Why the new system is whole only after a reboot; nothing when it is at once.
    pub reboot: Vec<String>,
    /// What forbids to switch while the host runs.
    pub inhibitors: Vec<String>,
    /// The closure before and after.
    pub closure: ClosureChange,
}

/// How large a closure is, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosureChange {
    /// Paths before.
    pub paths_before: u64,
    /// Paths after.
    pub paths_after: u64,
    /// Bytes of the NARs before.
    pub bytes_before: u64,
    /// Bytes of the NARs after.
    pub bytes_after: u64,
    /// Paths that the host does not have.
    pub paths_to_send: u64,
    /// Bytes of the NARs of these. What crosses the wire is packed, and less.
    pub bytes_to_send: u64,
}

/// A setting of the system and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SettingChange {
    /// Whether one may be locked out of the host by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    /// What it is about.
    pub topic: Topic,
    /// The setting: `kernel`, `user ann`, `port 22/tcp`.
    pub what: String,
    /// Before; `None` when it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// After; `None` when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The way in: sshd, keys.
    Access,
    /// Addresses, links, the host's name.
    Network,
    /// Open ports.
    Firewall,
    /// Users and groups.
    Accounts,
    /// File systems and encrypted devices.
    Storage,
    /// Kernel, initrd, kernel parameters, systemd.
    Boot,
    /// What the system calls itself.
    Release,
}

/// What activating a system does to the units of a host, in the words of
/// `switch-to-configuration dry-activate`. What is in `stop` and in `start` is restarted in two
/// steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitChanges {
    /// Stopped before the new system is activated.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub stop: BTreeSet<String>,
    /// Started after it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub start: BTreeSet<String>,
    /// Restarted after it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub restart: BTreeSet<String>,
    /// Reloaded after it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub reload: BTreeSet<String>,
    /// Changed, but left running as they are.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub skip: BTreeSet<String>,
    /// Started because something that runs wants them, and unknown to the old system.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub come: BTreeSet<String>,
}

impl UnitChanges {
    /// Whether no unit is touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
