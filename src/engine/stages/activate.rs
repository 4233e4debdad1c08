//! Activates the new system under the host's own rollback timer.

use std::cell::Cell;

use tokio::time::Instant;

use super::proof;
use super::unconfirmed::{GRACE, Unconfirmed};
use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::{End, verdict};
use crate::event::ProgressEvent;
use crate::model::{HostName, Order, RunState, RunSummary, Stage};
use crate::world::{Activated, Host, World};

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
    let boot_id = link.facts().boot_id.clone();
    let activated = link.activate(&order, &log).await;
    let undo = order.activate_limit + GRACE;
    let unconfirmed = match activated.map_err(|problem| End::failed(Stage::Activate, problem))? {
        Activated::Waiting { exit } => {
            tell_exit(cx, &host, exit).await;
            let ask_until = Instant::now() + order.confirm_limit + undo;
            Unconfirmed {
                order,
                boot_id,
                ask_until: Cell::new(ask_until),
                gates_began: Cell::new(None),
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
                boot_id,
                ask_until: Cell::new(ask_until),
                gates_began: Cell::new(None),
                stage: Stage::Activate,
            }
        }
    };
    cx.desk
        .finished(&host, Stage::Activate, began, Note::default())
        .await;
    Ok(unconfirmed)
}

/// What only a boot will bring, told where the outcome does not.
pub(super) async fn tell_boot<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    summary: &RunSummary,
) {
    if summary.state == RunState::Committed && summary.needs_reboot {
        let message =
            "its kernel or initrd is another one than was booted: a reboot is needed to run it";
        cx.desk.notice(host, message.to_owned()).await;
    }
    if summary.state == RunState::Staged
        && let Some(reason) = &summary.reason
    {
        cx.desk.notice(host, reason.clone()).await;
    }
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
    tell_boot(cx, host, &summary).await;
    verdict(summary)
}
