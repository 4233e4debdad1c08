//! How to reach a host: what fleet.toml says, with all defaults filled in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::HostName;

/// One address of a host: a name or an IP address, with a port of its own if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name, IPv4 or IPv6 address without brackets, or an alias of `~/.ssh/config`.
    pub host: String,
    /// Port written with this address (`host:2222`, `[::1]:2222`), before any other port.
    pub port: Option<u16>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// How the login user becomes root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elevation {
    /// The login user is root.
    None,
    /// `sudo`, with or without a password.
    Sudo,
    /// `doas`, which must not ask for a password.
    Doas,
}

/// Everything the SSH side needs to know about one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Name in fleet.toml.
    pub name: HostName,
    /// Addresses in the order to try; never empty.
    pub addresses: Vec<Address>,
    /// Port for addresses that name none; `None` leaves it to `~/.ssh/config`, then 22.
    pub port: Option<u16>,
    /// Login user; `None` leaves it to `~/.ssh/config`, then the local user.
    pub user: Option<String>,
    /// How to become root.
    pub elevation: Elevation,
    /// Jump hosts in order, as `[user@]host[:port]`; `None` leaves it to `~/.ssh/config`.
    pub jump: Option<Vec<String>>,
    /// Private keys to offer, before those of `~/.ssh/config`.
    pub identity_files: Vec<PathBuf>,
    /// Whether keys of the SSH agent may be offered.
    pub use_agent: bool,
    /// Files of pinned host keys (`hosts/<name>/ssh_host_*_key.pub`); when there are any, no other key is accepted.
    pub pinned_keys: Vec<PathBuf>,
    /// Keys that the operator has just compared, as lines of `.pub` files: good enough for a
    /// host of which no file knows a key.
    pub accepted_keys: Vec<String>,
    /// Limit for reaching the host: TCP, key exchange, login, over all addresses.
    pub connect_limit: Duration,
}
