//! Begins a run: checks the order, writes everything down, and hands the transaction to PID 1.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::failpoints;
use super::files::{self, FileError};
use super::follow;
use super::guard;
use super::hold;
use super::host::{Cx, Program, ProgramError, chain, seconds};
use super::lock;
use super::paths::RunFiles;
use super::preflight::{self, Unfit};
use super::record::{self, Ready, Record};
use super::{switching, tidy, units};
use crate::model::{
    Hold, LockHolder, Mode, Order, Problem, ProblemKind, RunId, RunState, Toplevel,
};
use crate::wire::agent::Reply;

/// How long a guard whose run has ended may hold the lock to tidy up.
const TIDY_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// Limit for asking the copy of this program its version.
const PROGRAM_LIMIT: Duration = Duration::from_secs(10);
/// Longest limit an order may set.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Why a run may not begin. Nothing was changed.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// The host cannot do it.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// There would be nothing to go back to.
    #[error("the host runs no NixOS system it could go back to: /run/current-system leads to none")]
    NoOldSystem,
    /// The host is not what the plan was made for.
    #[error("the host moved on: the plan saw {}, it runs {}", short(expected.as_ref()), running.path().short())]
    MovedOn {
        /// What the controller saw.
        expected: Option<Toplevel>,
        /// What runs.
        running: Toplevel,
    },
    /// The generation to go to is another system.
    #[error("generation {number} is not {}", wanted.path().short())]
    OtherGeneration {
        /// The generation.
        number: u64,
        /// What it should be.
        wanted: Toplevel,
    },
    /// There is nothing to keep.
    #[error("the host does not run {}, which was to be kept", .0.path().short())]
    NoTrial(Toplevel),
    /// A limit makes no sense.
    #[error("a limit of {} is not between 1 s and {}", seconds(*.0), seconds(LONGEST))]
    Limit(Duration),
    /// The run id was used before.
    #[error("run {0} was begun before, with another order")]
    Again(RunId),
    /// Another run is under way; who, if that can be read.
    #[error("another deployment is under way")]
    Busy(Option<Box<LockHolder>>),
    /// An operator keeps everybody from deploying.
    #[error("an operator holds the host: {}", .0.shown())]
    Held(Box<Hold>),
    /// An earlier run needs its rescue first.
    #[error("run {0} has not ended yet; its rescue is under way")]
    Unfinished(RunId),
    /// A file could not be used.
    #[error("the run could not be written down")]
    File(#[from] FileError),
    /// PID 1 does not do as asked.
    #[error("systemd does not answer")]
    Pid1(#[from] ProgramError),
}

fn short(system: Option<&Toplevel>) -> String {
    system.map_or_else(|| "none".to_owned(), |system| system.path().short())
}

impl Refusal {
    /// What `operator` is told.
    fn into_problem(self, order: &Order) -> Problem {
        let operator = &order.who;
        let hint = match &self {
            Self::Busy(Some(holder)) => return holder.problem(operator),
            Self::Held(hold) => return hold.problem(),
            Self::Busy(_) | Self::Unfinished(_) => Some("wait until it has ended and try again"),
            Self::MovedOn { .. } => Some("somebody else deployed meanwhile; plan again"),
            _ => None,
        };
        let mut problem = Problem::from_error(ProblemKind::Refused, &self);
        if let Self::Unfit(unfit) = &self {
            problem.hint = Some(unfit.hint(order));
        }
        match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    }
}

/// Begins a run and follows it until it waits for the proof or is over.
///
/// # Errors
/// When the controller's session is gone. The run goes on.
pub(super) fn begin(
    cx: Cx<'_>,
    order: &Order,
    tell: &mut dyn FnMut(Reply) -> io::Result<()>,
) -> io::Result<Reply> {
    match is_begun(cx, order).and_then(|begun| if begun { Ok(()) } else { set_off(cx, order) }) {
        Ok(()) => follow::follow(cx, &order.run, tell),
        Err(refusal) => Ok(Reply::Refused {
            problem: refusal.into_problem(order),
        }),
    }
}

/// Whether this very order came before: a controller that lost contact may repeat it.
fn is_begun(cx: Cx<'_>, order: &Order) -> Result<bool, Refusal> {
    match files::read::<Order>(&cx.paths.run(&order.run).order())? {
        None => Ok(false),
        Some(begun) if begun == *order => Ok(true),
        Some(_) => Err(Refusal::Again(order.run.clone())),
    }
}

pub(super) fn set_off(cx: Cx<'_>, order: &Order) -> Result<(), Refusal> {
    // A run under way may have switched the host already: that it is under way says more.
    check_alone(cx, order)?;
    let ready = check(cx, order)?;
    let record = Record::prepared(cx, order, ready);
    write_down(cx, order, &record)?;
    failpoints::entered(cx, record.state);
    // From here on the run is on the disk: a guard finds everything it needs.
    let started = tidy::hold(cx, &record)
        .map_err(Refusal::from)
        // Checked again, now that the garbage collector cannot take it any more.
        .and_then(|()| Ok(preflight::check_system(cx, &order.new)?))
        .and_then(|()| {
            let program = own_program(cx, &order.run);
            Ok(cx.host.start(&units::guard(&order.run, program))?)
        });
    if started.is_err() && cx.host.alive(&units::guard_name(&order.run)) != Some(true) {
        tidy::forget(cx, &order.run);
        return started;
    }
    Ok(())
}

/// Checks the order against the host and returns how its run begins.
fn check(cx: Cx<'_>, order: &Order) -> Result<Ready, Refusal> {
    for limit in [order.activate_limit, order.confirm_limit] {
        if limit < Duration::from_secs(1) || limit > LONGEST {
            return Err(Refusal::Limit(limit));
        }
    }
    preflight::check_system(cx, &order.new)?;
    let running = cx.paths.running().ok_or(Refusal::NoOldSystem)?;
    preflight::check_system(cx, &running).map_err(|_| Refusal::NoOldSystem)?;
    if order.expected.as_ref() != Some(&running) {
        return Err(Refusal::MovedOn {
            expected: order.expected.clone(),
            running,
        });
    }
    if let Some(hold) = hold::current(cx).filter(|_| !order.despite_hold) {
        return Err(Refusal::Held(Box::new(hold)));
    }
    if let Some(number) = order.generation
        && cx.paths.generation(number).as_ref() != Some(&order.new)
    {
        let wanted = order.new.clone();
        return Err(Refusal::OtherGeneration { number, wanted });
    }
    if order.mode == Mode::Keep && running != order.new {
        return Err(Refusal::NoTrial(order.new.clone()));
    }
    let course = preflight::check(cx, order, &running)?;
    let baseline = match order.mode {
        Mode::Keep => before_trial(cx, order),
        _ => None,
    };
    let baseline = match baseline {
        Some(baseline) => baseline,
        None => switching::broken_units(cx)?,
    };
    Ok(Ready {
        old: running,
        mode: course.mode,
        reason: course.reason,
        needs_reboot: course.needs_reboot,
        baseline,
    })
}

/// Units that were broken before the trial boot which is to be kept: it must not have broken
/// any other.
fn before_trial(cx: Cx<'_>, order: &Order) -> Option<Vec<String>> {
    let is_trial = |run: &Record| run.state == RunState::OnTrial && run.new == order.new;
    let trial = record::all(cx).into_iter().find(is_trial)?;
    Some(trial.baseline)
}

/// Refuses beside another run. One whose guard is gone is given its rescue first.
fn check_alone(cx: Cx<'_>, order: &Order) -> Result<(), Refusal> {
    let until = cx.host.uptime() + TIDY_PATIENCE;
    while lock::is_held(cx.paths) {
        let holder = lock::holder(cx);
        if !holder.as_ref().is_some_and(|holder| is_over(cx, holder)) || cx.host.uptime() >= until {
            return Err(Refusal::Busy(holder.map(Box::new)));
        }
        cx.host.pause(POLL);
    }
    match guard::unfinished(cx, &order.run) {
        Some(run) => {
            follow::rescue_if_orphaned(cx, &run);
            Err(Refusal::Unfinished(run))
        }
        None => Ok(()),
    }
}

/// Whether the holder's run has ended and its guard is only tidying up.
fn is_over(cx: Cx<'_>, holder: &LockHolder) -> bool {
    matches!(Record::load(cx.paths, &holder.run), Ok(Some(record)) if record.is_over())
}

/// Writes order and record into a folder that gets its name when both are in it.
fn write_down(cx: Cx<'_>, order: &Order, record: &Record) -> Result<(), Refusal> {
    files::private_folder(&cx.paths.runs())?;
    let folder = cx.paths.runs().join(format!(".{}", order.run));
    // Left by a crash between the two steps below; a run that began has its own name.
    let _ = std::fs::remove_dir_all(&folder);
    files::private_folder(&folder)?;
    let run = cx.paths.run(&order.run);
    let draft = RunFiles {
        kept: folder,
        live: run.live,
    };
    files::keep_reserve(&draft.kept)?;
    files::replace(&draft.order(), order)?;
    files::replace(&draft.record(), record)?;
    files::private_folder(&draft.live)?;
    files::replace(&draft.live_order(), order)?;
    files::replace(&draft.live_record(), record)?;
    files::publish_folder(&draft.kept, &run.kept)?;
    Ok(())
}

/// Puts this program where no release can take it away, for the units of the run. Where it
/// may not be run from there, they run the one on the disk.
fn own_program(cx: Cx<'_>, run: &RunId) -> Option<PathBuf> {
    let path = cx.paths.run(run).program();
    let copied = cx.host.program().and_then(|own| std::fs::copy(own, &path));
    match copied {
        Ok(_) => {
            let works = cx
                .host
                .run(&Program::new(&path, ["--version"], PROGRAM_LIMIT));
            works.ok().map(|_| path)
        }
        Err(error) => {
            cx.host.note(&chain(&error));
            None
        }
    }
}
