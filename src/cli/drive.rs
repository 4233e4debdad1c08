//! Runs the engine with everything that watches it: journal, display, interrupts, questions.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::edge::Edge;
use super::error::CliError;
use super::watch::Watcher;
use crate::engine::{self, Desk, Stop};
use crate::journal::Journal;
use crate::plan::Request;
use crate::ui::{self, Reporter};
use crate::world::World;

/// Events that may wait for a slow reader; a full channel slows the engine, which is wanted.
const ROOM: usize = 1024;

/// Runs `request` and returns the exit status.
pub(super) async fn drive<W: World>(
    edge: &Edge,
    world: &W,
    request: &Request,
    reporter: Reporter,
) -> Result<u8, CliError> {
    let journal = Journal::create(&edge.state()?.join("runs"), &request.run)
        .map_err(|error| CliError::from_error(1, &error))?;
    let (events, received) = mpsc::channel(ROOM);
    let (to_stop, stop) = watch::channel(Stop::No);
    let (to_answer, answer) = watch::channel(None);
    let desk = Desk {
        events,
        stop: stop.clone(),
        answer,
    };
    let prompt = reporter.prompt();
    let mut watcher = Watcher {
        journal: Some(journal),
        reporter,
        to_stop: &to_stop,
        to_answer,
        began: Instant::now(),
    };
    let run = async {
        let report = engine::run(world, request, &desk).await;
        drop(desk);
        report
    };
    let work = async { tokio::join!(run, watcher.watch(received)).0 };
    let report = tokio::select! {
        report = work => report,
        never = interrupts(&to_stop, &prompt) => match never? {},
    };
    // Left at once, what is known of the hosts says less than that nobody waited for them.
    let left = *stop.borrow() == Stop::Leave;
    Ok(if left {
        ui::exit::INTERRUPTED
    } else {
        ui::exit_code(&report)
    })
}

/// Turns the first SIGINT or SIGTERM into a drain, the second into leaving.
async fn interrupts(
    stop: &watch::Sender<Stop>,
    prompt: &ui::Prompt,
) -> Result<std::convert::Infallible, CliError> {
    let failed = |error: std::io::Error| CliError::from_error(1, &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_modify(|stop| {
            *stop = if *stop == Stop::No {
                Stop::Drain
            } else {
                Stop::Leave
            }
        });
        // Nobody waits for an answer now, and the display waits for the question to end.
        prompt.withdraw();
    }
}
