//! Remembers which systems phoenix brought to this machine, or was told to take as its own.
//!
//! Kept in a file of its own, because runs are pruned and the question whether a system is
//! known is not: `/var/lib/phoenix/known.json`. What it lacks of the newest runs, because it
//! could not be written or is from a phoenix before there was one, is read from their records.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::{self, FileError};
use super::host::{Cx, chain};
use super::lock;
use super::record::{self, Record};
use crate::model::{HostName, Origin, Problem, ProblemKind, RunId, Toplevel};

/// Version of the form.
const VERSION: u32 = 1;
/// Systems that are remembered, newest first. A host has fewer generations in its boot menu.
const KEPT: usize = 100;

/// The systems that are known on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    version: u32,
    /// The newest run that is taken in, and its number.
    run: Option<RunId>,
    number: u64,
    /// Newest first; no system is in it twice.
    systems: Vec<System>,
}

/// A system and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct System {
    toplevel: Toplevel,
    origin: Origin,
    /// Operator, as `user@workstation`.
    who: String,
    /// Seconds since 1970 by the host's clock, to be read by people.
    at: u64,
}

/// Why a system is not adopted. Nothing was changed.
#[derive(Debug, Error)]
pub(super) enum AdoptError {
    /// It runs no system, or another one by now.
    #[error("the host no longer runs {}", .0.path().short())]
    MovedOn(Toplevel),
    /// What runs may be gone in a moment.
    #[error("a deployment is under way: {0} holds the host's deploy lock")]
    Busy(String),
    /// It could not be written down.
    #[error("the adoption could not be written down")]
    File(#[from] FileError),
}

impl AdoptError {
    fn into_problem(self) -> Problem {
        let problem = Problem::from_error(ProblemKind::Refused, &self);
        match self {
            Self::MovedOn(_) => problem.with_hint("somebody switched it meanwhile; adopt it again"),
            Self::Busy(_) => problem.with_hint("wait until it has ended and try again"),
            Self::File(_) => problem,
        }
    }
}

impl Known {
    /// Where a system comes from.
    pub(super) fn origin(&self, system: &Toplevel) -> Origin {
        let found = self.systems.iter().find(|known| known.toplevel == *system);
        found.map_or(Origin::Unknown, |known| known.origin.clone())
    }

    /// The host that the newest system was deployed or adopted as.
    pub(super) fn host(&self) -> Option<&HostName> {
        self.systems.first()?.origin.host()
    }

    fn add(&mut self, system: System) {
        self.systems
            .retain(|known| known.toplevel != system.toplevel);
        self.systems.insert(0, system);
        self.systems.truncate(KEPT);
    }

    /// Takes in a run that was committed after those that are taken in.
    fn take_in(&mut self, record: &Record) {
        (self.run, self.number) = (Some(record.run.clone()), record.number);
        self.add(System {
            toplevel: record.new.clone(),
            origin: Origin::Deployed {
                host: record.host.clone(),
            },
            who: record.who.clone(),
            at: record.summary().changed,
        });
    }

    /// Whether the runs that were taken in are gone, and others have begun to count anew.
    fn is_ahead_of(&self, newest: &Record) -> bool {
        newest.number < self.number
            || (newest.number == self.number && self.run.as_ref() != Some(&newest.run))
    }
}

/// What is known: the file, and what the records of newer runs say.
pub(super) fn known(cx: Cx<'_>) -> Known {
    let mut known = written(cx);
    let mut committed = record::all(cx);
    committed.retain(|run| run.state.is_kept());
    if committed
        .first()
        .is_some_and(|newest| known.is_ahead_of(newest))
    {
        known.number = 0;
    }
    for record in committed.iter().rev() {
        if record.number > known.number {
            known.take_in(record);
        }
    }
    known
}

/// Writes down what is known, so that it outlives the records of the runs.
pub(super) fn remember(cx: Cx<'_>) {
    let known = known(cx);
    if known != written(cx) {
        cx.press_on(write(cx, known));
    }
}

/// Takes the running system as one that the fleet's host `host` is meant to run.
///
/// # Errors
/// A [`Problem`] when the host runs another system than was shown, while a run is under way,
/// and when it cannot be written down.
pub(super) fn adopt(
    cx: Cx<'_>,
    host: HostName,
    who: String,
    system: &Toplevel,
) -> Result<(), Problem> {
    check(cx, system)
        .and_then(|()| {
            let mut known = known(cx);
            let deployed = Origin::Deployed { host: host.clone() };
            // What phoenix brought for this very host was not adopted, but is the newest now.
            let origin = if known.origin(system) == deployed {
                deployed
            } else {
                Origin::Adopted { host }
            };
            known.add(System {
                toplevel: system.clone(),
                origin,
                who,
                at: cx.host.now(),
            });
            Ok(write(cx, known)?)
        })
        .map_err(AdoptError::into_problem)
}

fn check(cx: Cx<'_>, system: &Toplevel) -> Result<(), AdoptError> {
    if cx.paths.running().as_ref() != Some(system) {
        return Err(AdoptError::MovedOn(system.clone()));
    }
    if lock::is_held(cx.paths) {
        let holder = lock::holder(cx);
        return Err(AdoptError::Busy(lock::shown(holder.as_ref())));
    }
    Ok(())
}

fn written(cx: Cx<'_>) -> Known {
    match files::read::<Known>(&cx.paths.known()) {
        Ok(known) => known.unwrap_or_default(),
        Err(error) => {
            cx.host.note(&chain(&error));
            Known::default()
        }
    }
}

fn write(cx: Cx<'_>, known: Known) -> Result<(), FileError> {
    files::private_folder(&cx.paths.state())?;
    let known = Known {
        version: VERSION,
        ..known
    };
    files::replace(&cx.paths.known(), &known)
}
