//! What went wrong on a host, as a value that travels in events and is printed once.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A next step for the person who reads an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hint(pub String);

impl Hint {
    /// Makes a hint from a sentence without a full stop.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of trouble it is; outcomes and exit codes follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// No address of the host answered.
    Unreachable,
    /// The host, its key, login or sudo, or its state, refused us.
    Refused,
    /// Contact was lost half-way.
    Lost,
    /// Something ran and failed.
    Failed,
}

/// An error with its causes flattened to text, the failing log's tail, and a hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of trouble it is.
    pub kind: ProblemKind,
    /// What failed, in one line: lower case, no full stop.
    pub message: String,
    /// Why, outermost first; each may have several lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The last lines of the log that explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
}

impl Problem {
    /// A problem of one line.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            log: Vec::new(),
            hint: None,
        }
    }

    /// Flattens an error and its chain of sources.
    pub fn from_error(kind: ProblemKind, error: &(dyn Error + 'static)) -> Self {
        let mut problem = Self::new(kind, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            problem.causes.push(cause.to_string());
            source = cause.source();
        }
        problem
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds the log that explains it.
    #[must_use]
    pub fn with_log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(Hint::new(hint));
        self
    }

    /// Message and causes in one line, for places that have no more room.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line
    }
}
