//! A clock of the day that jumps, and runs that a test holds.

use std::fs;
use std::time::Duration;

use super::fake::{Fake, system};
use super::{CLEAN, SOON, check, fails, guarded, prepare};
use crate::agent::facts;
use crate::agent::failpoints;
use crate::agent::lock::{self, Ticket};
use crate::model::RunState;

const YEAR: u64 = 365 * 24 * 3600;

#[test]
fn a_clock_that_goes_back_a_year_changes_nothing() {
    for keep in [Some(true), Some(false), None] {
        let fake = Fake::new();
        let first = guarded(&fake, &fake.order('b', 1));
        let order = fake.order('b', 2);
        // While the new system is being activated.
        fake.set_clock_back(Duration::from_secs(1), YEAR);
        if let Some(keep) = keep {
            fake.decide_after(SOON, &order.run, keep);
        }
        let record = guarded(&fake, &order);
        let (state, runs) = match keep {
            Some(true) => (RunState::Committed, 'b'),
            _ => (RunState::RolledBack, 'a'),
        };
        check(&fake, &record, state, runs);
        // The clock did jump, and the lease ran as long as it was given.
        let [began, ended] = [record.trail.first(), record.trail.last()].map(Option::unwrap);
        assert!(ended.at < began.at);
        let took = ended.uptime - began.uptime;
        let lease = if keep.is_none() { 60 } else { 5 };
        assert!(took.as_secs().abs_diff(lease) < 10, "{took:?}");
        // The later run is the last one, whatever the clock says.
        assert!(record.trail.iter().all(|step| step.at <= first.began() + 1));
        let last = facts::facts(fake.cx(), "nix".as_ref()).last_run.unwrap();
        assert_eq!(last.run, record.run);
    }
}

#[test]
fn the_age_of_a_lock_is_not_measured_with_the_clock() {
    use crate::agent::host::Host;
    let fake = Fake::new();
    let ticket = Ticket {
        run: fake.order('b', 1).run,
        who: "ops@desk".to_owned(),
        from: None,
        since: fake.now(),
        uptime: fake.uptime(),
    };
    let _lock = lock::take(fake.cx(), &ticket, Duration::ZERO).unwrap();
    fake.set_clock_back(Duration::ZERO, YEAR);
    fake.pause(Duration::from_secs(12));
    assert_eq!(lock::holder(fake.cx()).unwrap().age, 12);
}

#[test]
fn a_held_run_waits_until_it_is_let_go_and_a_minute_at_most() {
    use crate::agent::host::Host;
    let fake = Fake::new();
    let folder = fake.paths.at("/run/phoenix-failpoints");
    let before = fake.uptime();
    failpoints::reach(fake.cx(), "decided");
    assert_eq!(fake.uptime(), before);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("armed"), "").unwrap();
    fake.behave('b', &[fails(1, CLEAN)]);
    let order = fake.order('b', 1);
    let run = prepare(&fake, &order);
    super::guard(fake.cx(), &run).unwrap();
    assert!(folder.join("armed.reached").exists());
    let trail = fake.record(&run).trail;
    let span = |from: usize| trail[from + 1].uptime - trail[from].uptime;
    assert_eq!(trail[1].state, RunState::Armed);
    assert!(span(1) >= Duration::from_secs(60), "{trail:?}");
    assert!(span(0) < Duration::from_secs(1), "{trail:?}");
    assert_eq!(fake.paths.running(), Some(system('a')));
}
