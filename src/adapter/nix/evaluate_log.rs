//! Follows an evaluator: which host it is at, what came out, and what it died of.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::log::{Line, one_line, plain};

/// Begins what `evaluate.nix` tells.
const MARK: &str = "trace: @phoenix ";

/// What Nix says where a flake has not the attribute behind `#`.
pub(super) const NO_ATTRIBUTE: &str = "does not provide attribute";

/// What an expression of ours says while it goes from host to host.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Said<Told> {
    /// It begins with this host.
    Start {
        /// The host.
        start: String,
    },
    /// It has found something out about this host.
    Told {
        /// The host.
        host: String,
        /// What it is.
        #[serde(flatten)]
        told: Told,
    },
}

/// What a host has not.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Missing {
    /// In a word of the expression, such as `host` or `attribute`.
    pub(super) missing: String,
    /// The hosts there are.
    #[serde(default)]
    pub(super) known: Vec<String>,
}

/// What an evaluator said that no host owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EvalLog {
    /// The last error's own words, which may be several lines.
    pub(super) error: Option<String>,
    /// The same with its trace, as Nix shows it.
    pub(super) trace: Vec<String>,
    /// What the configuration warns of, since these were last taken.
    pub(super) warnings: Vec<String>,
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
    pub(super) fn take<Said: DeserializeOwned>(&mut self, line: &str) -> Option<Said> {
        match Line::read(line) {
            Some(Line::Msg { msg, raw_msg, .. }) => {
                if let Some(text) = msg.strip_prefix(MARK) {
                    return serde_json::from_str(text).ok();
                }
                if let Some(text) = warning(&msg) {
                    self.warnings.push(one_line(&text));
                } else if let Some(raw) = raw_msg {
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

/// A warning of the configuration. Nix writes it since 2.23 (`builtins.warn`), before that nixpkgs traces it.
/// Format: nixpkgs, lib/trivial.nix (`warn`).
fn warning(msg: &str) -> Option<String> {
    let text = plain(msg);
    let text = text.strip_prefix("trace: ").unwrap_or(&text);
    Some(text.strip_prefix("evaluation warning:")?.to_owned())
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
