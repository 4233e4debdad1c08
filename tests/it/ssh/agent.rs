//! Keys that an SSH agent holds.

use std::path::{Path, PathBuf};

use phoenix::adapter::ssh::{KeyVerdict, SshError};
use russh::keys::PrivateKey;
use russh::keys::agent::{client::AgentClient, server::serve};
use tokio::net::UnixListener;
use tokio::task::JoinSet;

use super::home::{Home, ed25519, reach};
use super::server::{Server, Spec};
use super::{error, pem};

/// An agent with these keys, which ends when dropped.
async fn agent(socket: &Path, keys: &[&PrivateKey]) -> JoinSet<()> {
    let listener = UnixListener::bind(socket).unwrap();
    let incoming = futures::stream::unfold(listener, |listener| async {
        let stream = listener.accept().await.map(|(stream, _)| stream);
        Some((stream, listener))
    });
    let mut task = JoinSet::new();
    task.spawn(async move {
        let _ = serve(Box::pin(incoming), ()).await;
    });
    let mut client = AgentClient::connect_uds(socket).await.unwrap();
    for key in keys {
        client.add_identity(key, &[]).await.unwrap();
    }
    task
}

/// A home without key files, a socket for its agent, and a server that lets `key` in.
async fn scene(key: &PrivateKey) -> (Home, PathBuf, Server) {
    let (mut home, host) = (Home::new(), ed25519());
    let socket = home.write("none", "").with_file_name("agent.sock");
    home.cx.agent_socket = Some(socket.clone());
    std::fs::remove_file(home.write(".ssh/id_ed25519", "")).unwrap();
    let users = vec![key.public_key().clone()];
    let server = Server::start(Spec {
        keys: vec![host.clone()],
        users,
        ..Spec::default()
    })
    .await;
    home.know(&[(&host, server.port)]);
    (home, socket, server)
}

#[tokio::test]
async fn its_keys_open_the_door_unless_fleet_toml_says_no() {
    let key = ed25519();
    let (home, socket, server) = scene(&key).await;
    let _agent = agent(&socket, &[&ed25519(), &key]).await;
    let mut reach = reach(&[server.port]);
    home.open(&reach).await.unwrap();
    reach.use_agent = false;
    assert!(
        matches!(error(home.open(&reach).await), SshError::Auth { offered, .. } if offered.is_empty())
    );
}

#[tokio::test]
async fn only_named_keys_are_asked_of_it_when_the_config_says_so() {
    let (key, other) = (ed25519(), ed25519());
    let (home, socket, server) = scene(&key).await;
    let _agent = agent(&socket, &[&other, &key]).await;
    let public = home.write("named.pub", &key.public_key().to_openssh().unwrap());
    let config = |file: &Path| format!("IdentitiesOnly yes\nIdentityFile {}\n", file.display());
    home.write(".ssh/config", &config(&public));
    home.open(&reach(&[server.port])).await.unwrap();
    let (home, socket, server) = scene(&key).await;
    let _agent = agent(&socket, &[&key]).await;
    let stranger = home.write("stranger", &pem(&other));
    home.write(".ssh/config", &config(&stranger));
    let SshError::Auth { offered, .. } = error(home.open(&reach(&[server.port])).await) else {
        panic!()
    };
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0].verdict, KeyVerdict::Refused);
}

#[tokio::test]
async fn one_that_is_not_there_is_told_and_no_obstacle() {
    let key = ed25519();
    let (home, _, server) = scene(&key).await;
    let problem = error(home.open(&reach(&[server.port])).await).problem();
    assert!(
        problem.causes[0].starts_with("not offered: keys of the agent at "),
        "{problem:?}"
    );
    home.write(".ssh/id_ed25519", &pem(&key));
    home.open(&reach(&[server.port])).await.unwrap();
}
