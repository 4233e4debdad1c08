//! Evaluates hosts to derivations.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Nix;
use super::each::{self, Question};
use super::evaluate_log::{EvalLog, Missing};
use super::explain::{self, Target};
use crate::adapter::process::{self, Command};
use crate::model::{
    Derivation, EvalSettings, HostName, Problem, StorePath, StorePathError, Toplevel,
};
use crate::world::{Evaluated, Found};

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

/// What `evaluate.nix` tells of a host.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Told {
    /// It has a system.
    Found {
        /// Its derivation.
        drv: String,
        /// What the derivation will make.
        out: String,
        /// What for.
        system: String,
    },
    /// It has none.
    Missing(Missing),
}

/// What a host's system is.
#[derive(Default)]
struct Systems {
    /// Warnings that a host has been given: many hosts share them, and one telling is enough.
    warned: RefCell<BTreeSet<String>>,
}

impl Question for Systems {
    type Told = Told;
    type Answer = Evaluated;

    const EXPRESSION: &'static str = include_str!("evaluate.nix");

    const LEAF: &'static [&'static str] = &["drvPath"];

    fn answer(&self, target: &Target<'_>, told: Told) -> Option<Result<Evaluated, Problem>> {
        Some(match told {
            Told::Found { drv, out, system } => {
                evaluated(&drv, &out, system).map_err(|error| explain::no_path(target, &error))
            }
            Told::Missing(Missing { missing, known }) => {
                Err(explain::missing(target, &missing, &known))
            }
        })
    }

    fn warned(&self, answer: &mut Evaluated, warnings: Vec<String>) {
        let mut seen = self.warned.borrow_mut();
        let new = warnings
            .into_iter()
            .filter(|text| seen.insert(text.clone()));
        answer.warnings = new.collect();
    }
}

impl Nix {
    /// Evaluates hosts and gives each its result, exactly once, as soon as it is known.
    pub async fn evaluate(&self, job: &EvalJob, found: Found<'_, Evaluated>) {
        each::ask(self, job, &Systems::default(), found).await;
    }

    /// Names of the hosts a flake has under `before`.
    ///
    /// # Errors
    /// The flake's own error, with its trace.
    pub async fn hosts_of_flake(&self, job: &EvalJob) -> Result<Vec<String>, Problem> {
        let names = "root: builtins.attrNames (builtins.foldl' (set: name: set.${name}) root";
        let expression = format!("{names} {})", inside(job));
        let mut log = EvalLog::default();
        let output = process::run_with(&self.eval(job, &expression), &mut |line| {
            log.take::<IgnoredAny>(line);
        })
        .await
        .map_err(|failure| explain::flake(job, &log, &failure))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| explain::unreadable(&job.flake, &error))
    }

    pub(super) fn eval(&self, job: &EvalJob, expression: &str) -> Command {
        let root = explain::dotted(job.before.first().map(String::as_str).into_iter());
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

fn evaluated(drv: &str, out: &str, system: String) -> Result<Evaluated, StorePathError> {
    Ok(Evaluated {
        derivation: Derivation(StorePath::new(drv)?),
        toplevel: Toplevel(StorePath::new(out)?),
        system,
        warnings: Vec::new(),
    })
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
