//! Releases that take the host's way back away: its folder, its SSH server, the old system.

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Orders a release for one host.
fn order(phoenix: &Phoenix, host: &str, version: &str, variant: &str) {
    let version = format!("{version}.{}", std::process::id());
    phoenix.release(&format!(
        "[hosts.{host}]\nversion = \"{version}\"\nvariant = \"{variant}\"\n"
    ));
}

fn deploy(phoenix: &Phoenix, host: &str) -> (String, String) {
    let ran = phoenix.run(&["deploy", host, "--yes", "--json"]);
    (phoenix::outcome(&ran, host), ran.all())
}

#[track_caller]
fn assert_runs_and_boots(lab: &Lab, host: &str, system: &str) {
    assert_eq!(lab.running(host), system);
    assert_eq!(lab.boots(host), system);
    let left = lab.say(
        host,
        "systemctl list-units --all --plain --no-legend 'phoenix-*'",
    );
    assert!(!left.contains("phoenix-"), "{left}");
}

#[test]
fn a_run_outlives_what_its_release_does_to_its_folder() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("30s", "5s");
    // A system that makes the disk read-only is not kept: nothing could be written down of it.
    for (variant, wanted) in [
        ("state-removed", "confirmed"),
        ("state-read-only", "rolled-back"),
        ("state-mounted-over", "confirmed"),
    ] {
        order(&phoenix, "web1", variant, variant);
        let (outcome, all) = deploy(&phoenix, "web1");
        assert_eq!(outcome, wanted, "{variant}: {all}");
        let now = lab.running("web1");
        assert_runs_and_boots(&lab, "web1", &now);

        lab.root("web1", "while umount /var/lib/phoenix; do :; done");
        order(&phoenix, "web1", &format!("after-{variant}"), "working");
        let (outcome, all) = deploy(&phoenix, "web1");
        assert_eq!(outcome, "confirmed", "after {variant}: {all}");
    }
}

/// Deploys `variant` to web1 and over it a release that fails, for which the host must go back. Gives
/// what was told, and whether the host was rebooted.
fn goes_back_to(variant: &str) -> (String, bool) {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("30s", "5s");
    order(&phoenix, "web1", "old", variant);
    let (outcome, all) = deploy(&phoenix, "web1");
    assert_eq!(outcome, "confirmed", "{all}");
    let (old, boot) = (lab.running("web1"), boot_of(&lab));

    order(&phoenix, "web1", "new", "service-fails");
    let (outcome, all) = deploy(&phoenix, "web1");

    assert_eq!(outcome, "rolled-back", "{all}");
    let is_rebooted = boot_of(&lab) != boot;
    assert_runs_and_boots(&lab, "web1", &old);
    (all, is_rebooted)
}

#[test]
fn a_host_that_cannot_go_back_reboots_into_the_system_it_ran() {
    // The system to go back to refuses every activation but its first.
    let (all, is_rebooted) = goes_back_to("later-tests-fail");
    assert!(all.contains("it was rebooted into the old system"), "{all}");
    assert!(is_rebooted, "{all}");
}

#[test]
fn a_way_back_asks_no_checks() {
    // The checks of the system to go back to would refuse it.
    let (all, is_rebooted) = goes_back_to("later-checks-fail");
    assert!(!is_rebooted, "{all}");
}

#[test]
fn a_run_that_a_reboot_took_from_the_hosts_memory_is_judged_by_what_runs() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("30s", "5s");
    let old = lab.running("web1");
    order(&phoenix, "web1", "forgotten", "slow-activation");
    lab.say(
        "web1",
        "mkdir -p /var/lib/phoenix && mount -t tmpfs none /var/lib/phoenix",
    );
    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "activate");
    lab.until("web1", 60, "grep -q forgotten /etc/phoenix-lab-release");

    lab.kill("web1");
    lab.start("web1");

    let ran = run.end();
    assert_eq!(
        phoenix::outcome(&ran, "web1"),
        "rolled-back",
        "{}",
        ran.all()
    );
    assert_runs_and_boots(&lab, "web1", &old);
}

#[test]
fn a_host_that_is_out_of_reach_after_going_back_reboots() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("30s", "5s");
    order(&phoenix, "web1", "hearing", "working");
    deploy(&phoenix, "web1");
    let (old, boot) = (lab.running("web1"), boot_of(&lab));
    order(&phoenix, "web1", "deaf", "sshd-stays-down");

    let (outcome, all) = deploy(&phoenix, "web1");

    assert_eq!(outcome, "rolled-back", "{all}");
    assert!(all.contains("no SSH server greeted at"), "{all}");
    assert_ne!(boot_of(&lab), boot);
    assert_runs_and_boots(&lab, "web1", &old);
}

#[test]
fn a_guard_that_is_frozen_is_replaced_within_its_watch() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = lab.running("web1");
    order(&phoenix, "web1", "frozen", "slow-activation");
    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "activate");
    lab.until("web1", 60, "grep -q frozen /etc/phoenix-lab-release");

    lab.say(
        "web1",
        "kill -STOP $(systemctl show --property=MainPID --value 'phoenix-run-*')",
    );
    // Its watch is 15 s; without it, the timer would come after more than five minutes.
    lab.until(
        "web1",
        40,
        &format!("test /run/current-system -ef {old} && ! systemctl is-active --quiet 'phoenix-*'"),
    );

    let ran = run.end();
    assert_eq!(
        phoenix::outcome(&ran, "web1"),
        "rolled-back",
        "{}",
        ran.all()
    );
    assert_runs_and_boots(&lab, "web1", &old);
}

fn boot_of(lab: &Lab) -> String {
    lab.say("web1", "cat /proc/sys/kernel/random/boot_id")
}
