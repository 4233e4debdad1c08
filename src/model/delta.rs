//! What changes from one system to another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

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
