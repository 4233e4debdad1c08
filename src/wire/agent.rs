//! What controller and agent say to each other: one JSON object a line, over the standard
//! input and output of `phoenix-agent serve`, which an SSH session started.
//!
//! The agent speaks first ([`Reply::Hello`]). Then each [`Request`] is answered by any number
//! of [`Reply::Log`] and [`Reply::State`] lines and exactly one closing reply (see
//! [`Reply::closes`]). The transaction itself does not run in this process: closing the
//! session never stops it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{Facts, Nonce, Order, Problem, Proof, RunId, RunState, RunSummary};

/// Version of the messages. Both sides come from the same build in practice (the agent is
/// stored by its hash), so a difference is an error, not a negotiation.
pub const PROTOCOL: u32 = 1;

/// Longest line either side accepts, in bytes.
pub const LINE_LIMIT: usize = 1 << 20;

/// A request of the controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Read the facts again. Closed by [`Reply::Facts`].
    Facts,
    /// Begin the transaction. Closed by [`Reply::Activated`], [`Reply::Ended`] or [`Reply::Refused`].
    Begin(Order),
    /// Say how the host stands, over this (new) connection. Closed by [`Reply::Proof`].
    Prove {
        /// The run.
        run: RunId,
        /// The run's nonce.
        nonce: Nonce,
    },
    /// Keep the new system, or go back. Closed by [`Reply::Ended`]: the verdict, whoever decided first.
    Decide {
        /// The run.
        run: RunId,
        /// The run's nonce.
        nonce: Nonce,
        /// True keeps the new system.
        keep: bool,
    },
    /// Say what became of a run. Closed by [`Reply::Ended`], also while it is still open.
    Verdict {
        /// The run.
        run: RunId,
    },
}

/// A reply of the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// The first line, unasked.
    Hello {
        /// [`PROTOCOL`] of the agent.
        protocol: u32,
        /// What the host says about itself.
        facts: Facts,
    },
    /// The facts now.
    Facts {
        /// What the host says about itself.
        facts: Facts,
    },
    /// A line of the activation's log.
    Log {
        /// The line.
        line: String,
    },
    /// The run moved on.
    State {
        /// Where it stands.
        state: RunState,
    },
    /// Nothing was changed.
    Refused {
        /// Why not.
        problem: Problem,
    },
    /// The new system is active and waits for the proof.
    Activated {
        /// Exit status of `switch-to-configuration test`: 0, or 4 when only units that had
        /// failed before the run are failed.
        exit: i32,
    },
    /// How the host stands.
    Proof {
        /// How the host stands.
        proof: Proof,
    },
    /// What became of the run.
    Ended {
        /// The host's record of the run.
        summary: RunSummary,
    },
    /// The request could not be carried out; nothing is known to have changed because of it.
    Error {
        /// What went wrong.
        problem: Problem,
    },
}

impl Reply {
    /// Whether this reply ends the answer to a request.
    #[must_use]
    pub fn closes(&self) -> bool {
        !matches!(
            self,
            Self::Hello { .. } | Self::Log { .. } | Self::State { .. }
        )
    }
}

/// A line that is no message.
#[derive(Debug, Error)]
#[error("`{excerpt}` is not a message of the agent protocol, version {PROTOCOL}")]
pub struct LineError {
    /// The line's beginning.
    pub excerpt: String,
    /// What the JSON reader says.
    #[source]
    pub source: serde_json::Error,
}

/// Writes a message as one line, with its newline.
#[must_use]
pub fn to_line<T: Serialize>(message: &T) -> String {
    let mut line =
        serde_json::to_string(message).expect("messages hold only text, numbers and lists");
    line.push('\n');
    line
}

/// Reads a message from a line.
///
/// # Errors
/// [`LineError`] with the line's beginning when it is no such message.
pub fn from_line<T: for<'de> Deserialize<'de>>(line: &str) -> Result<T, LineError> {
    serde_json::from_str(line).map_err(|source| LineError {
        excerpt: line.trim().chars().take(80).collect(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line_and_read_back() {
        let run = RunId::at(0, [1, 2, 3]);
        let request = Request::Decide {
            run,
            nonce: Nonce::new([7; 16]),
            keep: true,
        };
        let line = to_line(&request);
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(from_line::<Request>(&line).unwrap(), request);
    }

    #[test]
    fn a_line_of_something_else_is_quoted_in_the_error() {
        let error = from_line::<Reply>("sudo: a password is required\n").unwrap_err();
        assert!(error.to_string().contains("sudo: a password is required"));
    }
}
