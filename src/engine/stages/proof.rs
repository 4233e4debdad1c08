//! Believes that a host went back only when a new connection shows it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::engine::Context;
use crate::model::{HostName, Problem, ProblemKind, RunState, RunSummary, Toplevel};
use crate::world::{Host, World};

/// Pause between two tries to reach a host.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// How long a host that says it went back may take to show it over a new connection.
const RETURN_LIMIT: Duration = Duration::from_secs(20);

/// That a host went back is told as proven only when a new connection shows it.
pub(super) async fn proven_back<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    summary: &RunSummary,
) {
    if summary.state != RunState::RolledBack {
        return;
    }
    if let Err(problem) = runs(cx, host, &summary.old).await {
        let message = format!(
            "it says that it went back, but a new connection does not show it: {}",
            problem.message
        );
        cx.desk.notice(host, message).await;
    }
}

/// Whether a new connection finds `wanted` running, within [`RETURN_LIMIT`].
async fn runs<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    wanted: &Toplevel,
) -> Result<(), Problem> {
    let until = Instant::now() + RETURN_LIMIT;
    loop {
        let found = match cx.world.connect(host).await {
            Ok(link) if link.facts().running.as_ref() == Some(wanted) => return Ok(()),
            // A boot in between brought the trial that waited; the host's own reason tells so.
            Ok(link) if link.facts().is_on_trial() => return Ok(()),
            Ok(_) => Problem::new(ProblemKind::Failed, format!("it does not run {wanted}")),
            Err(problem) => problem,
        };
        if Instant::now() >= until {
            return Err(found);
        }
        sleep(PAUSE).await;
    }
}
