//! Copies with phoenix's own engine.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{Link, agent};
use crate::adapter::copy::{Held, SendJob, Sender, likely};
use crate::adapter::ssh::Program;
use crate::adapter::store::Closure;
use crate::model::{Copied, Problem, ProblemKind, StorePath, Toplevel};
use crate::world::{Built, Evaluated};

/// Becomes the agent that stands before the host's daemon. It was checked when this connection
/// began.
const RECEIVE: &str = r#"
echo phoenix-ready
exec "$1" receive
"#;

/// What went to the host before all of its new system was built.
#[derive(Default)]
pub(super) struct Ahead {
    /// The daemon that has it.
    sender: Option<Sender>,
    roots: BTreeSet<StorePath>,
    sent: Copied,
}

/// What to bring.
struct Cargo<'a> {
    toplevel: &'a Toplevel,
    closure: &'a Closure,
    /// What the host runs, where that is known.
    runs: Option<&'a Closure>,
}

/// Copies the closure of `built` and says what was sent.
pub(super) async fn copy(
    link: &mut Link<'_>,
    built: &Built,
    progress: &dyn Fn(Copied),
) -> Result<(Copied, Vec<Held>), Problem> {
    let Ahead { sender, sent, .. } = std::mem::take(&mut link.ahead);
    let progress = |copied: Copied| progress(copied.after(sent));
    let limit = link.copy.limit;
    let link = &*link;
    let copy = async {
        let toplevel = &built.toplevel;
        // Before the agent runs, which does not wait long for its first word.
        let closure = link.cx.store.closure(toplevel.path()).await?;
        let runs = runs(link).await;
        let cargo = Cargo {
            toplevel,
            closure: &closure,
            runs: runs.as_deref(),
        };
        let sender = match sender {
            // The build may have taken hours.
            Some(sender) if sender.answers(toplevel.path()).await => sender,
            _ => start(link).await?,
        };
        let copied = bring(link, &sender, &cargo, &progress).await?;
        Ok((copied.after(sent), vec![sender.hold().await]))
    };
    let copied = timeout(limit, copy).await;
    copied.unwrap_or_else(|_| Err(too_long(&built.toplevel, limit)))
}

fn too_long(toplevel: &Toplevel, limit: Duration) -> Problem {
    let message = format!("copying {} failed", toplevel.path().short());
    Problem::new(ProblemKind::Failed, message)
        .because(format!("it took longer than {} s", limit.as_secs()))
        .with_hint("raise `timeout` in [defaults.copy] or [hosts.NAME.copy] of fleet.toml")
}

/// Copies what is finished of a system and was not when this was done last, and says whether that
/// was anything.
///
/// # Errors
/// A [`Problem`] when something went wrong. The copy begins anew then.
pub(super) async fn ahead(
    link: &mut Link<'_>,
    evaluated: &Evaluated,
    progress: &dyn Fn(Copied),
) -> Result<bool, Problem> {
    let store = &link.cx.store;
    let built = store.built(&evaluated.derivation).await;
    if built.is_empty() {
        return Ok(false);
    }
    let Some(runs) = runs(link).await else {
        return Ok(false);
    };
    let mut roots = likely(built, &runs);
    roots.retain(|path| !link.ahead.roots.contains(path));
    if roots.is_empty() {
        return Ok(false);
    }
    link.ahead.roots.extend(roots.iter().cloned());
    let sender = link.ahead.sender.take();
    if sender.is_none() {
        // A daemon that was lost protects no more what it had been sent.
        roots = link.ahead.roots.iter().cloned().collect();
    }
    let closure = store.closure_of(roots).await?;
    let cargo = Cargo {
        toplevel: &evaluated.toplevel,
        closure: &closure,
        runs: Some(&runs),
    };
    let before = link.ahead.sent;
    let sent = Cell::new(before);
    let tell = |copied: Copied| {
        let ahead = copied.paths;
        sent.set(Copied { ahead, ..copied }.after(before));
        progress(sent.get());
    };
    let round = async {
        let sender = match sender {
            Some(sender) => sender,
            None => start(link).await?,
        };
        bring(link, &sender, &cargo, &tell).await?;
        sender.rest().await?;
        Ok(sender)
    };
    let limit = link.copy.limit;
    let sender = timeout(limit, round).await;
    // Also what a round brought that failed.
    link.ahead.sent = sent.get();
    link.ahead.sender = Some(sender.map_err(|_| too_long(&evaluated.toplevel, limit))??);
    Ok(true)
}

async fn bring(
    link: &Link<'_>,
    sender: &Sender,
    cargo: &Cargo<'_>,
    progress: &dyn Fn(Copied),
) -> Result<Copied, Problem> {
    let key = match &link.copy.signing_key {
        Some(file) => Some(link.cx.keys.of(file)?),
        None => None,
    };
    let job = SendJob {
        toplevel: cargo.toplevel,
        closure: cargo.closure,
        runs: cargo.runs,
        substitute: link.copy.substitute,
        depot: &link.cx.depot,
        key,
    };
    sender
        .bring(&job, async || open(link).await, progress)
        .await
}

async fn start(link: &Link<'_>) -> Result<Sender, Problem> {
    Sender::new(open(link).await?, &link.share).await
}

/// What the host runs. A system that others have deployed is not known here.
async fn runs(link: &Link<'_>) -> Option<Arc<Closure>> {
    let running = link.facts.running.as_ref()?;
    link.cx.store.closure(running.path()).await.ok()
}

/// Starts a daemon on the host, with the agent before it.
async fn open(link: &Link<'_>) -> Result<Program, Problem> {
    let program = link.cx.agents.for_system(&link.facts.system)?;
    let agent = [agent::FOLDER, &program.hash, "phoenix-agent"].join("/");
    link.elevator
        .run(&link.connection, RECEIVE, &[&agent])
        .await
}
