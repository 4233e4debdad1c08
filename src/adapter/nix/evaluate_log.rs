//! Follows an evaluator: which host it is at, what came out, and what it died of.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::log::{Line, plain};

/// Begins what `evaluate.nix` tells.
const MARK: &str = "trace: @phoenix ";

/// What Nix says where a flake has not the attribute behind `#`.
pub(super) const NO_ATTRIBUTE: &str = "does not provide attribute";

/// What `evaluate.nix` and `posture.nix` tell of a host.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Told {
    /// It begins with this host.
    Start {
        /// The host.
        start: String,
    },
    /// The host has a system.
    Found {
        /// The host.
        host: String,
        /// Its derivation.
        drv: String,
        /// What the derivation will make.
        out: String,
        /// What for.
        system: String,
    },
    /// The host has a posture.
    Posture {
        /// The host.
        host: String,
        /// Its controls, to be read.
        posture: Value,
    },
    /// The host has none.
    Missing {
        /// The host.
        host: String,
        /// What is missing: `host`, `attribute`, `derivation`.
        missing: String,
        /// The hosts there are.
        #[serde(default)]
        known: Vec<String>,
    },
}

impl Told {
    /// The host it is about.
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Start { start: host }
            | Self::Found { host, .. }
            | Self::Posture { host, .. }
            | Self::Missing { host, .. } => host,
        }
    }
}

/// What an evaluator said that no host owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EvalLog {
    /// The last error's own words, which may be several lines.
    pub(super) error: Option<String>,
    /// The same with its trace, as Nix shows it.
    pub(super) trace: Vec<String>,
    /// Lines that were not part of the log: a crash, a program Nix started.
    pub(super) stray: Vec<String>,
}

impl EvalLog {
    /// Whether the flake has not the attribute that was asked for.
    pub(super) fn lacks_the_attribute(&self) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        error.contains(NO_ATTRIBUTE)
    }

    /// Takes a line of standard error; gives what an expression of ours told in it.
    pub(super) fn take<Told: DeserializeOwned>(&mut self, line: &str) -> Option<Told> {
        match Line::read(line) {
            Some(Line::Msg { msg, raw_msg, .. }) => {
                if let Some(text) = msg.strip_prefix(MARK) {
                    return serde_json::from_str(text).ok();
                }
                if let Some(raw) = raw_msg {
                    self.error = Some(plain(&raw));
                    self.trace = frames(&plain(&msg));
                }
            }
            Some(_) => {}
            None => self.stray.push(plain(line)),
        }
        None
    }
}

/// The lines of a trace, without what is about `evaluate.nix` itself: nobody can act on that.
fn frames(text: &str) -> Vec<String> {
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let own = |paragraph: &&str| {
        paragraph.contains("«string»") || paragraph.contains("(stack trace truncated")
    };
    let mut lines: Vec<String> = Vec::new();
    for paragraph in paragraphs.into_iter().filter(|paragraph| !own(paragraph)) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(paragraph.lines().map(|line| line.trim_end().to_owned()));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}
