//! How a host's way ends.

use crate::model::{
    Mode, Outcome, Problem, ProblemKind, RunState, RunSummary, Stage, Why, exit_hint,
};

/// How a host's way ended, before it is dressed up as a result.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) problem: Option<Problem>,
}

impl End {
    pub(super) fn good(outcome: Outcome) -> Self {
        Self {
            outcome,
            problem: None,
        }
    }

    pub(super) fn failed(stage: Stage, problem: Problem) -> Self {
        Self {
            outcome: Outcome::Failed { stage },
            problem: Some(problem),
        }
    }

    /// Adds why no proof was possible to a bad end that it explains.
    pub(super) fn explained_by(mut self, hindrance: Option<Problem>) -> Self {
        if let (Some(problem), Some(hindrance)) = (&mut self.problem, hindrance) {
            problem.causes.push(format!(
                "no new connection could prove it: {}",
                hindrance.in_one_line()
            ));
        }
        self
    }

    pub(super) fn interrupted() -> Self {
        Self::good(Outcome::Skipped {
            why: Why::Interrupted,
        })
    }
}

/// What a host's verdict means for the run.
///
/// The stage is the host's to tell: when contact was lost, the controller saw less of it.
pub(super) fn verdict(summary: RunSummary) -> End {
    let stage = match summary.activated {
        true => Stage::Confirm,
        false => Stage::Activate,
    };
    let problem = |message: &str| {
        let mut problem = Problem::new(ProblemKind::Failed, message);
        problem.causes.extend(summary.reason.clone());
        let told = |unit: &&String| {
            let reason = summary.reason.as_ref();
            reason.is_some_and(|reason| reason.contains(*unit))
        };
        let untold = summary.failed_units.iter().filter(|unit| !told(unit));
        problem
            .causes
            .extend(untold.map(|unit| format!("unit {unit} failed")));
        problem.log.clone_from(&summary.log);
        problem.hint = summary.exit.and_then(exit_hint);
        problem
    };
    match summary.state {
        RunState::Committed => End::good(Outcome::Confirmed),
        RunState::CommittedNotBoot => End::failed(
            Stage::Confirm,
            problem(
                "the new system runs, but the boot entry could not be written: the old one boots",
            )
            .with_hint("mend what the cause names (is /nix or the boot partition full?) and deploy again"),
        ),
        RunState::Staged => End::good(Outcome::Staged {
            once: summary.mode == Mode::Boot,
        }),
        RunState::RolledBack if summary.mode.is_boot() => End::failed(
            stage,
            problem("the host's next boot could not be prepared; it boots what it did before")
                .with_hint("mend what the cause names (is /nix or the boot partition full?) and deploy again"),
        ),
        RunState::RolledBack => End {
            outcome: Outcome::RolledBack { stage },
            problem: Some(problem(failed_at(stage))),
        },
        _ => End::failed(
            stage,
            problem("the host ended neither on the new system nor, by itself, on the old one")
                .with_hint(
                    "`phoenix status` says what it runs and boots; a reboot brings what it boots",
                ),
        ),
    }
}

fn failed_at(stage: Stage) -> &'static str {
    if stage == Stage::Activate {
        "activation failed"
    } else {
        "the new system was not confirmed"
    }
}
