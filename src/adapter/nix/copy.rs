//! Copies a closure with `nix copy` into a Nix daemon that answers on a local socket.
//!
//! Whoever calls bridges the socket to `nix-daemon --stdio` on the host, so no SSH program
//! runs and the bytes can be counted on their way.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::Nix;
use super::log::{Line, activity, one_line, plain, result};
use crate::adapter::process::{self, CommandFailure, Ending};
use crate::model::{Hint, Problem, ProblemKind, Toplevel};

/// What to copy where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyJob {
    /// The system whose closure goes.
    pub toplevel: Toplevel,
    /// Socket a Nix daemon answers on.
    pub socket: PathBuf,
    /// Whether that daemon may fetch from its own binary caches.
    pub substitute: bool,
    /// Limit for the whole copy.
    pub limit: Duration,
}

/// Characters that stand for themselves in the path of a store address, in every version.
const PLAIN: &[u8] = b"/-_.~+@:";

/// Words of Nix for one trouble, its kind, its name, and what helps.
type Cause = (
    &'static [&'static str],
    ProblemKind,
    &'static str,
    &'static str,
);

/// What goes wrong between Nix and a daemon; the first that fits is taken. The words are
/// those of the recorded logs in tests/fixtures/nix and of SQLite's messages.
const CAUSES: [Cause; 5] = [
    (
        &[
            "No space left on device",
            "database or disk is full",
            "Disk quota exceeded",
        ],
        ProblemKind::Failed,
        "the host has no space left for its store",
        "free space on the host: `nix-collect-garbage --delete-older-than 30d` there",
    ),
    (
        &[
            "lacks a signature by a trusted key",
            "lacks a valid signature",
            "not privileged",
            "is not allowed to",
        ],
        ProblemKind::Refused,
        "the host's Nix daemon does not trust the login user",
        "let phoenix be root there: set `sudo = \"sudo\"` in its [hosts.NAME.ssh], or name the user in `nix.settings.trusted-users`",
    ),
    (
        &[
            "disk I/O error",
            "Input/output error",
            "database disk image is malformed",
            "Read-only file system",
            "readonly database",
        ],
        ProblemKind::Failed,
        "the host's disk or its store's database is damaged or read-only",
        "look at `dmesg` on the host; `nix-store --verify --check-contents` there",
    ),
    (
        &["hash mismatch importing path", "hash of path"],
        ProblemKind::Failed,
        "a store path differs from what the workstation's store says of it",
        "`nix-store --verify --check-contents --repair` on this workstation",
    ),
    (
        &[
            "unexpected end-of-file",
            "disconnected unexpectedly",
            "Broken pipe",
            "Connection reset",
            "to socket at",
            "connection to the Nix daemon",
        ],
        ProblemKind::Lost,
        "the connection to the host's Nix daemon was closed",
        "what arrived stays there; deploy again to go on from there",
    ),
];

impl Nix {
    /// Copies the closure of a system that is in the workstation's store. `progress` gets
    /// paths finished and paths to send, once that is known.
    ///
    /// # Errors
    /// A problem with what Nix said, of kind [`ProblemKind::Lost`] when the connection ended.
    // Dropped here, `nix copy` is killed; the host keeps the paths that arrived whole.
    pub async fn copy(
        &self,
        job: &CopyJob,
        progress: &dyn Fn(u64, Option<u64>),
    ) -> Result<(), Problem> {
        let address = self.address(&job.socket)?;
        let words = ["copy", "--no-check-sigs", "--log-format", "internal-json"];
        let mut command = self.nix(&words, job.limit).args(["--to", &address]);
        if job.substitute {
            command = command.arg("--substitute-on-destination");
        }
        let command = command.arg(job.toplevel.path().as_str());
        let mut log = CopyLog::default();
        process::run_with(&command, &mut |line| {
            if log.take(line) {
                progress(log.done, log.expected);
            }
        })
        .await
        .map_err(|failure| explain(job, &log.errors, &failure))?;
        Ok(())
    }

    /// The store address of a socket.
    pub(super) fn address(&self, socket: &Path) -> Result<String, Problem> {
        let path = socket.as_os_str().as_encoded_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || PLAIN.contains(byte);
        // 2.8 takes the path as it is and refuses addresses with other characters; 2.26 and
        // later decode it. Where between them that changed does not matter.
        if !path.iter().all(is_plain) && !self.version.is_at_least(2, 26) {
            let message = format!(
                "{} cannot copy to a socket whose path holds other characters than letters, digits and -_.~+@:",
                self.version
            );
            return Err(Problem::new(ProblemKind::Failed, message)
                .because(format!("the path is {}", socket.display()))
                .with_hint("set XDG_RUNTIME_DIR to a folder with a plain name"));
        }
        let encode = |byte: &u8| match is_plain(byte) {
            true => char::from(*byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        Ok(format!(
            "unix://{}",
            path.iter().map(encode).collect::<String>()
        ))
    }
}

/// The state of one copy.
#[derive(Debug, Default)]
pub(super) struct CopyLog {
    /// Activities that count paths.
    counters: BTreeSet<u64>,
    /// Paths under way.
    paths: BTreeSet<u64>,
    /// Paths finished.
    pub(super) done: u64,
    /// Paths to send.
    pub(super) expected: Option<u64>,
    /// Error messages, each in one line.
    pub(super) errors: Vec<String>,
}

impl CopyLog {
    /// Takes a line of standard error; says whether the counts changed.
    pub(super) fn take(&mut self, line: &str) -> bool {
        // Nix reports every few bytes of every path; those lines are most of the log.
        if self.is_byte_count(line) {
            return false;
        }
        match Line::read(line) {
            Some(Line::Start {
                id,
                kind: activity::COPY_PATHS,
                text,
                ..
            }) => {
                self.counters.insert(id);
                self.expect(count_in(&text))
            }
            Some(Line::Start {
                id,
                kind: activity::COPY_PATH,
                ..
            }) => {
                self.paths.insert(id);
                false
            }
            Some(Line::Stop { id }) if self.paths.remove(&id) => {
                self.done += 1;
                true
            }
            Some(Line::Result {
                id,
                kind: result::PROGRESS,
                fields,
            }) => {
                let counted = self.counters.contains(&id);
                let total = fields.get(1).and_then(Value::as_u64);
                counted && self.expect(total.filter(|total| *total > 0))
            }
            Some(line) => {
                self.errors.extend(line.error().map(|text| one_line(&text)));
                false
            }
            None => false,
        }
    }

    fn expect(&mut self, total: Option<u64>) -> bool {
        let changed = total.is_some() && total != self.expected;
        if changed {
            self.expected = total;
        }
        changed
    }

    fn is_byte_count(&self, line: &str) -> bool {
        line.starts_with(r#"@nix {"action":"result""#)
            && !self
                .counters
                .iter()
                .any(|id| line.contains(&id.to_string()))
    }
}

/// The number in `copying 4 paths`: Nix 2.8 says it nowhere else.
fn count_in(text: &str) -> Option<u64> {
    let rest = text.strip_prefix("copying ")?;
    rest.split(' ').next()?.parse().ok()
}

/// Why a copy failed, by the errors in its log.
pub(super) fn explain(job: &CopyJob, errors: &[String], failure: &CommandFailure) -> Problem {
    let message = format!("copying {} failed", job.toplevel.path().short());
    let last = errors.last().cloned();
    let own = last.unwrap_or_else(|| failure.to_string());
    let log = errors.to_vec();
    let problem = Problem::new(ProblemKind::Failed, message);
    if let Some(cause) = cause_in(errors) {
        return caused(problem, cause, own).with_log(log);
    }
    let mut problem = problem.because(own);
    problem.hint = match failure.ending {
        Ending::Limit(_) => Some(Hint::new(
            "raise `timeout` in [defaults.copy] or [hosts.NAME.copy] of fleet.toml",
        )),
        _ => failure.hint(),
    };
    problem.with_log(log)
}

/// Adds to a problem what a host's daemon says of paths that it did not take.
#[must_use]
pub fn refused_by_store(problem: Problem, errors: &[String]) -> Problem {
    let errors: Vec<String> = errors.iter().map(|error| one_line(error)).collect();
    let own = errors.first().cloned().unwrap_or_default();
    let problem = match cause_in(&errors) {
        Some(cause) => caused(problem, cause, own),
        None => problem.because(own),
    };
    problem.with_log(errors)
}

fn caused(mut problem: Problem, (_, kind, cause, hint): &Cause, own: String) -> Problem {
    problem.kind = *kind;
    problem.because(*cause).because(own).with_hint(*hint)
}

/// Adds what the daemon on the host wrote to its standard error. A daemon that cannot open
/// its store (disk full, read-only) only hangs up, and says there why.
#[must_use]
pub fn with_daemon_log(problem: Problem, lines: &[String]) -> Problem {
    let mut problem = problem;
    let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    if let Some((_, kind, cause, hint)) = cause_in(&lines)
        && problem.kind == ProblemKind::Lost
    {
        problem.kind = *kind;
        problem.causes.insert(0, (*cause).to_owned());
        problem.hint = Some(Hint::new(*hint));
    }
    problem.log.extend(lines);
    problem
}

fn cause_in(errors: &[String]) -> Option<&'static Cause> {
    let said = |words: &[&str]| {
        let fits = |error: &String| words.iter().any(|word| error.contains(word));
        errors.iter().any(fits)
    };
    CAUSES.iter().find(|(words, ..)| said(words))
}
