//! Activates the new system under the host's own rollback timer.

use std::time::Duration;

use tokio::time::Instant;

use super::proof;
use super::unconfirmed::Unconfirmed;
use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::{End, verdict};
use crate::event::ProgressEvent;
use crate::model::{HostName, Order, RunSummary, Stage};
use crate::world::{Activated, Host, World};

/// How long a host is asked for its verdict beyond its own deadlines.
const GRACE: Duration = Duration::from_secs(60);

/// Arms the host's timer and activates; an end is returned where the host has decided already.
pub(super) async fn activate<W: World>(
    cx: &Context<'_, W>,
    mut link: W::Host,
    order: Order,
) -> Result<Unconfirmed, End> {
    let (began, host) = (Instant::now(), order.host.clone());
    cx.desk.started(&host, Stage::Activate).await;
    let log = |line: String| {
        cx.desk.progress(ProgressEvent::Log {
            host: Some(host.clone()),
            stage: Stage::Activate,
            line,
        });
    };
    let activated = link.activate(&order, &log).await;
    let undo = order.activate_limit + GRACE;
    let unconfirmed = match activated.map_err(|problem| End::failed(Stage::Activate, problem))? {
        Activated::Waiting { exit } => {
            tell_exit(cx, &host, exit).await;
            let ask_until = Instant::now() + order.confirm_limit + undo;
            Unconfirmed {
                order,
                ask_until,
                stage: Stage::Confirm,
            }
        }
        Activated::Ended(summary) => return Err(ended(cx, &host, summary).await),
        Activated::LostContact(problem) => {
            let message = format!(
                "contact was lost during activation ({}); asking again",
                problem.message
            );
            cx.desk.notice(&host, message).await;
            let ask_until = began + order.activate_limit + order.confirm_limit + GRACE;
            Unconfirmed {
                order,
                ask_until,
                stage: Stage::Activate,
            }
        }
    };
    cx.desk
        .finished(&host, Stage::Activate, began, Note::default())
        .await;
    Ok(unconfirmed)
}

async fn tell_exit<W: World>(cx: &Context<'_, W>, host: &HostName, exit: i32) {
    if exit != 0 {
        let message = format!(
            "switch-to-configuration exited with status {exit}, but every failed unit had failed before"
        );
        cx.desk.notice(host, message).await;
    }
}

/// The host decided by itself.
async fn ended<W: World>(cx: &Context<'_, W>, host: &HostName, summary: RunSummary) -> End {
    proof::proven_back(cx, host, &summary).await;
    verdict(summary, Stage::Activate)
}
