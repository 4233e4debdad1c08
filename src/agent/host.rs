//! What the transaction needs of its host: a service manager, programs and a clock.
//!
//! [`System`](super::system::System) is the real one; the tests have a fake PID 1.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::paths::Paths;

/// The host beneath the transaction.
pub(super) trait Host {
    /// Seconds since 1970: for people to read, never to measure with.
    fn now(&self) -> u64;
    /// Time since boot, suspended time included: what deadlines are measured with, because
    /// nobody can set it back.
    fn uptime(&self) -> Duration;
    /// Waits.
    fn pause(&self, span: Duration);
    /// Hands a unit to PID 1.
    fn start(&self, unit: &Unit) -> Result<(), ProgramError>;
    /// Starts a unit PID 1 knows already.
    fn wake(&self, unit: &str) -> Result<(), ProgramError>;
    /// Whether a unit is neither inactive nor failed; `None` when PID 1 does not answer, as
    /// while it re-executes itself.
    fn alive(&self, unit: &str) -> Option<bool>;
    /// Stops a unit and forgets its failure. A unit that is not there is stopped.
    fn stop(&self, unit: &str) -> Result<(), ProgramError>;
    /// Units that are failed, or wait to be restarted after they failed.
    fn broken_units(&self) -> Result<Vec<String>, ProgramError>;
    /// The `ActiveState` of each unit, in their order.
    fn unit_states(&self, units: &[String]) -> Result<Vec<String>, ProgramError>;
    /// Last journal lines of some units, in this boot.
    fn journal(&self, units: &[String], since: u64) -> Vec<String>;
    /// Where this program is.
    fn program(&self) -> io::Result<PathBuf>;
    /// Whether an SSH server greets at an address.
    fn greets(&self, server: SocketAddr) -> bool;
    /// Reboots at once. Returns when that did not work.
    fn reboot(&self);
    /// Last journal lines of some units, of any boot, each with its time.
    fn history(&self, units: &[String], lines: usize) -> Vec<String>;
    /// Runs a program to its end and returns what it wrote to standard output.
    fn run(&self, program: &Program) -> Result<String, ProgramError>;
    /// Writes a line to the journal of the unit this is (or to the session's standard error).
    fn note(&self, line: &str);
}

/// Where and on what the agent works.
#[derive(Clone, Copy)]
pub(super) struct Cx<'a> {
    /// The files.
    pub(super) paths: &'a Paths,
    /// The host.
    pub(super) host: &'a dyn Host,
}

impl Cx<'_> {
    /// Notes an error and its causes, for what must not stop the transaction.
    pub(super) fn press_on<E: std::error::Error + 'static>(&self, result: Result<(), E>) {
        if let Err(error) = result {
            self.host.note(&chain(&error));
        }
    }
}

/// An error and its causes on one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}

/// A transient unit that runs this program.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Name without its suffix.
    pub(super) name: String,
    /// What `systemctl status` shows.
    pub(super) description: String,
    /// Arguments of this program.
    pub(super) arguments: Vec<String>,
    /// Properties, as `Name=value`.
    pub(super) properties: Vec<String>,
    /// Start it only after this time, by a timer of the same name.
    pub(super) after: Option<Duration>,
    /// The program to run, instead of the one that hands the unit over.
    pub(super) program: Option<PathBuf>,
}

/// A program with its arguments and limit.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// A name to look up, or a path.
    pub(super) program: OsString,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// When it is killed.
    pub(super) limit: Duration,
    /// Whether a system may ask its own checks before it is switched to.
    pub(super) checked: bool,
}

impl Program {
    /// A program with its arguments.
    pub(super) fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
        limit: Duration,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            limit,
            checked: true,
        }
    }

    /// The same for a system that the host has proven: going back to it must not be refused by
    /// checks of its own, whatever they look at.
    pub(super) fn unchecked(mut self) -> Self {
        self.checked = false;
        self
    }

    /// The program and its arguments, to be read.
    pub(super) fn shown(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.arguments)
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A program that did not do its work.
#[derive(Debug, Error)]
pub(super) enum ProgramError {
    /// It did not start.
    #[error("`{program}` could not be started")]
    Start {
        /// The program and its arguments.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("`{program}` did not end within {}", seconds(*limit))]
    Limit {
        /// The program and its arguments.
        program: String,
        /// The limit.
        limit: Duration,
        /// Its last lines.
        log: Vec<String>,
    },
    /// It failed.
    #[error("`{program}` {ended}")]
    Ended {
        /// The program and its arguments.
        program: String,
        /// As in "exited with status 1".
        ended: Ended,
        /// Its last lines.
        log: Vec<String>,
    },
}

impl ProgramError {
    /// The program's last lines.
    pub(super) fn log(&self) -> &[String] {
        match self {
            Self::Start { .. } => &[],
            Self::Limit { log, .. } | Self::Ended { log, .. } => log,
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ended {
    /// With an exit status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

impl From<std::process::ExitStatus> for Ended {
    fn from(status: std::process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Status(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exited with status {status}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
        }
    }
}

/// A time span for people: `90 s`, `0.5 s`.
pub(super) fn seconds(span: Duration) -> String {
    if span.subsec_nanos() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{:.1} s", span.as_secs_f64())
    }
}

/// The last lines of a log.
pub(super) fn tail(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    lines[from..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// Lines of a log that travel with an error.
pub(super) const LOG_LINES: usize = 20;
