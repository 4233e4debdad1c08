//! Leases that are renewed while a controller looks at health gates, and the looks themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::fake::{Fake, Killed};
use super::{SOON, check, guarded, kill_unit, prepare};
use crate::agent::answer;
use crate::agent::guard::guard;
use crate::agent::host::Host;
use crate::agent::lease;
use crate::agent::probe::probe;
use crate::agent::recover::recover;
use crate::agent::units;
use crate::model::{AskedFrom, Gate, GateKind, HttpUrl, Nonce, Order, Problem, RunId, RunState};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A run that waits for its decision, whose guard does nothing more, though its unit lives.
fn waiting(fake: &Fake, order: &Order) -> RunId {
    let run = prepare(fake, order);
    fake.kill_in(Some(RunState::Probing));
    let ended = catch_unwind(AssertUnwindSafe(|| guard(fake.cx(), &run)));
    assert!(ended.err().is_some_and(|payload| payload.is::<Killed>()));
    run
}

fn renew(fake: &Fake, order: &Order, span: u64) -> Result<Duration, Problem> {
    answer::renew(fake.cx(), &order.run, &order.nonce, s(span))
}

#[test]
fn a_renewed_run_waits_far_beyond_its_first_deadline() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    fake.renew_for(s(600), &order.run);
    fake.decide_after(s(630), &order.run, true);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::Committed, 'b');
}

#[test]
fn a_lost_controller_costs_one_lease_however_often_it_was_renewed() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let start = fake.uptime();
    fake.renew_for(s(600), &order.run);
    let record = guarded(&fake, &order);
    check(&fake, &record, RunState::RolledBack, 'a');
    let reason =
        "contact with the controller was lost while it looked at health gates: no word for 60 s";
    assert_eq!(record.reason.as_deref(), Some(reason));
    let back = record
        .trail
        .iter()
        .find(|step| step.state == RunState::RollingBack);
    let waited = back.unwrap().uptime - start;
    assert!((s(640)..s(662)).contains(&waited), "{waited:?}");
}

#[test]
fn a_lease_is_no_longer_than_the_order_said_and_ends_after_a_day() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = waiting(&fake, &order);
    assert_eq!(renew(&fake, &order, 3600), Ok(s(60)));
    assert_eq!(renew(&fake, &order, 5), Ok(s(5)));
    // A shorter lease takes nothing away from the first one.
    assert!(lease::deadline(fake.cx(), &fake.record(&run)) >= fake.uptime() + s(50));
    fake.pause(s(24 * 3600 - 30));
    assert!(renew(&fake, &order, 60).unwrap() < s(32));
    fake.pause(s(40));
    let problem = renew(&fake, &order, 60).unwrap_err();
    assert!(problem.message.contains("86400 s ago"), "{problem:?}");
}

#[test]
fn only_the_controller_of_a_run_that_waits_may_renew_it() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = prepare(&fake, &order);
    let early = renew(&fake, &order, 60).unwrap_err();
    assert!(early.message.contains("does not wait"), "{early:?}");
    fake.decide_after(SOON, &run, true);
    guard(fake.cx(), &run).unwrap();
    assert!(renew(&fake, &order, 60).is_err());

    let other = fake.order('c', 2);
    waiting(&fake, &other);
    let foreign = answer::renew(fake.cx(), &other.run, &Nonce::new([9; 16]), s(60));
    assert!(foreign.unwrap_err().message.contains("nonce"));
    crate::agent::decision::decide(
        &fake.paths.run(&other.run),
        crate::agent::decision::Decision::back("too late"),
    )
    .unwrap();
    let late = renew(&fake, &other, 60).unwrap_err();
    assert!(late.message.ends_with("is decided: too late"), "{late:?}");
}

#[test]
fn the_timer_waits_for_a_guard_under_a_lease_and_for_no_other() {
    for (leased, alive, waits) in [(true, true, 90), (true, false, 0), (false, true, 0)] {
        let fake = Fake::new();
        let order = fake.order('b', 1);
        let run = waiting(&fake, &order);
        fake.pause(s(400));
        if leased {
            renew(&fake, &order, 60).unwrap();
        }
        if !alive {
            kill_unit(&fake, &run);
        }
        let start = fake.uptime();
        recover(fake.cx(), &run).unwrap();
        let record = fake.record(&run);
        check(&fake, &record, RunState::RolledBack, 'a');
        let back = record
            .trail
            .iter()
            .find(|step| step.state == RunState::RollingBack);
        let waited = (back.unwrap().uptime - start).as_secs();
        assert!(
            (waits..waits + 3).contains(&waited),
            "{leased} {alive}: {waited}"
        );
    }
}

#[test]
fn units_are_looked_at_against_what_was_broken_before_the_run() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    fake.behave('b', &[super::fails(0, &["web.service"])]);
    let look = |gate: &Gate, run| probe(fake.cx(), gate, run).unwrap();
    let (usual, named) = (Gate::systemd(), systemd(false, "web.service"));
    // Outside of a run every failed unit counts.
    let seen = look(&usual, None);
    assert_eq!(seen.detail, "failed units: old-trouble.service");
    let run = waiting(&fake, &order);
    let seen = look(&usual, Some(&run));
    assert_eq!(seen.detail, "units failed after activation: web.service");
    assert_eq!(seen.log, ["web.service: why"]);
    let seen = look(&named, Some(&run));
    assert_eq!(seen.detail, "web.service is failed");
    assert_eq!(seen.log, ["web.service: why"]);
    let guard = systemd(false, &units::guard_name(&run));
    assert!(look(&guard, Some(&run)).passed);
    let unknown = RunId::at(0, [7; 3]);
    assert!(probe(fake.cx(), &usual, Some(&unknown)).is_err());
}

fn systemd(newly_failed: bool, unit: &str) -> Gate {
    let units = vec![unit.to_owned()];
    Gate {
        kind: GateKind::Systemd {
            newly_failed,
            units,
        },
        ..Gate::systemd()
    }
}

#[test]
fn programs_are_looked_at_with_the_real_host() {
    let (paths, system) = (
        crate::agent::paths::Paths::host(),
        crate::agent::system::System::new(),
    );
    let cx = crate::agent::host::Cx {
        paths: &paths,
        host: &system,
    };
    let command = |words: &[&str], timeout| {
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        let gate = Gate {
            kind: GateKind::Command { command },
            timeout,
            ..Gate::systemd()
        };
        probe(cx, &gate, None).unwrap()
    };
    assert!(command(&["true"], s(9)).passed);
    let failed = command(&["sh", "-c", "echo why; exit 3"], s(9));
    assert!(
        failed.detail.ends_with("exited with status 3"),
        "{failed:?}"
    );
    assert_eq!(failed.log, ["why"]);
    let late = command(&["sleep", "60"], Duration::from_millis(100));
    assert!(
        late.detail.ends_with("did not end within 0.1 s"),
        "{late:?}"
    );
    let none = command(&["no-such-program"], s(9));
    assert!(!none.passed && none.hint.is_some(), "{none:?}");
    // One word with a blank and a `$` is one argument: no shell reads it.
    assert!(command(&["test", "a $b", "=", "a $b"], s(9)).passed);
    let page = Gate {
        kind: GateKind::Http {
            url: HttpUrl::new("http://127.0.0.1:9/").unwrap(),
            from: AskedFrom::Host,
            status: Vec::new(),
            contains: None,
        },
        ..Gate::systemd()
    };
    assert!(!probe(cx, &page, None).unwrap().passed);
}
