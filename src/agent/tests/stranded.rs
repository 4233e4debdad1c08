//! Runs whose way back is taken away: their folder, the SSH server, the old system itself.

use std::fs;

use super::fake::{Fake, system};
use super::{CLEAN, SOON, check, fails, guarded, killed_and_rescued};
use crate::agent::record::Record;
use crate::model::{OnStranded, RunId, RunState};

/// Has the run's folder on the disk go away, as when a release mounts something over it.
fn take_folder(fake: &Fake, run: &RunId) {
    fs::remove_dir_all(fake.paths.run(run).kept).unwrap();
}

/// Has the disk refuse everything from now on, as when it became read-only.
fn refuse_writes(fake: &Fake) {
    fs::remove_dir_all(fake.paths.state()).unwrap();
    fs::write(fake.paths.state(), "not a folder").unwrap();
}

fn rebooted(fake: &Fake) -> bool {
    fake.calls().iter().any(|call| call == "reboot")
}

#[test]
fn a_run_whose_folder_goes_away_is_kept_or_brought_back_all_the_same() {
    for (keep, state, runs) in [
        (true, RunState::Committed, 'b'),
        (false, RunState::RolledBack, 'a'),
    ] {
        let fake = Fake::new();
        let order = fake.order('b', 1);
        let run = super::prepare(&fake, &order);
        take_folder(&fake, &run);
        fake.decide_after(SOON, &run, keep);
        super::guard(fake.cx(), &run).unwrap();
        check(&fake, &fake.record(&run), state, runs);
        // The folder is there again, for the next boot to read.
        assert!(fake.paths.run(&run).record().exists());
    }
}

#[test]
fn a_run_whose_disk_becomes_read_only_ends_and_is_over_for_this_boot() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = super::prepare(&fake, &order);
    fake.kill_in(Some(RunState::Probing));
    let guard = std::panic::AssertUnwindSafe(|| super::guard(fake.cx(), &run));
    assert!(std::panic::catch_unwind(guard).is_err());
    super::kill_unit(&fake, &run);
    refuse_writes(&fake);
    super::recover(fake.cx(), &run).unwrap();
    check(&fake, &fake.record(&run), RunState::RolledBack, 'a');
}

#[test]
fn a_host_whose_ssh_server_does_not_come_back_is_rebooted() {
    for (policy, reboots) in [(OnStranded::Reboot, true), (OnStranded::Stay, false)] {
        let fake = Fake::new();
        fake.come_by_ssh();
        fake.deafen();
        let mut order = fake.order('b', 1);
        order.on_stranded = policy;
        let record = guarded(&fake, &order);
        assert_eq!(record.state, RunState::Failed);
        assert_eq!(rebooted(&fake), reboots);
        let reason = record.reason.unwrap();
        assert!(
            reason.contains("no SSH server greeted at 10.0.0.9:22 within 20 s"),
            "{reason}"
        );
    }
}

#[test]
fn a_reboot_of_a_stranded_host_ends_its_run_on_the_old_system() {
    let fake = Fake::new();
    fake.behave('a', &[fails(1, CLEAN)]);
    let order = fake.order('b', 1);
    let record = killed_and_rescued(&fake, &order, RunState::Probing);
    assert!(rebooted(&fake));
    // What the disk held when the reboot cut the run off.
    let mut cut = Record {
        state: RunState::RollingBack,
        ..record
    };
    cut.reason = Some("no; it was rebooted into the old system".to_owned());
    fake.boot("boot-2", 'a');
    let closed = super::reconcile(fake.cx(), cut);
    assert_eq!(closed.state, RunState::RolledBack);
    assert_eq!(
        closed.reason.as_deref(),
        Some("no; it was rebooted into the old system")
    );
}

#[test]
fn units_that_fail_on_the_old_system_too_are_told_and_cost_no_reboot() {
    let fake = Fake::new();
    fake.come_by_ssh();
    fake.behave('a', &[fails(4, &["db.service"])]);
    let record = guarded(&fake, &fake.order('b', 1));
    check(&fake, &record, RunState::RolledBack, 'a');
    assert!(!rebooted(&fake));
    assert_eq!(record.failed_units, ["db.service"]);
    assert_eq!(fake.paths.running(), Some(system('a')));
    let reason = record.reason.unwrap();
    assert!(reason.ends_with("it went back, but db.service failed on the old system too"));
}
