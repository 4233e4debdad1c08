//! Believes that a host went back only when a new connection shows it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::engine::Context;
use crate::model::{Facts, HostName, Problem, ProblemKind, RunState, RunSummary};
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
    if let Err(problem) = shown(cx, host, summary).await {
        let message = format!(
            "it says that it went back, but a new connection does not show it: {}",
            problem.message
        );
        cx.desk.notice(host, message).await;
    }
}

/// Whether a new connection finds the host back, within [`RETURN_LIMIT`].
async fn shown<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    summary: &RunSummary,
) -> Result<(), Problem> {
    let (until, old) = (Instant::now() + RETURN_LIMIT, &summary.old);
    loop {
        let found = match cx.world.connect(host).await {
            Ok(link) if is_back(link.facts(), summary) => return Ok(()),
            Ok(_) => Problem::new(ProblemKind::Failed, format!("it does not run {old}")),
            Err(problem) => problem,
        };
        if Instant::now() >= until {
            return Err(found);
        }
        sleep(PAUSE).await;
    }
}

/// Whether a host runs what it did before. A boot in between may have brought its default
/// instead of a trial, or the trial that waited instead of its default.
fn is_back(facts: &Facts, summary: &RunSummary) -> bool {
    let running = facts.running.as_ref();
    let default = facts.profile.as_ref().map(|profile| &profile.toplevel);
    let is_default = running == default && running != Some(&summary.new);
    running == Some(&summary.old) || is_default || facts.is_on_trial()
}
