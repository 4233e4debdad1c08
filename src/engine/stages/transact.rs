//! The transaction as the controller sees it.

use std::cell::Cell;

use super::activate::activate;
use super::confirm::confirm;
use crate::engine::Context;
use crate::engine::desk::Stop;
use crate::engine::end::End;
use crate::model::{Order, Outcome, Problem, ProblemKind, Stage, Why};
use crate::plan::Target;
use crate::world::World;

/// Arms and activates, proves, keeps. Past arming only
/// the second interrupt ends it; the host then decides by itself.
pub(in crate::engine) async fn transact<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
    link: W::Host,
    order: Order,
) -> Result<End, End> {
    let permit = cx
        .desk
        .unless_stopped(Stop::Drain, cx.activating.acquire())
        .await;
    let _permit = permit
        .ok_or_else(End::interrupted)?
        .expect("the semaphore is never closed");
    if cx.desk.is_stopped(Stop::Drain) {
        return Err(End::interrupted());
    }
    if cx.request.fail_fast && cx.failed.get() {
        return Err(End::good(Outcome::Skipped {
            why: Why::OtherFailed,
        }));
    }
    cx.armed.borrow_mut().insert(target.host.clone());
    let stage = Cell::new(Stage::Activate);
    let work = async {
        let unconfirmed = activate(cx, link, order).await?;
        stage.set(Stage::Confirm);
        confirm(cx, target, unconfirmed).await
    };
    // Dropped here, the host's timer brings it back unless it was told to keep the system.
    match cx.desk.unless_stopped(Stop::Leave, work).await {
        Some(end) => end,
        None => {
            let problem = Problem::new(
                ProblemKind::Lost,
                "phoenix was told to leave before the proof",
            );
            let outcome = Outcome::Unknown { since: stage.get() };
            Err(End {
                outcome,
                problem: Some(problem),
            })
        }
    }
}
