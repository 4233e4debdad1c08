//! Carries a run out: evaluation and build for all hosts together, then one chain of stages a
//! host, side by side. Emits events; never prints, never decides what a host should run.
//!
//! The engine is one task tree on plain borrows: nothing is spawned, so dropping [`run`] stops
//! all work on the workstation. A host past arming then decides by itself.

mod chain;
mod desk;
mod end;
mod gate;
mod health;
mod stage;
mod stages;
mod workshop;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures::future::{Either, join_all, select};
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use desk::{Desk, Stop};
pub use health::health;

use crate::event::{HostResult, StepEvent, VERSION};
use crate::model::{Facts, HostName};
use crate::plan::{Goal, Request};
use crate::world::World;

/// How every host of a run ended.
pub type Report = BTreeMap<HostName, HostResult>;

/// What all chains of a run share.
struct Context<'a, W: World> {
    world: &'a W,
    request: &'a Request,
    desk: &'a Desk,
    connecting: Semaphore,
    copying: Semaphore,
    /// For what is copied before a system is built: it holds up none that is.
    copying_ahead: Semaphore,
    activating: Semaphore,
    /// What connected hosts run and boot; these need no build when evaluation gives the same.
    current: RefCell<BTreeMap<HostName, Facts>>,
    /// Whether a host has failed.
    failed: Cell<bool>,
    /// Hosts between arming and their verdict.
    armed: RefCell<BTreeSet<HostName>>,
}

/// Runs `request` against `world` and tells `desk` what happens. Every target has a result.
pub async fn run<W: World>(world: &W, request: &Request, desk: &Desk) -> Report {
    let began = Instant::now();
    let cx = Context {
        world,
        request,
        desk,
        connecting: Semaphore::new(request.parallel.connect.max(1)),
        copying: Semaphore::new(request.parallel.copy.max(1)),
        copying_ahead: Semaphore::new(request.parallel.copy.max(1)),
        activating: Semaphore::new(request.parallel.activate.max(1)),
        current: RefCell::default(),
        failed: Cell::new(false),
        armed: RefCell::default(),
    };
    desk.step(StepEvent::RunStarted {
        version: VERSION,
        run: request.run.clone(),
        command: request.command.clone(),
        who: request.who.clone(),
        hosts: request
            .targets
            .iter()
            .map(|target| target.host.clone())
            .collect(),
    })
    .await;
    let report = hosts(&cx).await;
    desk.step(StepEvent::RunFinished {
        run: request.run.clone(),
        millis: desk::millis(began),
        hosts: report.clone(),
    })
    .await;
    report
}

/// All chains, beside the workshop that feeds them and the watch for interrupts.
async fn hosts<W: World>(cx: &Context<'_, W>) -> Report {
    let (gate, seats) = gate::new(cx.request);
    let (workshop, intakes) = workshop::new(cx.request);
    let chains = cx
        .request
        .targets
        .iter()
        .zip(seats)
        .zip(intakes)
        .map(|((target, seat), intake)| chain::run(cx, target, seat, intake));
    let work = async {
        let deploys = matches!(cx.request.goal, Goal::Deploy { .. });
        if deploys {
            cx.desk.unless_stopped(Stop::Drain, workshop.run(cx)).await;
        }
    };
    // Beside the chains, never ending before them: the workshop, the gate and the interrupts.
    let beside = async {
        futures::join!(work, gate.run(cx.desk), interrupts(cx));
        std::future::pending::<()>().await;
    };
    // The side work is looked at first, so that an interrupt is told of before what it ends.
    let report = match select(Box::pin(beside), Box::pin(join_all(chains))).await {
        Either::Left(((), _)) => unreachable!("the side work never ends by itself"),
        Either::Right((results, _)) => results,
    };
    report.into_iter().collect()
}

/// Tells of each interrupt, with the hosts that will decide by themselves.
async fn interrupts<W: World>(cx: &Context<'_, W>) {
    for stop in [Stop::Drain, Stop::Leave] {
        cx.desk.stopped(stop).await;
        let undecided = cx.armed.borrow().iter().cloned().collect();
        cx.desk
            .step(StepEvent::Interrupted {
                leaving: stop == Stop::Leave,
                undecided,
            })
            .await;
    }
}
