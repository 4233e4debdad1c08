//! Proves over new connections that a host runs what was sent, and only then keeps it.

use tokio::time::{Instant, sleep};

use super::proof::{PAUSE, proven_back};
use super::unconfirmed::Unconfirmed;
use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::{End, verdict};
use crate::event::ProgressEvent;
use crate::model::{HostName, Outcome, Problem, ProblemKind, Proof, RunState, Stage, Toplevel};
use crate::world::{Host, World};

/// Asks the host, over new connections until `ask_until`, how it stands; keeps the system when
/// it is proven, lets it go back when it is not, and returns the host's own verdict.
pub(super) async fn confirm<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    unconfirmed: Unconfirmed,
) -> Result<End, End> {
    let began = Instant::now();
    cx.desk.started(host, Stage::Confirm).await;
    let mut hindrance = None;
    while Instant::now() < unconfirmed.ask_until {
        match once(cx, host, &unconfirmed).await {
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
    let problem =
        Problem::new(ProblemKind::Lost, "the host gave no verdict in time").with_hint(format!(
            "it decides by itself; `phoenix status {host}` reads the verdict when it can be reached"
        ));
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
    host: &HostName,
    unconfirmed: &Unconfirmed,
) -> Result<Option<End>, Problem> {
    // A new connection: the old one may outlive a firewall that locks new ones out.
    let mut link = cx.world.connect(host).await?;
    let proof = link.prove(&unconfirmed.order).await?;
    if !proof.state.is_final() && proof.state != RunState::Probing {
        return Ok(None);
    }
    let doubts = doubts(&proof, &unconfirmed.order.new);
    // After a final state this only reads the verdict; before it, the first to decide wins.
    let summary = link.decide(&unconfirmed.order, doubts.is_none()).await?;
    proven_back(cx, host, &summary).await;
    let mut end = verdict(
        summary,
        if doubts.is_some() {
            Stage::Confirm
        } else {
            unconfirmed.stage
        },
    );
    if let (Some(doubt), Some(problem)) = (doubts, &mut end.problem) {
        problem.causes.insert(0, doubt);
        problem.causes.dedup();
        if problem.log.is_empty() {
            problem.log = proof.log;
        }
    }
    Ok(Some(end))
}

/// Why a host that waits for a decision should go back, if it should.
fn doubts(proof: &Proof, new: &Toplevel) -> Option<String> {
    if proof.state.is_final() {
        return None;
    }
    if proof.running.as_ref() != Some(new) {
        let running = proof
            .running
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), ToString::to_string);
        return Some(format!("it runs {running} instead of {new}"));
    }
    let failed = proof.newly_failed.join(", ");
    (!failed.is_empty()).then(|| format!("units failed after activation: {failed}"))
}
