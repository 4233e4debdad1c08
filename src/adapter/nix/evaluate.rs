//! Evaluates hosts to derivations: one `nix eval` for a group of hosts, each evaluated once.
//!
//! `evaluate.nix` tells each host's result as it goes, so an evaluator that dies has told
//! which host it died of and what came before: the next one goes on behind that host.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures::StreamExt;

use super::evaluate_log::{EvalLog, Told};
use super::explain::{self, Target};
use super::{Nix, groups};
use crate::adapter::process::{self, Command, CommandFailure};
use crate::model::{
    Derivation, EvalSettings, HostName, Problem, StorePath, StorePathError, Toplevel,
};
use crate::world::{Evaluated, Found};

const EXPRESSION: &str = include_str!("evaluate.nix");

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

/// How an evaluator ended.
struct End {
    log: EvalLog,
    /// The host it was at, if it had begun with one and not told its result.
    at: Option<HostName>,
    /// How many hosts it told.
    told: usize,
    failure: Option<Box<CommandFailure>>,
}

impl Nix {
    /// Evaluates hosts and gives each its result, exactly once, as soon as it is known.
    pub async fn evaluate(&self, job: &EvalJob, found: Found<'_, Evaluated>) {
        let dealt = groups::deal(&job.hosts, &job.settings, groups::free_memory());
        let run = Run {
            nix: self,
            job,
            found,
            wide: RefCell::new(None),
        };
        futures::stream::iter(dealt.groups)
            .map(|group| run.group(group))
            .buffer_unordered(dealt.workers)
            .collect::<()>()
            .await;
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
            log.take::<Told>(line);
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

/// One evaluation, shared by its groups.
struct Run<'a> {
    nix: &'a Nix,
    job: &'a EvalJob,
    found: Found<'a, Evaluated>,
    /// Why no host of the flake can be evaluated, once that is known.
    wide: RefCell<Option<Problem>>,
}

impl Run<'_> {
    /// Evaluates a group; every host of it gets its result.
    // Dropped here, the evaluator is killed; nothing was changed but the store, which grew.
    async fn group(&self, hosts: Vec<HostName>) {
        let mut rest: VecDeque<HostName> = hosts.into();
        while !rest.is_empty() {
            if let Some(problem) = self.wide.borrow().clone() {
                return self.all(&rest, &problem);
            }
            let end = self.once(&mut rest).await;
            match (&end.failure, &end.at) {
                (None, _) => self.all(&rest, &explain::silent(&self.job.flake)),
                // Killed with results behind it: memory or time of the group ran out, which
                // says nothing about this host. It gets an evaluator of its own.
                (Some(failure), Some(_)) if failure.was_killed() && end.told > 0 => continue,
                (Some(failure), Some(host)) => {
                    let target = self.target(host);
                    (self.found)(host, Err(explain::host(&target, &end.log, failure)));
                    rest.retain(|other| other != host);
                    continue;
                }
                (Some(failure), None) => {
                    let problem = explain::flake(self.job, &end.log, failure);
                    if !failure.was_killed() && end.told == 0 {
                        self.wide.replace(Some(problem.clone()));
                    }
                    self.all(&rest, &problem);
                }
            }
            return;
        }
    }

    /// Runs one evaluator over `rest` and takes from it the hosts that got their result.
    async fn once(&self, rest: &mut VecDeque<HostName>) -> End {
        let names = rest.iter().map(HostName::as_str);
        let expression = format!(
            "({EXPRESSION}) {{ names = {}; inside = {}; after = {}; }}",
            nix_list(names),
            inside(self.job),
            nix_list(self.job.after.iter().map(String::as_str)),
        );
        let command = self.nix.eval(self.job, &expression);
        let (mut log, mut at, mut told) = (EvalLog::default(), None, 0);
        let result = process::run_with(&command, &mut |line| match log.take(line) {
            None => {}
            Some(Told::Start { start }) => at = rest.iter().find(|h| h.as_str() == start).cloned(),
            Some(Told::Found {
                host,
                drv,
                out,
                system,
            }) => {
                told += 1;
                self.tell(rest, &host, evaluated(&drv, &out, system));
                at = None;
            }
            Some(Told::Missing {
                host,
                missing,
                known,
            }) => {
                told += 1;
                let problem =
                    |name: &HostName| explain::missing(&self.target(name), &missing, &known);
                self.tell_problem(rest, &host, problem);
                at = None;
            }
        })
        .await;
        let failure = result.err();
        End {
            log,
            at,
            told,
            failure,
        }
    }

    fn tell(
        &self,
        rest: &mut VecDeque<HostName>,
        host: &str,
        result: Result<Evaluated, StorePathError>,
    ) {
        let Some(host) = take(rest, host) else { return };
        let result = result.map_err(|error| explain::no_path(&self.target(&host), &error));
        (self.found)(&host, result);
    }

    fn tell_problem(
        &self,
        rest: &mut VecDeque<HostName>,
        host: &str,
        problem: impl Fn(&HostName) -> Problem,
    ) {
        if let Some(host) = take(rest, host) {
            (self.found)(&host, Err(problem(&host)));
        }
    }

    fn all(&self, hosts: &VecDeque<HostName>, problem: &Problem) {
        for host in hosts {
            (self.found)(host, Err(problem.clone()));
        }
    }

    fn target<'b>(&'b self, host: &'b HostName) -> Target<'b> {
        Target {
            job: self.job,
            host,
        }
    }
}

fn take(rest: &mut VecDeque<HostName>, host: &str) -> Option<HostName> {
    let index = rest.iter().position(|other| other.as_str() == host)?;
    rest.remove(index)
}

fn evaluated(drv: &str, out: &str, system: String) -> Result<Evaluated, StorePathError> {
    Ok(Evaluated {
        derivation: Derivation(StorePath::new(drv)?),
        toplevel: Toplevel(StorePath::new(out)?),
        system,
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
