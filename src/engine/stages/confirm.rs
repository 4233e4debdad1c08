//! Proves over new connections that a host runs what was sent, and only then keeps it.

use tokio::time::{Instant, sleep};

use super::activate::tell_boot;
use super::gates;
use super::proof::{PAUSE, proven_back};
use super::unconfirmed::Unconfirmed;
use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::{End, verdict};
use crate::event::ProgressEvent;
use crate::model::{
    Facts, Outcome, Problem, ProblemKind, Proof, RunState, RunSummary, Stage, Toplevel,
};
use crate::plan::Target;
use crate::world::{Host, World};

/// Asks the host, over new connections until `ask_until`, how it stands, and looks at its health
/// gates; keeps the system when it is proven, lets it go back when it is not, and returns the host's own verdict.
pub(super) async fn confirm<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    unconfirmed: Unconfirmed,
) -> Result<End, End> {
    let (began, host) = (Instant::now(), &target.host);
    cx.desk.started(host, Stage::Confirm).await;
    let mut hindrance = None;
    while Instant::now() < unconfirmed.ask_until.get() {
        match once(cx, target, &unconfirmed).await {
            Ok(Some(end)) => {
                cx.desk
                    .finished(host, Stage::Confirm, began, Note::default())
                    .await;
                return Ok(end.explained_by(hindrance));
            }
            Ok(None) => {}
            Err(problem) => {
                let what = format!("asking again: {}", problem.message);
                cx.desk.progress(ProgressEvent::Waiting {
                    host: host.clone(),
                    what,
                });
                hindrance = Some(problem);
            }
        }
        sleep(PAUSE).await;
    }
    // What to do next follows from the outcome.
    let problem = Problem::new(ProblemKind::Lost, "the host gave no verdict in time");
    Err(End {
        outcome: Outcome::Unknown {
            since: unconfirmed.stage,
        },
        problem: Some(problem),
    })
}

/// One try over one new connection. `None`: the host is not done yet.
async fn once<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    unconfirmed: &Unconfirmed,
) -> Result<Option<End>, Problem> {
    let host = &target.host;
    // A new connection: the old one may outlive a firewall that locks new ones out.
    let mut link = cx.world.connect(host).await?;
    let proof = match link.prove(&unconfirmed.order).await {
        Ok(proof) => proof,
        Err(problem) => {
            return forgotten(link.facts(), unconfirmed)
                .ok_or(problem)
                .map(Some);
        }
    };
    if !proof.state.is_final() && proof.state != RunState::Probing {
        return Ok(None);
    }
    let doubt = if proof.state.is_final() {
        None
    } else if let Some(doubt) = doubt(&proof, &unconfirmed.order.new) {
        Some(doubt)
    } else {
        let failed = gates::gates(cx, target, &link, (unconfirmed, &proof)).await?;
        failed.as_ref().map(gates::failed)
    };
    let why = doubt.as_ref().map(|doubt| doubt.message.as_str());
    // After a final state this only reads the verdict; before it, the first to decide wins.
    let summary = link.decide(&unconfirmed.order, why).await?;
    proven_back(cx, host, &summary).await;
    tell_boot(cx, host, &summary).await;
    let mut end = verdict(summary);
    if let (Some(doubt), Some(problem)) = (doubt, &mut end.problem) {
        // The host's own reason quotes it.
        problem
            .causes
            .retain(|cause| !cause.contains(&doubt.message));
        problem.causes.insert(0, doubt.message);
        // What the gate saw is nearer than what the host found when it went back.
        if !doubt.log.is_empty() {
            problem.log = doubt.log;
        }
        problem.hint = doubt.hint.or(problem.hint.take());
    }
    Ok(Some(end))
}

/// The end of a run that a reboot took from the host's memory, as where `/var/lib` does not
/// outlive a boot: what runs is the verdict.
fn forgotten(facts: &Facts, unconfirmed: &Unconfirmed) -> Option<End> {
    let Unconfirmed { order, boot_id, .. } = unconfirmed;
    let knows = |last: &RunSummary| last.run == order.run;
    let runs_old = facts.running.is_some() && facts.running == order.expected;
    if facts.boot_id == *boot_id || facts.last_run.as_ref().is_some_and(knows) || !runs_old {
        return None;
    }
    let problem = Problem::new(ProblemKind::Failed, "the new system was not confirmed").because(
        "the host was rebooted, does not remember the run, and runs the system it ran before",
    );
    Some(End {
        outcome: Outcome::RolledBack {
            stage: unconfirmed.stage,
        },
        problem: Some(problem.with_hint(
            "have /var/lib/phoenix outlive a reboot of the host: runs are written down there",
        )),
    })
}

/// Why a host that waits for a decision should go back before its gates are looked at.
fn doubt(proof: &Proof, new: &Toplevel) -> Option<Problem> {
    if proof.running.as_ref() == Some(new) {
        return None;
    }
    let running = proof
        .running
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let message = format!("it runs {running} instead of {new}");
    Some(Problem::new(ProblemKind::Failed, message))
}
