//! What a host writes down of a run, and how it is found again.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::contact;
use super::failpoints;
use super::files::{self, FileError};
use super::host::Cx;
use super::paths::{Paths, Side};
use crate::model::{
    Generation, HostName, Mode, OnStranded, Order, Problem, RunId, RunState, RunSummary, Toplevel,
};

/// Version of the form.
const VERSION: u32 = 1;
/// Going back is never given less than this, however short the order's limit is: stopped
/// half-way it would leave the host on neither system.
const BACK_LIMIT: Duration = Duration::from_secs(120);

/// Everything a host knows of a run. Replaced as a whole at each change of state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Version of this form.
    pub(super) version: u32,
    /// Counts the host's runs: their order, whatever the clocks said.
    pub(super) number: u64,
    /// The run.
    pub(super) run: RunId,
    /// The host the controller meant.
    pub(super) host: HostName,
    /// Operator, as `user@workstation`.
    pub(super) who: String,
    /// Address the controller came from, where SSH tells it.
    #[serde(default)]
    pub(super) from: Option<String>,
    /// Whether it may activate although an operator holds the host.
    #[serde(default)]
    pub(super) despite_hold: bool,
    /// What ran before; going back means exactly this.
    pub(super) old: Toplevel,
    /// What the profile pointed to before; never changed by going back.
    pub(super) old_generation: Option<Generation>,
    /// The system to activate.
    pub(super) new: Toplevel,
    /// The generation to commit to, instead of a new one.
    pub(super) generation: Option<u64>,
    /// What the run does with the new system.
    #[serde(default)]
    pub(super) mode: Mode,
    /// Whether the new system's kernel is another one than was booted.
    #[serde(default)]
    pub(super) needs_reboot: bool,
    /// The newest generation before the run.
    #[serde(default)]
    pub(super) newest_generation: Option<u64>,
    /// The boot in which the run began, or the one that brought its trial.
    pub(super) boot_id: String,
    /// Units broken before.
    pub(super) baseline: Vec<String>,
    /// Limit for the new system's `switch-to-configuration test`.
    pub(super) activate_limit: Duration,
    /// How long the decision may take.
    pub(super) confirm_limit: Duration,
    /// Where the controller found the host's SSH server.
    #[serde(default)]
    pub(super) contact: Option<SocketAddr>,
    /// What to do when going back fails.
    #[serde(default)]
    pub(super) on_stranded: OnStranded,
    /// Where the run stands.
    pub(super) state: RunState,
    /// When the decision must be there, in time since boot.
    pub(super) deadline: Option<Duration>,
    /// Exit status of the new system's `switch-to-configuration test`.
    pub(super) exit: Option<i32>,
    /// Why it went back or failed.
    pub(super) reason: Option<String>,
    /// Units that broke because of it.
    pub(super) failed_units: Vec<String>,
    /// Last lines of the log that explains it.
    pub(super) log: Vec<String>,
    /// Set when the guard refused to begin; nothing was changed then.
    pub(super) refusal: Option<Problem>,
    /// The states so far.
    pub(super) trail: Vec<Step>,
}

/// A state and when it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    /// The state.
    pub(super) state: RunState,
    /// Time since boot.
    pub(super) uptime: Duration,
    /// Seconds since 1970 by the host's clock.
    pub(super) at: u64,
}

/// What was found out about a host that may begin a run.
#[derive(Debug)]
pub(super) struct Ready {
    /// What runs.
    pub(super) old: Toplevel,
    /// What the run does with the new system.
    pub(super) mode: Mode,
    /// Why that is not what was ordered.
    pub(super) reason: Option<String>,
    /// Whether the new system's kernel is another one than was booted.
    pub(super) needs_reboot: bool,
    /// Units that are broken.
    pub(super) baseline: Vec<String>,
}

impl Record {
    /// When the run began, in seconds since 1970 by the host's clock.
    pub(super) fn began(&self) -> u64 {
        self.trail.first().map_or(0, |step| step.at)
    }

    /// The record of a run that is about to begin.
    pub(super) fn prepared(cx: Cx<'_>, order: &Order, ready: Ready) -> Self {
        let newest = cx.paths.generations().pop();
        let mut record = Self {
            version: VERSION,
            number: newest_number(cx) + 1,
            run: order.run.clone(),
            host: order.host.clone(),
            who: order.who.clone(),
            from: contact::controller(cx.paths),
            despite_hold: order.despite_hold,
            old: ready.old,
            old_generation: cx.paths.profile(),
            new: order.new.clone(),
            generation: order.generation,
            mode: ready.mode,
            needs_reboot: ready.needs_reboot,
            newest_generation: newest.map(|generation| generation.number),
            boot_id: cx.paths.boot_id(),
            baseline: ready.baseline,
            activate_limit: order.activate_limit,
            confirm_limit: order.confirm_limit,
            contact: contact::server_of(cx.paths, std::process::id()),
            on_stranded: order.on_stranded,
            state: RunState::Prepared,
            deadline: None,
            exit: None,
            reason: ready.reason,
            failed_units: Vec::new(),
            log: Vec::new(),
            refusal: None,
            trail: Vec::new(),
        };
        record.mark(cx, RunState::Prepared);
        record
    }

    /// Reads the record of a run; `None` when the host knows no such run. Of the two places
    /// the one that got further is right: the disk may have gone away meanwhile, or come back.
    pub(super) fn load(paths: &Paths, run: &RunId) -> Result<Option<Self>, FileError> {
        let files = paths.run(run);
        let live: Option<Self> = files::read(&files.live_record()).unwrap_or_default();
        match (files::read::<Self>(&files.record()), live) {
            (Ok(Some(kept)), Some(live)) if kept.trail.len() > live.trail.len() => Ok(Some(kept)),
            (_, Some(live)) => Ok(Some(live)),
            (kept, None) => kept,
        }
    }

    /// Writes the record; it is on the disk when this returns. Its folder may have gone away
    /// during activation.
    pub(super) fn save(&self, paths: &Paths) -> Result<(), FileError> {
        let files = paths.run(&self.run);
        let live = files::private_folder(&files.live)
            .and_then(|()| files::replace(&files.live_record(), self));
        files::private_folder(&files.kept)?;
        files::replace(&files.record(), self)?;
        live
    }

    /// Whether the record is written down for as long as this boot lasts.
    pub(super) fn is_live(&self, paths: &Paths) -> bool {
        let live = files::read::<Self>(&paths.run(&self.run).live_record());
        live.is_ok_and(|live| live.as_ref() == Some(self))
    }

    /// Moves to a state and writes that down.
    pub(super) fn enter(&mut self, cx: Cx<'_>, state: RunState) -> Result<(), FileError> {
        self.mark(cx, state);
        self.save(cx.paths)?;
        failpoints::entered(cx, state);
        Ok(())
    }

    fn mark(&mut self, cx: Cx<'_>, state: RunState) {
        self.state = state;
        self.trail.push(Step {
            state,
            uptime: cx.host.uptime(),
            at: cx.host.now(),
        });
    }

    fn was_in(&self, state: RunState) -> bool {
        self.trail.iter().any(|step| step.state == state)
    }

    /// Whether nothing more will happen in this run.
    pub(super) fn is_over(&self) -> bool {
        self.state.is_final() || self.refusal.is_some()
    }

    /// Whether the run is open, but the boot it belongs to is over.
    pub(super) fn is_cut_off(&self, paths: &Paths) -> bool {
        !self.is_over() && self.boot_id != paths.boot_id()
    }

    /// Limit for one `switch-to-configuration test` of a side.
    pub(super) fn limit(&self, side: Side) -> Duration {
        match side {
            Side::New => self.activate_limit,
            Side::Old => self.activate_limit.max(BACK_LIMIT),
        }
    }

    /// The system of a side.
    pub(super) fn system(&self, side: Side) -> &Toplevel {
        match side {
            Side::New => &self.new,
            Side::Old => &self.old,
        }
    }

    /// Units broken now that were not broken before the run.
    pub(super) fn newly(&self, broken: Vec<String>) -> Vec<String> {
        broken
            .into_iter()
            .filter(|unit| !self.baseline.contains(unit))
            .collect()
    }

    /// What the controller is told.
    pub(super) fn summary(&self) -> RunSummary {
        RunSummary {
            run: self.run.clone(),
            host: self.host.clone(),
            who: self.who.clone(),
            state: self.state,
            mode: self.mode,
            needs_reboot: self.needs_reboot,
            old: self.old.clone(),
            new: self.new.clone(),
            activated: self.was_in(RunState::Probing),
            reason: self.reason.clone(),
            exit: self.exit,
            failed_units: self.failed_units.clone(),
            log: self.log.clone(),
            changed: self.trail.last().map_or(0, |step| step.at),
        }
    }
}

/// All runs the host can read, newest first.
pub(super) fn all(cx: Cx<'_>) -> Vec<Record> {
    let mut records: Vec<Record> = run_ids(cx.paths)
        .iter()
        .filter_map(|run| Record::load(cx.paths, run).ok().flatten())
        .collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.number));
    records
}

/// Runs that are passed over because their records cannot be read.
pub(super) fn unreadable(cx: Cx<'_>) -> Vec<RunId> {
    let mut runs = run_ids(cx.paths);
    runs.sort_unstable();
    runs.retain(|run| {
        let read = Record::load(cx.paths, run);
        let is_lost = read.is_err();
        cx.press_on(read.map(drop));
        is_lost
    });
    runs
}

/// Names of all runs that have a folder.
pub(super) fn run_ids(paths: &Paths) -> Vec<RunId> {
    let mut found: Vec<RunId> = [paths.runs(), paths.live_runs()]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|folder| RunId::new(folder.ok()?.file_name().to_str()?).ok())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn newest_number(cx: Cx<'_>) -> u64 {
    all(cx).first().map_or(0, |record| record.number)
}
