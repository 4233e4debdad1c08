//! A channel to the host's daemon.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::limit::Share;
use crate::adapter::nix::{refused_by_store, with_daemon_log};
use crate::adapter::ssh::{Events, Output, Program, Stdin};
use crate::model::{Problem, ProblemKind};
use crate::wire::daemon::{Answer, Conversation, ConversationError, DaemonError, Heard, Question};
use crate::wire::receive::{RECORD_LIMIT, Record};

/// How often the agent is told that somebody is there, while nothing else is.
pub(super) const ALIVE: Duration = Duration::from_secs(5);

/// Most of a daemon's standard error that is kept.
const SAID_LIMIT: usize = 64 * 1024;

/// A daemon whose work is done. It is kept because what it received is protected from the
/// host's garbage collector only while it lives.
pub struct Held {
    _stdin: Stdin,
    _events: Events,
}

impl Held {
    /// Keeps a daemon.
    #[must_use]
    pub fn new(stdin: Stdin, events: Events) -> Self {
        Self {
            _stdin: stdin,
            _events: events,
        }
    }
}

/// A conversation with a daemon. Writing and reading go on at the same time.
pub(super) struct Lane {
    pub(super) speak: Mutex<Stdin>,
    /// What the host has of the bandwidth.
    pub(super) share: Arc<Share>,
    pub(super) listen: Mutex<Listen>,
    pub(super) conversation: RefCell<Conversation>,
    /// When the agent was last sent something.
    spoken: Cell<Instant>,
    /// When the daemon last said something.
    heard: Cell<Instant>,
}

/// The reading side.
pub(super) struct Listen {
    events: Events,
    /// What the daemon wrote to its standard error: often the only reason given.
    said: Vec<u8>,
}

impl Lane {
    /// Greets the daemon; does not wait for its answer.
    pub(super) async fn open(daemon: Program, share: &Arc<Share>) -> Result<Self, Problem> {
        let (mut conversation, greeting) = Conversation::begin();
        conversation.arrived(&daemon.rest);
        let lane = Self {
            speak: Mutex::new(daemon.stdin),
            share: Arc::clone(share),
            listen: Mutex::new(Listen {
                events: daemon.events,
                said: Vec::new(),
            }),
            conversation: conversation.into(),
            spoken: Cell::new(Instant::now()),
            heard: Cell::new(Instant::now()),
        };
        lane.send(record(&greeting), |_| {}).await?;
        Ok(lane)
    }

    /// Sends bytes as fast as they may go, and tells how many each time that some are sent.
    pub(super) async fn send(&self, bytes: Bytes, sent: impl Fn(usize)) -> Result<(), Problem> {
        let mut speak = self.speak.lock().await;
        let send = async |piece: Bytes| {
            let length = piece.len();
            self.pass(&mut speak, piece).await?;
            sent(length);
            Ok(())
        };
        self.share.pass(bytes, send).await
    }

    async fn pass(&self, speak: &mut Stdin, bytes: Bytes) -> Result<(), Problem> {
        let passed = speak.send(bytes).await;
        self.spoken.set(Instant::now());
        passed.map_err(|error| daemon_ended(&error.to_string()))
    }

    /// Asks questions and waits for all their answers.
    pub(super) async fn ask(&self, questions: &[Question<'_>]) -> Result<Vec<Answer>, Problem> {
        let read = async {
            let mut answers = Vec::with_capacity(questions.len());
            while answers.len() < questions.len() {
                answers.push(self.answer().await?);
            }
            Ok(answers)
        };
        // Why nothing could be written any more is said to whoever reads.
        let write = async {
            self.put(questions).await?;
            self.wait(pending()).await
        };
        match select(pin!(read), pin!(write)).await {
            Either::Left((answers, _)) => answers,
            Either::Right((Ok(never), _)) => match never {},
            Either::Right((Err::<Infallible, Problem>(_), read)) => read.await,
        }
    }

    /// Waits for something, and tells the agent meanwhile that somebody is there.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Problem> {
        let tell = async {
            loop {
                sleep_until(self.spoken.get() + ALIVE).await;
                if self.spoken.get().elapsed() >= ALIVE {
                    self.say(Record::Alive).await?;
                }
            }
        };
        match select(pin!(what), pin!(tell)).await {
            Either::Left((found, _)) => Ok(found),
            Either::Right((Ok(never), _)) => match never {},
            Either::Right((Err::<Infallible, Problem>(problem), _)) => Err(problem),
        }
    }

    /// Sends a record that has no content, whatever the bandwidth.
    async fn say(&self, record: Record<'_>) -> Result<(), Problem> {
        let mut out = Vec::new();
        record.put(&mut out);
        self.pass(&mut *self.speak.lock().await, out.into()).await
    }

    /// When the daemon last said something. It says how far it is with what takes long.
    pub(super) fn heard(&self) -> Instant {
        self.heard.get()
    }

    /// Asks questions; does not wait for their answers.
    pub(super) async fn put(&self, questions: &[Question<'_>]) -> Result<(), Problem> {
        let mut out = Vec::new();
        for question in questions {
            self.conversation.borrow_mut().ask(*question, &mut out);
        }
        self.send(record(&out), |_| {}).await
    }

    /// The next answer.
    ///
    /// # Errors
    /// A [`Problem`] when the daemon ended, or talks nonsense.
    // Dropped here, nothing is lost: the next call gets it.
    pub(super) async fn answer(&self) -> Result<Answer, Problem> {
        let mut listen = self.listen.lock().await;
        loop {
            let heard = self.conversation.borrow_mut().hear();
            match heard.map_err(|error| nonsense(&error))? {
                Some(Heard::Answer(answer)) => return Ok(answer),
                Some(Heard::Greeting(greeting)) => {
                    tracing::debug!(nix = ?greeting.nix, trusts = ?greeting.trusts, "the daemon greets");
                }
                Some(Heard::Log(line)) => tracing::debug!(line, "the daemon says"),
                None => {
                    let bytes = listen.read().await?;
                    self.heard.set(Instant::now());
                    self.conversation.borrow_mut().arrived(&bytes);
                }
            }
        }
    }

    /// Tells the agent that silence does not mean that the connection is dead, until something
    /// more is said.
    pub(super) async fn rest(&self) -> Result<(), Problem> {
        self.say(Record::Rest).await
    }

    /// Keeps the daemon for what it protects.
    pub(super) fn hold(self) -> Held {
        Held::new(self.speak.into_inner(), self.listen.into_inner().events)
    }
}

impl Listen {
    async fn read(&mut self) -> Result<Bytes, Problem> {
        loop {
            let how = match self.events.next().await.map_err(|error| error.problem())? {
                Some(Output::Stdout(bytes)) => return Ok(bytes),
                Some(Output::Stderr(bytes)) => {
                    let room = SAID_LIMIT.saturating_sub(self.said.len());
                    self.said.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    continue;
                }
                Some(Output::Exit { status }) => format!("it exited with status {status}"),
                Some(Output::Signal(signal)) => format!("signal {signal} ended it"),
                None => "the host closed the channel".to_owned(),
            };
            let said = String::from_utf8_lossy(&self.said).into_owned();
            let lines: Vec<String> = said.lines().map(str::to_owned).collect();
            return Err(with_daemon_log(daemon_ended(&how), &lines));
        }
    }
}

/// What the agent passes on as it is.
pub(super) fn record(bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    for part in bytes.chunks(RECORD_LIMIT) {
        Record::Plain(part).put(&mut out);
    }
    out.into()
}

/// A daemon ended before its work.
#[must_use]
pub fn daemon_ended(how: &str) -> Problem {
    Problem::new(
        ProblemKind::Lost,
        "the host's nix-daemon ended during the copy",
    )
    .because(how)
    .with_hint("what arrived stays there; deploy again to go on from there")
}

/// The daemon could not answer.
pub(super) fn refused(error: &DaemonError) -> Problem {
    let problem = Problem::new(
        ProblemKind::Failed,
        "the host's nix-daemon could not look into its store",
    );
    refused_by_store(problem, &[error.to_string()])
}

fn nonsense(error: &ConversationError) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "the host's nix-daemon gave an answer that phoenix does not understand",
    )
    .because(error.to_string())
    .with_hint("set `engine = \"nix\"` in its [hosts.NAME.copy] to copy with `nix copy`")
}
