//! Has one side's `switch-to-configuration test` run in a unit of its own, and judges it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decision;
use super::files;
use super::host::{Cx, Ended, ProgramError, chain, seconds, tail};
use super::paths::{RunFiles, Side};
use super::record::Record;
use super::units;
use crate::model::exit_meaning;

/// How often the exit file is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How often PID 1 is asked whether the unit still lives.
const ASK: Duration = Duration::from_secs(1);
/// How often starting the unit is tried: PID 1 may be re-executing itself.
const STARTS: usize = 3;
/// How often PID 1 is asked or told something else that matters.
const ASKS: usize = 5;
const PID1_PAUSE: Duration = Duration::from_millis(500);
/// "Switched, but some units failed" (switch-to-configuration of nixpkgs).
const UNITS_FAILED: i32 = 4;

/// What the unit of a switch writes down when its program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Exit {
    /// It ran and ended.
    Ended(Ended),
    /// It could not be started.
    NotStarted(String),
}

/// Why a side's system is not as it should be.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// In one line.
    pub(super) reason: String,
    /// Units broken now that were not before the run.
    pub(super) failed_units: Vec<String>,
    /// Last lines of the log that explains it.
    pub(super) log: Vec<String>,
}

/// Activates one side, and returns the exit status if the host now runs that side with no
/// more broken units than before the run.
pub(super) fn activate(cx: Cx<'_>, record: &Record, side: Side) -> Result<i32, Trouble> {
    let files = cx.paths.run(&record.run);
    let trouble = |reason: String, failed_units: Vec<String>| Trouble {
        reason,
        failed_units,
        log: log_tail(&files, side),
    };
    let status = match run(cx, record, side) {
        Ok(status) => status,
        Err(reason) => {
            // It failed already; which units broke only helps to understand it.
            return Err(trouble(
                reason,
                newly_failed(cx, record).unwrap_or_default(),
            ));
        }
    };
    if status == UNITS_FAILED {
        // Not knowing which units failed must not pass for "none".
        let failed_units = newly_failed(cx, record).map_err(|error| {
            let reason = format!("units failed after the switch: {}", chain(&error));
            trouble(reason, Vec::new())
        })?;
        if !failed_units.is_empty() {
            return Err(Trouble {
                reason: format!("{} failed after the switch", failed_units.join(", ")),
                log: cx.host.journal(&failed_units, record.began()),
                failed_units,
            });
        }
    }
    let running = cx.paths.running();
    if running.as_ref() == Some(record.system(side)) {
        return Ok(status);
    }
    let found = running.map_or("no system".to_owned(), |running| running.path().short());
    let reason = format!(
        "`switch-to-configuration test` exited with status {status}, but the host runs {found}"
    );
    Err(trouble(reason, Vec::new()))
}

/// Units broken now that were not before the run.
pub(super) fn newly_failed(cx: Cx<'_>, record: &Record) -> Result<Vec<String>, ProgramError> {
    broken_units(cx).map(|broken| record.newly(broken))
}

/// Units that are broken, asked until PID 1 answers: it does not while it re-executes itself.
pub(super) fn broken_units(cx: Cx<'_>) -> Result<Vec<String>, ProgramError> {
    let mut tried = 1;
    loop {
        match cx.host.broken_units() {
            Err(error) if tried < ASKS => {
                tried += 1;
                cx.host.note(&chain(&error));
                cx.host.pause(PID1_PAUSE);
            }
            other => return other,
        }
    }
}

/// Stops a unit and makes sure that it is; two switches must not run at once. A process that
/// cannot be killed must not hold up the way back either, so this ends after a few tries.
pub(super) fn stop(cx: Cx<'_>, unit: &str) {
    for _ in 0..ASKS {
        cx.press_on(cx.host.stop(unit));
        if cx.host.alive(unit) == Some(false) {
            return;
        }
        cx.host.pause(PID1_PAUSE);
    }
    cx.host
        .note(&format!("{unit} could not be stopped in {ASKS} tries"));
}

/// The exit status of a switch that did its work, or why it did not.
fn run(cx: Cx<'_>, record: &Record, side: Side) -> Result<i32, String> {
    let name = units::switch_name(&record.run, side);
    // A predecessor of this process may have started it and been killed: it is not disturbed.
    if cx.host.alive(&name) != Some(true) {
        let files = cx.paths.run(&record.run);
        cx.press_on(files::remove(&files.exit(side)));
        start(cx, record, side).map_err(|error| chain(&error))?;
    }
    match await_exit(cx, record, side)? {
        Exit::Ended(Ended::Status(status @ (0 | UNITS_FAILED))) => Ok(status),
        Exit::Ended(ended) => {
            let meaning = match ended {
                Ended::Status(status) => exit_meaning(status),
                Ended::Signal(_) => None,
            };
            let meaning = meaning.map(|meaning| format!(": {meaning}"));
            let meaning = meaning.unwrap_or_default();
            Err(format!("`switch-to-configuration test` {ended}{meaning}"))
        }
        Exit::NotStarted(why) => Err(format!(
            "`switch-to-configuration test` could not be started: {why}"
        )),
    }
}

fn start(cx: Cx<'_>, record: &Record, side: Side) -> Result<(), ProgramError> {
    let unit = units::switch(&record.run, side);
    let mut tried = 1;
    loop {
        match cx.host.start(&unit) {
            Err(_) if cx.host.alive(&unit.name) == Some(true) => return Ok(()),
            Err(error) if tried < STARTS => {
                cx.host.note(&chain(&error));
                tried += 1;
                cx.press_on(cx.host.stop(&unit.name));
                cx.host.pause(PID1_PAUSE);
            }
            other => return other,
        }
    }
}

/// Waits until the unit has written how its program ended; stops it at the limit, or when
/// going back is decided meanwhile.
fn await_exit(cx: Cx<'_>, record: &Record, side: Side) -> Result<Exit, String> {
    let files = cx.paths.run(&record.run);
    let name = units::switch_name(&record.run, side);
    let limit = record.limit(side);
    let start = cx.host.uptime();
    let mut asked = start;
    loop {
        if let Some(exit) = read_exit(&files, side) {
            return Ok(exit);
        }
        if let Some(reason) = told_back(&files, side) {
            stop(cx, &name);
            return Err(reason);
        }
        let now = cx.host.uptime();
        if now.saturating_sub(start) >= limit {
            stop(cx, &name);
            return Err(format!(
                "`switch-to-configuration test` did not end within {} (the limit for activation)",
                seconds(limit)
            ));
        }
        if now.saturating_sub(asked) >= ASK {
            asked = now;
            if cx.host.alive(&name) == Some(false) {
                // It may have ended between the two looks.
                return read_exit(&files, side).ok_or_else(|| {
                    "`switch-to-configuration test` was killed: its unit ended without an exit status"
                        .to_owned()
                });
            }
        }
        cx.host.pause(POLL);
    }
}

/// The exit status of a side's `switch-to-configuration test`, if it ended with one.
pub(super) fn exit_status(cx: Cx<'_>, record: &Record, side: Side) -> Option<i32> {
    match read_exit(&cx.paths.run(&record.run), side)? {
        Exit::Ended(Ended::Status(status)) => Some(status),
        _ => None,
    }
}

fn read_exit(files: &RunFiles, side: Side) -> Option<Exit> {
    files::read(&files.exit(side)).ok().flatten()
}

fn told_back(files: &RunFiles, side: Side) -> Option<String> {
    let decision = decision::read(files).ok().flatten()?;
    (side == Side::New && !decision.keep).then_some(decision.reason)
}

/// The last lines of what a side's switch said.
pub(super) fn log_tail(files: &RunFiles, side: Side) -> Vec<String> {
    let bytes = std::fs::read(files.log(side)).unwrap_or_default();
    tail(&String::from_utf8_lossy(&bytes))
}
