//! What can go wrong between here and a host.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::model::HostName;

use super::config::ConfigError;
use super::host_key::ExpectedKey;

/// A key that was offered in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedKey {
    /// Where it is from, and its fingerprint.
    pub name: String,
    /// What became of it.
    pub verdict: KeyVerdict,
}

/// What became of a key that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// The host does not take it.
    Refused,
    /// The host takes it, and wants something else besides.
    NotEnough,
    /// The host would take it, and it could not be used, for this reason.
    Unusable(String),
}

impl fmt::Display for OfferedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            KeyVerdict::Refused => write!(f, "{}: refused", self.name),
            KeyVerdict::NotEnough => write!(f, "{}: accepted, but a key is not enough", self.name),
            KeyVerdict::Unusable(why) => write!(f, "{}: would be accepted, but {why}", self.name),
        }
    }
}

/// Why a host is not connected, or no longer.
#[derive(Debug, Error)]
pub enum SshError {
    /// Several addresses were tried, and none led to a login.
    #[error("none of the {} addresses of {host} can be used", tried.len())]
    NoAddress {
        /// The host.
        host: HostName,
        /// Each address, and its own error.
        tried: Vec<(String, SshError)>,
    },
    /// A name has no address.
    #[error("the name {name} cannot be resolved")]
    Resolve {
        /// The name.
        name: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// No connection came about.
    #[error("no connection to {address}")]
    Connect {
        /// Address and port.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("{what} took longer than {} s", limit.as_secs_f32())]
    Timeout {
        /// What was waited for.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// Both sides could not agree on a secure connection.
    #[error("no secure connection to {address}")]
    Handshake {
        /// Address and port.
        address: String,
        /// Why.
        #[source]
        source: Box<russh::Error>,
    },
    /// Nobody has vouched for the host's key yet.
    #[error("the host key of {host} at {address} is not known")]
    UnknownHostKey {
        /// The host.
        host: String,
        /// Address and port.
        address: String,
        /// Fingerprint of the key it showed.
        offered: String,
        /// The key it showed, as a line of a `.pub` file.
        key: Box<str>,
        /// Where to pin it; `None` for a jump host.
        pin: Option<PathBuf>,
    },
    /// The host shows another key than the one that is known.
    #[error("the host key of {host} at {address} is not the expected one")]
    ChangedHostKey {
        /// The host.
        host: String,
        /// Address and port.
        address: String,
        /// Fingerprint of the key it showed.
        offered: String,
        /// What was expected, and which files say so.
        expected: Vec<ExpectedKey>,
    },
    /// The host shows a key that is marked as revoked.
    #[error("the host key of {host} at {address} is revoked")]
    RevokedHostKey {
        /// The host.
        host: String,
        /// Address and port.
        address: String,
        /// Fingerprint of the key it showed.
        offered: String,
        /// The mark.
        mark: Box<ExpectedKey>,
    },
    /// The host shows a certificate that does not hold.
    #[error("the host certificate of {host} at {address} is not valid: {reason}")]
    HostCertificate {
        /// The host.
        host: String,
        /// Address and port.
        address: String,
        /// Fingerprint of the key in it.
        offered: String,
        /// Why.
        reason: String,
    },
    /// The host let none of our keys in.
    #[error("{address} does not let {user} in")]
    Auth {
        /// The login user.
        user: String,
        /// Address and port.
        address: String,
        /// Each key that was offered, and what became of it.
        offered: Vec<OfferedKey>,
        /// Keys that could not be offered, and why.
        skipped: Vec<String>,
        /// What the host would take.
        methods: Box<[String]>,
        /// Whether the host hung up before all keys were tried.
        hung_up: bool,
    },
    /// A jump host on the way failed.
    #[error("the way through {hop} is blocked")]
    Jump {
        /// The jump host.
        hop: String,
        /// Why.
        #[source]
        source: Box<SshError>,
    },
    /// A jump host is fine, and cannot or may not go on from there.
    #[error("{hop} does not connect to {address}")]
    Forward {
        /// The jump host.
        hop: String,
        /// Address and port beyond it.
        address: String,
        /// Why.
        #[source]
        source: Box<russh::Error>,
    },
    /// A command could not be started.
    #[error("{command} cannot be started on {address}")]
    Channel {
        /// The command's first word.
        command: String,
        /// Address and port.
        address: String,
        /// Why.
        #[source]
        source: Box<russh::Error>,
    },
    /// The host refused to run a command, or it ended without a status.
    #[error("{command} on {address} {what}")]
    Command {
        /// The command's first word.
        command: String,
        /// Address and port.
        address: String,
        /// What happened to it.
        what: &'static str,
    },
    /// The connection broke.
    #[error("the connection to {address} was lost: {reason}")]
    Lost {
        /// Address and port.
        address: String,
        /// Why.
        reason: String,
    },
    /// The SSH configuration cannot be used.
    #[error("the SSH configuration cannot be used")]
    Config(#[from] ConfigError),
    /// A file with keys cannot be used.
    #[error("{} cannot be used", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
