//! The exit status a run earns. The numbers are an interface: docs/reference/exit-codes.md.

use std::collections::BTreeMap;

use crate::event::HostResult;
use crate::model::{HostName, Outcome, ProblemKind, Stage, Why};

/// Every host got what was asked for.
pub const GOOD: u8 = 0;
/// Some host failed, was rolled back, is unknown, or the plan was declined.
pub const FAILED: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The fleet or the plan is not valid.
pub const INVALID: u8 = 3;
/// All that failed, failed to evaluate or to build: no host was touched because of it.
pub const NOT_BUILT: u8 = 4;
/// All that failed, could not be reached.
pub const UNREACHABLE: u8 = 5;
/// The operator interrupted the run.
pub const INTERRUPTED: u8 = 130;

/// The exit status for what became of the hosts.
#[must_use]
pub fn exit_code(results: &BTreeMap<HostName, HostResult>) -> u8 {
    let all_bad: Vec<_> = results
        .values()
        .filter(|result| !result.outcome.is_good())
        .collect();
    let was_skipped = |because| {
        let outcome = Outcome::Skipped { why: because };
        all_bad.iter().any(|result| result.outcome == outcome)
    };
    if all_bad.is_empty() {
        return GOOD;
    }
    if was_skipped(Why::Interrupted) {
        return INTERRUPTED;
    }
    // Hosts skipped because another failed say nothing by themselves: the other one does.
    let consequence = Outcome::Skipped {
        why: Why::OtherFailed,
    };
    let mut causes = all_bad
        .iter()
        .filter(|result| result.outcome != consequence)
        .peekable();
    if causes.peek().is_none() {
        FAILED
    } else if causes.clone().all(|result| is_unreachable(result)) {
        UNREACHABLE
    } else if causes.all(|result| is_not_built(result)) {
        NOT_BUILT
    } else {
        FAILED
    }
}

fn is_unreachable(result: &HostResult) -> bool {
    let kind = result.problem.as_ref().map(|problem| problem.kind);
    match result.outcome {
        Outcome::Deferred => true,
        Outcome::Failed {
            stage: Stage::Connect,
        } => kind == Some(ProblemKind::Unreachable),
        _ => false,
    }
}

fn is_not_built(result: &HostResult) -> bool {
    matches!(
        result.outcome,
        Outcome::Failed {
            stage: Stage::Eval | Stage::Build
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    fn check(outcomes: &[Outcome], expected: u8) {
        let names = (0..).map(|number| sample::host(&format!("h{number}")));
        let results = names
            .zip(outcomes.iter().map(|o| sample::result(o.clone())))
            .collect();
        assert_eq!(exit_code(&results), expected, "{outcomes:?}");
    }

    fn failed(stage: Stage) -> Outcome {
        Outcome::Failed { stage }
    }

    fn skipped(why: Why) -> Outcome {
        Outcome::Skipped { why }
    }

    #[test]
    fn good_ends_are_zero() {
        let done = Outcome::Done { stage: Stage::Copy };
        check(&[], GOOD);
        check(&[Outcome::Confirmed, Outcome::UpToDate, done], GOOD);
    }

    #[test]
    fn one_bad_end_decides() {
        let stage = Stage::Activate;
        check(&[Outcome::Confirmed, Outcome::RolledBack { stage }], FAILED);
        check(&[Outcome::Unknown { since: stage }], FAILED);
        check(&[failed(Stage::Copy)], FAILED);
        check(&[skipped(Why::Declined)], FAILED);
        check(&[skipped(Why::OtherFailed)], FAILED);
        check(&[failed(Stage::Eval), Outcome::Deferred], FAILED);
    }

    #[test]
    fn what_never_touched_a_host_has_numbers_of_its_own() {
        let other = skipped(Why::OtherFailed);
        check(&[failed(Stage::Eval), failed(Stage::Build)], NOT_BUILT);
        check(
            &[failed(Stage::Build), other, Outcome::Confirmed],
            NOT_BUILT,
        );
        check(&[failed(Stage::Connect), Outcome::Deferred], UNREACHABLE);
        check(
            &[failed(Stage::Copy), skipped(Why::Interrupted)],
            INTERRUPTED,
        );
    }

    #[test]
    fn a_refusal_is_not_unreachable() {
        let mut result = sample::result(failed(Stage::Connect));
        result.problem = Some(crate::model::Problem::new(ProblemKind::Refused, "no"));
        let results = BTreeMap::from([(sample::host("h"), result)]);
        assert_eq!(exit_code(&results), FAILED);
    }
}
