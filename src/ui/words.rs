//! What stages, outcomes and systems are called in front of people.

use super::paint::{Tone, clean};
use super::units;
use crate::event::HostResult;
use crate::model::{
    GateResult, HostName, Mode, Outcome, ProblemKind, RunState, Stage, Toplevel, Verdict, Why,
};

/// The outcome in two words at most.
#[must_use]
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Confirmed => "confirmed",
        Outcome::UpToDate => "up to date",
        Outcome::Done { .. } => "done",
        Outcome::Staged { .. } => "staged",
        Outcome::RolledBack { .. } => "rolled back",
        Outcome::Failed { .. } => "failed",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Deferred => "deferred",
        Outcome::Unknown { .. } => "unknown",
    }
}

/// The colour an outcome has.
#[must_use]
pub fn tone(outcome: &Outcome) -> Tone {
    match outcome {
        Outcome::Confirmed | Outcome::Done { .. } => Tone::Good,
        Outcome::Staged { once: true } => Tone::Good,
        Outcome::Staged { once: false } => Tone::Careful,
        Outcome::UpToDate => Tone::Plain,
        Outcome::RolledBack { .. } | Outcome::Failed { .. } | Outcome::Unknown { .. } => Tone::Bad,
        Outcome::Skipped { .. } | Outcome::Deferred => Tone::Careful,
    }
}

/// What a host does in a stage, as in "2 copying".
#[must_use]
pub fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "connecting",
        Stage::Eval => "evaluating",
        Stage::Build => "building",
        Stage::Copy => "copying",
        Stage::Activate => "activating",
        Stage::Confirm => "confirming",
    }
}

/// How a health gate ended, in one line.
#[must_use]
pub fn gate(result: &GateResult) -> String {
    let word = if result.passed { "passed" } else { "failed" };
    clean(&format!("{} {word}: {}", result.name, result.detail))
}

/// How a host ended, short: what its error begins with.
#[must_use]
pub fn headline(host: &HostName, result: &HostResult) -> String {
    match &result.outcome {
        Outcome::Confirmed => format!("{host} was confirmed"),
        Outcome::UpToDate => format!("{host} is up to date"),
        Outcome::Done { stage } => format!("{host} is done up to {stage}"),
        Outcome::Staged { .. } => format!("{host} is staged"),
        Outcome::RolledBack { .. } => format!("{host} was rolled back"),
        Outcome::Failed { stage } => failed(host, *stage, result),
        Outcome::Skipped { .. } => format!("{host} was skipped"),
        Outcome::Deferred => format!("{host} was deferred"),
        Outcome::Unknown { .. } => {
            format!("{host}: contact was lost after the rollback timer was armed")
        }
    }
}

fn failed(host: &HostName, stage: Stage, result: &HostResult) -> String {
    match stage {
        Stage::Connect if kind(result) == Some(ProblemKind::Unreachable) => {
            format!("{host} could not be reached")
        }
        Stage::Connect => format!("connecting to {host} failed"),
        Stage::Eval => format!("evaluating {host} failed"),
        Stage::Build => format!("building {host} failed"),
        Stage::Copy => format!("copying to {host} failed"),
        // A refused plan or order means that nothing was changed.
        Stage::Activate if kind(result) == Some(ProblemKind::Refused) => {
            format!("{host} was not activated")
        }
        Stage::Activate => format!("activating {host} failed"),
        Stage::Confirm => format!("confirming {host} failed"),
    }
}

fn kind(result: &HostResult) -> Option<ProblemKind> {
    result.problem.as_ref().map(|problem| problem.kind)
}

/// How a host ended and what it runs now, as a whole sentence without its full stop.
#[must_use]
pub fn sentence(host: &HostName, result: &HostResult) -> String {
    let headline = headline(host, result);
    match &result.outcome {
        Outcome::Confirmed => format!(
            "{host} runs the new system, was reached over a new connection, and boots it next"
        ),
        Outcome::UpToDate => format!("{host} ran the wanted system already"),
        Outcome::Done { stage } => {
            format!("{host} is done up to {stage}, as asked, and runs what it ran before")
        }
        Outcome::Staged { once: true } => format!(
            "{headline}: boots the new system once at the next boot; the default stays the old one"
        ),
        Outcome::Staged { once: false } => format!(
            "{headline}: boots the new system at the next boot and every later one, unproven"
        ),
        Outcome::RolledBack { .. } => format!("{headline} and runs what it ran before"),
        Outcome::Failed { .. } | Outcome::Unknown { .. } => match next_step(host, result) {
            Some(step) => format!("{headline}; {step}"),
            None => format!("{headline}; it runs what it ran before"),
        },
        Outcome::Skipped { why } => format!("{headline}: {}", reason(*why)),
        Outcome::Deferred => format!("{headline}: {DEFERRED}"),
    }
}

/// Why a host was deferred.
pub(super) const DEFERRED: &str = "it could not be reached, and may be absent";

/// Why a host was skipped.
#[must_use]
pub fn reason(why: Why) -> &'static str {
    match why {
        Why::Interrupted => "the run was interrupted",
        Why::Declined => "the plan was declined",
        Why::OtherFailed => "another host failed, and the run stops at the first failure",
    }
}

/// What a host told of a run afterwards, as a sentence without its full stop.
#[must_use]
pub fn verdict(host: &HostName, verdict: &Verdict) -> String {
    let summary = match verdict {
        Verdict::Ended { summary } => summary,
        Verdict::Refused { problem } => {
            return format!(
                "{host} refused before activation and runs what it ran: {}",
                problem.in_one_line()
            );
        }
        Verdict::Unknown { .. } => {
            return format!(
                "{host} has no record of the run: the order never reached it, or the record was removed since"
            );
        }
    };
    let end = match summary.state {
        RunState::Committed => "kept the new system",
        RunState::CommittedNotBoot => "runs the new system, but the old one boots",
        RunState::RolledBack => "rolled back",
        RunState::Failed => "could neither keep the new system nor go back",
        RunState::Staged if summary.mode == Mode::BootUnproven => {
            "made the new system what every boot brings"
        }
        RunState::Staged => "prepared a boot of the new system",
        RunState::OnTrial => "runs the new system on trial",
        open => return format!("{host} has not ended it yet: it {}", open.doing()),
    };
    match &summary.reason {
        Some(reason) if matches!(summary.state, RunState::Staged | RunState::OnTrial) => {
            format!("{host} {end}: {reason}")
        }
        Some(reason) => format!("{host} {end} because {reason}"),
        None => format!("{host} {end}"),
    }
}

/// Where to look when what the host runs now is not known from here.
#[must_use]
pub fn next_step(host: &HostName, result: &HostResult) -> Option<String> {
    match &result.outcome {
        Outcome::Unknown { .. } => Some(format!(
            "it goes back by itself unless confirmed; `phoenix status {host}` tells"
        )),
        // A refused order means that nothing was changed.
        Outcome::Failed {
            stage: Stage::Activate | Stage::Confirm,
        } if kind(result) != Some(ProblemKind::Refused) => {
            Some(format!("`phoenix status {host}` tells what it runs now"))
        }
        _ => None,
    }
}

/// A system of a host, short: the store's hash and the release, `0pqyvyw2-24.05`.
///
/// Leaves out what every name has, and the date and commit that NixOS adds to its release:
/// two of these fit in a line of a table.
#[must_use]
pub fn system(host: &HostName, toplevel: &Toplevel) -> String {
    let path = toplevel.path();
    let name = path.name();
    let name = name.strip_prefix("nixos-system-").unwrap_or(name);
    let name = name.strip_prefix(host.as_str()).unwrap_or(name);
    let name = name.strip_prefix('-').unwrap_or(name);
    let release = match name.match_indices('.').nth(1) {
        Some((end, _)) => &name[..end],
        None => name,
    };
    let hash = &path.hash()[..8];
    if release.is_empty() {
        hash.to_owned()
    } else {
        format!("{hash}-{release}")
    }
}

/// From which system to which: `0pqyvyw2-24.05 → k3j2a91b-24.11`, or one system if both are the same.
#[must_use]
pub fn change(host: &HostName, from: Option<&Toplevel>, to: Option<&Toplevel>) -> String {
    match (from, to) {
        (None, None) => String::new(),
        (Some(from), Some(to)) if from == to => system(host, to),
        (Some(from), None) => system(host, from),
        (None, Some(to)) => format!("→ {}", system(host, to)),
        (Some(from), Some(to)) => format!("{} → {}", system(host, from), system(host, to)),
    }
}

/// What was sent, and what it came to where that is known: `1.2 MiB (48.0 MiB unpacked)`.
#[must_use]
pub fn sent(bytes: Option<u64>, unpacked: Option<u64>) -> Option<String> {
    let bytes = bytes.filter(|bytes| *bytes > 0)?;
    let text = units::bytes(bytes);
    match unpacked.filter(|unpacked| *unpacked > bytes) {
        Some(unpacked) => Some(format!("{text} ({} unpacked)", units::bytes(unpacked))),
        None => Some(text),
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b, c and 9 more`.
#[must_use]
pub fn names(hosts: &[&HostName]) -> String {
    match hosts {
        [] => String::new(),
        [one] => one.to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, three, rest @ ..] => format!("{one}, {two}, {three} and {} more", rest.len()),
    }
}

/// A count with its noun: `1 host`, `3 hosts`.
#[must_use]
pub fn hosts(count: usize) -> String {
    format!("{count} host{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn systems_are_told_apart_by_hash_and_version() {
        let host = sample::host("web1");
        assert_eq!(system(&host, &sample::old("web1")), "0pqyvyw2-24.05");
        assert_eq!(
            system(&host, &sample::old("db1")),
            "0pqyvyw2-db1-24.05",
            "another host's system is told"
        );
        let (old, new) = (sample::old("web1"), sample::new("web1"));
        for (from, to, text) in [
            (None, None, ""),
            (Some(&old), Some(&old), "0pqyvyw2-24.05"),
            (Some(&old), Some(&new), "0pqyvyw2-24.05 → k3j2a91b-24.11"),
            (None, Some(&new), "→ k3j2a91b-24.11"),
        ] {
            assert_eq!(change(&host, from, to), text);
        }
    }

    #[test]
    fn many_names_are_cut_short() {
        let hosts: Vec<_> = ["a", "b", "c", "d", "e"].map(sample::host).into();
        let hosts: Vec<_> = hosts.iter().collect();
        for (count, text) in [
            (1, "a"),
            (2, "a and b"),
            (3, "a, b and c"),
            (5, "a, b, c and 2 more"),
        ] {
            assert_eq!(names(&hosts[..count]), text);
        }
    }
}
