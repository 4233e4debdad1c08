//! Begins a run: checks the order, writes everything down, and hands the transaction to PID 1.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use super::facts;
use super::files::{self, FileError};
use super::follow;
use super::guard;
use super::host::{Cx, ProgramError, seconds};
use super::lock;
use super::record::Record;
use super::{switching, tidy, units};
use crate::model::{LockHolder, Order, Problem, ProblemKind, RunId, Toplevel};
use crate::wire::agent::Reply;

/// Free space a run must find where its record is, in bytes.
const SPACE: u64 = 8 << 20;
/// How long a guard whose run has ended may hold the lock to tidy up.
const TIDY_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// Longest limit an order may set.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Why a run may not begin. Nothing was changed.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// The order's system is not there or is none.
    #[error("{} is not a system this host could activate: it has no executable bin/switch-to-configuration", .0.path())]
    NoSystem(Toplevel),
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
    /// A limit makes no sense.
    #[error("a limit of {} is not between 1 s and {}", seconds(*.0), seconds(LONGEST))]
    Limit(Duration),
    /// The run id was used before.
    #[error("run {0} was begun before, with another order")]
    Again(RunId),
    /// Another run is under way.
    #[error("another deployment is under way: {0} holds the host's deploy lock")]
    Busy(String),
    /// An earlier run needs its rescue first.
    #[error("run {0} has not ended yet; its rescue is under way")]
    Unfinished(RunId),
    /// The record could not be kept.
    #[error("{free} bytes are free for /var/lib/phoenix, a run needs {SPACE}")]
    Space {
        /// Free bytes.
        free: u64,
    },
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
    fn into_problem(self) -> Problem {
        let hint = match &self {
            Self::Busy(_) | Self::Unfinished(_) => Some("wait until it has ended and try again"),
            Self::MovedOn { .. } => Some("somebody else deployed meanwhile; plan again"),
            Self::Space { .. } => Some("free space on the file system of /var"),
            _ => None,
        };
        let problem = Problem::from_error(ProblemKind::Refused, &self);
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
            problem: refusal.into_problem(),
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
    let old = check(cx, order)?;
    check_alone(cx, order)?;
    let record = Record::prepared(cx, order, old, switching::broken_units(cx)?);
    write_down(cx, order, &record)?;
    // From here on the run is on the disk: a guard finds everything it needs.
    let started = tidy::hold(cx, &record)
        .map_err(Refusal::from)
        // Checked again, now that the garbage collector cannot take it any more.
        .and_then(|()| check_system(cx, &order.new))
        .and_then(|()| Ok(cx.host.start(&units::guard(&order.run))?));
    if started.is_err() && cx.host.alive(&units::guard_name(&order.run)) != Some(true) {
        tidy::forget(cx, &order.run);
        return started;
    }
    Ok(())
}

/// Checks the order against the host and returns what runs there.
fn check(cx: Cx<'_>, order: &Order) -> Result<Toplevel, Refusal> {
    for limit in [order.activate_limit, order.confirm_limit] {
        if limit < Duration::from_secs(1) || limit > LONGEST {
            return Err(Refusal::Limit(limit));
        }
    }
    check_system(cx, &order.new)?;
    let running = cx.paths.running().ok_or(Refusal::NoOldSystem)?;
    check_system(cx, &running).map_err(|_| Refusal::NoOldSystem)?;
    if order.expected.as_ref() != Some(&running) {
        return Err(Refusal::MovedOn {
            expected: order.expected.clone(),
            running,
        });
    }
    match order.generation {
        Some(number) if cx.paths.generation(number).as_ref() != Some(&order.new) => {
            Err(Refusal::OtherGeneration {
                number,
                wanted: order.new.clone(),
            })
        }
        _ => Ok(running),
    }
}

fn check_system(cx: Cx<'_>, system: &Toplevel) -> Result<(), Refusal> {
    if is_executable(&cx.paths.switch_program(system)) {
        Ok(())
    } else {
        Err(Refusal::NoSystem(system.clone()))
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Refuses beside another run. One whose guard is gone is given its rescue first.
fn check_alone(cx: Cx<'_>, order: &Order) -> Result<(), Refusal> {
    let until = cx.host.uptime() + TIDY_PATIENCE;
    while lock::is_held(cx.paths) {
        let holder = lock::holder(cx.paths);
        if !holder.as_ref().is_some_and(|holder| is_over(cx, holder)) || cx.host.uptime() >= until {
            return Err(Refusal::Busy(lock::shown(cx, holder.as_ref())));
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
    if let Some(space) = facts::space(cx, "/var/lib/phoenix").filter(|space| space.free < SPACE) {
        return Err(Refusal::Space { free: space.free });
    }
    let folder = cx.paths.runs().join(format!(".{}", order.run));
    // Left by a crash between the two steps below; a run that began has its own name.
    let _ = std::fs::remove_dir_all(&folder);
    files::private_folder(&folder)?;
    let files = super::paths::RunFiles(folder);
    files::keep_reserve(&files.0)?;
    files::replace(&files.order(), order)?;
    files::replace(&files.record(), record)?;
    files::publish_folder(&files.0, &cx.paths.run(&order.run).0)?;
    Ok(())
}
