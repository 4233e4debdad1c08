//! A command that runs on a host: its input, its output, its end.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::io::AsyncWrite;
use tokio::sync::watch;

use super::SshError;
use super::session::{LostSignal, Session, ended};
use super::stream::Leash;

/// Something that a process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes of its standard output.
    Stdout(Bytes),
    /// Bytes of its standard error.
    Stderr(Bytes),
    /// It ended with a status.
    Exit {
        /// The exit status.
        status: u32,
    },
    /// It was ended by a signal: `TERM`, without `SIG`.
    Signal(String),
}

/// How a process ended, and all it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<u32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// A command that runs on a host. Dropping it closes its channel: the host closes its
/// input and output, and does not kill it.
///
/// Its output must be read as it comes: a process whose output nobody reads holds up all
/// others on the same connection.
pub struct RemoteProcess {
    stdin: Stdin,
    events: Events,
}

/// A program that runs on a host and has said so: both ends of what is talked with it.
pub struct Program {
    /// Its input.
    pub stdin: Stdin,
    /// Its output, and its end.
    pub events: Events,
    /// What it wrote after it had said that it runs.
    pub rest: Vec<u8>,
}

/// The input of a process. It takes as much as the host grants, and waits for more.
///
/// The process sees the end of its input after `shutdown`, not when this is dropped: some
/// programs take an early end for a loss of contact.
pub struct Stdin {
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    half: Arc<ChannelWriteHalf<Msg>>,
    over: BoxFuture<'static, ()>,
}

/// The output of a process, and its end. Dropping it closes the channel.
pub struct Events {
    reader: ChannelReadHalf,
    half: Arc<ChannelWriteHalf<Msg>>,
    command: String,
    place: String,
    /// A status or a signal came.
    ended: bool,
    /// The host closed the channel.
    closed: bool,
    /// Tells the writer that nothing is read any more.
    over: watch::Sender<bool>,
    lost: LostSignal,
    leash: Leash,
}

impl RemoteProcess {
    pub(super) fn new(channel: Channel<Msg>, session: &Session, command: &str) -> Self {
        let (reader, half) = channel.split();
        let half = Arc::new(half);
        let (over, mut is_over) = watch::channel(false);
        let lost = session.lost.clone();
        let told = async move {
            tokio::select! {
                _ = is_over.wait_for(|over| *over) => {}
                _ = ended(lost) => {}
            }
        };
        Self {
            stdin: Stdin {
                writer: Box::pin(half.make_writer()),
                half: Arc::clone(&half),
                over: told.boxed(),
            },
            events: Events {
                reader,
                half,
                command: command.to_owned(),
                place: session.place.clone(),
                ended: false,
                closed: false,
                over,
                lost: session.lost.clone(),
                leash: session.leash.clone(),
            },
        }
    }

    /// The input.
    pub fn stdin(&mut self) -> &mut Stdin {
        &mut self.stdin
    }

    /// See [`Events::next`].
    ///
    /// # Errors
    /// As there.
    pub async fn next(&mut self) -> Result<Option<Output>, SshError> {
        self.events.next().await
    }

    /// Input and output apart, to write and read at the same time.
    #[must_use]
    pub fn split(self) -> (Stdin, Events) {
        (self.stdin, self.events)
    }

    /// Closes the input, and gathers all output until the end. For commands that say little.
    ///
    /// # Errors
    /// As [`Events::next`].
    pub async fn finish(mut self) -> Result<Finished, SshError> {
        // A process that has ended already has no input to close.
        let _ = self.stdin.half.eof().await;
        let mut finished = Finished::default();
        while let Some(output) = self.next().await? {
            match output {
                Output::Stdout(bytes) => finished.stdout.extend_from_slice(&bytes),
                Output::Stderr(bytes) => finished.stderr.extend_from_slice(&bytes),
                Output::Exit { status } => finished.status = Some(status),
                Output::Signal(name) => finished.signal = Some(name),
            }
        }
        Ok(finished)
    }
}

impl Stdin {
    /// Sends bytes without copying them; ends when all are under way.
    ///
    /// # Errors
    /// `BrokenPipe` when the process has ended or the connection is lost.
    // Dropped half-way, a part of the bytes was sent.
    pub async fn send(&mut self, bytes: Bytes) -> io::Result<()> {
        let Self { half, over, .. } = self;
        tokio::select! {
            biased;
            () = poll_fn(|cx| poll_over(over, cx)) => Err(broken()),
            sent = half.data_bytes(bytes) => sent.map_err(|_| broken()),
        }
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match poll_over(&mut self.over, cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(broken()),
        }
    }
}

// Once it is over, it stays so; a finished future may not be asked again.
fn poll_over(over: &mut BoxFuture<'static, ()>, cx: &mut Context<'_>) -> Poll<()> {
    ready!(over.as_mut().poll(cx));
    *over = std::future::ready(()).boxed();
    Poll::Ready(())
}

fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the process on the host reads no more",
    )
}

impl AsyncWrite for Stdin {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.writer.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        self.writer.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        self.writer.as_mut().poll_shutdown(cx)
    }
}

impl Events {
    /// The next thing the process did; `None` after its end.
    ///
    /// # Errors
    /// [`SshError::Lost`] when the connection broke; [`SshError::Command`] when the host
    /// refused to run it, or closed the channel without saying how it ended.
    // Dropped here, nothing is lost: the next call gets it.
    pub async fn next(&mut self) -> Result<Option<Output>, SshError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`Events::next`] for hand-written futures and readers.
    ///
    /// # Errors
    /// As there.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Output>, SshError>> {
        loop {
            let message = ready!(pin!(self.reader.wait()).poll(cx));
            let output = match message {
                Some(ChannelMsg::Data { data }) => Output::Stdout(data),
                Some(ChannelMsg::ExtendedData { data, ext: 1 }) => Output::Stderr(data),
                Some(ChannelMsg::ExitStatus { exit_status }) => Output::Exit {
                    status: exit_status,
                },
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    Output::Signal(signal_text(&signal_name))
                }
                Some(ChannelMsg::Failure) => {
                    return Poll::Ready(Err(self.failure("was refused by the host")));
                }
                Some(ChannelMsg::Close) => {
                    self.closed = true;
                    self.over.send_replace(true);
                    continue;
                }
                Some(_) => continue,
                None => return Poll::Ready(self.end()),
            };
            self.ended |= matches!(output, Output::Exit { .. } | Output::Signal(_));
            return Poll::Ready(Ok(Some(output)));
        }
    }

    fn end(&mut self) -> Result<Option<Output>, SshError> {
        self.over.send_replace(true);
        match (self.ended, self.closed) {
            (true, _) => Ok(None),
            (false, true) => Err(self.failure("ended without a status")),
            (false, false) => {
                let reason = ended(self.lost.clone()).now_or_never();
                Err(SshError::Lost {
                    address: self.place.clone(),
                    reason: reason.unwrap_or_else(|| "the stream broke".to_owned()),
                })
            }
        }
    }

    fn failure(&self, what: &'static str) -> SshError {
        SshError::Command {
            command: self.command.clone(),
            address: self.place.clone(),
            what,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.over.send_replace(true);
        if self.closed {
            return;
        }
        let half = Arc::clone(&self.half);
        // The queue to the SSH library has room nearly always. If not, the message waits in a
        // task of its own: the one that owned the process is gone.
        let waits = {
            let mut close = pin!(half.close());
            close.as_mut().now_or_never().is_none()
        };
        if let (true, Ok(runtime)) = (waits, tokio::runtime::Handle::try_current()) {
            let leash = self.leash.clone();
            runtime.spawn(async move {
                let _ = half.close().await;
                drop(leash);
            });
        }
    }
}

fn signal_text(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}
