//! Lets the workstation's `nix copy` reach the host's Nix daemon through phoenix's own SSH
//! connection: a private unix socket here, `nix-daemon --stdio` as root there. No second
//! login, no second set of keys, and the bytes can be counted.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

use super::Link;
use super::elevate::lost;
use crate::adapter::copy::{Held, Share, daemon_ended};
use crate::adapter::nix::{CopyJob, with_daemon_log};
use crate::adapter::ssh::{Events, Output, Program};
use crate::model::{Copied, Problem, ProblemKind};
use crate::world::Built;

/// Bytes moved at a time; SSH packs them into packets of its own.
const CHUNK: usize = 256 * 1024;

/// Becomes the host's own daemon.
const DAEMON: &str = r"
echo phoenix-ready
exec nix-daemon --stdio
";

/// What the bridges of one copy share.
struct Shared<'a> {
    count: &'a dyn Fn(u64),
    /// What the host has of the bandwidth.
    share: &'a Share,
    held: RefCell<Vec<Held>>,
    /// What the daemons wrote to their standard error: often the only reason given.
    said: RefCell<Vec<u8>>,
}

/// Copies the closure of `built` and says what was sent.
pub(super) async fn copy(
    link: &Link<'_>,
    built: &Built,
    progress: &dyn Fn(Copied),
) -> Result<(Copied, Vec<Held>), Problem> {
    let nix = link.cx.nix()?;
    // The folder is made with mode 0700: nobody else may talk to the host's daemon as root.
    let folder = tempfile::Builder::new()
        .prefix("phoenix-")
        .tempdir()
        .map_err(|error| local(&error))?;
    let socket = folder.path().join("daemon");
    let listener = UnixListener::bind(&socket).map_err(|error| local(&error))?;
    let now = Cell::new(Copied::default());
    let update = |found: Copied| {
        now.set(found);
        progress(found);
    };
    let count = |bytes: u64| {
        update(Copied {
            bytes: now.get().bytes + bytes,
            ..now.get()
        })
    };
    let paths = |paths: u64, expected_paths: Option<u64>| {
        update(Copied {
            paths,
            expected_paths,
            ..now.get()
        });
    };
    let shared = Shared {
        count: &count,
        share: &link.share,
        held: RefCell::default(),
        said: RefCell::default(),
    };
    let job = CopyJob {
        toplevel: built.toplevel.clone(),
        socket: socket.clone(),
        substitute: link.copy.substitute,
        limit: link.copy.limit,
    };
    let result = {
        let bridges = accept(link, &listener, &shared);
        let nix = nix.copy(&job, &paths);
        match select(Box::pin(bridges), Box::pin(nix)).await {
            Either::Left((Err(problem), _)) => Err(problem),
            Either::Left((Ok(never), _)) => match never {},
            Either::Right((result, _)) => result,
        }
    };
    let said = String::from_utf8_lossy(&shared.said.into_inner()).into_owned();
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    result.map_err(|problem| with_daemon_log(problem, &lines))?;
    Ok((now.get(), shared.held.into_inner()))
}

/// Serves every connection `nix copy` makes, until dropped.
async fn accept(
    link: &Link<'_>,
    listener: &UnixListener,
    shared: &Shared<'_>,
) -> Result<Infallible, Problem> {
    let mut bridges = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.map_err(|error| local(&error))?;
                bridges.push(bridge(link, stream, shared));
            }
            Some(done) = bridges.next() => shared.held.borrow_mut().push(done?),
        }
    }
}

/// Moves bytes both ways between one connection of `nix copy` and a daemon of its own.
async fn bridge(link: &Link<'_>, stream: UnixStream, shared: &Shared<'_>) -> Result<Held, Problem> {
    let Program {
        mut stdin,
        mut events,
        rest,
    } = link.elevator.run(&link.connection, DAEMON, &[]).await?;
    let (mut from_nix, mut to_nix) = stream.into_split();
    let mut send = async |piece: Bytes| {
        let bytes = piece.len() as u64;
        let sent = stdin.send(piece).await;
        sent.map_err(|error| lost(&error.to_string()))?;
        (shared.count)(bytes);
        Ok(())
    };
    let up = async {
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            if from_nix
                .read_buf(&mut chunk)
                .await
                .map_err(|error| local(&error))?
                == 0
            {
                return Ok(());
            }
            shared.share.pass(chunk.freeze(), &mut send).await?;
        }
    };
    let down = pump_down(&mut events, &mut to_nix, rest, shared);
    // `nix copy` closing its end is the good end; the daemon ending first is not.
    match select(Box::pin(up), Box::pin(down)).await {
        Either::Left((result, _)) | Either::Right((result, _)) => result?,
    }
    Ok(Held::new(stdin, events))
}

async fn pump_down(
    events: &mut Events,
    to_nix: &mut OwnedWriteHalf,
    rest: Vec<u8>,
    shared: &Shared<'_>,
) -> Result<(), Problem> {
    to_nix
        .write_all(&rest)
        .await
        .map_err(|error| local(&error))?;
    loop {
        match events.next().await.map_err(|error| error.problem())? {
            Some(Output::Stdout(bytes)) => {
                // A write fails once `nix copy` is gone; its own end is noticed beside this.
                if to_nix.write_all(&bytes).await.is_err() {
                    return Ok(());
                }
            }
            Some(Output::Stderr(bytes)) => shared.said.borrow_mut().extend_from_slice(&bytes),
            Some(Output::Exit { status }) => {
                return Err(daemon_ended(&format!("it exited with status {status}")));
            }
            Some(Output::Signal(signal)) => {
                return Err(daemon_ended(&format!("signal {signal} ended it")));
            }
            None => return Err(daemon_ended("the host closed the channel")),
        }
    }
}

fn local(error: &io::Error) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "could not serve nix copy through a socket of our own",
    )
    .because(error.to_string())
}
