//! The transaction on a fake PID 1: every way a run can go, and what it leaves behind.

mod boot;
mod clock;
mod fake;
mod fake_host;
mod fake_loader;
mod fake_programs;
mod gates;
mod holds;
mod known;
mod next_boot;
mod outside;
mod stranded;
mod unfit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use self::fake::{Behaviour, Fake, GOOD, Killed, system};
use super::begin;
use super::guard::guard;
use super::paths::Side;
use super::reconcile::reconcile;
use super::record::Record;
use super::recover::recover;
use super::units;
use crate::model::{OnStranded, Order, RunId, RunState};
use crate::wire::agent::Reply;

const SOON: Duration = Duration::from_secs(5);
const CLEAN: &[&str] = &[];

fn fails(exit: i32, breaks: &'static [&'static str]) -> Behaviour {
    Behaviour {
        exit: Some(exit),
        breaks,
        ..GOOD
    }
}

/// Prepares a run as `Begin` does, without following it.
fn prepare(fake: &Fake, order: &Order) -> RunId {
    let refused = begin::set_off(fake.cx(), order).err();
    assert!(refused.is_none(), "{refused:?}");
    order.run.clone()
}

/// Runs a guard to its end and returns the record.
fn guarded(fake: &Fake, order: &Order) -> Record {
    let run = prepare(fake, order);
    guard(fake.cx(), &run).unwrap();
    fake.record(&run)
}

/// Runs a guard, kills it in a state, and lets the rescue finish.
fn killed_and_rescued(fake: &Fake, order: &Order, state: RunState) -> Record {
    let run = prepare(fake, order);
    fake.kill_in(Some(state));
    let ended = catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run)));
    assert!(ended.err().is_some_and(|payload| payload.is::<Killed>()));
    kill_unit(fake, &run);
    recover(fake.cx(), &run).unwrap();
    fake.record(&run)
}

fn kill_unit(fake: &Fake, run: &RunId) {
    use super::host::Host;
    fake.stop(&units::guard_name(run)).unwrap();
}

/// What must hold after every run that ended in this boot.
fn check(fake: &Fake, record: &Record, state: RunState, runs: char) {
    use super::host::Host;
    assert_eq!(record.state, state, "{:?}", record.reason);
    assert_eq!(fake.paths.running(), Some(system(runs)));
    assert_eq!(fake.alive(&units::timer_name(&record.run)), Some(false));
    for side in [Side::New, Side::Old] {
        assert!(
            fake.paths
                .gc_root(&record.run, side)
                .symlink_metadata()
                .is_err()
        );
    }
    let profile = fake.paths.profile().unwrap().toplevel;
    let is_kept = matches!(state, RunState::Committed | RunState::CommittedNotBoot);
    assert_eq!(
        profile,
        if is_kept {
            record.new.clone()
        } else {
            system('a')
        }
    );
}

#[test]
fn a_confirmed_system_is_kept_and_the_timer_comes_before_any_change() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::Committed, 'b');
    let calls = fake.calls();
    let position = |what: &str| calls.iter().position(|call| call.contains(what)).unwrap();
    assert!(position("start phoenix-rollback") < position("start phoenix-switch"));
    assert!(position("nix-env -p") < position(" boot"));
    assert!(position(" boot") < position("stop phoenix-rollback"));
}

#[test]
fn nobody_decides_and_the_host_goes_back() {
    let fake = Fake::new();
    let record = guarded(&fake, &fake.order('b', 1));
    check(&fake, &record, RunState::RolledBack, 'a');
    assert_eq!(
        record.reason.as_deref(),
        Some("nobody confirmed the new system within 60 s after activation")
    );
    assert!(record.summary().activated);
}

#[test]
fn a_failing_or_hanging_switch_goes_back_with_its_reason() {
    let hang = Behaviour { exit: None, ..GOOD };
    let lies = Behaviour {
        switches: false,
        ..GOOD
    };
    for (behaviour, reason) in [
        (
            fails(1, CLEAN),
            "exited with status 1: it gave up, as when a pre-switch check fails or another switch is under way",
        ),
        (fails(2, CLEAN), "2: the activation script failed"),
        (fails(3, CLEAN), "3: systemd could not load the new units"),
        (
            fails(100, CLEAN),
            "100: the host must be rebooted into the new system",
        ),
        (fails(7, CLEAN), "exited with status 7"),
        (hang, "did not end within 300 s (the limit for activation)"),
        (lies, "but the host runs aaaaaaaa-nixos-system-a"),
        (
            fails(4, &["web.service"]),
            "web.service failed after the switch",
        ),
    ] {
        let fake = Fake::new();
        fake.behave('b', &[behaviour]);
        let record = guarded(&fake, &fake.order('b', 1));
        check(&fake, &record, RunState::RolledBack, 'a');
        let found = record.reason.unwrap();
        assert!(found.ends_with(reason), "{found}");
    }
}

#[test]
fn status_4_is_good_when_only_old_trouble_is_broken() {
    let fake = Fake::new();
    fake.behave('b', &[fails(4, CLEAN)]);
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    let record = guarded(&fake, &order);
    assert_eq!(record.exit, Some(4));
    check(&fake, &record, RunState::Committed, 'b');
}

#[test]
fn status_4_is_not_good_while_nobody_says_which_units_failed() {
    for (questions, state) in [(4, RunState::Committed), (5, RunState::RolledBack)] {
        let fake = Fake::new();
        fake.behave('b', &[fails(4, CLEAN)]);
        let order = fake.order('b', 1);
        let run = prepare(&fake, &order);
        fake.silence(questions);
        fake.decide_after(Duration::from_secs(10), &run, true);
        guard(fake.cx(), &run).unwrap();
        assert_eq!(fake.record(&run).state, state);
    }
}

#[test]
fn units_the_new_system_breaks_are_named_with_their_log() {
    let fake = Fake::new();
    fake.behave('b', &[fails(4, &["web.service"])]);
    let record = guarded(&fake, &fake.order('b', 1));
    assert_eq!(record.failed_units, ["web.service"]);
    assert_eq!(record.log, ["web.service: why"]);
    assert!(!record.summary().activated);
}

#[test]
fn a_decision_to_go_back_stops_a_switch_under_way() {
    let fake = Fake::new();
    fake.behave('b', &[Behaviour { exit: None, ..GOOD }]);
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, false);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::RolledBack, 'a');
    assert_eq!(record.reason.as_deref(), Some("told so"));
}

#[test]
fn going_back_is_tried_twice() {
    for (tries, state) in [
        (vec![fails(1, CLEAN), GOOD], RunState::RolledBack),
        (vec![fails(1, CLEAN)], RunState::Failed),
    ] {
        let fake = Fake::new();
        fake.behave('a', &tries);
        let mut order = fake.order('b', 1);
        order.on_stranded = OnStranded::Stay;
        let record = guarded(&fake, &order);
        check(&fake, &record, state, 'a');
        let failed_twice = record.reason.unwrap().contains("going back failed 2 times");
        assert_eq!(failed_twice, state == RunState::Failed);
    }
}

#[test]
fn a_broken_boot_loader_is_reported_as_such() {
    let fake = Fake::new();
    fake.break_boot();
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::CommittedNotBoot, 'b');
    assert!(
        record
            .reason
            .unwrap()
            .ends_with("exited with status 1, tried 2 times")
    );
    assert_eq!(record.log, ["no space left"]);
}

#[test]
fn the_same_system_again_is_an_ordinary_run() {
    let fake = Fake::new();
    let order = fake.order('a', 1);
    fake.decide_after(SOON, &order.run, true);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::Committed, 'a');
}

#[test]
fn an_older_generation_is_committed_by_its_number() {
    let fake = Fake::new();
    fake.set_profile(7, &system('b'));
    fake.set_profile(1, &system('a'));
    let mut order = fake.order('b', 1);
    order.generation = Some(7);
    fake.decide_after(SOON, &order.run, true);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::Committed, 'b');
    assert_eq!(fake.paths.profile().unwrap().number, 7);
}

#[test]
fn a_guard_killed_before_the_decision_is_rescued_to_the_old_system() {
    for state in [
        RunState::Activating,
        RunState::Probing,
        RunState::RollingBack,
    ] {
        let fake = Fake::new();
        let record = killed_and_rescued(&fake, &fake.order('b', 1), state);
        check(&fake, &record, RunState::RolledBack, 'a');
    }
}

#[test]
fn a_guard_killed_while_committing_is_rescued_to_the_new_system() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    let record = killed_and_rescued(&fake, &order, RunState::Committing);
    check(&fake, &record, RunState::Committed, 'b');
}

#[test]
fn a_guard_killed_before_anything_changed_costs_nothing() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = prepare(&fake, &order);
    let mut record = fake.record(&run);
    record.enter(fake.cx(), RunState::Armed).unwrap();
    kill_unit(&fake, &run);
    recover(fake.cx(), &run).unwrap();
    let record = fake.record(&run);
    check(&fake, &record, RunState::RolledBack, 'a');
    assert!(record.reason.unwrap().ends_with("nothing had been changed"));
    assert!(!fake.calls().iter().any(|call| call.contains("switch-")));
}

#[test]
fn a_rescue_that_is_killed_is_rescued_again() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = prepare(&fake, &order);
    fake.kill_in(Some(RunState::Probing));
    assert!(catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run))).is_err());
    kill_unit(&fake, &run);
    fake.kill_in(Some(RunState::RollingBack));
    assert!(catch_unwind(AssertUnwindSafe(|| recover(fake.cx(), &run))).is_err());
    recover(fake.cx(), &run).unwrap();
    check(&fake, &fake.record(&run), RunState::RolledBack, 'a');
}

#[test]
fn a_guard_past_its_deadline_is_stopped_by_the_timer() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    let mut record = fake.record(&run);
    record.deadline = Some(Duration::ZERO);
    record.enter(fake.cx(), RunState::Probing).unwrap();
    recover(fake.cx(), &run).unwrap();
    assert!(
        fake.calls()
            .contains(&format!("stop {}", units::guard_name(&run)))
    );
    let record = fake.record(&run);
    check(&fake, &record, RunState::RolledBack, 'a');
    assert!(record.reason.unwrap().starts_with("nobody confirmed"));
}

#[test]
fn a_reboot_gives_every_open_run_its_verdict() {
    for (state, boots, profile, verdict) in [
        (RunState::Armed, 'a', 'a', RunState::RolledBack),
        (RunState::Activating, 'a', 'a', RunState::RolledBack),
        (RunState::Probing, 'a', 'a', RunState::RolledBack),
        (RunState::RollingBack, 'a', 'a', RunState::RolledBack),
        (RunState::Committing, 'a', 'a', RunState::RolledBack),
        (RunState::Committing, 'a', 'b', RunState::RolledBack),
        (RunState::Committing, 'b', 'b', RunState::Committed),
        (RunState::Committing, 'b', 'a', RunState::CommittedNotBoot),
        (RunState::Probing, 'c', 'a', RunState::Failed),
    ] {
        let fake = Fake::new();
        let run = prepare(&fake, &fake.order('b', 1));
        let mut record = fake.record(&run);
        record.enter(fake.cx(), state).unwrap();
        fake.set_profile(2, &system(profile));
        fake.boot("boot-2", boots);
        let record = reconcile(fake.cx(), record);
        assert_eq!(record.state, verdict, "{state:?} {boots} {profile}");
        assert_eq!(fake.record(&run), record);
        // A commit that was only not written down needs no explanation.
        let is_told = record
            .reason
            .is_some_and(|reason| reason.starts_with("the host was rebooted before"));
        assert_eq!(is_told, verdict != RunState::Committed);
        assert!(
            fake.paths
                .gc_root(&run, Side::New)
                .symlink_metadata()
                .is_err()
        );
    }
}

#[test]
fn a_profile_ahead_of_what_runs_and_boots_is_put_back() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    let mut record = fake.record(&run);
    let before = record.old_generation.clone().unwrap().number;
    record.enter(fake.cx(), RunState::Committing).unwrap();
    fake.set_profile(before + 1, &system('b'));
    fake.boot("boot-2", 'a');
    reconcile(fake.cx(), record);
    let back = format!("--switch-generation {before}");
    assert!(
        fake.calls().iter().any(|call| call.contains(&back)),
        "{:?}",
        fake.calls()
    );
}

#[test]
fn a_rescue_after_a_reboot_switches_nothing() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    fake.record(&run)
        .enter(fake.cx(), RunState::Probing)
        .unwrap();
    fake.boot("boot-2", 'a');
    recover(fake.cx(), &run).unwrap();
    assert_eq!(fake.record(&run).state, RunState::RolledBack);
    assert!(!fake.calls().iter().any(|call| call.contains("unswitch")));
}

/// Follows a begun run with the replies thrown away.
fn begin_quietly(fake: &Fake, order: &Order) -> Reply {
    begin::begin(fake.cx(), order, &mut |_| Ok(())).unwrap()
}
