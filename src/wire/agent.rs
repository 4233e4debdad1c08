//! What controller and agent say to each other: one JSON object a line, over the standard
//! input and output of `phoenix-agent serve`, which an SSH session started.
//!
//! The agent speaks first ([`Reply::Hello`]). Then each [`Request`] is answered by any number
//! of [`Reply::Log`] and [`Reply::State`] lines and exactly one closing reply (see
//! [`Reply::closes`]). The transaction itself does not run in this process: closing the
//! session never stops it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{
    Facts, Gate, Hold, HostName, LockHolder, Nonce, Observation, Order, Problem, Proof, RunId,
    RunState, RunSummary, Story, Toplevel,
};

/// Version of the messages. Both sides come from the same build in practice (the agent is
/// stored by its hash), so a difference is an error, not a negotiation.
pub const PROTOCOL: u32 = 2;

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
        /// Why it goes back, in one line, for the host's record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Look once at a health gate. Closed by [`Reply::Probed`].
    Probe {
        /// The gate, with addresses filled in.
        gate: Gate,
        /// The run whose baseline of failed units counts; without one every failed unit does.
        run: Option<RunId>,
    },
    /// Wait longer for the decision: `span` from now. Closed by [`Reply::Renewed`].
    Renew {
        /// The run.
        run: RunId,
        /// The run's nonce.
        nonce: Nonce,
        /// From now; the host takes at most its order's `confirm_limit`.
        span: Duration,
    },
    /// Remember the running system as one of the fleet's. Closed by [`Reply::Facts`].
    Adopt {
        /// The host of the fleet that this machine is.
        host: HostName,
        /// Operator, as `user@workstation`.
        who: String,
        /// The system that the operator was shown; refused when the host runs another by now.
        system: Toplevel,
    },
    /// Say what became of a run. Closed by [`Reply::Ended`], also while it is still open,
    /// [`Reply::Refused`] or [`Reply::UnknownRun`].
    Verdict {
        /// The run.
        run: RunId,
    },
    /// Tell all that is known of a run. Closed by [`Reply::Story`] or [`Reply::UnknownRun`].
    Story {
        /// The run.
        run: RunId,
    },
    /// Keep everybody from activating this host. Closed by [`Reply::Held`] or [`Reply::Refused`].
    Hold {
        /// Operator, as `user@workstation`.
        who: String,
        /// Why, in one line.
        reason: String,
        /// How long, in seconds; until released otherwise.
        seconds: Option<u64>,
        /// Take the place of somebody else's hold.
        force: bool,
    },
    /// End the hold. Closed by [`Reply::Released`] or [`Reply::Refused`].
    Release {
        /// Operator, as `user@workstation`.
        who: String,
        /// End somebody else's hold, too.
        force: bool,
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
    /// What one look at a health gate found.
    Probed {
        /// What was seen.
        seen: Observation,
    },
    /// The host waits for the decision this long from now.
    Renewed {
        /// From now.
        span: Duration,
    },
    /// What became of the run.
    Ended {
        /// The host's record of the run.
        summary: RunSummary,
    },
    /// All that is known of a run.
    Story {
        /// The story.
        story: Box<Story>,
    },
    /// The host has no record of the run.
    UnknownRun {
        /// The runs it has, newest first.
        known: Vec<RunId>,
    },
    /// The hold is in force.
    Held {
        /// The hold.
        hold: Hold,
        /// A run that began before it, and goes on.
        lock: Option<LockHolder>,
    },
    /// No hold is in force any more.
    Released {
        /// The hold that was ended, if there was one.
        hold: Option<Hold>,
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
    use crate::model::GenerationDate;

    #[test]
    fn messages_are_one_line_and_read_back() {
        let run = RunId::at(0, [1, 2, 3]);
        let request = Request::Decide {
            run,
            nonce: Nonce::new([7; 16]),
            keep: true,
            why: None,
        };
        let line = to_line(&request);
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(from_line::<Request>(&line).unwrap(), request);
    }

    /// Maps with numbers as keys would not: the tag is read first, the rest from a copy.
    #[test]
    fn a_greeting_with_every_fact_reads_back() {
        let mut facts = Facts::blank("x86_64-linux");
        facts.made = vec![GenerationDate { number: 1, made: 2 }];
        facts.unreadable_runs = vec![RunId::at(0, [1, 2, 3])];
        facts.hold = Some(Hold {
            who: "ada@desk".to_owned(),
            from: None,
            reason: "a move".to_owned(),
            since: 1,
            until: Some(2),
        });
        let protocol = PROTOCOL;
        let greeting = Reply::Hello { protocol, facts };
        assert_eq!(from_line::<Reply>(&to_line(&greeting)).unwrap(), greeting);
    }

    #[test]
    fn a_line_of_something_else_is_quoted_in_the_error() {
        let error = from_line::<Reply>("sudo: a password is required\n").unwrap_err();
        assert!(error.to_string().contains("sudo: a password is required"));
    }
}
