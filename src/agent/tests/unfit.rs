//! What a host finds before anything is armed: systems that are not for it, and inhibitors.

use std::fs;

use super::boot::{is_untouched, order, refused};
use super::fake::{Fake, system};
use super::{guarded, prepare};
use crate::agent::facts;
use crate::agent::preflight::Unfit;
use crate::model::{Mode, OnInhibitor, Order, RunState};

fn write(fake: &Fake, letter: char, file: &str, text: &str) {
    fs::write(fake.paths.at(format!("{}/{file}", system(letter))), text).unwrap();
}

#[test]
fn inhibitors_are_refused_or_make_it_a_boot() {
    let fake = Fake::new();
    write(
        &fake,
        'a',
        "switch-inhibitors",
        r#"{"dbus": "dbus", "systemd": "257", "gone": "1"}"#,
    );
    write(
        &fake,
        'b',
        "switch-inhibitors",
        r#"{"dbus": "broker", "systemd": "257", "new": "2"}"#,
    );
    let problem = refused(&fake, &fake.order('b', 1));
    assert!(
        problem.message.ends_with(": dbus (dbus → broker)"),
        "{}",
        problem.message
    );
    let hint = problem.hint.unwrap().0;
    assert!(hint.starts_with("deploy with --boot"), "{hint}");
    // A rollback has no `--boot`, and a deployment would bring another system.
    let back = Order {
        generation: Some(1),
        ..fake.order('b', 9)
    };
    let hint = Unfit::Inhibited(Vec::new()).hint(&back).0;
    assert!(
        hint.contains("go back again") && !hint.contains("--boot"),
        "{hint}"
    );
    assert!(fake.calls().is_empty());
    let wanted = Order {
        on_inhibitor: OnInhibitor::Boot,
        ..fake.order('b', 2)
    };
    let record = guarded(&fake, &wanted);
    assert_eq!((record.state, record.mode), (RunState::Staged, Mode::Boot));
    assert_eq!(
        record.reason.as_deref(),
        Some("switching was inhibited: dbus (dbus → broker)")
    );
    is_untouched(&fake, &record);
    // Nothing is switched, so nothing inhibits.
    let record = guarded(&fake, &order(&fake, 'b', 3, Mode::Boot));
    assert_eq!((record.state, record.reason), (RunState::Staged, None));
}

#[test]
fn files_of_another_form_inhibit_nothing_and_another_init_does() {
    let fake = Fake::new();
    write(&fake, 'a', "switch-inhibitors", "/nix/store/x-systemd-257");
    write(&fake, 'b', "switch-inhibitors", "/nix/store/x-systemd-258");
    prepare(&fake, &fake.order('b', 1));
    let fake = Fake::new();
    write(&fake, 'a', "init-interface-version", "systemd 2");
    write(&fake, 'b', "init-interface-version", "systemd 3");
    let problem = refused(&fake, &fake.order('b', 1));
    assert!(
        problem
            .message
            .ends_with("init-interface-version (systemd 2 → systemd 3)")
    );
}

#[test]
fn what_is_no_system_for_this_host_is_refused_with_what_it_lacks() {
    let machine = facts::facts(Fake::new().cx(), std::path::Path::new("none")).system;
    type Spoil = fn(&Fake);
    let cases: [(Spoil, &str, &str); 4] = [
        (
            |fake| fs::remove_file(fake.paths.at(format!("{}/init", system('b')))).unwrap(),
            "is no NixOS system: it has no `init`",
            "system.build.toplevel",
        ),
        (
            |fake| fs::remove_file(fake.paths.switch_program(&system('b'))).unwrap(),
            "was built without bin/switch-to-configuration",
            "system.switch.enable",
        ),
        (
            |fake| fs::remove_dir_all(fake.paths.at(system('b').to_string())).unwrap(),
            "is not in the host's store",
            "deploy again",
        ),
        (
            |fake| write(fake, 'b', "system", "riscv64-linux"),
            "the system is built for riscv64-linux, this host is",
            "nixpkgs.hostPlatform",
        ),
    ];
    for (spoil, why, hint) in cases {
        let fake = Fake::new();
        spoil(&fake);
        let problem = refused(&fake, &fake.order('b', 1));
        assert!(problem.message.contains(why), "{}", problem.message);
        assert!(problem.hint.unwrap().0.contains(hint));
    }
    let fake = Fake::new();
    write(&fake, 'b', "system", &machine);
    prepare(&fake, &fake.order('b', 1));
}
