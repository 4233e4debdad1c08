//! One stage before arming, whatever it does.

use std::future::Future;

use futures::future::{Either, select};
use tokio::time::Instant;

use super::Context;
use super::desk::{Note, Stop};
use super::end::End;
use crate::model::{HostName, Problem, Stage};
use crate::world::World;

/// Runs one stage: tells of its start and end, and gives up on an interrupt.
pub(super) async fn stage<W: World, T>(
    cx: &Context<'_, W>,
    host: &HostName,
    stage: Stage,
    work: impl Future<Output = Result<(T, Note), Problem>>,
) -> Result<T, End> {
    let began = Instant::now();
    cx.desk.started(host, stage).await;
    // The interrupt is looked at first: it also empties the workshop.
    let stopped = Box::pin(cx.desk.stopped(Stop::Drain));
    match select(stopped, Box::pin(work)).await {
        Either::Left(((), _dropped)) => Err(End::interrupted()),
        Either::Right((Err(problem), _)) => Err(End::failed(stage, problem)),
        Either::Right((Ok((value, note)), _)) => {
            cx.desk.finished(host, stage, began, note).await;
            Ok(value)
        }
    }
}
