//! Prepares the next boot instead of activating: as a trial that leaves the default alone, or
//! as the new default. docs/design/0007-boot.md has the order of the steps and the reasons.

use std::time::Duration;

use super::finish::{self, BOOT_LIMIT, PROFILE_LIMIT};
use super::host::{Cx, Program, chain};
use super::loader;
use super::record::{self, Record};
use super::switching::Trouble;
use super::tidy;
use crate::model::{Activation, Generation, Mode, RunState};

const PROFILE: &str = "/nix/var/nix/profiles/system";

/// How long preparing a boot, and taking that back, can take.
pub(super) fn limit() -> Duration {
    (PROFILE_LIMIT * 2 + BOOT_LIMIT) * finish::TRIES * 2 + loader::TOOL_LIMIT * 6
}

/// Prepares the next boot, or leaves all as it was. The run is over when this returns.
pub(super) fn stage(cx: Cx<'_>, record: &mut Record) {
    cx.press_on(record.enter(cx, RunState::Staging));
    let staged = match record.mode {
        Mode::BootUnproven => make_default(cx, record),
        _ => make_trial(cx, record),
    };
    match staged {
        Ok(()) => {
            supersede(cx, record);
            finish::close(cx, record, RunState::Staged);
        }
        Err(trouble) => {
            record.log.clone_from(&trouble.log);
            undo(cx, record, &trouble.reason);
        }
    }
}

/// Takes back what was prepared so far. Harmless when nothing was.
pub(super) fn undo(cx: Cx<'_>, record: &mut Record, reason: &str) {
    let before = record.reason.take();
    let before = before.map(|before| format!("{before}; "));
    let mut reason = format!("{}{reason}", before.unwrap_or_default());
    if record.state == RunState::Staging
        && let Err(trouble) = take_back(cx, record)
    {
        cx.host.note(&trouble.reason);
        reason = format!("{reason}; then taking it back failed: {}", trouble.reason);
        record.log.extend(trouble.log);
        record.reason = Some(reason);
        return finish::close(cx, record, RunState::Failed);
    }
    record.reason = Some(reason);
    finish::close(cx, record, RunState::RolledBack);
}

/// The default never changes on the way: it is the default's own installer that writes the
/// entries, for all generations, and a power cut anywhere boots the default.
fn make_trial(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    let default = default(record)?;
    let told = |error: loader::LoaderError| trouble(chain(&error));
    disarm(cx)?;
    if record.generation.is_none() {
        nix_env(cx, &["--set", &record.new.to_string()])?;
        nix_env(cx, &["--switch-generation", &default.number.to_string()])?;
    }
    install_entries(cx, default)?;
    // After the installation: it may have dropped the default's own entry for a limit on entries.
    let loader = loader::find(cx, &default.toplevel).map_err(told)?;
    loader::try_once(cx, loader, &record.new).map_err(told)
}

fn make_default(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    // A trial that waits would come before it.
    disarm(cx)?;
    finish::set_profile(cx, record)?;
    finish::write_boot_entry(cx, record)
}

fn take_back(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    if record.mode == Mode::Boot || !waiting(cx).is_empty() {
        match loader::take_back(cx, loader::of_trial(cx)) {
            Ok(()) => supersede(cx, record),
            // Where it cannot be told it was not told anything before either.
            Err(error) => cx.host.note(&chain(&error)),
        }
    }
    let default = default(record)?;
    if cx.paths.profile().as_ref() != Some(default) {
        nix_env(cx, &["--switch-generation", &default.number.to_string()])?;
    }
    // The new generation would be in the way of every later installation on a full disk.
    drop_generation(cx, record)?;
    install_entries(cx, default)
}

/// Removes the generation that a trial made and nobody kept: a rollback must not take it for
/// one that was proven. Its boot entry goes with the next installation.
pub(super) fn drop_generation(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    let profile = cx.paths.profile();
    for stale in cx.paths.generations() {
        let is_new = record
            .newest_generation
            .is_some_and(|newest| stale.number > newest);
        if is_new && stale.toplevel == record.new && profile.as_ref() != Some(&stale) {
            nix_env(cx, &["--delete-generations", &stale.number.to_string()])?;
        }
    }
    Ok(())
}

fn default(record: &Record) -> Result<&Generation, Trouble> {
    let default = record.old_generation.as_ref();
    default.ok_or_else(|| trouble("the system profile had no generation".to_owned()))
}

fn install_entries(cx: Cx<'_>, default: &Generation) -> Result<(), Trouble> {
    let program = cx.paths.switch_program(&default.toplevel);
    let arguments = [Activation::Boot.as_str()];
    let program = Program::new(program, arguments, BOOT_LIMIT).unchecked();
    finish::retried(cx, &program)
}

fn nix_env(cx: Cx<'_>, words: &[&str]) -> Result<(), Trouble> {
    let arguments = ["-p", PROFILE].iter().chain(words);
    finish::retried(cx, &Program::new("nix-env", arguments, PROFILE_LIMIT))
}

fn trouble(reason: String) -> Trouble {
    Trouble {
        reason,
        failed_units: Vec::new(),
        log: Vec::new(),
    }
}

/// Runs of this boot whose trial the next boot would be.
pub(super) fn waiting(cx: Cx<'_>) -> Vec<Record> {
    let boot_id = cx.paths.boot_id();
    let mut found = record::all(cx);
    found.retain(|run| {
        run.state == RunState::Staged && run.mode == Mode::Boot && run.boot_id == boot_id
    });
    found
}

/// Of all runs the one whose trial the next boot is, or brought what runs and is not kept.
pub(super) fn trial<'a>(cx: Cx<'_>, runs: &'a [Record]) -> Option<&'a Record> {
    let (running, boot_id) = (cx.paths.running(), cx.paths.boot_id());
    let profile = cx.paths.profile().map(|generation| generation.toplevel);
    let is_open = |run: &&Record| match run.state {
        RunState::Staged => run.mode == Mode::Boot,
        RunState::OnTrial => running.as_ref() == Some(&run.new) && profile != running,
        _ => false,
    };
    let mut runs = runs.iter().filter(|run| run.boot_id == boot_id);
    runs.find(is_open)
}

/// Ends the trials that wait, because another run decides what the host boots.
pub(super) fn cancel(cx: Cx<'_>, record: &Record) -> Result<(), Trouble> {
    disarm(cx)?;
    supersede(cx, record);
    Ok(())
}

/// Has the boot loader forget a trial that waits. Its generation stays until the new one has
/// its number.
fn disarm(cx: Cx<'_>) -> Result<(), Trouble> {
    if waiting(cx).is_empty() {
        return Ok(());
    }
    loader::take_back(cx, loader::of_trial(cx)).map_err(|error| trouble(chain(&error)))
}

/// The trial that brought a system which is kept now has come to its end.
pub(super) fn keep(cx: Cx<'_>, record: &Record) {
    let is_kept = |run: &Record| run.state == RunState::OnTrial && run.new == record.new;
    for mut trial in record::all(cx).into_iter().filter(is_kept) {
        trial.reason = Some(format!("run {} kept it", record.run));
        cx.press_on(trial.enter(cx, RunState::Committed));
    }
}

fn supersede(cx: Cx<'_>, record: &Record) {
    for mut other in waiting(cx).into_iter().filter(|one| one.run != record.run) {
        other.reason = Some(format!("run {} took its place before the boot", record.run));
        cx.press_on(other.enter(cx, RunState::RolledBack));
        tidy::let_go(cx, &other.run);
        if other.new != record.new
            && let Err(trouble) = drop_generation(cx, &other)
        {
            cx.host.note(&trouble.reason);
        }
    }
}
