//! What of a flake is evaluated, and the command that evaluates it.

use super::Nix;
use crate::adapter::process::Command;
use crate::model::{EvalSettings, HostName};

/// The words that the expressions of this module are written in.
pub(super) const WORDS: &str = include_str!("words.nix");

/// What to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalJob {
    /// Flake reference, without `#`, relative to nothing.
    pub flake: String,
    /// Attributes from the flake to the set of hosts, as in `nixosConfigurations`; at least one.
    pub before: Vec<String>,
    /// Attributes from a host to its system, as in `config`, `system`, `build`, `toplevel`.
    pub after: Vec<String>,
    /// The hosts.
    pub hosts: Vec<HostName>,
    /// Evaluators, memory and limit.
    pub settings: EvalSettings,
}

impl Nix {
    /// Applies an expression to the attribute that the job's hosts are found in.
    pub(super) fn eval(&self, job: &EvalJob, expression: &str) -> Command {
        let root = dotted(job.before.first().map(String::as_str).into_iter());
        // A leading dot keeps Nix from looking under `packages` and `legacyPackages` first,
        // which can cost a whole package set. Older versions take it for a name.
        let dot = if self.version.is_at_least(2, 20) {
            "."
        } else {
            ""
        };
        let words = ["eval", "--json", "--log-format", "internal-json"];
        self.nix(&words, job.settings.limit)
            // The cache would answer a failure of yesterday with "cached failure".
            .args(["--option", "eval-cache", "false"])
            .args((!self.locks).then_some("--no-write-lock-file"))
            .arg(format!("{}#{dot}{root}", job.flake))
            .args(["--apply", expression])
    }
}

/// The attributes of `before` behind the first, which is part of the installable.
pub(super) fn inside(job: &EvalJob) -> String {
    nix_list(job.before.iter().skip(1).map(String::as_str))
}

pub(super) fn nix_list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(nix_string).collect();
    format!("[ {} ]", words.join(" "))
}

/// A string of the Nix language. Format: Nix manual, "String literal".
pub(super) fn nix_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// An attribute path as it is written behind `#`: names with other characters are quoted.
pub(super) fn dotted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-'".contains(c);
    let quoted = |name: &str| {
        if name.chars().all(plain) {
            name.to_owned()
        } else {
            format!("\"{name}\"")
        }
    };
    names.map(quoted).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_paths_are_quoted_where_needed() {
        assert_eq!(dotted(["a", "b.c", "d-1"].into_iter()), "a.\"b.c\".d-1");
    }
}
