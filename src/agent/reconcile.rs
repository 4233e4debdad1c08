//! The verdict over a run that a reboot or a power cut ended: read from what the host runs
//! and boots, and written down.

use super::decision;
use super::finish::PROFILE_LIMIT;
use super::host::{Cx, Program, chain};
use super::record::{self, Record};
use super::{known, lock};
use super::{staging, tidy};
use crate::model::{Mode, RunState, Toplevel};

/// Gives a run that an earlier boot left open its verdict. Other runs are returned as they are.
pub(super) fn reconcile(cx: Cx<'_>, mut record: Record) -> Record {
    // Without a running system the host is still booting: too early for a verdict.
    if cx.paths.running().is_none() {
        return record;
    }
    let is_open_trial = matches!(record.state, RunState::Staged | RunState::OnTrial);
    if is_open_trial && record.boot_id != cx.paths.boot_id() {
        return trial(cx, record);
    }
    if !record.is_cut_off(cx.paths) {
        return record;
    }
    restore_profile(cx, &record);
    if record.mode.is_boot() {
        return trial(cx, record);
    }
    let (state, reason) = verdict(cx, &record);
    record.reason = match record.reason.take() {
        // It was going back and got there by the boot.
        Some(own) if state == RunState::RolledBack => Some(with_boot(own)),
        own => reason.or(own),
    };
    cx.host.note(&format!(
        "run {} was cut off by a reboot and is closed",
        record.run
    ));
    cx.press_on(record.enter(cx, state));
    known::remember(cx);
    tidy::let_go(cx, &record.run);
    record
}

/// What a boot made of a run that prepared it.
fn trial(cx: Cx<'_>, mut record: Record) -> Record {
    let (old, new) = (record.state, &record.new);
    let running = cx.paths.running();
    let boots = cx.paths.profile().map(|generation| generation.toplevel);
    let is_kept = boots.as_ref() == Some(new);
    let (state, reason) = if running.as_ref() == Some(new) && is_kept {
        (RunState::Committed, None)
    } else if running.as_ref() == Some(new) {
        let what = "a trial boot brought it; unless it is kept, the next reboot brings the old one";
        (RunState::OnTrial, Some(what.to_owned()))
    } else if is_kept && record.mode == Mode::BootUnproven {
        let found = running.map_or("no system".to_owned(), |one| one.path().short());
        let what = format!("the host booted {found} instead, and every boot still brings it");
        (RunState::Staged, Some(what))
    } else if is_kept {
        // Another system runs by somebody's choice; this one is still the default.
        (RunState::CommittedNotBoot, None)
    } else {
        let found = running.map_or("no system".to_owned(), |one| one.path().short());
        let why = match old {
            RunState::OnTrial => "the trial boot was not kept, and",
            RunState::Staged => "the new system was not booted or did not come up:",
            _ => "the host was rebooted before its next boot was prepared, and",
        };
        let reason = format!("{why} the host booted {found}");
        (RunState::RolledBack, Some(reason))
    };
    // Whoever works on the host now may need it.
    if state == RunState::RolledBack
        && !lock::is_held(cx.paths)
        && let Err(trouble) = staging::drop_generation(cx, &record)
    {
        cx.host.note(&trouble.reason);
    }
    record.reason = reason;
    record.boot_id = cx.paths.boot_id();
    cx.press_on(record.enter(cx, state));
    tidy::let_go(cx, &record.run);
    known::remember(cx);
    record
}

/// A power cut between profile and boot entry leaves the profile ahead of what the host runs
/// and boots: puts it back to where it was.
fn restore_profile(cx: Cx<'_>, record: &Record) {
    let profile = cx.paths.profile().map(|generation| generation.toplevel);
    let (old, new) = (Some(&record.old), Some(&record.new));
    let is_back =
        |system: Option<&Toplevel>| cx.paths.running().as_ref() == system && system != new;
    let before = record
        .old_generation
        .as_ref()
        .map(|before| &before.toplevel);
    let is_ahead = profile.as_ref() == new && (is_back(old) || is_back(before));
    if let (true, Some(before)) = (is_ahead, &record.old_generation) {
        let words = ["-p", "/nix/var/nix/profiles/system", "--switch-generation"];
        let number = before.number.to_string();
        let words = words.into_iter().chain([number.as_str()]);
        if let Err(error) = cx.host.run(&Program::new("nix-env", words, PROFILE_LIMIT)) {
            cx.host.note(&chain(&error));
        }
    }
}

/// Why a run went back that the boot ended on its way.
fn with_boot(mut reason: String) -> String {
    if !reason.contains("rebooted") {
        reason.push_str("; the host was rebooted while it went back");
    }
    reason
}

fn verdict(cx: Cx<'_>, record: &Record) -> (RunState, Option<String>) {
    let is_kept = record.state == RunState::Committing
        || decision::read_kept(&cx.paths.run(&record.run)).is_some_and(|decision| decision.keep);
    let when = if is_kept {
        "the host was rebooted before the commit had ended"
    } else {
        "the host was rebooted before the run was decided"
    };
    let running = cx.paths.running();
    let runs = |system| running.as_ref() == Some(system);
    let boots_new = cx
        .paths
        .profile()
        .is_some_and(|generation| generation.toplevel == record.new);
    let is_redeploy = record.old == record.new;
    let is_back = record.state == RunState::RollingBack
        || decision::read_kept(&cx.paths.run(&record.run)).is_some_and(|decision| !decision.keep);
    if is_back && !is_redeploy && runs(&record.new) && boots_new {
        let what = "the host was rebooted while it went back, and booted the new system, which is the default";
        return (RunState::Failed, Some(what.to_owned()));
    }
    let (state, more) = if runs(&record.new) && boots_new && (is_kept || !is_redeploy) {
        return (RunState::Committed, (!is_kept).then(|| when.to_owned()));
    } else if runs(&record.old) && boots_new && !is_redeploy {
        let more =
            ", with the profile set already: the next change of boot entries brings the new system";
        (RunState::RolledBack, more.to_owned())
    } else if runs(&record.old) {
        (RunState::RolledBack, String::new())
    } else if runs_before(cx, record) {
        // What ran before was itself on trial.
        let more = ", and the trial boot was not kept";
        (RunState::RolledBack, more.to_owned())
    } else if runs(&record.new) {
        let more = " and booted the new system, but the profile points elsewhere";
        (RunState::CommittedNotBoot, more.to_owned())
    } else if let Some(trial) = trial_of(cx, running.as_ref()) {
        let system = trial.new.path().short();
        let more = format!(" and booted {system}, the trial of run {}", trial.run);
        (RunState::RolledBack, more)
    } else {
        let found = running.map_or("no system".to_owned(), |one| one.path().short());
        let more = format!(" and now runs {found}, which is neither the old nor the new system");
        (RunState::Failed, more)
    };
    (state, Some(format!("{when}{more}")))
}

/// The trial of an earlier run that a boot brought, which came in between.
fn trial_of(cx: Cx<'_>, running: Option<&Toplevel>) -> Option<Record> {
    record::all(cx).into_iter().find(|run| {
        let is_trial = matches!(run.state, RunState::Staged | RunState::OnTrial);
        is_trial && run.mode == Mode::Boot && running == Some(&run.new)
    })
}

/// Whether the host runs what its profile said before the run.
fn runs_before(cx: Cx<'_>, record: &Record) -> bool {
    let before = record.old_generation.as_ref();
    before.map(|before| &before.toplevel) == cx.paths.running().as_ref()
}
