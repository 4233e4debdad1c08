//! Turns what an evaluator died of into problems people can act on.

use std::fmt::Display;

use super::evaluate_log::{EvalLog, NO_ATTRIBUTE};
use super::job::{EvalJob, dotted};
use super::log::one_line;
use crate::adapter::process::{CommandFailure, Ending, shown};
use crate::model::{HostName, Problem, ProblemKind, StorePathError};

/// Lines of a trace that a problem quotes: its end, where Nix says what is wrong.
const TRACE: usize = 30;

/// Words that stand together in an error of Nix, and what helps where the error itself does
/// not say so. The first that fits is taken.
const HINTS: [(&[&str], &str); 7] = [
    (
        &["not tracked by Git"],
        "Nix sees only files that Git knows: `git add` the file",
    ),
    (&["-source/", "No such file or directory"], UNTRACKED),
    (&["path '", "-source/", "does not exist"], UNTRACKED),
    (&[NO_ATTRIBUTE], "`nix flake show` lists what the flake has"),
    (
        &["unable to", "download"],
        "an input of the flake could not be fetched: check the network, or `nix flake archive` while there is one",
    ),
    (
        &["program 'git' failed"],
        "the flake is taken for a Git repository: is its folder one, and may you read it?",
    ),
    (&["stack overflow"], "the configuration refers to itself"),
];

const UNTRACKED: &str =
    "if that file is there in your folder, Git does not know it yet: `git add` it";

/// A host of a job.
pub(super) struct Target<'a> {
    /// The job.
    pub(super) job: &'a EvalJob,
    /// The host.
    pub(super) host: &'a HostName,
    /// What is evaluated below what the job names.
    pub(super) leaf: &'a [&'a str],
}

impl Target<'_> {
    /// `nixosConfigurations.web1`, quoted where Nix asks for it.
    pub(super) fn attribute(&self) -> String {
        let before = self.job.before.iter().map(String::as_str);
        dotted(before.chain([self.host.as_str()]))
    }

    /// The command that shows this host's error in full.
    pub(super) fn command(&self) -> String {
        let after = self.job.after.iter().map(String::as_str);
        let before = self.job.before.iter().map(String::as_str);
        let path = before.chain([self.host.as_str()]).chain(after);
        let path = dotted(path.chain(self.leaf.iter().copied()));
        let installable = format!("{}#{path}", self.job.flake);
        format!("nix eval --show-trace {}", shown(&installable))
    }
}

/// Why one host has no derivation: its own error, with the end of its trace.
pub(super) fn host(target: &Target<'_>, log: &EvalLog, failure: &CommandFailure) -> Problem {
    let message = format!("evaluating {} failed", target.host);
    if let Some(causes) = log.error.as_deref().and_then(asserted) {
        let mut problem = Problem::new(ProblemKind::Failed, message);
        problem.causes = causes;
        return problem;
    }
    let mut problem = died(message, log, failure);
    if problem.hint.is_none() {
        problem = problem.with_hint(format!("`{}` shows the whole trace", target.command()));
    }
    problem
}

/// Why no host of the flake can be evaluated.
pub(super) fn flake(job: &EvalJob, log: &EvalLog, failure: &CommandFailure) -> Problem {
    let before = dotted(job.before.iter().map(String::as_str));
    let mut problem = died(
        format!("evaluating {}#{before} failed", job.flake),
        log,
        failure,
    );
    if problem.hint.is_none() {
        let installable = shown(&format!("{}#{before}", job.flake));
        let command = format!("nix eval --show-trace {installable} --apply builtins.attrNames");
        problem = problem.with_hint(format!("`{command}` shows the whole trace"));
    }
    problem
}

/// What begins NixOS's list of what a configuration gets wrong.
/// Format: nixpkgs, nixos/modules/system/activation/top-level.nix.
const ASSERTIONS: &str = "Failed assertions:";

/// What the configuration's own assertions say, each with its lines, if it died of them: they are meant for people, and
/// the way to them is no news.
fn asserted(error: &str) -> Option<Vec<String>> {
    let text = error.trim_start().strip_prefix(ASSERTIONS)?;
    let mut told: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        match (line.strip_prefix("- "), told.last_mut()) {
            (Some(first), _) => told.push(first.to_owned()),
            (None, Some(last)) if !line.is_empty() => {
                last.push('\n');
                last.push_str(line);
            }
            _ => {}
        }
    }
    Some(told)
}

pub(super) fn died(message: String, log: &EvalLog, failure: &CommandFailure) -> Problem {
    let problem = Problem::new(ProblemKind::Failed, message);
    let tail = |lines: &[String]| lines[lines.len().saturating_sub(TRACE)..].to_vec();
    let problem = match &log.error {
        Some(error) => {
            let cause = one_line(error);
            let told = one_line(&log.trace.join("\n"));
            let says_more = told.strip_prefix("error: ") != Some(&*cause);
            let trace = if says_more {
                tail(&log.trace)
            } else {
                Vec::new()
            };
            problem.because(cause).with_log(trace)
        }
        None => problem
            .because(failure.to_string())
            .with_log(tail(&log.stray)),
    };
    let text = log.error.clone().unwrap_or_else(|| log.stray.join("\n"));
    match killed(&failure.ending).or_else(|| hint(&text)) {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}

fn killed(ending: &Ending) -> Option<&'static str> {
    match ending {
        Ending::Signal(9) => Some(
            "an evaluator killed by signal 9 was most likely out of memory: lower `workers` or `memory` under [fleet.eval] in fleet.toml",
        ),
        Ending::Limit(_) => Some("raise `timeout` under [fleet.eval] in fleet.toml"),
        Ending::NotFound => Some("install Nix on this workstation: https://nixos.org/download"),
        _ => None,
    }
}

fn hint(text: &str) -> Option<&'static str> {
    let fits = |words: &[&str]| words.iter().all(|word| text.contains(word));
    HINTS
        .iter()
        .find(|(words, _)| fits(words))
        .map(|(_, hint)| *hint)
}

/// Why a host has no system at all, by the word of `evaluate.nix`.
pub(super) fn missing(target: &Target<'_>, what: &str, known: &[String]) -> Problem {
    let attribute = target.attribute();
    let after = dotted(target.job.after.iter().map(String::as_str));
    let problem = |message| Problem::new(ProblemKind::Failed, message);
    match what {
        "host" => problem(format!("the flake has no {attribute}"))
            .with_hint(nearest(target.host.as_str(), known)),
        "attribute" => problem(format!("{attribute} of the flake has no {after}"))
            .with_hint("is it made with `nixpkgs.lib.nixosSystem`?"),
        _ => problem(format!("{attribute}.{after} of the flake is no derivation"))
            .with_hint("is it made with `nixpkgs.lib.nixosSystem`?"),
    }
}

/// Names that may have been meant, or those there are.
pub(super) fn nearest(wanted: &str, known: &[String]) -> String {
    const MOST: usize = 3;
    let mut near: Vec<(f64, &String)> = known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names = |names: Vec<&String>| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    if !near.is_empty() {
        let near = near.into_iter().take(MOST).map(|(_, name)| name).collect();
        format!("did you mean {}?", names(near))
    } else if known.is_empty() {
        "the flake has no hosts there".to_owned()
    } else {
        let more = if known.len() > MOST {
            " and others"
        } else {
            ""
        };
        let first = names(known.iter().take(MOST).collect());
        format!("the flake has {first}{more}")
    }
}

/// The host's derivation has no path that is known before it is built.
pub(super) fn no_path(target: &Target<'_>, error: &StorePathError) -> Problem {
    let message = format!("the system of {} has no fixed store path", target.host);
    Problem::new(ProblemKind::Failed, message)
        .because(error.to_string())
        .with_hint(
            "content-addressed systems and stores elsewhere than /nix/store are not supported",
        )
}

/// The evaluator ended well without a word about a host.
pub(super) fn silent(flake: &str) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        format!("evaluating {flake} gave no result"),
    )
    .with_hint("is `trace` disabled in nix.conf? phoenix reads results through builtins.trace")
}

/// Nix answered with something else than what was asked for.
pub(super) fn unreadable(flake: &str, error: &dyn Display) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        format!("the answer of Nix about {flake} cannot be read"),
    )
    .because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered() {
        let known: Vec<String> = ["db1", "web1", "web2", "web3", "web4"]
            .map(Into::into)
            .into();
        assert_eq!(
            nearest("web9", &known),
            "did you mean `web1`, `web2`, `web3`?"
        );
        assert_eq!(
            nearest("printer", &known),
            "the flake has `db1`, `web1`, `web2` and others"
        );
        assert_eq!(nearest("x", &[]), "the flake has no hosts there");
    }
}
