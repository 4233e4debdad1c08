//! The only place that reads the environment, the clock and the source of randomness.

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::{CliError, USAGE};
use crate::model::{Nonce, RunId};

/// What phoenix takes from the process it was started in.
pub(super) struct Edge {
    /// The working directory.
    pub(super) folder: PathBuf,
    pub(super) home: Option<PathBuf>,
    /// Local user, for SSH and for the record of who ran what.
    pub(super) user: String,
    /// Name of this machine.
    pub(super) machine: String,
    /// Socket of the SSH agent.
    pub(super) agent_socket: Option<PathBuf>,
    /// Folders that may hold agent programs, in order.
    pub(super) agent_folders: Vec<PathBuf>,
    /// Where runs and garbage collector roots are kept, if the environment says where.
    state: Option<PathBuf>,
    /// Where Nix keeps what it knows of its store.
    pub(super) nix_state: PathBuf,
    pub(super) no_color: bool,
    pub(super) force_color: bool,
    pub(super) dumb_terminal: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the environment"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Edge {
    /// Reads everything once.
    pub(super) fn read() -> Result<Self, CliError> {
        let folder = env::current_dir().map_err(|error| CliError::from_error(2, &error))?;
        let home = variable("HOME").map(PathBuf::from);
        let state = variable("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join(".local/state")))
            .map(|state| state.join("phoenix"));
        Ok(Self {
            folder,
            home,
            user: variable("USER")
                .or_else(|| variable("LOGNAME"))
                .unwrap_or_else(|| "root".to_owned()),
            machine: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            agent_socket: variable("SSH_AUTH_SOCK").map(PathBuf::from),
            agent_folders: agent_folders(),
            state,
            nix_state: variable("NIX_STATE_DIR")
                .unwrap_or("/nix/var/nix".to_owned())
                .into(),
            no_color: variable("NO_COLOR").is_some(),
            force_color: variable("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb_terminal: variable("TERM").is_some_and(|value| value == "dumb"),
        })
    }

    /// Where runs and garbage collector roots are kept.
    pub(super) fn state(&self) -> Result<&Path, CliError> {
        // A folder that others may write to would let them stand between a run and its record.
        self.state.as_deref().ok_or_else(|| {
            CliError::new(USAGE, "neither HOME nor XDG_STATE_HOME is set")
                .hint("set one of them: runs are recorded there")
        })
    }

    /// Where runs are recorded, if the environment says where.
    pub(super) fn runs(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.join("runs"))
    }

    /// The operator, as `user@workstation`.
    pub(super) fn who(&self) -> String {
        format!("{}@{}", self.user, self.machine)
    }
}

/// `agents` beside the program, or `lib/phoenix/agents` where a package puts it.
fn agent_folders() -> Vec<PathBuf> {
    let given = variable("PHOENIX_AGENTS").map(PathBuf::from);
    let program = env::current_exe()
        .ok()
        .and_then(|program| program.canonicalize().ok());
    let beside = program
        .as_deref()
        .and_then(std::path::Path::parent)
        .map(|folder| {
            let package = folder.join("../lib/phoenix/agents");
            [folder.join("agents"), package]
        });
    given
        .into_iter()
        .chain(beside.into_iter().flatten())
        .collect()
}

/// Time since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the door to the clock")]
pub(super) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A name for a run that starts now.
pub(super) fn new_run() -> RunId {
    RunId::at(now().as_secs(), random())
}

/// A nonce for a run.
pub(super) fn new_nonce() -> Nonce {
    Nonce::new(random())
}
