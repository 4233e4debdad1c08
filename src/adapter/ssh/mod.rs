//! Reaches hosts over SSH, in process: no `ssh` is ever started.
//!
//! [`Connection::open`] tries a host's addresses, checks its key and logs in;
//! [`Connection::exec`] starts a command on it. Keys, known hosts and jump hosts are found as
//! ssh finds them, so that what `ssh host` reaches, phoenix reaches.

mod auth;
mod config;
mod connection;
mod error;
mod host_key;
mod keyring;
mod pattern;
mod process;
mod public;
mod quote;
mod race;
mod report;
mod session;
mod stream;
mod target;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use config::ConfigError;
pub use connection::Connection;
pub use error::{KeyVerdict, OfferedKey, SshError};
pub use host_key::ExpectedKey;
pub use keyring::Prompts;
pub use process::{Events, Finished, Output, Program, RemoteProcess, Stdin};
pub use public::public_keys;
pub use quote::quote;

use config::Config;
use keyring::Keyring;

/// What all connections of a run share: where things are, and what was read or asked once.
pub struct SshContext {
    /// The home folder; without one there are no default keys and no `~/.ssh/config`.
    pub home: Option<PathBuf>,
    /// Name to log in with where nothing names another.
    pub local_user: String,
    /// Socket of the SSH agent, if one runs.
    pub agent_socket: Option<PathBuf>,
    /// Configuration to read instead of `~/.ssh/config` and the system's.
    pub config_file: Option<PathBuf>,
    /// The system's configuration, read after the user's.
    pub system_config: PathBuf,
    /// The system's known hosts, read after the user's.
    pub system_known_hosts: Vec<PathBuf>,
    /// Seconds since 1970, for the validity of certificates.
    pub now: fn() -> u64,
    keyring: Keyring,
    config: OnceLock<Arc<Config>>,
}

impl SshContext {
    /// A context with the usual places of the system's files, and no agent.
    pub fn new(
        home: Option<PathBuf>,
        local_user: String,
        prompts: Arc<dyn Prompts>,
        now: fn() -> u64,
    ) -> Self {
        let system = Path::new("/etc/ssh");
        Self {
            home,
            local_user,
            agent_socket: None,
            config_file: None,
            system_config: system.join("ssh_config"),
            system_known_hosts: ["ssh_known_hosts", "ssh_known_hosts2"]
                .map(|name| system.join(name))
                .to_vec(),
            now,
            keyring: Keyring::new(prompts),
            config: OnceLock::new(),
        }
    }

    /// The configuration, read on first use.
    fn config(&self) -> Result<Arc<Config>, ConfigError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let home = self.home.as_deref();
        let users = home.map(|home| home.join(".ssh/config"));
        let files: Vec<&Path> = match &self.config_file {
            Some(file) => vec![file],
            None => users
                .as_deref()
                .into_iter()
                .chain([self.system_config.as_path()])
                .collect(),
        };
        let config = Arc::new(Config::read(&files, home)?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

impl SshContext {
    fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}
