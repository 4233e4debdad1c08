//! An SSH server in the process, with a few commands that misbehave on purpose.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Certificate, PrivateKey, PublicKey};
use russh::server::{
    self, Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelMsg, MethodKind, MethodSet};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a server is made of.
#[derive(Default)]
pub(crate) struct Spec {
    pub(crate) keys: Vec<PrivateKey>,
    pub(crate) certificates: Vec<Certificate>,
    /// User keys that are let in.
    pub(crate) users: Vec<PublicKey>,
    /// Authorities whose user certificates are let in.
    pub(crate) authorities: Vec<PublicKey>,
    /// Keys after which it hangs up; 0 for the default.
    pub(crate) tries: usize,
}

/// What was asked of a server.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) commands: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) forwards: Vec<(String, u32)>,
    pub(crate) closed: usize,
}

/// A server that runs; dropping it ends it.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Seen>>,
    tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(spec: Spec) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = server::Config {
            keys: spec.keys,
            certificates: spec.certificates,
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: Duration::ZERO,
            max_auth_attempts: if spec.tries == 0 { 10 } else { spec.tries },
            nodelay: true,
            ..server::Config::default()
        };
        let config = Arc::new(config);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let rules = Arc::new((spec.users, spec.authorities));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let guest = Guest::new(Arc::clone(&rules), Arc::clone(&shared));
                sessions.spawn(serve(Arc::clone(&config), socket, guest));
            }
        });
        Self { port, seen, tasks }
    }

    /// Puts a wire before it that can be cut: answers with its port, and cuts when dropped.
    pub(crate) async fn wire(&self) -> (u16, JoinSet<()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, to) = (listener.local_addr().unwrap().port(), self.port);
        let mut wire = JoinSet::new();
        wire.spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
        (port, wire)
    }

    pub(crate) fn running(&self) -> usize {
        self.tasks.len()
    }
}

async fn serve(config: Arc<server::Config>, socket: TcpStream, guest: Guest) {
    if let Ok(session) = server::run_stream(config, socket, guest).await {
        let _ = session.await;
    }
}

type Rules = Arc<(Vec<PublicKey>, Vec<PublicKey>)>;

struct Guest {
    rules: Rules,
    seen: Arc<Mutex<Seen>>,
    channels: HashMap<ChannelId, Channel<Msg>>,
    programs: JoinSet<()>,
}

impl Guest {
    fn new(rules: Rules, seen: Arc<Mutex<Seen>>) -> Self {
        Self {
            rules,
            seen,
            channels: HashMap::new(),
            programs: JoinSet::new(),
        }
    }

    fn judge(&self, user: &str, welcome: bool) -> Auth {
        if !welcome {
            return Auth::reject();
        }
        self.seen.lock().unwrap().users.push(user.to_owned());
        Auth::Accept
    }
}

impl server::Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        _: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        // Below a certificate it is the bare key that is asked for here.
        let known = !self.rules.1.is_empty()
            || (self.rules.0.iter()).any(|key| key.key_data() == offer.public_key.key_data());
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let known = self
            .rules
            .0
            .iter()
            .any(|known| known.key_data() == key.public_key.key_data());
        Ok(self.judge(user, known))
    }

    async fn auth_openssh_certificate(
        &mut self,
        user: &str,
        shown: &Certificate,
    ) -> Result<Auth, russh::Error> {
        let known = self
            .rules
            .1
            .iter()
            .any(|key| key.key_data() == shown.signature_key());
        Ok(self.judge(
            user,
            known && shown.valid_principals().iter().any(|name| name == user),
        ))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.seen
            .lock()
            .unwrap()
            .forwards
            .push((host.to_owned(), port));
        let Ok(mut far) = TcpStream::connect((host, port as u16)).await else {
            reply.reject(russh::ChannelOpenFailure::ConnectFailed).await;
            return Ok(());
        };
        reply.accept().await;
        self.programs.spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut channel.into_stream(), &mut far).await;
        });
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let command = String::from_utf8_lossy(data).into_owned();
        self.seen.lock().unwrap().commands.push(command.clone());
        let Some(channel) = self.channels.remove(&id).filter(|_| command != "refuse") else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let seen = Arc::clone(&self.seen);
        self.programs.spawn(async move {
            if run(channel, &command).await.is_none() {
                seen.lock().unwrap().closed += 1;
            }
        });
        Ok(())
    }
}

/// Runs a command. `None` when the client closed the channel before its end.
async fn run(mut channel: Channel<Msg>, command: &str) -> Option<()> {
    let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
    let status = match name {
        "cat" => {
            copy_back(&mut channel).await?;
            0
        }
        "count" => {
            let count = count(&mut channel).await?;
            channel.data_bytes(count.to_string()).await.ok()?;
            0
        }
        "spew" => {
            for block in 0..argument.parse::<u32>().unwrap() {
                channel
                    .data_bytes(vec![block as u8; 64 * 1024])
                    .await
                    .ok()?;
            }
            0
        }
        "hang" => {
            channel.data_bytes("here").await.ok()?;
            while !matches!(channel.wait().await?, ChannelMsg::Close) {}
            return None;
        }
        "vanish" => return channel.close().await.ok(),
        _ => {
            channel.data_bytes("out").await.ok()?;
            channel.extended_data_bytes(1, "err").await.ok()?;
            3
        }
    };
    channel.eof().await.ok()?;
    channel.exit_status(status).await.ok()?;
    channel.close().await.ok()
}

async fn copy_back(channel: &mut Channel<Msg>) -> Option<()> {
    loop {
        match channel.wait().await? {
            ChannelMsg::Data { data } => channel.data_bytes(data).await.ok()?,
            ChannelMsg::Eof => return Some(()),
            _ => {}
        }
    }
}

async fn count(channel: &mut Channel<Msg>) -> Option<usize> {
    let mut count = 0;
    loop {
        match channel.wait().await? {
            ChannelMsg::Data { data } => count += data.len(),
            ChannelMsg::Eof => return Some(count),
            _ => {}
        }
    }
}
