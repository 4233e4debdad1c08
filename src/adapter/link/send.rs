//! Copies with phoenix's own engine.

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
        let closure = link.cx.store.closure(built.toplevel.path()).await?;
        let sender = match sender {
            Some(sender) => sender,
            None => Sender::new(open(link).await?, &link.share).await?,
        };
        let substitute = link.copy.substitute;
        let job = (&built.toplevel, &*closure, substitute);
        let copied = bring(link, &sender, job, &progress).await?;
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

/// Copies what is finished of a system and was not when this was done last.
///
/// # Errors
/// A [`Problem`] when something went wrong. The copy begins anew then.
pub(super) async fn ahead(
    link: &mut Link<'_>,
    evaluated: &Evaluated,
    progress: &dyn Fn(Copied),
) -> Result<(), Problem> {
    let Some(runs) = runs(link).await else {
        return Ok(());
    };
    let store = &link.cx.store;
    let mut roots = likely(store.built(&evaluated.derivation).await, &runs);
    roots.retain(|path| !link.ahead.roots.contains(path));
    if roots.is_empty() {
        return Ok(());
    }
    link.ahead.roots.extend(roots.iter().cloned());
    let closure = store.closure_of(roots).await?;
    let sender = match link.ahead.sender.take() {
        Some(sender) => sender,
        None => Sender::new(open(link).await?, &link.share).await?,
    };
    let before = link.ahead.sent;
    let ahead = |copied: Copied| Copied {
        ahead: copied.paths,
        ..copied
    };
    let progress = |copied| progress(ahead(copied).after(before));
    let job = (&evaluated.toplevel, &closure, false);
    let limit = link.copy.limit;
    let sent = timeout(limit, bring(link, &sender, job, &progress)).await;
    let sent = sent.map_err(|_| too_long(&evaluated.toplevel, limit))??;
    sender.rest().await?;
    link.ahead.sender = Some(sender);
    link.ahead.sent = ahead(sent).after(before);
    Ok(())
}

async fn bring(
    link: &Link<'_>,
    sender: &Sender,
    (toplevel, closure, substitute): (&Toplevel, &Closure, bool),
    progress: &dyn Fn(Copied),
) -> Result<Copied, Problem> {
    let runs = runs(link).await;
    let key = match &link.copy.signing_key {
        Some(file) => Some(link.cx.keys.of(file)?),
        None => None,
    };
    let job = SendJob {
        toplevel,
        closure,
        runs: runs.as_deref(),
        substitute,
        depot: &link.cx.depot,
        key,
    };
    sender
        .bring(&job, async || open(link).await, progress)
        .await
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
