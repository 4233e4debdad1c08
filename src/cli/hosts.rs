//! Asks hosts side by side, for commands that are no runs.

use futures::stream::{self, StreamExt};

use super::error::CliError;
use crate::model::{HostName, Problem, ProblemKind};
use crate::ui::{self, Look};

/// What each host said, in the order of the selection.
pub(super) type Answers<T> = Vec<(HostName, Result<T, Problem>)>;

/// Asks every host, `at_once` at a time.
pub(super) async fn ask<T>(
    hosts: Vec<HostName>,
    at_once: usize,
    question: impl AsyncFn(&HostName) -> Result<T, Problem>,
) -> Answers<T> {
    let question = &question;
    stream::iter(hosts)
        .map(|host| async move {
            let answer = question(&host).await;
            (host, answer)
        })
        .buffered(at_once.max(1))
        .collect()
        .await
}

/// Tells what went wrong where, on standard error.
pub(super) fn tell<'a>(problems: impl Iterator<Item = (&'a HostName, &'a Problem)>, look: Look) {
    for (host, problem) in problems {
        let mut told = problem.clone();
        told.message = format!("{host}: {}", told.message);
        ui::err(&ui::error::problem(&told, look.err));
    }
}

/// 0: all answered. 5: some are unreachable, nothing worse. 1: some refused us.
pub(super) fn exit_status<'a>(problems: impl Iterator<Item = &'a Problem>) -> u8 {
    let mut problems = problems.peekable();
    if problems.peek().is_none() {
        return 0;
    }
    if problems.all(|problem| problem.kind == ProblemKind::Unreachable) {
        ui::exit::UNREACHABLE
    } else {
        ui::exit::FAILED
    }
}

/// One line of JSON.
pub(super) fn json_line(value: &impl serde::Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value).map_err(|error| CliError::from_error(1, &error))?;
    ui::out(&(line + "\n"));
    Ok(())
}
