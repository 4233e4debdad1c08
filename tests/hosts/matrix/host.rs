//! The cells in which the host, or somebody else who works on it, is not as usual.

use super::cell::{Cell, Expect, Fault, Release, WORKING};

/// All of them, in the order of the document.
pub(super) fn cells() -> Vec<Cell> {
    [before(), foreign(), others()].concat()
}

const BROKEN_UNIT: &str = "printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' \
    >/run/systemd/system/old-trouble.service && systemctl daemon-reload && ! systemctl start old-trouble.service";

/// Makes a system that phoenix knows nothing of what the host runs and boots.
const FOREIGN: &str = "rm -rf /tmp/nixos-system-foreign && cp -a \"$(readlink -f /run/current-system)\" /tmp/nixos-system-foreign \
    && chmod u+w /tmp/nixos-system-foreign && rm -f /tmp/nixos-system-foreign/nixos-version \
    && cp /proc/sys/kernel/random/uuid /tmp/nixos-system-foreign/nixos-version \
    && foreign=$(nix-store --add /tmp/nixos-system-foreign) && rm -rf /tmp/nixos-system-foreign \
    && nix-env --profile /nix/var/nix/profiles/system --set \"$foreign\" && \"$foreign/bin/switch-to-configuration\" switch";

/// What it takes to deploy over that.
const REPLACE: &[&str] = &["--replace-unknown"];

/// Points the profile to the generation before; what runs and boots stays.
const PROFILE_MOVED: &str = "nix-env --profile /nix/var/nix/profiles/system --rollback";

/// What the host was before matters.
fn before() -> Vec<Cell> {
    let cell = |row, injected, expect| Cell::new("What was there before", row, injected, expect);
    let same = Release {
        is_same: true,
        ..WORKING
    };
    let killed = Expect {
        outcome: None,
        says: vec!["rolled back"],
        ..Expect::back(&[]).lost()
    };
    let nothing = Expect {
        record: None,
        outcome: Some("up-to-date"),
        code: 0,
        ..Expect::back(&["up to date"])
    };
    vec![
        cell(
            "same closure",
            "the host runs and boots it already",
            nothing,
        )
        .sending(same),
        cell(
            "same closure redeployed",
            "the host runs it, its profile points elsewhere",
            Expect::kept(&[]),
        )
        .sending(same)
        .after(PROFILE_MOVED),
        cell(
            "same closure redeployed, controller killed",
            "the host runs it, its profile points elsewhere; phoenix gets SIGKILL in PROBING",
            killed,
        )
        .sending(same)
        .after(PROFILE_MOVED)
        .held("prove", Fault::KillController),
        cell(
            "unit already failed",
            "a unit is failed before the run",
            Expect::kept(&[]),
        )
        .after(BROKEN_UNIT),
    ]
}

const FREEZE: &str = "systemctl kill --kill-whom=main --signal=STOP 'phoenix-run-*.service'";

/// What the host runs came from somebody else.
fn foreign() -> Vec<Cell> {
    let cell = |row, injected, expect| {
        Cell::new("What was there before", row, injected, expect).after(FOREIGN)
    };
    let foreign = "what the host runs and boots was never deployed by phoenix";
    vec![
        cell(
            "foreign generation",
            foreign,
            Expect::untouched(&["the host runs a system that phoenix never deployed"]),
        )
        .with(&[], REPLACE),
        cell(
            "foreign generation replaced",
            "the same, with --replace-unknown",
            Expect::kept(&["replaces a system that phoenix never deployed"]),
        )
        .with(REPLACE, &[]),
        cell(
            "foreign generation, bad release",
            "the same, and a service of the new system does not start",
            Expect::back(&["failed after the switch"]),
        )
        .sending(Release::of("service-fails"))
        .with(REPLACE, REPLACE),
    ]
}

/// Others who work on the host, and a way back that is not smooth.
fn others() -> Vec<Cell> {
    let cell = |row, injected, expect| Cell::new("Other trouble", row, injected, expect);
    let over = |variant, row, injected, expect| Cell {
        old: Some(Release::of(variant)),
        ..cell(row, injected, expect).sending(Release::of("service-fails"))
    };
    vec![
        cell(
            "two controllers",
            "a second phoenix deploys another release in ACTIVATING",
            Expect::kept(&["another deployment is under way"]),
        )
        .held("activating", Fault::Rival),
        cell(
            "guard frozen in ACTIVATING",
            "the guard of the run gets SIGSTOP",
            Expect::back(&["the program that guards the run was ended before the decision"]),
        )
        .held("activating", Fault::Shell(FREEZE)),
        cell(
            "guard frozen in PROBING",
            "the guard of the run gets SIGSTOP; phoenix, which is not, decides",
            Expect::kept(&[]),
        )
        .held("prove", Fault::Shell(FREEZE)),
        cell(
            "guard frozen in COMMITTING",
            "the guard of the run gets SIGSTOP",
            Expect::kept(&[]),
        )
        .held("committing", Fault::Shell(FREEZE)),
        over(
            "second-test-fails",
            "rollback fails once",
            "a service does not start, and the old system's first activation on the way back is refused",
            Expect::back(&["failed after the switch"]),
        ),
        over(
            "later-tests-fail",
            "rollback fails every time",
            "a service does not start, and every activation of the old system on the way back is refused",
            Expect::back(&["it was rebooted into the old system"]),
        ),
    ]
}
