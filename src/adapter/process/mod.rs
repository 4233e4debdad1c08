//! Starts programs on the workstation: the one door, with a limit and a recorded error.
//!
//! A program gets no terminal: it runs in a process group of its own, reads nothing unless
//! it is given something, and is told never to ask a question. Whoever drops [`run`] half-way
//! ends the program and everything it started in its group.

mod failure;
mod group;
mod lines;
#[cfg(test)]
mod tests;

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

pub(crate) use failure::shown;
pub use failure::{CommandFailure, Ending};
use group::Group;
use lines::Lines;
pub(crate) use lines::Tail;

/// Most bytes of standard output that are kept; a program that says more fails.
pub const OUTPUT_LIMIT: usize = 256 << 20;

/// Lines of standard error that a failure quotes.
const TAIL: usize = 40;

/// How long output is read on after the program has ended: a grandchild that went to the
/// background may hold the pipes open for ever.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// Settings every program gets on top of the caller's environment: plain English without
/// colour, and no question that nobody would see.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("LC_ALL", "C"),
    ("NO_COLOR", "1"),
    ("CLICOLOR", "0"),
    ("PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// A program to run: its words, never a shell line.
#[derive(Clone, Debug)]
pub struct Command {
    /// Name to look up in `PATH`, or a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What it reads; nothing when `None`.
    pub stdin: Option<Vec<u8>>,
    /// Variables on top of the environment of phoenix.
    pub env: Vec<(String, String)>,
    /// How long it may take.
    pub limit: Duration,
    /// Words that must not appear in an error; each is shown as `***`.
    pub masked: Vec<String>,
}

impl Command {
    /// A program with its limit, without arguments yet.
    pub fn new(program: impl Into<String>, limit: Duration) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            stdin: None,
            env: Vec::new(),
            limit,
            masked: Vec::new(),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, word: impl Into<String>) -> Self {
        self.args.push(word.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(words.into_iter().map(Into::into));
        self
    }

    fn failure(&self, ending: Ending, log: Tail) -> Box<CommandFailure> {
        let argv = self.shown();
        let log = log.into_iter().map(|line| self.mask(&line)).collect();
        Box::new(CommandFailure { argv, ending, log })
    }

    /// The words as they may be shown.
    fn shown(&self) -> Vec<String> {
        let words = std::iter::once(&self.program).chain(&self.args);
        words.map(|word| self.mask(word)).collect()
    }

    fn mask(&self, text: &str) -> String {
        let words = self.masked.iter().filter(|word| !word.is_empty());
        words.fold(text.to_owned(), |text, word| text.replace(word, "***"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door the lint points to"
    )]
    fn start(&self) -> std::io::Result<Child> {
        tokio::process::Command::new(&self.program)
            .args(&self.args)
            .envs(ENVIRONMENT)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(if self.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// What a program that succeeded said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Standard output, whole.
    pub stdout: Vec<u8>,
    /// The last lines of standard error.
    pub log: Vec<String>,
}

impl Output {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs a program to its end.
///
/// # Errors
/// [`CommandFailure`] when it cannot be started, ends with another status than 0, is killed,
/// takes longer than its limit or says more than [`OUTPUT_LIMIT`].
pub async fn run(command: &Command) -> Result<Output, Box<CommandFailure>> {
    run_with(command, &mut |_| {}).await
}

/// Runs a program to its end and hands over each line of its standard error as it comes.
///
/// # Errors
/// As [`run`].
// Dropped half-way, the guard kills the program's whole group.
pub async fn run_with(
    command: &Command,
    line: &mut dyn FnMut(&str),
) -> Result<Output, Box<CommandFailure>> {
    let began = Instant::now();
    tracing::debug!(command = ?command.shown(), "starting");
    let mut tail = Tail::new(TAIL);
    let mut child = match command.start() {
        Ok(child) => child,
        Err(error) => return Err(command.failure(Ending::from_start(error), tail)),
    };
    let mut group = Group::of(&child);
    let mut stdout = Vec::new();
    let mut keep = |text: &str| {
        line(text);
        tail.push(text);
    };
    let talk = converse(command, &mut child, &mut stdout, &mut keep);
    let ending = match tokio::time::timeout(command.limit, talk).await {
        Err(_) => Ending::Limit(command.limit),
        Ok(ending) => {
            group.ended();
            ending
        }
    };
    tracing::debug!(program = command.program, ?ending, took = ?began.elapsed(), "ended");
    let log = tail;
    match ending {
        Ending::Exit(0) if stdout.len() <= OUTPUT_LIMIT => Ok(Output {
            stdout,
            log: log.into_iter().collect(),
        }),
        Ending::Exit(0) => Err(command.failure(Ending::TooLong, log)),
        ending => Err(command.failure(ending, log)),
    }
}

/// Feeds and reads a program until it has ended and its pipes are closed.
async fn converse(
    command: &Command,
    child: &mut Child,
    stdout: &mut Vec<u8>,
    line: &mut dyn FnMut(&str),
) -> Ending {
    let input = child.stdin.take().zip(command.stdin.as_deref());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let talk = async {
        tokio::join!(feed(input), read_all(out, stdout), read_lines(err, line));
    };
    tokio::pin!(talk);
    let mut closed = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            () = &mut talk, if !closed => closed = true,
        }
    };
    if !closed {
        let _ = tokio::time::timeout(DRAIN_LIMIT, talk).await;
    }
    match status {
        Ok(status) => Ending::from_status(status),
        Err(error) => Ending::Start(error),
    }
}

async fn feed(input: Option<(ChildStdin, &[u8])>) {
    if let Some((mut pipe, bytes)) = input {
        // A program may end without reading everything; its status says whether that matters.
        let _ = pipe.write_all(bytes).await;
    }
}

async fn read_all(pipe: Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        // Read on beyond the limit, so that the program ends, but keep only enough to know.
        if to.len() <= OUTPUT_LIMIT {
            to.extend_from_slice(&buffer[..count]);
        }
    }
}

async fn read_lines(pipe: Option<impl AsyncRead + Unpin>, line: &mut dyn FnMut(&str)) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 1 << 16];
    let mut lines = Lines::default();
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        lines.push(&buffer[..count], line);
    }
    lines.finish(line);
}
