//! Answers about a run that has begun: the proof, the decision, the verdict.

use std::time::Duration;

use super::decision::{self, Decision};
use super::failpoints;
use super::files;
use super::follow;
use super::host::Cx;
use super::lease;
use super::reconcile;
use super::record::Record;
use super::switching;
use crate::model::{Nonce, Order, Problem, ProblemKind, Proof, RunId, RunState, RunSummary};

/// How the host stands, for a controller that began the run.
pub(super) fn prove(cx: Cx<'_>, run: &RunId, nonce: &Nonce) -> Result<Proof, Problem> {
    failpoints::reach(cx, "prove");
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
    (run, nonce): (&RunId, &Nonce),
    keep: bool,
    why: Option<&str>,
) -> Result<RunSummary, Problem> {
    let record = own(cx, run, nonce)?;
    if record.is_over() {
        return Ok(record.summary());
    }
    let is_early = matches!(
        record.state,
        RunState::Prepared | RunState::Armed | RunState::Activating | RunState::Staging
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
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        Decision::back(format!("{} decided to go back{why}", record.who))
    };
    decision::decide(&cx.paths.run(run), wanted)
        .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
    follow::rescue_if_orphaned(cx, run);
    follow::await_end(cx, run)
}

/// Puts the deadline of a run off while its controller still looks at health gates. Returns how
/// long the host waits from now.
pub(super) fn renew(
    cx: Cx<'_>,
    run: &RunId,
    nonce: &Nonce,
    span: Duration,
) -> Result<Duration, Problem> {
    lease::renew(cx, &own(cx, run, nonce)?, span)
}

/// The record of a run, for whoever knows its nonce.
fn own(cx: Cx<'_>, run: &RunId, nonce: &Nonce) -> Result<Record, Problem> {
    let record = follow::load(cx, run)?;
    let files = cx.paths.run(run);
    // The folder on the disk may have gone away during activation.
    let order = files::read::<Order>(&files.live_order())
        .and_then(|order| match order {
            None => files::read(&files.order()),
            found => Ok(found),
        })
        .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
    if order.is_none_or(|order| order.nonce != *nonce) {
        return Err(Problem::new(
            ProblemKind::Refused,
            format!("run {run} was begun by another controller: the nonce is not its own"),
        ));
    }
    Ok(reconcile::reconcile(cx, record))
}
