//! Carries out a decision: commits to the new system or goes back to the recorded old one.
//! Used by the guard, and by the rescue when the guard is gone; doing it twice is harmless.

use std::time::Duration;

use super::decision::Decision;
use super::failpoints;
use super::host::{Cx, Program, chain};
use super::known;
use super::paths::Side;
use super::record::Record;
use super::switching::{self, Trouble};
use super::{contact, staging, tidy, units};
use crate::model::{Activation, Mode, OnStranded, RunState};

/// Limit for pointing the system profile to the new system.
pub(super) const PROFILE_LIMIT: Duration = Duration::from_secs(30);
/// Limit for `switch-to-configuration boot`: boot loaders copy kernels to slow disks.
pub(super) const BOOT_LIMIT: Duration = Duration::from_secs(120);
/// How often each step of going on or back is tried.
pub(super) const TRIES: u32 = 2;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Carries out what was decided. The run is over when this returns.
pub(super) fn carry_out(cx: Cx<'_>, record: &mut Record, decision: &Decision) {
    if record.mode.is_boot() {
        staging::undo(cx, record, &decision.reason);
    } else if decision.keep {
        commit(cx, record);
    } else {
        go_back(cx, record, &decision.reason);
    }
}

fn commit(cx: Cx<'_>, record: &mut Record) {
    if cx.paths.running().as_ref() != Some(&record.new) {
        record.reason = Some(format!(
            "the host no longer runs {}, somebody else switched it; nothing was committed",
            record.new.path().short()
        ));
        return close(cx, record, RunState::Failed);
    }
    cx.press_on(record.enter(cx, RunState::Committing));
    // First: a power cut from here on shall boot the old system or the new one, and no other.
    let cancelled = staging::cancel(cx, record);
    let written = set_profile(cx, record).and_then(|()| {
        failpoints::reach(cx, "profile-set");
        write_boot_entry(cx, record)
    });
    let trial_stays = written.is_ok();
    match written.and(cancelled) {
        Ok(()) => {
            staging::keep(cx, record);
            close(cx, record, RunState::Committed);
        }
        Err(trouble) => {
            let boots = match trial_stays {
                true => "a trial that waited",
                false => "the old one",
            };
            record.reason = Some(format!(
                "the host runs the new system, but the next boot may bring {boots}: {}",
                trouble.reason
            ));
            record.log = trouble.log;
            close(cx, record, RunState::CommittedNotBoot);
        }
    }
}

pub(super) fn set_profile(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    let is_there = cx
        .paths
        .profile()
        .is_some_and(|one| one.toplevel == record.new);
    if record.generation.is_none() && is_there {
        return Ok(());
    }
    let profile = "/nix/var/nix/profiles/system".to_owned();
    let what = match record.generation {
        Some(number) => ["--switch-generation".to_owned(), number.to_string()],
        None => ["--set".to_owned(), record.new.to_string()],
    };
    let arguments = ["-p".to_owned(), profile].into_iter().chain(what);
    retried(cx, &Program::new("nix-env", arguments, PROFILE_LIMIT))?;
    match cx.paths.profile() {
        Some(generation) if generation.toplevel == record.new => Ok(()),
        _ => Err(Trouble {
            reason: "`nix-env` succeeded, but the system profile points elsewhere".to_owned(),
            failed_units: Vec::new(),
            log: Vec::new(),
        }),
    }
}

pub(super) fn write_boot_entry(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    let program = cx.paths.switch_program(&record.new);
    retried(
        cx,
        &Program::new(program, [Activation::Boot.as_str()], BOOT_LIMIT),
    )
}

pub(super) fn retried(cx: Cx<'_>, program: &Program) -> Result<(), Trouble> {
    let mut last = None;
    for _ in 0..TRIES {
        if let Some(error) = &last {
            cx.host.note(&chain(error));
            cx.host.pause(RETRY_PAUSE);
        }
        match cx.host.run(program) {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    let error = last.expect("the loop above runs at least once");
    Err(Trouble {
        reason: format!("{}, tried {TRIES} times", chain(&error)),
        failed_units: Vec::new(),
        log: error.log().to_vec(),
    })
}

fn go_back(cx: Cx<'_>, record: &mut Record, reason: &str) {
    let reason = record.reason.get_or_insert_with(|| reason.to_owned());
    if matches!(record.state, RunState::Prepared | RunState::Armed) {
        reason.push_str("; nothing had been changed");
        return close(cx, record, RunState::RolledBack);
    }
    if record.mode == Mode::Keep {
        reason.push_str("; the host still runs it, and the next reboot brings the old one");
        return close(cx, record, RunState::RolledBack);
    }
    switching::stop(cx, &units::switch_name(&record.run, Side::New));
    explain(cx, record);
    cx.press_on(record.enter(cx, RunState::RollingBack));
    let mut trouble = None;
    for _ in 0..TRIES {
        match reactivate(cx, record) {
            Ok(()) => {
                warn_of_default(cx, record);
                return close(cx, record, RunState::RolledBack);
            }
            Err(found) => {
                cx.host.note(&format!("going back: {}", found.reason));
                trouble = Some(found);
            }
        }
    }
    let trouble = trouble.expect("the loop above runs at least once");
    let reason = record.reason.take().unwrap_or_default();
    record.failed_units.clone_from(&trouble.failed_units);
    record.log.extend(trouble.log.iter().cloned());
    if is_back(cx, record, &trouble) {
        let units = trouble.failed_units.join(", ");
        record.reason = Some(format!(
            "{reason}; it went back, but {units} failed on the old system too"
        ));
        return close(cx, record, RunState::RolledBack);
    }
    record.reason = Some(format!(
        "{reason}; then going back failed {TRIES} times: {}",
        trouble.reason
    ));
    stranded(cx, record);
}

/// The new system may have been the default before the run: going back does not change that.
fn warn_of_default(cx: Cx<'_>, record: &mut Record) {
    let default = cx.paths.profile().map(|generation| generation.toplevel);
    if default.as_ref() == Some(&record.new)
        && record.new != record.old
        && let Some(reason) = &mut record.reason
    {
        reason.push_str("; it was the default before the run, and the next boot brings it");
    }
}

/// One try to go back: the old system's own `test`, and the way the controller came.
fn reactivate(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    switching::activate(cx, record, Side::Old)?;
    contact::lost(cx, record).map_or(Ok(()), |reason| {
        Err(Trouble {
            reason,
            failed_units: Vec::new(),
            log: Vec::new(),
        })
    })
}

/// Whether the host runs the old system and can be reached, and only has failed units to show
/// for it: a reboot would cost more than it brings.
fn is_back(cx: Cx<'_>, record: &Record, trouble: &Trouble) -> bool {
    let runs_old = cx.paths.running().as_ref() == Some(&record.old);
    runs_old && !trouble.failed_units.is_empty() && contact::lost(cx, record).is_none()
}

/// Neither system is as it should be. The boot entry is untouched: a reboot brings the old one.
fn stranded(cx: Cx<'_>, record: &mut Record) {
    if record.on_stranded == OnStranded::Reboot {
        if let Some(reason) = &mut record.reason {
            reason.push_str("; it was rebooted into the old system");
        }
        // The reboot shall bring the old system, and not the trial of another run.
        if let Err(trouble) = staging::cancel(cx, record) {
            cx.host.note(&trouble.reason);
        }
        // The next boot reads this and closes the run.
        cx.press_on(record.save(cx.paths));
        cx.host.reboot();
        if let Some(reason) = &mut record.reason {
            reason.push_str(", which did not happen");
        }
    }
    close(cx, record, RunState::Failed);
}

/// Writes down, before the evidence is gone, what the new system broke.
fn explain(cx: Cx<'_>, record: &mut Record) {
    if record.failed_units.is_empty() {
        record.failed_units = switching::newly_failed(cx, record).unwrap_or_default();
    }
    if record.log.is_empty() {
        record.log = cx.host.journal(&record.failed_units, record.began());
    }
}

/// Writes down the end, and only then disarms the timer and lets the garbage collector go.
pub(super) fn close(cx: Cx<'_>, record: &mut Record, state: RunState) {
    let saved = record.enter(cx, state);
    // With its end unwritten, the run stays armed: the rescue will find and finish it.
    let is_saved = saved.is_ok() || record.is_live(cx.paths);
    cx.press_on(saved);
    if is_saved {
        known::remember(cx);
        cx.press_on(cx.host.stop(&units::timer_name(&record.run)));
        // What the next boot shall bring must not be collected before.
        match state {
            RunState::Staged => tidy::give_back(cx, &record.run),
            _ => tidy::let_go(cx, &record.run),
        }
        tidy::prune(cx);
    }
}
