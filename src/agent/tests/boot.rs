//! Runs that prepare the next boot, what the boot makes of them, and what is refused before.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fake::{Behaviour, Fake, GOOD, system};
use super::{SOON, begin_quietly, guarded, kill_unit, prepare};
use crate::agent::guard::guard;
use crate::agent::host::Host;
use crate::agent::record::Record;
use crate::agent::recover::recover;
use crate::agent::{facts, units};
use crate::model::{Mode, Order, Problem, RunState};
use crate::wire::agent::Reply;

/// An order from `a` to a system, in a mode.
pub(super) fn order(fake: &Fake, to: char, tag: u8, mode: Mode) -> Order {
    Order {
        mode,
        ..fake.order(to, tag)
    }
}

/// Why an order is refused; nothing of it is left.
pub(super) fn refused(fake: &Fake, order: &Order) -> Problem {
    match begin_quietly(fake, order) {
        Reply::Refused { problem } => {
            assert!(!fake.paths.run(&order.run).kept.exists());
            problem
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// Cuts the power, boots what the boot loader says, and reads the run's record as facts do.
pub(super) fn reboot(fake: &Fake, boot_id: &str) -> char {
    let system = fake.state().loader.boots();
    let letter = system.chars().last().unwrap();
    fake.boot(boot_id, letter);
    let booted = fake.paths.at("/run/booted-system");
    let _ = fs::remove_file(&booted);
    std::os::unix::fs::symlink(&system, &booted).unwrap();
    facts::facts(fake.cx(), std::path::Path::new("none"));
    letter
}

/// Runs the old system, and every boot but perhaps the next brings it.
pub(super) fn is_untouched(fake: &Fake, record: &Record) {
    assert_eq!(fake.paths.running(), Some(system('a')));
    assert_eq!(fake.paths.profile().unwrap().toplevel, system('a'));
    assert_eq!(fake.state().loader.default(), system('a').to_string());
    let timer = units::timer_name(&record.run);
    assert_eq!(fake.alive(&timer), Some(false));
}

#[test]
fn a_trial_boot_happens_once_and_is_gone_with_the_next_reboot() {
    let fake = Fake::new();
    let record = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    assert_eq!(record.state, RunState::Staged, "{:?}", record.reason);
    is_untouched(&fake, &record);
    assert!(
        !fake
            .calls()
            .iter()
            .any(|call| call.contains("start phoenix-switch"))
    );
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    assert_eq!(fake.record(&record.run).state, RunState::OnTrial);
    assert_eq!(reboot(&fake, "boot-3"), 'a');
    let record = fake.record(&record.run);
    assert_eq!(record.state, RunState::RolledBack);
    assert_eq!(fake.paths.generations().len(), 1, "unproven, it is gone");
    let reason = record.reason.unwrap();
    assert!(
        reason.starts_with("the trial boot was not kept"),
        "{reason}"
    );
}

#[test]
fn a_trial_that_does_not_come_up_is_told_as_such() {
    let fake = Fake::new();
    let record = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    // It hung, somebody cut the power, and the default came.
    fake.state().loader.boots();
    assert_eq!(reboot(&fake, "boot-2"), 'a');
    let record = fake.record(&record.run);
    assert_eq!(record.state, RunState::RolledBack);
    let reason = record.reason.unwrap();
    assert!(
        reason.contains("was not booted or did not come up"),
        "{reason}"
    );
}

#[test]
fn a_trial_that_is_proven_is_kept_without_activating_it_again() {
    let fake = Fake::new();
    guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    reboot(&fake, "boot-2");
    let keep = order(&fake, 'b', 2, Mode::Keep);
    fake.decide_after(SOON, &keep.run, true);
    let record = guarded(&fake, &keep);
    assert_eq!(record.state, RunState::Committed, "{:?}", record.reason);
    assert!(
        !fake
            .calls()
            .iter()
            .any(|call| call.contains("start phoenix-switch"))
    );
    assert_eq!(fake.paths.profile().unwrap().toplevel, system('b'));
    assert_eq!(reboot(&fake, "boot-3"), 'b');
}

#[test]
fn a_trial_that_nobody_proves_runs_on_until_the_next_reboot() {
    let fake = Fake::new();
    guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    reboot(&fake, "boot-2");
    let record = guarded(&fake, &order(&fake, 'b', 2, Mode::Keep));
    assert_eq!(record.state, RunState::RolledBack);
    assert!(
        record
            .reason
            .unwrap()
            .ends_with("the next reboot brings the old one")
    );
    assert_eq!(fake.paths.running(), Some(system('b')));
    assert_eq!(reboot(&fake, "boot-3"), 'a');
}

#[test]
fn what_the_trial_broke_counts_as_broken_by_it() {
    let fake = Fake::new();
    guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    reboot(&fake, "boot-2");
    fake.break_unit("web.service");
    let run = prepare(&fake, &order(&fake, 'b', 2, Mode::Keep));
    let record = fake.record(&run);
    let broken = fake.broken_units().unwrap();
    assert_eq!(record.newly(broken), ["web.service"]);
}

#[test]
fn there_is_nothing_to_keep_where_another_system_runs() {
    let fake = Fake::new();
    let problem = refused(&fake, &order(&fake, 'b', 1, Mode::Keep));
    assert!(
        problem
            .message
            .contains("does not run bbbbbbbb-nixos-system-b")
    );
}

#[test]
fn a_power_cut_at_any_step_of_preparing_boots_the_old_system_or_the_finished_trial() {
    let fake = Fake::new();
    guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    let steps = fake.calls().len();
    let mut tried = 0;
    for step in 1..=steps {
        let fake = Fake::new();
        let run = prepare(&fake, &order(&fake, 'b', 1, Mode::Boot));
        let before = fake.calls().len();
        if step <= before {
            continue;
        }
        fake.kill_at_call(step);
        let killed = catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run)));
        if killed.is_ok() {
            continue;
        }
        tried += 1;
        assert_eq!(
            fake.state().loader.default(),
            system('a').to_string(),
            "step {step}"
        );
        let booted = reboot(&fake, "boot-2");
        let state = fake.record(&run).state;
        match booted {
            'a' => assert_eq!(state, RunState::RolledBack, "step {step}"),
            _ => assert_eq!(state, RunState::OnTrial, "step {step}"),
        }
        assert_eq!(reboot(&fake, "boot-3"), 'a', "step {step}");
        assert_eq!(
            fake.paths.profile().unwrap().toplevel,
            system('a'),
            "step {step}"
        );
    }
    assert!(tried >= 7, "{tried} steps of {steps}");
}

#[test]
fn a_guard_killed_while_preparing_is_rescued_to_the_state_before() {
    let fake = Fake::new();
    let run = prepare(&fake, &order(&fake, 'b', 1, Mode::Boot));
    fake.kill_in(Some(RunState::Staging));
    assert!(catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run))).is_err());
    kill_unit(&fake, &run);
    recover(fake.cx(), &run).unwrap();
    let record = fake.record(&run);
    assert_eq!(record.state, RunState::RolledBack, "{:?}", record.reason);
    is_untouched(&fake, &record);
    assert_eq!(fake.paths.generations().len(), 1);
    assert_eq!(reboot(&fake, "boot-2"), 'a');
}

#[test]
fn a_boot_loader_that_does_not_listen_leaves_all_as_it_was() {
    let fake = Fake::new();
    fake.state().loader.is_deaf = true;
    let record = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    assert_eq!(record.state, RunState::RolledBack);
    assert!(
        record
            .reason
            .as_ref()
            .unwrap()
            .contains("does not say that it would start")
    );
    is_untouched(&fake, &record);
    assert_eq!(
        fake.paths.generations().len(),
        1,
        "the new generation is gone again"
    );
}

#[test]
fn a_limit_on_entries_that_drops_the_default_is_noticed() {
    let fake = Fake::new();
    fake.state().loader.limit = Some(1);
    let record = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    assert_eq!(record.state, RunState::RolledBack);
    assert!(
        record
            .reason
            .as_ref()
            .unwrap()
            .contains("its default is not")
    );
    is_untouched(&fake, &record);
}

#[test]
fn without_a_boot_loader_that_can_it_is_refused_unless_asked_for_unproven() {
    let fake = Fake::new();
    fake.state().loader.is_dumb = true;
    let problem = refused(&fake, &order(&fake, 'b', 1, Mode::Boot));
    assert_eq!(
        problem.message,
        "the host's boot loader cannot try a system once"
    );
    assert!(problem.hint.unwrap().0.contains("--boot-unproven"));
    let record = guarded(&fake, &order(&fake, 'b', 2, Mode::BootUnproven));
    assert_eq!(record.state, RunState::Staged);
    assert_eq!(fake.paths.running(), Some(system('a')));
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    assert_eq!(fake.record(&record.run).state, RunState::Committed);
    assert_eq!(reboot(&fake, "boot-3"), 'b');
}

#[test]
fn grub_tries_a_system_once_too() {
    let fake = Fake::new();
    fake.state().loader.is_grub = true;
    fake.state().loader.install(&system('a'), &fake.paths);
    let record = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    assert_eq!(record.state, RunState::Staged, "{:?}", record.reason);
    is_untouched(&fake, &record);
    let second = guarded(&fake, &order(&fake, 'c', 2, Mode::Boot));
    assert_eq!(second.state, RunState::Staged, "{:?}", second.reason);
    assert_eq!(reboot(&fake, "boot-2"), 'c');
    assert_eq!(reboot(&fake, "boot-3"), 'a');
    // A menu that does not look for it would boot the default, and say nothing.
    let menu = fake.paths.at("/boot/grub/grub.cfg");
    let text = fs::read_to_string(&menu).unwrap();
    fs::write(&menu, text.replace("next_entry", "other_entry")).unwrap();
    let problem = refused(&fake, &order(&fake, 'b', 3, Mode::Boot));
    assert!(problem.causes[0].contains("does not look at `next_entry`"));
}

#[test]
fn a_later_run_takes_the_place_of_a_trial_that_waits() {
    let fake = Fake::new();
    let first = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    let second = guarded(&fake, &order(&fake, 'c', 2, Mode::Boot));
    assert_eq!(second.state, RunState::Staged, "{:?}", second.reason);
    let first = fake.record(&first.run);
    assert_eq!(first.state, RunState::RolledBack);
    assert!(first.reason.unwrap().contains("took its place"));
    // The same system again, activated: the host says what it boots, and that is this one.
    let same = order(&fake, 'a', 3, Mode::Test);
    fake.decide_after(SOON, &same.run, true);
    assert_eq!(guarded(&fake, &same).state, RunState::Committed);
    assert_eq!(fake.record(&second.run).state, RunState::RolledBack);
    let left = fake.paths.generations();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(reboot(&fake, "boot-2"), 'a');
}

#[test]
fn a_stranded_host_reboots_into_the_old_system_and_not_into_a_trial_that_waits() {
    let fake = Fake::new();
    let staged = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    let fails = Behaviour {
        exit: Some(1),
        switches: false,
        ..GOOD
    };
    fake.behave(
        'c',
        &[Behaviour {
            exit: Some(1),
            ..GOOD
        }],
    );
    fake.behave('a', &[fails]);
    guarded(&fake, &fake.order('c', 2));
    assert!(fake.calls().contains(&"reboot".to_owned()));
    assert_eq!(fake.record(&staged.run).state, RunState::RolledBack);
    assert_eq!(reboot(&fake, "boot-2"), 'a');
}
