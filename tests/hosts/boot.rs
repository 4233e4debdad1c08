//! Hosts whose next boot is prepared, systems that must not be switched to, and what a host
//! refuses before anything is armed. That a host boots something is seen after a power cut.

use crate::command::Ran;
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// The host they all use.
pub(crate) const HOST: &str = "web1";

/// A release of its own for a test, with more of release.toml.
pub(crate) fn release(phoenix: &Phoenix, test: &str, more: &str) {
    let id = std::process::id();
    phoenix.release(&format!("[default]\nversion = \"{test}.{id}\"\n{more}\n"));
}

/// Deploys to the host.
#[track_caller]
pub(crate) fn deploy(phoenix: &Phoenix, more: &[&str], code: i32) -> Ran {
    let args = [&["deploy", HOST, "--yes", "--json"], more].concat();
    phoenix.run(&args).expect_code(code)
}

/// Brings the host to a release that the test starts from, and says what it runs then.
pub(crate) fn begin(phoenix: &Phoenix, lab: &Lab, test: &str, more: &str) -> String {
    release(phoenix, test, more);
    let ran = deploy(phoenix, &[], 0);
    let outcome = phoenix::outcome(&ran, HOST);
    assert!(
        ["confirmed", "up-to-date"].contains(&outcome.as_str()),
        "{}",
        ran.all()
    );
    let running = lab.running(HOST);
    assert_eq!(lab.boots(HOST), running);
    running
}

/// Cuts the host's power, and says what it runs when it is back.
fn power_cycle(lab: &Lab) -> String {
    lab.kill(HOST);
    lab.start(HOST);
    lab.wait(HOST);
    lab.running(HOST)
}

/// Whether a host that was asked to change runs and boots what it did, with nothing left of the run.
#[track_caller]
pub(crate) fn is_untouched(lab: &Lab, before: &str) {
    assert_eq!(
        (lab.running(HOST).as_str(), lab.boots(HOST).as_str()),
        (before, before)
    );
    assert_eq!(
        lab.say(HOST, "readlink -f /nix/var/nix/profiles/system"),
        before
    );
    let units = lab.say(
        HOST,
        "systemctl list-units --all --plain --no-legend 'phoenix-*'",
    );
    assert_eq!(units, "");
}

/// Deploys what must be refused before anything is armed.
#[track_caller]
pub(crate) fn refuses(phoenix: &Phoenix, lab: &Lab, more: &[&str], why: &str) {
    let before = lab.running(HOST);
    let runs = lab.say(HOST, "ls /var/lib/phoenix/runs | wc -l");
    let ran = deploy(phoenix, more, 1);
    assert_eq!(phoenix::outcome(&ran, HOST), "failed");
    assert!(ran.all().contains(why), "{why} is not in: {}", ran.all());
    is_untouched(lab, &before);
    assert_eq!(
        lab.say(HOST, "ls /var/lib/phoenix/runs | wc -l"),
        runs,
        "nothing was armed"
    );
}

#[test]
fn a_trial_is_left_without_a_reboot_and_told_in_its_story() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "left-old", "");
    release(&phoenix, "left-new", "");
    let ran = deploy(&phoenix, &["--boot"], 0);
    let story = phoenix.run(&["show", "last", HOST]).expect_code(0).stdout;
    assert!(
        story.contains("prepared a boot of the new system"),
        "{story}"
    );
    let new = power_cycle(&lab);
    assert_ne!(new, old, "{}", ran.all());
    phoenix.run(&["rollback", HOST, "--yes"]).expect_code(0);
    assert_eq!((lab.running(HOST), lab.boots(HOST)), (old.clone(), old));
}

#[test]
fn a_trial_waits_through_a_failed_run_and_goes_with_the_next_confirmed_one() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "wait-old", "");
    release(&phoenix, "wait-new", "");
    deploy(&phoenix, &["--boot"], 0);
    release(&phoenix, "wait-bad", "variant = \"service-fails\"");
    let ran = deploy(&phoenix, &[], 1);
    assert_eq!(phoenix::outcome(&ran, HOST), "rolled-back");
    let status = || phoenix.run(&["status", HOST]).expect_code(0).stdout;
    assert!(status().contains(", once"), "{}", status());

    // The host runs it, and its profile says it; but the next boot would bring another.
    release(&phoenix, "wait-old", "");
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    assert!(status().contains("the same"), "{}", status());
    assert_eq!(power_cycle(&lab), old);
}

#[test]
fn a_trial_boot_comes_once_and_is_kept_only_when_it_is_proven() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "trial-old", "");
    release(&phoenix, "trial-new", "");

    let ran = deploy(&phoenix, &["--boot"], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "staged");
    is_untouched(&lab, &old);

    let new = power_cycle(&lab);
    assert!(new.contains("trial-new"), "the trial came: {new}");
    assert_eq!(lab.boots(HOST), old);
    let status = phoenix.run(&["status", HOST]).expect_code(0).stdout;
    assert!(status.contains("on trial"), "{status}");

    assert_eq!(power_cycle(&lab), old, "nobody kept it");
    let status = phoenix.run(&["status", HOST]).expect_code(0).stdout;
    assert!(status.contains("rolled back"), "{status}");

    deploy(&phoenix, &["--boot"], 0);
    assert_eq!(power_cycle(&lab), new);
    let activations =
        "journalctl --quiet --no-pager --output=cat --unit='phoenix-switch-*' | wc -l";
    let before = lab.say(HOST, activations);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    assert_eq!(
        lab.say(HOST, activations),
        before,
        "it was kept without being activated"
    );
    assert_eq!(lab.boots(HOST), new);
    assert_eq!(power_cycle(&lab), new);
}

#[test]
fn a_system_made_the_default_unproven_is_what_every_boot_brings() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    // Neither loader tool can do anything there, so a trial is refused.
    let old = begin(&phoenix, &lab, "unproven-old", "loader = \"none\"");
    release(&phoenix, "unproven-new", "");
    refuses(
        &phoenix,
        &lab,
        &["--boot"],
        "boot loader cannot try a system once",
    );

    let ran = deploy(&phoenix, &["--boot-unproven"], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "staged");
    assert_eq!(lab.running(HOST), old);
    let new = power_cycle(&lab);
    assert!(new.contains("unproven-new"));
    assert_eq!(power_cycle(&lab), new);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "up-to-date");
}

#[test]
fn an_inhibitor_is_refused_or_makes_it_a_trial_boot() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(
        &phoenix,
        &lab,
        "inhibited-old",
        "inhibitors = { systemd = \"257\" }",
    );
    release(
        &phoenix,
        "inhibited-new",
        "inhibitors = { systemd = \"258\" }",
    );
    refuses(&phoenix, &lab, &[], "systemd (257 → 258)");

    phoenix.append("\n[defaults.activate]\non_inhibitor = \"boot\"\n");
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "staged");
    assert!(
        ran.all()
            .contains("switching was inhibited: systemd (257 → 258)"),
        "{}",
        ran.all()
    );
    is_untouched(&lab, &old);
    let new = power_cycle(&lab);
    assert!(new.contains("inhibited-new"));
    assert_eq!(
        phoenix::outcome(&deploy(&phoenix, &[], 0), HOST),
        "confirmed"
    );
    assert_eq!(power_cycle(&lab), new);
}

#[test]
fn a_system_that_needs_a_reboot_is_refused_before_it_is_tried() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    begin(&phoenix, &lab, "init-old", "");
    release(&phoenix, "init-new", "variant = \"needs-reboot\"");
    refuses(&phoenix, &lab, &[], "init-interface-version (2 → 3)");
}

#[test]
fn what_is_no_system_for_the_host_is_refused_with_what_it_lacks() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    begin(&phoenix, &lab, "lacks-old", "");
    for (variant, why) in [
        (
            "no-switch-script",
            "was built without bin/switch-to-configuration",
        ),
        (
            "not-a-system",
            "is no NixOS system: it has no `nixos-version`",
        ),
        (
            "wrong-architecture",
            "is built for aarch64-linux, this host is x86_64-linux",
        ),
    ] {
        release(&phoenix, "lacks-new", &format!("variant = \"{variant}\""));
        refuses(&phoenix, &lab, &[], why);
    }
}

#[test]
fn how_a_switch_ended_is_told_in_words_with_a_hint() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "exit-old", "");
    for (variant, meaning, hint) in [
        ("check-fails", "status 1: it gave up", "preSwitchChecks"),
        (
            "activation-fails",
            "status 2: the activation script failed",
            "activationScripts",
        ),
    ] {
        release(&phoenix, "exit-new", &format!("variant = \"{variant}\""));
        let ran = deploy(&phoenix, &[], 1);
        assert_eq!(phoenix::outcome(&ran, HOST), "rolled-back");
        for text in [meaning, hint] {
            assert!(ran.all().contains(text), "{text} is not in: {}", ran.all());
        }
        is_untouched(&lab, &old);
    }
}
