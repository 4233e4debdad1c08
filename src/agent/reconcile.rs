//! The verdict over a run that a reboot or a power cut ended: read from what the host runs
//! and boots, and written down.

use super::decision;
use super::finish::PROFILE_LIMIT;
use super::host::{Cx, Program, chain};
use super::record::Record;
use super::tidy;
use crate::model::RunState;

/// Gives a run that an earlier boot left open its verdict. Other runs are returned as they are.
pub(super) fn reconcile(cx: Cx<'_>, mut record: Record) -> Record {
    // Without a running system the host is still booting: too early for a verdict.
    if !record.is_cut_off(cx.paths) || cx.paths.running().is_none() {
        return record;
    }
    restore_profile(cx, &record);
    let (state, reason) = verdict(cx, &record);
    record.reason = reason.or(record.reason);
    cx.host.note(&format!(
        "run {} was cut off by a reboot and is closed",
        record.run
    ));
    cx.press_on(record.enter(cx, state));
    tidy::let_go(cx, &record.run);
    record
}

/// A power cut between profile and boot entry leaves the profile ahead of what the host runs
/// and boots: puts it back to where it was.
fn restore_profile(cx: Cx<'_>, record: &Record) {
    let profile = cx.paths.profile().map(|generation| generation.toplevel);
    let (old, new) = (Some(&record.old), Some(&record.new));
    let is_ahead = cx.paths.running().as_ref() == old && profile.as_ref() == new && old != new;
    if let (true, Some(before)) = (is_ahead, &record.old_generation) {
        let words = ["-p", "/nix/var/nix/profiles/system", "--switch-generation"];
        let number = before.number.to_string();
        let words = words.into_iter().chain([number.as_str()]);
        if let Err(error) = cx.host.run(&Program::new("nix-env", words, PROFILE_LIMIT)) {
            cx.host.note(&chain(&error));
        }
    }
}

fn verdict(cx: Cx<'_>, record: &Record) -> (RunState, Option<String>) {
    let is_kept = decision::read(&cx.paths.run(&record.run))
        .ok()
        .flatten()
        .is_some_and(|decision| decision.keep);
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
    let (state, more) = if runs(&record.new) && boots_new && (is_kept || !is_redeploy) {
        return (RunState::Committed, (!is_kept).then(|| when.to_owned()));
    } else if runs(&record.old) && boots_new && !is_redeploy {
        let more =
            ", with the profile set already: the next change of boot entries brings the new system";
        (RunState::RolledBack, more.to_owned())
    } else if runs(&record.old) {
        (RunState::RolledBack, String::new())
    } else if runs(&record.new) {
        let more = " and booted the new system, but the profile points elsewhere";
        (RunState::CommittedNotBoot, more.to_owned())
    } else {
        let found = running.map_or("no system".to_owned(), |one| one.path().short());
        let more = format!(" and now runs {found}, which is neither the old nor the new system");
        (RunState::Failed, more)
    };
    (state, Some(format!("{when}{more}")))
}
