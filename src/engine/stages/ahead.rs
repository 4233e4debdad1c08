//! Brings finished parts of a system to the host while others are still being built.

use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::engine::Context;
use crate::engine::stages::copy::tell;
use crate::model::HostName;
use crate::world::{Evaluated, Host, World};

/// How often it is looked at what is finished.
const EVERY: Duration = Duration::from_secs(3);

/// Copies what is finished, and again what is finished then, until `built` says that all is. What
/// is under way at that time is not left half done.
pub(in crate::engine) async fn ahead<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &mut W::Host,
    evaluated: &Evaluated,
    mut built: watch::Receiver<bool>,
) {
    let turn = async || {
        sleep(EVERY).await;
        let permit = cx.copying.acquire().await;
        permit.expect("the semaphore is never closed")
    };
    loop {
        let is_built = Box::pin(built.wait_for(|built| *built));
        match select(is_built, Box::pin(turn())).await {
            Either::Left(_) => return,
            Either::Right((_permit, _)) => link.copy_ahead(evaluated, &tell(cx, host)).await,
        }
    }
}
