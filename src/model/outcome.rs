//! How a host ends a run. Every host of a run gets exactly one.

use serde::{Deserialize, Serialize};

use super::Stage;

/// How a host ended a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Runs the new system, was proven reachable over a new connection, and boots it next.
    Confirmed,
    /// Ran the wanted system already; nothing was changed.
    UpToDate,
    /// The run was asked to end before activation and did what was asked up to there.
    Done {
        /// The last stage that ran.
        stage: Stage,
    },
    /// Is prepared for its next boot, which brings the new system; runs what it ran.
    Staged {
        /// Whether only the next boot does, as a trial: the default stays the old system.
        once: bool,
    },
    /// Was activated, failed, and runs the system it ran before.
    RolledBack {
        /// Where it failed.
        stage: Stage,
    },
    /// Failed. Before [`Stage::Activate`] the host still runs what it ran.
    Failed {
        /// Where it failed.
        stage: Stage,
    },
    /// Nothing was tried or nothing further was tried; the host runs what it ran.
    Skipped {
        /// For what reason.
        why: Why,
    },
    /// The host could not be reached and may be absent (laptops, `offline = "defer"`).
    Deferred,
    /// Contact was lost after the rollback timer was armed and the verdict is not known yet.
    /// The host decides by itself; `phoenix status` reads the verdict later.
    Unknown {
        /// The stage during which contact was lost.
        #[serde(rename = "stage")]
        since: Stage,
    },
}

/// Why a host was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The operator interrupted the run.
    Interrupted,
    /// The operator did not confirm the plan.
    Declined,
    /// Another host failed and the run was asked to stop at the first failure.
    OtherFailed,
}

impl Outcome {
    /// The word used in JSON and in the summary.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::UpToDate => "up-to-date",
            Self::Done { .. } => "done",
            Self::Staged { .. } => "staged",
            Self::RolledBack { .. } => "rolled-back",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Deferred => "deferred",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The stage the outcome speaks of, if it speaks of one.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Done { stage } | Self::RolledBack { stage } | Self::Failed { stage } => {
                Some(*stage)
            }
            Self::Unknown { since } => Some(*since),
            Self::Confirmed
            | Self::UpToDate
            | Self::Staged { .. }
            | Self::Skipped { .. }
            | Self::Deferred => None,
        }
    }

    /// Whether the host got what was asked for.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(
            self,
            Self::Confirmed | Self::UpToDate | Self::Done { .. } | Self::Staged { .. }
        )
    }
}
