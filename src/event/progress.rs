//! Progress within a step: may be thinned out, never recorded.

use serde::{Deserialize, Serialize};

use crate::model::{Copied, HostName, Stage};

/// Progress within a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum ProgressEvent {
    /// Derivations built, of those known so far.
    Build {
        /// Finished.
        done: u64,
        /// Known so far.
        expected: u64,
        /// Name of a derivation being built.
        current: Option<String>,
    },
    /// Bytes and paths on their way to a host.
    Copy {
        /// The host.
        host: HostName,
        /// How far it is.
        #[serde(flatten)]
        copied: Copied,
    },
    /// A line of a log.
    Log {
        /// The host it is about, if about one.
        host: Option<HostName>,
        /// The stage it belongs to.
        stage: Stage,
        /// The line.
        line: String,
    },
    /// What a host is waiting for, in a few words.
    Waiting {
        /// The host.
        host: HostName,
        /// As in "trying 10.0.0.4".
        what: String,
    },
}
