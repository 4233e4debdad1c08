//! The health gates of a host that was just activated: all side by side, under a lease that is
//! renewed while they are looked at.

use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::unconfirmed::{GRACE, Unconfirmed};
use crate::engine::Context;
use crate::engine::health::Watch;
use crate::event::{ProgressEvent, StepEvent};
use crate::model::{
    Gate, GateKind, GateResult, HostName, Observation, Problem, ProblemKind, Proof, SYSTEMD,
};
use crate::plan::Target;
use crate::world::{Host, World};

/// The parts of a lease after which it is renewed.
const PARTS: u32 = 3;

/// Looks at all gates until they have passed, or one that is required has failed: that one is
/// returned.
///
/// # Errors
/// When contact was lost, or the host does not wait any more.
pub(super) async fn gates<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    link: &W::Host,
    (unconfirmed, proof): (&Unconfirmed, &Proof),
) -> Result<Option<GateResult>, Problem> {
    let began = unconfirmed.gates_began.get().unwrap_or_else(Instant::now);
    unconfirmed.gates_began.set(Some(began));
    let look = all(cx, target, link, (unconfirmed, proof, began));
    let renew = renew(&target.health, link, unconfirmed);
    // The gates are looked at first: most hosts have none but the one that the proof answers.
    match select(Box::pin(look), Box::pin(renew)).await {
        Either::Left((done, _)) => done,
        Either::Right((lost, _)) => Err(lost),
    }
}

async fn all<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    link: &W::Host,
    (unconfirmed, proof, began): (&Unconfirmed, &Proof, Instant),
) -> Result<Option<GateResult>, Problem> {
    let host = &target.host;
    let looks = target.health.iter().map(|gate| async move {
        let watch = Watch {
            link,
            gate,
            run: Some(&unconfirmed.order.run),
            began,
        };
        let bad = |seen: &Observation| waiting(cx, host, gate, seen);
        watch.run(known(gate, proof), &bad).await
    });
    let mut running: FuturesUnordered<_> = looks.collect();
    while let Some(result) = running.next().await {
        let result = result?;
        tell(cx, host, &result).await;
        if result.forbids() {
            return Ok(Some(result));
        }
    }
    let last = last_look(target, link, (unconfirmed, began)).await?;
    if let Some(failed) = &last {
        tell(cx, host, failed).await;
    }
    Ok(last.filter(GateResult::forbids))
}

/// Where other gates took their time, a unit may have failed meanwhile: the host's own gate is
/// looked at once more. Returns it when it fails.
async fn last_look<H: Host>(
    target: &Target,
    link: &H,
    (unconfirmed, began): (&Unconfirmed, Instant),
) -> Result<Option<GateResult>, Problem> {
    let mut gates = target.health.iter();
    let usual = gates.find(|gate| gate.name.as_str() == SYSTEMD);
    let Some(gate) = usual.filter(|gate| began.elapsed() > gate.interval) else {
        return Ok(None);
    };
    let watch = Watch {
        link,
        gate: &gate.once(),
        run: Some(&unconfirmed.order.run),
        began,
    };
    let result = watch.run(None, &|_| {}).await?;
    Ok(Some(result).filter(|result| !result.passed))
}

/// What the proof says about a gate already.
fn known(gate: &Gate, proof: &Proof) -> Option<Observation> {
    let GateKind::Systemd {
        newly_failed: true,
        units,
    } = &gate.kind
    else {
        return None;
    };
    if !proof.newly_failed.is_empty() {
        let failed = proof.newly_failed.join(", ");
        let seen = Observation::bad(format!("units failed after activation: {failed}"));
        return Some(seen.with_log(proof.log.clone()));
    }
    units
        .is_empty()
        .then(|| Observation::good("no failed units"))
}

fn waiting<W: World>(cx: &Context<'_, W>, host: &HostName, gate: &Gate, seen: &Observation) {
    cx.desk.progress(ProgressEvent::Waiting {
        host: host.clone(),
        what: format!("gate {}: {}", gate.name, seen.detail),
    });
}

async fn tell<W: World>(cx: &Context<'_, W>, host: &HostName, result: &GateResult) {
    cx.desk
        .step(StepEvent::GateFinished {
            host: host.clone(),
            result: result.clone(),
        })
        .await;
    if !result.passed && !result.forbids() {
        let message = format!(
            "health gate `{}` failed, but is only wanted, so the system is kept: {}",
            result.name, result.detail
        );
        cx.desk.notice(host, message).await;
    }
}

/// What a failed gate means for its host.
pub(super) fn failed(result: &GateResult) -> Problem {
    let message = format!("health gate `{}`: {}", result.name, result.detail);
    let problem = Problem::new(ProblemKind::Failed, message).with_log(result.log.clone());
    match &result.hint {
        Some(hint) => problem.with_hint(hint),
        None => problem.with_hint(format!(
            "mend it and deploy again; a gate with level = \"wanted\" in fleet.toml (health.{}) holds nothing back",
            result.name
        )),
    }
}

/// Renews the lease again and again, for as long as the gates may take, and returns only with
/// the reason why that failed.
async fn renew<H: Host>(gates: &[Gate], link: &H, unconfirmed: &Unconfirmed) -> Problem {
    let order = &unconfirmed.order;
    let longest = gates.iter().map(|gate| gate.deadline).max();
    // Looks may have to wait for one another.
    let looks: Duration = gates.iter().map(|gate| gate.timeout).sum();
    let began = unconfirmed.gates_began.get().unwrap_or_else(Instant::now);
    let last = began + longest.unwrap_or_default() + looks + GRACE;
    while Instant::now() < last {
        let asked = Instant::now();
        if let Err(problem) = link.renew(order).await {
            return problem;
        }
        let patience = order.confirm_limit + order.activate_limit + GRACE;
        unconfirmed.ask_until.set(asked + patience);
        sleep(order.confirm_limit / PARTS).await;
    }
    std::future::pending().await
}
