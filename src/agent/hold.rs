//! The operator's hold: a file that outlives boots, and that every order is measured against.

use std::time::Duration;

use super::contact;
use super::files::{self, FileError};
use super::host::{Cx, chain};
use super::lock;
use crate::model::{Hold, Problem, ProblemKind, REASON_LIMIT};
use crate::wire::agent::Reply;

/// Longest time of a hold that ends by itself.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The hold in force.
///
/// One that cannot be read counts: it may be anybody's, and nobody may take it for none.
pub(super) fn current(cx: Cx<'_>) -> Option<Hold> {
    match files::read::<Hold>(&cx.paths.hold()) {
        Ok(hold) => hold.filter(|hold| !hold.is_over(cx.host.now())),
        Err(error) => {
            cx.host.note(&chain(&error));
            Some(Hold {
                who: "somebody".to_owned(),
                from: None,
                reason: format!("{} cannot be read", cx.paths.hold().display()),
                since: 0,
                until: None,
            })
        }
    }
}

/// Sets a hold, or gives the operator's own another reason and time.
pub(super) fn place(
    cx: Cx<'_>,
    who: String,
    reason: &str,
    seconds: Option<u64>,
    force: bool,
) -> Reply {
    match try_place(cx, who, reason, seconds, force) {
        Ok(hold) => Reply::Held {
            hold,
            // Read after the hold is on the disk, see the guard.
            lock: lock::holder(cx),
        },
        Err(problem) => Reply::Refused { problem },
    }
}

fn try_place(
    cx: Cx<'_>,
    who: String,
    reason: &str,
    seconds: Option<u64>,
    force: bool,
) -> Result<Hold, Problem> {
    let reason = reason.trim();
    let is_plain = !reason.is_empty() && !reason.chars().any(char::is_control);
    if !is_plain || reason.chars().count() > REASON_LIMIT {
        let message = format!("the reason of a hold is one line of 1 to {REASON_LIMIT} letters");
        return Err(Problem::new(ProblemKind::Refused, message));
    }
    if seconds.is_some_and(|seconds| seconds == 0 || seconds > LONGEST.as_secs()) {
        let message = "a hold that ends by itself lasts a second at least and 366 days at most";
        return Err(Problem::new(ProblemKind::Refused, message));
    }
    let since = cx.host.now();
    let hold = Hold {
        from: contact::controller(cx.paths),
        reason: reason.to_owned(),
        since,
        until: seconds.map(|seconds| since + seconds),
        who,
    };
    if is_free(cx, &hold.who, force) && write(cx, &hold).map_err(|error| failed(&error))? {
        Ok(hold)
    } else {
        Err(of_another(cx, "is held already"))
    }
}

/// Writes a hold, unless another operator did at this very moment.
fn write(cx: Cx<'_>, hold: &Hold) -> Result<bool, FileError> {
    let path = cx.paths.hold();
    files::private_folder(&cx.paths.state())?;
    if current(cx).is_some() {
        return files::replace(&path, hold).map(|()| true);
    }
    // One whose time has passed may still lie there.
    files::remove(&path)?;
    files::create_once(&path, hold)
}

/// Ends a hold.
pub(super) fn release(cx: Cx<'_>, who: &str, force: bool) -> Reply {
    let hold = current(cx);
    if !is_free(cx, who, force) {
        return Reply::Refused {
            problem: of_another(cx, "is held by another operator"),
        };
    }
    // Also removes one whose time has passed.
    match files::remove_for_good(&cx.paths.hold()) {
        Ok(()) => Reply::Released { hold },
        Err(error) => Reply::Error {
            problem: failed(&error),
        },
    }
}

/// Whether `who` may replace or end what is there.
fn is_free(cx: Cx<'_>, who: &str, force: bool) -> bool {
    force || current(cx).is_none_or(|hold| hold.who == who)
}

fn of_another(cx: Cx<'_>, what: &str) -> Problem {
    let mut problem = Problem::new(ProblemKind::Refused, format!("the host {what}"));
    if let Some(hold) = current(cx) {
        problem.causes.push(hold.shown());
        problem.causes.push(format!("reason: {}", hold.reason));
    }
    problem.with_hint("ask the operator; --force sets it aside")
}

fn failed(error: &FileError) -> Problem {
    Problem::from_error(ProblemKind::Failed, error)
        .with_hint("is /var full or read-only on the host?")
}
