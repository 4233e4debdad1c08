//! The exit status of `phoenix health`: docs/reference/exit-codes.md.

use super::Row;
use crate::model::ProblemKind;
use crate::ui::exit;

/// 0: all that is required passed. 5: some hosts are unreachable, nothing worse. 1: the rest.
pub(super) fn exit_status(rows: &[Row]) -> u8 {
    let mut failed = rows.iter().filter(|row| row.result.forbids()).peekable();
    if failed.peek().is_none() {
        return exit::GOOD;
    }
    let is_away = |row: &Row| {
        let kind = row.problem.as_ref().map(|problem| problem.kind);
        kind == Some(ProblemKind::Unreachable)
    };
    if failed.all(is_away) {
        exit::UNREACHABLE
    } else {
        exit::FAILED
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::cli::health::ssh;
    use crate::model::{GateResult, HostName, Level, Problem};

    fn row(passed: bool, level: Level, kind: Option<ProblemKind>) -> Row {
        let problem = kind.map(|kind| Problem::new(kind, "no"));
        let result = match &problem {
            Some(problem) => ssh(Instant::now(), Err(problem)),
            None => GateResult {
                passed,
                level,
                ..ssh(Instant::now(), Ok("a"))
            },
        };
        let host = HostName::new("web1").unwrap();
        Row {
            host,
            result,
            problem,
        }
    }

    #[test]
    fn the_exit_status_follows_from_what_is_required() {
        let good = || row(true, Level::Required, None);
        let bad = |level| row(false, level, None);
        let away = || row(false, Level::Required, Some(ProblemKind::Unreachable));
        let refused = || row(false, Level::Required, Some(ProblemKind::Refused));
        assert_eq!(exit_status(&[good(), bad(Level::Wanted)]), 0);
        assert_eq!(exit_status(&[good(), bad(Level::Required)]), 1);
        assert_eq!(exit_status(&[good(), away(), bad(Level::Wanted)]), 5);
        assert_eq!(exit_status(&[away(), bad(Level::Required)]), 1);
        assert_eq!(exit_status(&[away(), refused()]), 1);
    }
}
