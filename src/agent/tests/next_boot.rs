//! What the host tells of its next boot when other runs come in between.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::boot::{order, reboot};
use super::fake::{Behaviour, Fake, GOOD, system};
use super::{SOON, guarded, prepare};
use crate::agent::facts;
use crate::agent::guard::guard;
use crate::agent::paths::Side;
use crate::model::{Facts, Mode, Order, RunState};

/// What a host tells of itself.
fn told(fake: &Fake) -> Facts {
    facts::facts(fake.cx(), std::path::Path::new("none"))
}

/// A run that does not get through.
fn bad_run(fake: &Fake, tag: u8) {
    fake.behave(
        'c',
        &[Behaviour {
            exit: Some(1),
            ..GOOD
        }],
    );
    let record = guarded(fake, &fake.order('c', tag));
    assert_eq!(record.state, RunState::RolledBack, "{:?}", record.reason);
}

#[test]
fn what_the_next_boot_brings_is_told_whatever_ran_in_between() {
    let fake = Fake::new();
    let staged = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    bad_run(&fake, 2);
    assert_eq!(told(&fake).next_boot(), Some(&system('b')));
    assert!(told(&fake).boots_another(&system('a')));
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    bad_run(&fake, 3);
    assert!(told(&fake).is_on_trial());
    assert_eq!(told(&fake).trial.unwrap().run, staged.run);
    assert_eq!(reboot(&fake, "boot-3"), 'a');
    assert_eq!(told(&fake).trial, None);
}

#[test]
fn a_default_nobody_proved_stays_the_default_when_another_system_is_booted_by_hand() {
    let fake = Fake::new();
    let run = guarded(&fake, &order(&fake, 'b', 1, Mode::BootUnproven)).run;
    fake.boot("boot-2", 'a');
    let facts = told(&fake);
    let record = fake.record(&run);
    assert_eq!(record.state, RunState::Staged);
    let reason = record.reason.unwrap();
    assert!(
        reason.ends_with("and every boot still brings it"),
        "{reason}"
    );
    assert_eq!(facts.profile.unwrap().toplevel, system('b'));
    assert_eq!((facts.not_booting, facts.trial), (None, None));
}

#[test]
fn a_boot_entry_that_could_not_be_written_is_told_until_one_is() {
    let fake = Fake::new();
    fake.break_boot();
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    assert_eq!(guarded(&fake, &order).state, RunState::CommittedNotBoot);
    bad_run(&fake, 2);
    assert_eq!(told(&fake).not_booting, Some(system('b')));
    assert!(told(&fake).boots_another(&system('b')));
    fake.mend_boot();
    let again = fake.order('b', 3);
    fake.decide_after(SOON, &again.run, true);
    assert_eq!(guarded(&fake, &again).state, RunState::Committed);
    assert!(!told(&fake).boots_another(&system('b')));
}

#[test]
fn a_power_cut_in_a_run_boots_the_trial_that_waits_and_says_so() {
    let fake = Fake::new();
    let staged = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
    let run = prepare(&fake, &fake.order('c', 2));
    fake.kill_in(Some(RunState::Probing));
    let killed = AssertUnwindSafe(|| guard(fake.cx(), &run));
    assert!(catch_unwind(killed).is_err());
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    let record = fake.record(&run);
    assert_eq!(record.state, RunState::RolledBack);
    let wanted = format!(
        "the host was rebooted before the run was decided and booted bbbbbbbb-nixos-system-b, the trial of run {}",
        staged.run
    );
    assert_eq!(record.reason, Some(wanted));
    assert!(told(&fake).is_on_trial());
}

#[test]
fn a_power_cut_at_any_step_beside_a_trial_that_waits_boots_what_the_profile_says_or_the_trial() {
    let mut booted = Vec::new();
    for step in 1.. {
        let fake = Fake::new();
        guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
        let run = prepare(&fake, &fake.order('c', 2));
        let before = fake.calls().len();
        fake.decide_after(SOON, &run, true);
        fake.kill_at_call(before + step);
        if catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run))).is_ok() {
            break;
        }
        let system = reboot(&fake, "boot-2");
        let profile = fake.paths.profile().unwrap().toplevel;
        let (default, tried) = (fake.state().loader.default().to_owned(), system == 'b');
        assert_eq!(profile.to_string(), default, "step {step}");
        assert!(tried || default.ends_with(system), "step {step}");
        booted.push(system);
    }
    booted.dedup();
    assert_eq!(booted, ['b', 'a', 'c'], "the trial until the decision");
}

#[test]
fn a_power_cut_at_any_step_after_a_trial_boots_the_default_that_was_or_the_new_one() {
    let mut ends = Vec::new();
    for step in 1.. {
        let fake = Fake::new();
        guarded(&fake, &order(&fake, 'b', 1, Mode::Boot));
        assert_eq!(reboot(&fake, "boot-2"), 'b');
        let next = Order {
            expected: Some(system('b')),
            ..fake.order('c', 2)
        };
        let run = prepare(&fake, &next);
        let before = fake.calls().len();
        fake.decide_after(SOON, &run, true);
        fake.kill_at_call(before + step);
        if catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run))).is_ok() {
            break;
        }
        let booted = reboot(&fake, "boot-3");
        let profile = fake.paths.profile().unwrap().toplevel;
        assert_eq!(profile, system(booted), "step {step}");
        ends.push((booted, fake.record(&run).state));
    }
    ends.dedup();
    let (old, new) = (RunState::RolledBack, RunState::Committed);
    assert_eq!(ends, [('a', old), ('c', new)]);
}

#[test]
fn a_trial_that_was_kept_stays_a_generation_to_go_back_to() {
    let fake = Fake::new();
    let trial = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot)).run;
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    for (system_now, to, mode, tag) in [('b', 'b', Mode::Keep, 2), ('b', 'c', Mode::Test, 3)] {
        let next = Order {
            expected: Some(system(system_now)),
            mode,
            ..fake.order(to, tag)
        };
        fake.decide_after(SOON, &next.run, true);
        let record = guarded(&fake, &next);
        assert_eq!(record.state, RunState::Committed, "{:?}", record.reason);
    }
    assert_eq!(reboot(&fake, "boot-3"), 'c');
    assert_eq!(fake.record(&trial).state, RunState::Committed);
    let left = fake.paths.generations();
    assert!(
        left.iter().any(|one| one.toplevel == system('b')),
        "{left:?}"
    );
}

#[test]
fn a_default_that_nobody_proved_takes_the_place_of_a_trial_that_waits() {
    let fake = Fake::new();
    let trial = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot)).run;
    let root = |run| fake.paths.gc_root(run, Side::New);
    assert!(
        root(&trial).symlink_metadata().is_ok(),
        "it is to be booted"
    );
    let next = guarded(&fake, &order(&fake, 'c', 2, Mode::BootUnproven));
    assert_eq!(next.state, RunState::Staged, "{:?}", next.reason);
    assert_eq!(fake.record(&trial).state, RunState::RolledBack);
    assert!(root(&trial).symlink_metadata().is_err());
    assert_eq!(reboot(&fake, "boot-2"), 'c');
}

#[test]
fn a_trial_that_could_not_be_replaced_is_told_as_taken_back() {
    let fake = Fake::new();
    let trial = guarded(&fake, &order(&fake, 'b', 1, Mode::Boot)).run;
    fake.break_boot();
    let next = guarded(&fake, &order(&fake, 'c', 2, Mode::Boot));
    assert_ne!(next.state, RunState::Staged);
    assert_eq!(fake.record(&trial).state, RunState::RolledBack);
    assert_eq!(told(&fake).next_boot(), None);
    assert_eq!(reboot(&fake, "boot-2"), 'a');
}

#[test]
fn a_default_that_failed_as_a_run_is_never_told_as_confirmed() {
    let fake = Fake::new();
    guarded(&fake, &order(&fake, 'b', 1, Mode::BootUnproven));
    let run = prepare(&fake, &fake.order('b', 2));
    fake.decide_after(SOON, &run, false);
    fake.kill_in(Some(RunState::RollingBack));
    let killed = AssertUnwindSafe(|| guard(fake.cx(), &run));
    assert!(catch_unwind(killed).is_err());
    assert_eq!(reboot(&fake, "boot-2"), 'b');
    let record = fake.record(&run);
    assert_eq!(record.state, RunState::Failed, "{:?}", record.reason);
}
