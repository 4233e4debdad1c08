//! What is asked of a host while health gates are looked at: looks and renewals, side by side.
//!
//! A conversation with the agent has one question at a time. Several gates have several
//! conversations then, all over the one connection: nobody logs in again.

use std::cell::RefCell;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::session::{Session, within};
use super::{ANSWER, Link, agent, unexpected};
use crate::model::{Gate, Observation, Order, Problem, RunId};
use crate::wire::agent::{Reply, Request};

/// Looks at one host at once. sshd allows ten sessions a connection (`MaxSessions`), and one
/// is the conversation about the run, another that of the lease.
const LOOKS: usize = 4;

/// Conversations besides the one about the run.
pub(super) struct Spare {
    looks: Semaphore,
    idle: RefCell<Vec<Session>>,
}

impl Default for Spare {
    fn default() -> Self {
        Self {
            looks: Semaphore::new(LOOKS),
            idle: RefCell::default(),
        }
    }
}

/// One look by the host.
pub(super) async fn ask_host(
    link: &Link<'_>,
    gate: Gate,
    run: Option<&RunId>,
) -> Result<Observation, Problem> {
    let _permit = link
        .spare
        .looks
        .acquire()
        .await
        .expect("the semaphore is never closed");
    let limit = gate.timeout + ANSWER;
    let run = run.cloned();
    match ask(link, &Request::Probe { gate, run }, limit).await? {
        Reply::Probed { seen } => Ok(seen),
        Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
        other => Err(unexpected(&other)),
    }
}

/// Has the host wait a whole limit from now. A renewal that takes half of it is lost.
pub(super) async fn renew(link: &Link<'_>, order: &Order) -> Result<(), Problem> {
    let request = Request::Renew {
        run: order.run.clone(),
        nonce: order.nonce.clone(),
        span: order.confirm_limit,
    };
    match ask(link, &request, order.confirm_limit / 2).await? {
        Reply::Renewed { .. } => Ok(()),
        Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
        other => Err(unexpected(&other)),
    }
}

/// Asks in a conversation that is idle, or in a new one.
// Dropped half-way, the conversation is dropped with it, for it is out of step.
async fn ask(link: &Link<'_>, request: &Request, limit: Duration) -> Result<Reply, Problem> {
    let idle = link.spare.idle.borrow_mut().pop();
    let mut session = match idle {
        Some(session) => session,
        None => {
            let begun = agent::start(&link.connection, &link.elevator, &link.cx.agents);
            within(limit, "the agent", begun).await?.0
        }
    };
    let reply = session.ask(request, limit, &mut |_| {}).await?;
    link.spare.idle.borrow_mut().push(session);
    Ok(reply)
}
