//! Brings finished parts of a system to the host while others are still being built.

use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::engine::Context;
use crate::engine::desk::Stop;
use crate::engine::stages::copy::tell;
use crate::model::HostName;
use crate::world::{Evaluated, Host, World};

/// How long it takes until it is looked at what is finished: at first, and at most where
/// nothing was, since looking costs a machine that builds.
const FIRST: Duration = Duration::from_secs(3);
const MOST: Duration = Duration::from_secs(24);

/// Copies what is finished, and again what is finished then, until `built` says that all is. What
/// is under way at that time is not left half done.
pub(in crate::engine) async fn ahead<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &mut W::Host,
    evaluated: &Evaluated,
    mut built: watch::Receiver<bool>,
) {
    let turn = async |pause| {
        sleep(pause).await;
        let permit = cx.copying_ahead.acquire().await;
        permit.expect("the semaphore is never closed")
    };
    let mut pause = FIRST;
    loop {
        let is_built = Box::pin(built.wait_for(|built| *built));
        let _permit = match select(is_built, Box::pin(turn(pause))).await {
            Either::Left(_) => return,
            Either::Right((permit, _)) => permit,
        };
        let tell = tell(cx, host);
        let round = link.copy_ahead(evaluated, &tell);
        pause = match cx.desk.unless_stopped(Stop::Drain, round).await {
            None => return,
            Some(true) => FIRST,
            Some(false) => MOST.min(pause * 2),
        };
    }
}
