//! A Nix daemon behind a socket, for one connection.

use std::path::Path;
use std::process::Stdio;

use tokio::net::UnixListener;

/// Answers one connection with the daemon of the store in a folder, or of this machine's.
pub(crate) async fn serve(listener: UnixListener, store: Option<&Path>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "stands for the other side, which phoenix reaches over SSH or a socket"
    )]
    let mut command = tokio::process::Command::new("nix-daemon");
    command.arg("--stdio");
    if let Some(store) = store {
        command.arg("--store").arg(store);
    }
    let mut daemon = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("nix-daemon comes with Nix");
    let (stream, _) = listener.accept().await.expect("somebody connects");
    let (mut from, mut to) = stream.into_split();
    let mut input = daemon.stdin.take().expect("it is piped");
    let mut output = daemon.stdout.take().expect("it is piped");
    let there = async {
        let _ = tokio::io::copy(&mut from, &mut input).await;
        drop(input);
    };
    let back = async {
        let _ = tokio::io::copy(&mut output, &mut to).await;
        drop(to);
    };
    futures::join!(there, back);
}
