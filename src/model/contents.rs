//! What the files of a system say, and what runs on a host: what plans are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ClosureSizes, StorePath};

/// What the files of a toplevel say, as far as plans compare it. Read, not yet understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The links of the toplevel by their names (`kernel`, `initrd`, `systemd`), and where they
    /// point.
    pub links: BTreeMap<String, String>,
    /// The one-line files of the toplevel by their names (`nixos-version`, `kernel-params`).
    pub lines: BTreeMap<String, String>,
    /// What is below `etc`, by its path there, and where it points. What is no link points to
    /// itself.
    pub etc: BTreeMap<String, String>,
    /// The text of units and their drop-ins, by their path below `etc/systemd/system`; `None`
    /// for what is masked. Links in `.wants` and `.requires` have no text: they are empty.
    pub units: BTreeMap<String, Option<String>>,
    /// The text of other files: `fstab` and the like below `etc` by their path there, with `etc/`
    /// before it; and files of the closure by the names they have there (`users-groups.json`).
    pub texts: BTreeMap<String, String>,
}

/// The units that run on a host, as its systemd says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveUnits {
    /// Units from `/etc/systemd/system` that are active or about to be.
    pub active: BTreeSet<String>,
    /// Units from anywhere that are anything but inactive.
    pub loaded: BTreeSet<String>,
}

/// What was read of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its paths.
    pub closure: ClosureSizes,
    /// What its files say.
    pub contents: Contents,
}

/// What a plan for one host is made from, besides its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The system that runs.
    pub before: Arc<Inspection>,
    /// The system that shall run.
    pub after: Arc<Inspection>,
    /// The host's units.
    pub units: LiveUnits,
    /// Paths of the new system that the host's store does not have.
    pub missing: BTreeSet<StorePath>,
}
