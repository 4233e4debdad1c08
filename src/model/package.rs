//! Packages of a system, and how they differ from those of another.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{StorePath, Toplevel};

/// The paths of a system, with what a comparison needs to know of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosureSizes {
    /// The system itself, which is one of the paths.
    pub toplevel: Toplevel,
    /// Every path of the closure, with the size of its NAR in bytes.
    pub paths: BTreeMap<StorePath, u64>,
    /// The paths that the system names itself, in `environment.systemPackages`: to what its
    /// `sw` refers.
    pub selected: BTreeSet<StorePath>,
}

impl ClosureSizes {
    /// Bytes of all NARs together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.paths.values().sum()
    }
}

/// What happens to the paths of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageChange {
    /// The name without version and output: `openssl`.
    pub name: String,
    /// What happens.
    pub kind: ChangeKind,
    /// The versions that come, go, or take another's place. Without those that stay. Empty for
    /// what is rebuilt, and for what has no version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<VersionStep>,
    /// The versions that stay, be they rebuilt or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stay: Vec<String>,
    /// Whether the system names it itself, before or after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub selected: bool,
    /// Bytes that the closure grows by because of it; negative when it shrinks.
    pub bytes: i64,
}

impl PackageChange {
    /// Whether it has a version: what has none is a file that the configuration makes.
    #[must_use]
    pub fn is_versioned(&self) -> bool {
        !self.versions.is_empty() || !self.stay.is_empty()
    }
}

/// What happens to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// All versions that change get newer.
    Upgraded,
    /// All versions that change get older.
    Downgraded,
    /// Versions change, some up and some down, or in a way that has no order.
    Changed,
    /// It was not there before.
    Added,
    /// It is there no more.
    Removed,
    /// Its versions stay, but it was built anew.
    Rebuilt,
    /// Only outputs of it come or go, such as its manual.
    Outputs,
}

/// A version and what it becomes. One of the two is always there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionStep {
    /// The version before; `None` for one that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version after; `None` for one that goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}
