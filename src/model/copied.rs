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
}
