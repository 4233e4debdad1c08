//! How far a copy is.

use serde::{Deserialize, Serialize};

/// How far a copy to one host is, or what it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Bytes that went over the connection.
    pub bytes: u64,
    /// Store paths that the host has taken.
    pub paths: u64,
    /// Store paths to send, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_paths: Option<u64>,
    /// Bytes of the NARs of the paths that the host has taken; none where nobody counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nar_bytes: Option<u64>,
    /// Bytes of the NARs of all paths to send, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_nar_bytes: Option<u64>,
    /// Of the paths taken, those that were sent while the system was still being built.
    #[serde(default, skip_serializing_if = "is_none")]
    pub ahead: u64,
    /// Of the paths taken, those that the host fetched from its own binary caches.
    #[serde(default, skip_serializing_if = "is_none")]
    pub fetched: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Copied {
    /// The same with what was copied before counted as well.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| one.map(|one| one + other.unwrap_or(0));
        Self {
            bytes: self.bytes + before.bytes,
            paths: self.paths + before.paths,
            expected_paths: sum(self.expected_paths, Some(before.paths)),
            nar_bytes: sum(self.nar_bytes, before.nar_bytes),
            expected_nar_bytes: sum(self.expected_nar_bytes, before.nar_bytes),
            ahead: self.ahead + before.ahead,
            fetched: self.fetched + before.fetched,
        }
    }
}
