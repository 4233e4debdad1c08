//! What a program that failed leaves behind.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::model::{Hint, Problem, ProblemKind};

/// Longest word of a command line that is shown whole.
const WORD: usize = 120;

/// A program failed.
#[derive(Debug)]
pub struct CommandFailure {
    /// The program and its arguments, with secret words masked.
    pub argv: Vec<String>,
    /// How it ended.
    pub ending: Ending,
    /// The last lines of its standard error.
    pub log: Vec<String>,
}

/// How a program ended.
#[derive(Debug)]
pub enum Ending {
    /// It exited with this status.
    Exit(i32),
    /// It was killed by this signal.
    Signal(i32),
    /// It took longer than this and was killed.
    Limit(Duration),
    /// It said more than [`super::OUTPUT_LIMIT`].
    TooLong,
    /// There is no such program.
    NotFound,
    /// The system could not start it or wait for it.
    Start(io::Error),
}

impl Ending {
    pub(super) fn from_status(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Exit(-1),
        }
    }

    pub(super) fn from_start(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::NotFound
        } else {
            Self::Start(error)
        }
    }
}

impl CommandFailure {
    /// Whether it was killed rather than ended by itself: no verdict on what it worked on.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        matches!(self.ending, Ending::Signal(_) | Ending::Limit(_))
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        let program = self.argv.first().map_or("", String::as_str);
        match &self.ending {
            Ending::NotFound if program.starts_with("nix") => Some(Hint::new(
                "install Nix on this workstation: https://nixos.org/download, or `apt install nix-bin` on Debian",
            )),
            Ending::NotFound => Some(Hint::new(format!(
                "install `{program}` on this workstation, or add its folder to PATH"
            ))),
            Ending::Signal(9) => Some(Hint::new(
                "a program killed by signal 9 was most likely out of memory: see `journalctl -k`",
            )),
            _ => None,
        }
    }

    /// The failure as a problem of the kind "ran and failed", with log and hint.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::from_error(ProblemKind::Failed, self).with_log(self.log.clone());
        problem.hint = self.hint();
        problem
    }
}

impl fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.argv.iter().map(|word| shown(word)).collect();
        write!(f, "`{}` ", words.join(" "))?;
        match &self.ending {
            Ending::Exit(status) => write!(f, "exited with status {status}"),
            Ending::Signal(signal) => write!(f, "was killed by signal {signal}"),
            Ending::Limit(limit) => write!(f, "took longer than {}", seconds(*limit)),
            Ending::TooLong => f.write_str("said more than can be held in memory"),
            Ending::NotFound => f.write_str("was not found"),
            Ending::Start(_) => f.write_str("could not be started"),
        }
    }
}

impl Error for CommandFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.ending {
            Ending::Start(error) => Some(error),
            _ => None,
        }
    }
}

fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{:.1} s", limit.as_secs_f64())
    }
}

/// A word as a person would type it in a shell, shortened when it is a text of its own.
pub(crate) fn shown(word: &str) -> String {
    let short: String = if word.chars().count() > WORD {
        word.chars().take(WORD / 2).chain("…".chars()).collect()
    } else {
        word.to_owned()
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,^#*…".contains(c);
    if !short.is_empty() && short.chars().all(plain) {
        short
    } else {
        format!("'{}'", short.replace('\'', r"'\''"))
    }
}
