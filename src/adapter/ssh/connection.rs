//! A logged-in connection to a host of the fleet.

use std::cell::RefCell;
use std::time::Duration;

use russh::Disconnect;
use tokio::time::timeout;

use crate::model::{Address, Reach};

use super::process::RemoteProcess;
use super::session::{Session, Stage, ended, pin_name};
use super::target::Target;
use super::{SshContext, SshError, quote, race};

/// How long an address may be silent before the next is tried beside it.
const HEAD_START: Duration = Duration::from_secs(2);

/// Longest wait for a host to open a channel on a connection that lives.
const CHANNEL_LIMIT: Duration = Duration::from_secs(30);

/// Longest wait for the goodbye to leave.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A connection to a host: key checked, logged in. Dropping it, and all processes started
/// over it, cuts it.
pub struct Connection {
    session: Session,
    address: Address,
    /// The name or IP address behind it, after `~/.ssh/config`.
    reached: String,
}

impl Connection {
    /// Connects to a host and logs in, over the first of its addresses that works.
    ///
    /// The addresses are tried in order, each with 2 s head start before the next is tried
    /// beside it. `waiting` is told what is waited for, for display.
    ///
    /// # Errors
    /// The error of the address, or [`SshError::NoAddress`] with one for each of several;
    /// [`SshError::Timeout`] after `reach.connect_limit`, in which time spent on typing a
    /// passphrase does not count.
    // Dropped here, all attempts are cut.
    pub async fn open(
        reach: &Reach,
        cx: &SshContext,
        waiting: &dyn Fn(String),
    ) -> Result<Self, SshError> {
        let config = cx.config()?;
        let targets = reach
            .addresses
            .iter()
            .map(|address| Target::of(reach, address, cx, &config));
        let attempts: Vec<Attempt> = targets
            .map(|target| Ok(Attempt::new(target?)))
            .collect::<Result<_, SshError>>()?;
        let race = race::first(&attempts, HEAD_START, Attempt::is_close, |attempt| {
            attempt.run(cx, waiting)
        });
        tokio::select! {
            biased;
            won = race => if let Some(connection) = won {
                let (address, key) = (connection.address(), connection.host_key_fingerprint());
                tracing::debug!(host = %reach.name, %address, key, "logged in");
                return Ok(connection);
            },
            () = cx.keyring().expired(reach.connect_limit) => {}
        }
        let mut tried: Vec<(String, SshError)> = attempts
            .into_iter()
            .map(|attempt| attempt.result(reach))
            .collect();
        match tried.len() {
            1 => Err(tried.remove(0).1),
            _ => Err(SshError::NoAddress {
                host: reach.name.clone(),
                tried,
            }),
        }
    }

    /// The address that worked.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The name or IP address that was connected to: what `~/.ssh/config` makes of the address.
    #[must_use]
    pub fn reached(&self) -> &str {
        &self.reached
    }

    /// Fingerprint of the host's key, as ssh shows it: `SHA256:…`.
    #[must_use]
    pub fn host_key_fingerprint(&self) -> &str {
        &self.session.fingerprint
    }

    /// The host's key, as the one line of its `.pub` file.
    #[must_use]
    pub fn host_key(&self) -> String {
        self.session.key.to_openssh().unwrap_or_default()
    }

    /// The name that sshd gives the file of such a key: `ssh_host_ed25519_key.pub`.
    #[must_use]
    pub fn host_key_file(&self) -> String {
        pin_name(&self.session.key)
    }

    /// Starts a command. The words reach the program as they are, whatever they hold; the
    /// first is looked up by the host as its login shell does.
    ///
    /// Answers as soon as the host has opened a channel; a refusal to run the command comes
    /// from [`RemoteProcess::next`].
    ///
    /// # Errors
    /// [`SshError::Channel`] when the host opens no channel, [`SshError::Lost`],
    /// [`SshError::Timeout`].
    pub async fn exec(&self, words: &[&str]) -> Result<RemoteProcess, SshError> {
        let command = words.first().copied().unwrap_or_default();
        tracing::trace!(host = %self.session.place, ?words, "starting on the host");
        let started = async {
            let channel = self.session.handle.channel_open_session().await?;
            channel.exec(true, quote(words)).await?;
            Ok::<_, russh::Error>(channel)
        };
        let place = || self.session.place.clone();
        let result = tokio::select! {
            biased;
            result = timeout(CHANNEL_LIMIT, started) => result,
            reason = ended(self.session.lost.clone()) => {
                return Err(SshError::Lost { address: place(), reason });
            }
        };
        match result {
            Ok(Ok(channel)) => Ok(RemoteProcess::new(channel, &self.session, command)),
            Ok(Err(source)) if self.session.handle.is_closed() => Err(SshError::Lost {
                address: place(),
                reason: source.to_string(),
            }),
            Ok(Err(source)) => Err(SshError::Channel {
                command: command.to_owned(),
                address: place(),
                source: Box::new(source),
            }),
            Err(_) => Err(SshError::Timeout {
                what: format!("opening a channel to {}", place()),
                limit: CHANNEL_LIMIT,
            }),
        }
    }

    /// Waits until the connection is lost, and says why.
    pub async fn lost(&self) -> SshError {
        let reason = ended(self.session.lost.clone()).await;
        SshError::Lost {
            address: self.session.place.clone(),
            reason,
        }
    }

    /// Takes leave of the host, and of the jump hosts on the way.
    // Dropped here, the connection is cut instead.
    pub async fn close(self) {
        let mut next = Some(Box::new(self.session));
        while let Some(session) = next {
            let goodbye = async {
                let _ = session
                    .handle
                    .disconnect(Disconnect::ByApplication, "", "")
                    .await;
                ended(session.lost.clone()).await;
            };
            let _ = timeout(CLOSE_LIMIT, goodbye).await;
            next = session.via;
        }
    }
}

/// One address being tried.
struct Attempt {
    target: Target,
    stage: RefCell<Stage>,
    error: RefCell<Option<SshError>>,
}

impl Attempt {
    fn new(target: Target) -> Self {
        let stage = RefCell::new(Stage::Connect(target.place()));
        Self {
            target,
            stage,
            error: RefCell::new(None),
        }
    }

    async fn run(&self, cx: &SshContext, waiting: &dyn Fn(String)) -> Option<Connection> {
        let reached = |stage: Stage| {
            waiting(stage.to_string());
            self.stage.replace(stage);
        };
        match Session::open(&self.target, cx, &reached).await {
            Ok(session) => Some(Connection {
                session,
                address: self.target.address.clone(),
                reached: self.target.host.clone(),
            }),
            Err(error) => {
                self.stage.replace(Stage::Over);
                self.error.replace(Some(error));
                None
            }
        }
    }

    // The host key was the right one: this is the host, and it is there.
    fn is_close(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::LogIn(_))
    }

    /// What became of it; without an error of its own the time ran out.
    fn result(self, reach: &Reach) -> (String, SshError) {
        let error = self
            .error
            .into_inner()
            .unwrap_or_else(|| SshError::Timeout {
                what: self.stage.into_inner().to_string(),
                limit: reach.connect_limit,
            });
        (self.target.address.to_string(), error)
    }
}
