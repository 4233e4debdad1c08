//! Which machine a host is, and where the system it runs comes from.

use serde::{Deserialize, Serialize};

use super::HostName;

/// What tells one machine from another, as `phoenix adopt` recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `/etc/machine-id`: 32 small hexadecimal digits.
    pub machine_id: String,
    /// As [`Facts::root_device`](super::Facts::root_device); `None` when it was not known.
    pub root_device: Option<String>,
}

/// Where the system that a host runs comes from, as the host itself remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Origin {
    /// phoenix committed exactly this system on this machine.
    Deployed {
        /// The host it was meant for.
        host: HostName,
    },
    /// It was there before, and an operator adopted it.
    Adopted {
        /// The host it was adopted as.
        host: HostName,
    },
    /// phoenix has never seen it on this machine.
    #[default]
    Unknown,
}

impl Origin {
    /// The fleet's host that the system belongs to.
    #[must_use]
    pub fn host(&self) -> Option<&HostName> {
        match self {
            Self::Deployed { host } | Self::Adopted { host } => Some(host),
            Self::Unknown => None,
        }
    }
}
