//! Answers about a run that has begun: the proof, the decision, the verdict.

use super::decision::{self, Decision};
use super::files;
use super::follow;
use super::host::Cx;
use super::reconcile;
use super::record::Record;
use super::switching;
use crate::model::{Nonce, Order, Problem, ProblemKind, Proof, RunId, RunState, RunSummary};

/// How the host stands, for a controller that began the run.
pub(super) fn prove(cx: Cx<'_>, run: &RunId, nonce: &Nonce) -> Result<Proof, Problem> {
    let record = own(cx, run, nonce)?;
    let newly_failed = switching::newly_failed(cx, &record)
        .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
    Ok(Proof {
        state: record.state,
        running: cx.paths.running(),
        log: cx.host.journal(&newly_failed, record.began()),
        newly_failed,
    })
}

/// Decides, waits until that is carried out, and returns the verdict, whoever decided first.
pub(super) fn decide(
    cx: Cx<'_>,
    run: &RunId,
    nonce: &Nonce,
    keep: bool,
) -> Result<RunSummary, Problem> {
    let record = own(cx, run, nonce)?;
    if record.is_over() {
        return Ok(record.summary());
    }
    let is_early = matches!(
        record.state,
        RunState::Prepared | RunState::Armed | RunState::Activating
    );
    if keep && is_early {
        return Err(Problem::new(
            ProblemKind::Failed,
            "the new system cannot be kept yet: it is still being activated",
        ));
    }
    let wanted = if keep {
        Decision::keep()
    } else {
        Decision::back(format!("{} decided to go back", record.who))
    };
    decision::decide(&cx.paths.run(run), wanted)
        .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
    follow::rescue_if_orphaned(cx, run);
    follow::await_end(cx, run)
}

/// What became of a run.
pub(super) fn verdict(cx: Cx<'_>, run: &RunId) -> Result<RunSummary, Problem> {
    let record = reconcile::reconcile(cx, follow::load(cx, run)?);
    match record.refusal {
        Some(problem) => Err(problem),
        None => Ok(record.summary()),
    }
}

/// The record of a run, for whoever knows its nonce.
fn own(cx: Cx<'_>, run: &RunId, nonce: &Nonce) -> Result<Record, Problem> {
    let record = follow::load(cx, run)?;
    let order = files::read::<Order>(&cx.paths.run(run).order())
        .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
    if order.is_none_or(|order| order.nonce != *nonce) {
        return Err(Problem::new(
            ProblemKind::Refused,
            format!("run {run} was begun by another controller: the nonce is not its own"),
        ));
    }
    Ok(reconcile::reconcile(cx, record))
}
