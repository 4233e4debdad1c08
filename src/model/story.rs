//! A run as its host tells it, and what a host says when it is asked for a verdict.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problem, RunId, RunState, RunSummary};

/// The whole story of a run on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// How it stands or ended.
    pub summary: RunSummary,
    /// Address the controller came from, where SSH tells it.
    #[serde(default)]
    pub from: Option<String>,
    /// The states, in order.
    pub steps: Vec<StoryStep>,
    /// Limit for activation.
    pub activate_limit: Duration,
    /// Limit for the decision once activation had ended.
    pub confirm_limit: Duration,
    /// Seconds until the host decides by itself, while it waits.
    #[serde(default)]
    pub decides_within: Option<u64>,
    /// Exit status of the new system's `switch-to-configuration test`.
    #[serde(default)]
    pub exit: Option<i32>,
    /// What was decided, if anything was.
    #[serde(default)]
    pub decision: Option<StoryDecision>,
    /// Why the host refused to begin, if it did.
    #[serde(default)]
    pub refusal: Option<Problem>,
    /// What the two switches said, each cut to its end.
    pub logs: Vec<StoryLog>,
    /// The last lines of the journal of the run's own units.
    pub journal: Vec<String>,
}

/// A state and when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryStep {
    /// The state.
    pub state: RunState,
    /// Seconds since 1970 by the host's clock.
    pub at: u64,
    /// Milliseconds since the first state, by a clock that nobody sets; starts anew at a reboot.
    pub after: u64,
}

/// The decision of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryDecision {
    /// True keeps the new system.
    pub keep: bool,
    /// Why.
    pub reason: String,
}

/// What one switch said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLog {
    /// `new` or `old`: which system was activated.
    pub side: String,
    /// Whether earlier lines are left out.
    pub is_cut: bool,
    /// The last lines.
    pub lines: Vec<String>,
}

/// What a host knows of a run, asked afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The host's record of the run.
    Ended {
        /// The record.
        summary: RunSummary,
    },
    /// The host refused to begin; nothing was changed.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// The host has no record of the run: the order never reached it, or the record is gone.
    Unknown {
        /// The runs it knows, newest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        known: Vec<RunId>,
    },
}
