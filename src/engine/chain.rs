//! One host's way through the stages. Each stage takes what the one before returned.

use futures::future::try_join;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::desk::{Note, Stop, millis};
use super::end::End;
use super::gate::Seat;
use super::stage::stage;
use super::workshop::Intake;
use super::{Context, stages};
use crate::event::{HostResult, StepEvent};
use crate::model::{Facts, HostName, Order, Outcome, Problem, ProblemKind, Stage, Toplevel, Why};
use crate::plan::{self, Action, Goal, HostPlan, Target};
use crate::world::{Built, Evaluated, Host, World};

/// What evaluation and build came to.
struct Made {
    evaluated: Evaluated,
    built: Option<Built>,
}

/// What is known of the host's systems, filled in on the way.
#[derive(Default)]
struct Systems {
    from: Option<Toplevel>,
    to: Option<Toplevel>,
}

/// Takes one host all the way and says how it ended.
pub(super) async fn run<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    seat: Seat,
    intake: Intake,
) -> (HostName, HostResult) {
    let began = Instant::now();
    let mut systems = Systems::default();
    let way = async {
        match cx.request.goal {
            Goal::Deploy { until } => deploy(cx, target, (seat, intake), until, &mut systems).await,
            Goal::Rollback { to } => rollback(cx, target, seat, to, &mut systems).await,
        }
    };
    let End { outcome, problem } = match way.await {
        Ok(end) | Err(end) => end,
    };
    cx.armed.borrow_mut().remove(&target.host);
    // Declined, interrupted and absent hosts say nothing about the release.
    let is_failure =
        !outcome.is_good() && !matches!(outcome, Outcome::Skipped { .. } | Outcome::Deferred);
    cx.failed.set(cx.failed.get() || is_failure);
    let Systems { from, to } = systems;
    let result = HostResult {
        outcome,
        from,
        to,
        problem,
        millis: millis(began),
    };
    cx.desk
        .step(StepEvent::HostFinished {
            host: target.host.clone(),
            result: result.clone(),
        })
        .await;
    (target.host.clone(), result)
}

async fn deploy<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    (seat, intake): (Seat, Intake),
    until: Stage,
    systems: &mut Systems,
) -> Result<End, End> {
    let host = &target.host;
    if until < Stage::Copy {
        let made = make(cx, host, intake, until, |_| {}).await?;
        systems.to = Some(made.evaluated.toplevel);
        return Ok(End::good(Outcome::Done { stage: until }));
    }
    let (tell, evaluated) = oneshot::channel();
    let is_built = watch::Sender::new(false);
    let reach = async {
        let mut link = stages::connect(cx, target).await?;
        systems.from = link.facts().running.clone();
        identify(cx, host, &link)?;
        cx.current
            .borrow_mut()
            .insert(host.clone(), link.facts().clone());
        // An evaluation that failed ends both.
        if let Ok(evaluated) = evaluated.await
            && may_go_ahead(cx, host, &link, &evaluated)
        {
            stages::ahead(cx, host, &mut link, &evaluated, is_built.subscribe()).await;
        }
        Ok(link)
    };
    let made = async {
        // Nobody wants to know any more when the host could not be reached.
        let tell = |evaluated: &Evaluated| drop(tell.send(evaluated.clone()));
        let made = make(cx, host, intake, until, tell).await;
        is_built.send_replace(true);
        made
    };
    let (mut link, made) = try_join(reach, made).await?;
    let Made { evaluated, built } = made;
    systems.to = Some(evaluated.toplevel.clone());
    let plan = plan(cx, host, &link, &evaluated)
        .map_err(|problem| End::failed(Stage::Activate, problem))?;
    if until > Stage::Copy {
        admit(cx, &plan, link.facts()).await?;
    }
    agree(cx, seat, &plan).await?;
    if plan.action == Action::Nothing {
        return Ok(End::good(Outcome::UpToDate));
    }
    let built = built.expect("the build is left out only for hosts that need nothing");
    // What a trial boot brought is there.
    if plan.action != Action::Keep {
        stages::copy(cx, host, &mut link, &built).await?;
    }
    if until == Stage::Copy {
        return Ok(End::good(Outcome::Done { stage: until }));
    }
    stages::transact(cx, target, link, order(cx, target, &plan)).await
}

fn plan<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &W::Host,
    evaluated: &Evaluated,
) -> Result<HostPlan, Problem> {
    let Evaluated {
        toplevel, system, ..
    } = evaluated;
    plan::deploy(cx.request, host, link.facts(), toplevel, system)
}

/// Whether parts of the new system may be copied before it is built: what the operator is still
/// to be asked about, or is not going to happen, is not begun.
fn may_go_ahead<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &W::Host,
    evaluated: &Evaluated,
) -> bool {
    let is_copied = |plan: &HostPlan| {
        let is_admitted = plan::admit(plan, link.facts(), cx.request.despite_hold).is_ok();
        is_admitted && !matches!(plan.action, Action::Nothing | Action::Keep)
    };
    !cx.request.ask && plan(cx, host, link, evaluated).is_ok_and(|plan| is_copied(&plan))
}

async fn rollback<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    seat: Seat,
    to: Option<u64>,
    systems: &mut Systems,
) -> Result<End, End> {
    let link = stages::connect(cx, target).await?;
    systems.from = link.facts().running.clone();
    identify(cx, &target.host, &link)?;
    let plan = plan::rollback(cx.request, &target.host, link.facts(), to)
        .map_err(|problem| End::failed(Stage::Activate, problem))?;
    systems.to = Some(plan.to.clone());
    admit(cx, &plan, link.facts()).await?;
    agree(cx, seat, &plan).await?;
    if plan.action == Action::Nothing {
        return Ok(End::good(Outcome::UpToDate));
    }
    stages::transact(cx, target, link, order(cx, target, &plan)).await
}

/// Ends the way at the wrong machine at once, not after a build.
fn identify<W: World>(cx: &Context<'_, W>, host: &HostName, link: &W::Host) -> Result<(), End> {
    plan::identify(cx.request, host, link.facts())
        .map_err(|problem| End::failed(Stage::Connect, problem))
}

/// Refuses a host that an operator holds, before anything is copied to it.
async fn admit<W: World>(cx: &Context<'_, W>, plan: &HostPlan, facts: &Facts) -> Result<(), End> {
    let admitted = plan::admit(plan, facts, cx.request.despite_hold);
    let told = admitted.map_err(|problem| End::failed(Stage::Activate, problem))?;
    if let Some(told) = told {
        cx.desk.notice(&plan.host, told).await;
    }
    Ok(())
}

/// Waits for the operator's yes, or for the interrupt that stands for no.
async fn agree<W: World>(cx: &Context<'_, W>, seat: Seat, plan: &HostPlan) -> Result<(), End> {
    for note in &plan.notes {
        cx.desk.notice(&plan.host, note.clone()).await;
    }
    match cx
        .desk
        .unless_stopped(Stop::Drain, seat.pass(plan, cx.desk))
        .await
    {
        Some(true) => Ok(()),
        Some(false) => Err(End::good(Outcome::Skipped { why: Why::Declined })),
        None => Err(End::interrupted()),
    }
}

fn order<W: World>(cx: &Context<'_, W>, target: &Target, plan: &HostPlan) -> Order {
    Order {
        run: cx.request.run.clone(),
        nonce: cx.request.nonce.clone(),
        host: target.host.clone(),
        who: cx.request.who.clone(),
        expected: plan.from.clone(),
        new: plan.to.clone(),
        generation: match plan.action {
            Action::GoBack(number) => Some(number),
            _ => None,
        },
        mode: plan.action.mode(),
        on_inhibitor: target.activate.on_inhibitor,
        activate_limit: target.activate.limit,
        confirm_limit: target.activate.confirm_limit,
        on_stranded: target.activate.on_stranded,
        despite_hold: cx.request.despite_hold,
    }
}

/// Takes evaluation and build from the workshop, as the host's own stages, and tells in between
/// what the evaluation came to.
async fn make<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    intake: Intake,
    until: Stage,
    tell: impl FnOnce(&Evaluated),
) -> Result<Made, End> {
    let evaluated = stage(cx, host, Stage::Eval, received(intake.evaluated)).await?;
    tell(&evaluated);
    if until == Stage::Eval {
        return Ok(Made {
            evaluated,
            built: None,
        });
    }
    let built = stage(cx, host, Stage::Build, received(intake.built)).await?;
    Ok(Made { evaluated, built })
}

async fn received<T>(intake: oneshot::Receiver<Result<T, Problem>>) -> Result<(T, Note), Problem> {
    match intake.await {
        Ok(result) => result.map(|value| (value, Note::default())),
        Err(_) => Err(Problem::new(
            ProblemKind::Failed,
            "the stage ended without a result for this host",
        )),
    }
}
