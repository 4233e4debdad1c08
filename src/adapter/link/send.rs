//! Copies with phoenix's own engine.

use tokio::time::timeout;

use super::elevate::Root;
use super::{Link, agent};
use crate::adapter::copy::{Held, Pipe, SendJob, send};
use crate::model::{Copied, Problem, ProblemKind};
use crate::world::Built;

/// Becomes the agent that stands before the host's daemon. It was checked when this connection
/// began.
const RECEIVE: &str = r#"
echo phoenix-ready
exec "$1" receive
"#;

/// Copies the closure of `built` and says what was sent.
pub(super) async fn copy(
    link: &Link<'_>,
    built: &Built,
    progress: &dyn Fn(Copied),
) -> Result<(Copied, Vec<Held>), Problem> {
    let store = &link.cx.store;
    let closure = store.closure(built.toplevel.path()).await?;
    let runs = match &link.facts.running {
        // A system that others have deployed is not known here.
        Some(running) => store.closure(running.path()).await.ok(),
        None => None,
    };
    let job = SendJob {
        toplevel: &built.toplevel,
        closure: &closure,
        runs: runs.as_ref(),
        substitute: link.copy.substitute,
        depot: &link.cx.depot,
    };
    let program = link.cx.agents.for_system(&link.facts.system)?;
    let agent = [agent::FOLDER, &program.hash, "phoenix-agent"].join("/");
    let open = async || {
        let Root {
            stdin,
            events,
            rest,
        } = link
            .elevator
            .run(&link.connection, RECEIVE, &[&agent])
            .await?;
        Ok(Pipe {
            stdin,
            events,
            rest,
        })
    };
    let limit = link.copy.limit;
    let sent = timeout(limit, send(&job, open, progress)).await;
    let sent = sent.unwrap_or_else(|_| {
        let message = format!("copying {} failed", built.toplevel.path().short());
        Err(Problem::new(ProblemKind::Failed, message)
            .because(format!("it took longer than {} s", limit.as_secs()))
            .with_hint("raise `timeout` in [defaults.copy] or [hosts.NAME.copy] of fleet.toml"))
    });
    sent.map(|(copied, held)| (copied, vec![held]))
}
