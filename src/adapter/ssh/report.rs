//! Puts errors of SSH into terms that a person can act on.

use std::io::ErrorKind;

use crate::model::{Hint, Problem, ProblemKind};

use super::error::{KeyVerdict, OfferedKey, SshError};
use super::host_key::ExpectedKey;

impl SshError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        match self {
            // An address that answered and refused tells more than those that are silent.
            Self::NoAddress { tried, .. } => {
                let kinds = || tried.iter().map(|(_, error)| error.kind());
                kinds()
                    .find(|kind| *kind != ProblemKind::Unreachable)
                    .unwrap_or(ProblemKind::Unreachable)
            }
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Handshake { .. }
            | Self::Forward { .. } => ProblemKind::Unreachable,
            Self::UnknownHostKey { .. }
            | Self::ChangedHostKey { .. }
            | Self::RevokedHostKey { .. }
            | Self::HostCertificate { .. }
            | Self::Auth { .. } => ProblemKind::Refused,
            Self::Jump { source, .. } => source.kind(),
            Self::Lost { .. } => ProblemKind::Lost,
            Self::Channel { .. } | Self::Command { .. } | Self::Config(_) | Self::Key { .. } => {
                ProblemKind::Failed
            }
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::NoAddress { tried, .. } => {
                let refused = |(_, error): &&(String, Self)| error.kind() == ProblemKind::Refused;
                let telling = tried.iter().find(refused).or(tried.first());
                return telling.and_then(|(_, error)| error.hint());
            }
            Self::Jump { source, .. } => return source.hint(),
            Self::UnknownHostKey {
                pin: Some(pin),
                host,
                ..
            } => format!(
                "compare the fingerprint with the host's own (`ssh-keygen -lf \
                 /etc/ssh/ssh_host_ed25519_key.pub` there); `phoenix adopt {host}` then writes the \
                 key to {}",
                pin.display()
            ),
            Self::UnknownHostKey { .. } => {
                "compare the fingerprint with the jump host's own, then \
                 add the key to ~/.ssh/known_hosts: `ssh` to it once does so"
                    .to_owned()
            }
            Self::ChangedHostKey { .. } => "if the host was reinstalled, replace the key in that \
                 file; if not, somebody may be between you and the host"
                .to_owned(),
            Self::Auth {
                user,
                offered,
                hung_up,
                ..
            } => login_hint(user, offered, *hung_up),
            Self::RevokedHostKey { .. } => {
                "somebody holds a key that was withdrawn: do not trust the host before it has a new one"
                    .to_owned()
            }
            Self::Connect { source, .. } => connect_hint(source.kind())?.to_owned(),
            Self::Timeout { .. } => {
                "is the host running, and does a firewall on the way let SSH through?".to_owned()
            }
            Self::Resolve { .. } => {
                "check `addresses` in fleet.toml, or `HostName` in ~/.ssh/config".to_owned()
            }
            _ => return None,
        };
        Some(Hint::new(text))
    }

    /// The error as a value that travels in events.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::from_error(self.kind(), self);
        let mut error = self;
        while let Self::Jump { source, .. } = error {
            error = source;
        }
        problem.causes.extend(error.details());
        problem.hint = self.hint();
        problem
    }

    /// What the message leaves out and the sources do not hold.
    fn details(&self) -> Vec<String> {
        match self {
            Self::NoAddress { tried, .. } => tried
                .iter()
                .map(|(address, error)| one_line(address, error))
                .collect(),
            Self::UnknownHostKey { offered, key, .. } => {
                vec![
                    format!("it showed {offered}"),
                    format!("that is the key {key}"),
                ]
            }
            Self::HostCertificate { offered, .. } => vec![format!("it showed {offered}")],
            Self::ChangedHostKey {
                offered, expected, ..
            } => {
                let mut lines = vec![format!("it showed {offered}")];
                lines.extend(
                    expected
                        .iter()
                        .map(|key| format!("expected {}", place(key))),
                );
                lines
            }
            Self::RevokedHostKey { mark, .. } => vec![format!("it showed {}", place(mark))],
            Self::Auth {
                offered,
                skipped,
                methods,
                hung_up,
                ..
            } => {
                let mut lines: Vec<String> =
                    offered.iter().map(|key| format!("offered {key}")).collect();
                lines.extend(skipped.iter().map(|key| format!("not offered: {key}")));
                if *hung_up {
                    lines.push("the host hung up before all keys were tried".to_owned());
                }
                if !methods.is_empty() {
                    lines.push(format!("the host takes {}", methods.join(", ")));
                }
                lines
            }
            _ => Vec::new(),
        }
    }
}

/// What a failed connection suggests, by what the system said.
fn connect_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ConnectionRefused => {
            Some("the machine is there, but nothing listens: does sshd run, and on this port?")
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(
            "no way leads there: is the host running, is the address right, and is a VPN needed?",
        ),
        _ => None,
    }
}

fn login_hint(user: &str, offered: &[OfferedKey], hung_up: bool) -> String {
    let not_enough = |key: &OfferedKey| key.verdict == KeyVerdict::NotEnough;
    let unusable = |key: &OfferedKey| matches!(key.verdict, KeyVerdict::Unusable(_));
    if offered.is_empty() {
        "name a key with `ssh.identity_files` in fleet.toml or `IdentityFile` in ~/.ssh/config, or add one \
         to the SSH agent"
            .to_owned()
    } else if hung_up {
        "the host counts each key as a failure: name the right one in fleet.toml, and set \
         `IdentitiesOnly yes` in ~/.ssh/config"
            .to_owned()
    } else if offered.iter().any(unusable) {
        "add the key to the SSH agent first: `ssh-add`, followed by its file".to_owned()
    } else if offered.iter().any(not_enough) {
        format!(
            "phoenix logs in with a key alone: set `AuthenticationMethods publickey` for {user} in the host's sshd"
        )
    } else {
        format!("add one of these keys to the authorized keys of {user} on the host")
    }
}

fn place(key: &ExpectedKey) -> String {
    format!("{} ({}:{})", key.fingerprint, key.file.display(), key.line)
}

fn one_line(address: &str, error: &SshError) -> String {
    let problem = error.problem();
    let mut line = match problem.message.contains(address) {
        true => problem.message,
        false => format!("{address}: {}", problem.message),
    };
    for cause in problem.causes {
        line.push_str(": ");
        line.push_str(&cause);
    }
    line
}
