//! One SSH session with one server: stream, key exchange with the host key checked, login.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, DisconnectReason, Handle};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};
use russh::{Preferred, cipher};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::watch;

use super::host_key::{Distrust, Trust, fingerprint};
use super::stream::{Duplex, Leash, leash};
use super::target::Target;
use super::{SshContext, SshError, auth, race};

/// How long one IP address of a name may be silent before the next is tried beside it.
const IP_HEAD_START: Duration = Duration::from_millis(250);

/// How far a session is, and with which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect(String),
    KeyExchange(String),
    LogIn(String),
    Over,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(place) => write!(f, "connecting to {place}"),
            Self::KeyExchange(place) => write!(f, "the key exchange with {place}"),
            Self::LogIn(place) => write!(f, "logging in at {place}"),
            Self::Over => f.write_str("nothing"),
        }
    }
}

/// A session that is logged in.
pub(super) struct Session {
    pub(super) handle: Handle<Client>,
    pub(super) fingerprint: String,
    pub(super) key: PublicKey,
    pub(super) place: String,
    pub(super) leash: Leash,
    pub(super) lost: LostSignal,
    /// The jump host's session that carries this one.
    pub(super) via: Option<Box<Session>>,
}

/// Turns to `Some` with the reason, or closes, when the session ends.
pub(super) type LostSignal = watch::Receiver<Option<String>>;

/// Waits for the end of a session, and says why it ended.
pub(super) async fn ended(mut lost: LostSignal) -> String {
    match lost.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => "the stream broke".to_owned(),
    }
}

impl Session {
    /// Connects to a server, through all its jump hosts, and logs in.
    pub(super) async fn open(
        target: &Target,
        cx: &SshContext,
        stage: &dyn Fn(Stage),
    ) -> Result<Self, SshError> {
        let mut via = None;
        for hop in &target.jumps {
            let blocked = |source| SshError::Jump {
                hop: hop.name.clone(),
                source: Box::new(source),
            };
            via = Some(Self::over(hop, via, cx, stage).await.map_err(blocked)?);
        }
        Self::over(target, via, cx, stage).await
    }

    async fn over(
        target: &Target,
        via: Option<Self>,
        cx: &SshContext,
        stage: &dyn Fn(Stage),
    ) -> Result<Self, SshError> {
        let key_file = |(file, source)| SshError::Key { file, source };
        let trust = Trust::read(&target.trust, &target.key_name, target.port, (cx.now)())
            .map_err(key_file)?;
        stage(Stage::Connect(target.place()));
        let stream = match &via {
            None => dial(target).await?,
            Some(via) => via.forward(target).await?,
        };
        stage(Stage::KeyExchange(target.place()));
        let mut session = Self::exchange(target, stream, trust, via).await?;
        stage(Stage::LogIn(target.place()));
        auth::log_in(&mut session.handle, target, cx.keyring()).await?;
        Ok(session)
    }

    async fn exchange(
        target: &Target,
        stream: Box<dyn Duplex>,
        trust: Trust,
        via: Option<Self>,
    ) -> Result<Self, SshError> {
        let config = Arc::new(config(&trust));
        let verdict = Arc::new(Mutex::new(None));
        let (ended, lost) = watch::channel(None);
        let client = Client {
            trust,
            verdict: Arc::clone(&verdict),
            ended,
        };
        let carrier = via.as_ref().map(|via| via.leash.clone());
        let (stream, leash) = leash(stream, carrier);
        let result = client::connect_stream(config, stream, client).await;
        let verdict = verdict
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (result, verdict) {
            (_, Some((key, Err(distrust)))) => Err(refusal(target, &key, distrust)),
            (Ok(handle), Some((key, Ok(())))) => Ok(Self {
                handle,
                fingerprint: fingerprint(&key),
                key,
                place: target.place(),
                leash,
                lost,
                via: via.map(Box::new),
            }),
            (Err(source), _) => Err(SshError::Handshake {
                address: target.place(),
                source: Box::new(source),
            }),
            // No session without a judged key, whatever the library says.
            (Ok(_), None) => Err(SshError::Handshake {
                address: target.place(),
                source: Box::new(russh::Error::UnknownKey),
            }),
        }
    }

    /// A stream to a server beyond this one.
    async fn forward(&self, to: &Target) -> Result<Box<dyn Duplex>, SshError> {
        let channel =
            self.handle
                .channel_open_direct_tcpip(to.host.as_str(), to.port.into(), "127.0.0.1", 0);
        match channel.await {
            Ok(channel) => Ok(Box::new(channel.into_stream())),
            Err(source) => Err(SshError::Forward {
                hop: self.place.clone(),
                address: to.place(),
                source: Box::new(source),
            }),
        }
    }
}

async fn dial(target: &Target) -> Result<Box<dyn Duplex>, SshError> {
    let resolve = lookup_host((target.host.as_str(), target.port)).await;
    let addresses: Vec<SocketAddr> = match resolve {
        Ok(found) => found.collect(),
        Err(source) => {
            return Err(SshError::Resolve {
                name: target.host.clone(),
                source,
            });
        }
    };
    let failed = Cell::new(None);
    let stream = race::first(
        &addresses,
        IP_HEAD_START,
        |_| false,
        async |address| {
            TcpStream::connect(address)
                .await
                .map_err(|error| failed.set(Some(error)))
                .ok()
        },
    );
    match stream.await {
        Some(stream) => {
            // Without it each small message waits for the answer to the one before.
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        None => Err(SshError::Connect {
            address: target.place(),
            source: failed
                .take()
                .unwrap_or_else(|| std::io::ErrorKind::AddrNotAvailable.into()),
        }),
    }
}

fn config(trust: &Trust) -> client::Config {
    client::Config {
        preferred: Preferred {
            // The fastest ones: with hardware support AES-GCM moves twice what ChaCha20 does.
            cipher: Cow::Borrowed(&[
                cipher::AES_128_GCM,
                cipher::AES_256_GCM,
                cipher::CHACHA20_POLY1305,
                cipher::AES_256_CTR,
                cipher::AES_128_CTR,
            ]),
            key: Cow::Owned(trust.algorithms()),
            host_key_certificates: Cow::Owned(trust.certificate_algorithms()),
            ..Preferred::DEFAULT
        },
        // Asked after 5 s and 10 s of silence, given up after 15 s.
        keepalive_interval: Some(Duration::from_secs(5)),
        keepalive_max: 2,
        // More messages than a full window holds: a channel that is read late does not
        // hold up the others at once.
        channel_buffer_size: 256,
        nodelay: true,
        ..client::Config::default()
    }
}

fn refusal(target: &Target, key: &PublicKey, distrust: Distrust) -> SshError {
    let (host, address, offered) = (target.name.clone(), target.place(), fingerprint(key));
    match distrust {
        Distrust::Changed { expected } => SshError::ChangedHostKey {
            host,
            address,
            offered,
            expected,
        },
        Distrust::Revoked { mark } => SshError::RevokedHostKey {
            host,
            address,
            offered,
            mark: Box::new(mark),
        },
        Distrust::Certificate { reason } => SshError::HostCertificate {
            host,
            address,
            offered,
            reason,
        },
        Distrust::Unknown => {
            let pin = PathBuf::from("hosts").join(&host).join(pin_name(key));
            SshError::UnknownHostKey {
                pin: target.in_fleet.then_some(pin),
                key: key.to_openssh().unwrap_or_default().into(),
                host,
                address,
                offered,
            }
        }
    }
}

/// What sshd calls the file of a key; where it is pinned, the file has the same name.
pub(super) fn pin_name(key: &PublicKey) -> String {
    let kind = match key.algorithm() {
        Algorithm::Ed25519 => "ed25519",
        Algorithm::Rsa { .. } => "rsa",
        _ => "ecdsa",
    };
    format!("ssh_host_{kind}_key.pub")
}

type Verdict = Arc<Mutex<Option<(PublicKey, Result<(), Distrust>)>>>;

/// Answers to the SSH library's questions.
pub(super) struct Client {
    trust: Trust,
    verdict: Verdict,
    ended: watch::Sender<Option<String>>,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        offered: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let judged = self.trust.judge(offered);
        let accepted = judged.is_ok();
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        *verdict = Some((offered.public_key(), judged));
        Ok(accepted)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<russh::Error>,
    ) -> Result<(), russh::Error> {
        let text = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                format!("the host ended it: {}", info.message)
            }
            DisconnectReason::Error(russh::Error::KeepaliveTimeout) => {
                "the host is silent for 15 s".to_owned()
            }
            DisconnectReason::Error(russh::Error::Disconnect) => "the host ended it".to_owned(),
            DisconnectReason::Error(error) => error.to_string(),
        };
        self.ended.send_replace(Some(text));
        Ok(())
    }
}
