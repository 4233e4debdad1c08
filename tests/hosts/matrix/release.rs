//! The cells in which the new system is what goes wrong.

use super::cell::{Cell, Expect, Release};

/// All of them, in the order of the document.
pub(super) fn cells() -> Vec<Cell> {
    [out_of_reach(), switching(), state_folder()].concat()
}

/// A unit that broke and is started again in an hour: NixOS counts it among the failed ones.
const WAITING_UNIT: &str = "printf '[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=1h\n' \
    >/run/systemd/system/old-trouble.service && systemctl daemon-reload && systemctl start old-trouble.service";
/// The new system works, but nobody can reach it.
fn out_of_reach() -> Vec<Cell> {
    let says = ["nobody confirmed the new system within 4 s after activation"];
    let cell = |row, variant, injected| {
        Cell::new("Out of reach", row, injected, Expect::back(&says).lost())
            .sending(Release::of(variant))
    };
    let gone = Expect::back(&["it was rebooted into the old system"]);
    vec![
        cell(
            "sshd stopped",
            "sshd-stops",
            "a unit of the new system stops sshd",
        ),
        cell(
            "firewall closed",
            "firewall-closes",
            "a unit of the new system drops all that comes to port 22",
        ),
        cell(
            "address changed",
            "address-changes",
            "a unit of the new system gives the host another address",
        ),
        cell(
            "ssh port changed",
            "ssh-port-changes",
            "sshd of the new system listens on port 2222",
        ),
        cell(
            "network down",
            "network-down",
            "a unit of the new system takes the interface down",
        ),
        Cell {
            is_brief: true,
            expect: gone,
            ..cell(
                "sshd stays down",
                "sshd-stays-down",
                "a unit of the new system stops sshd, which the old system does not start",
            )
        },
    ]
}

/// `switch-to-configuration` does not do its work.
fn switching() -> Vec<Cell> {
    let cell = |row, injected, expect| Cell::new("The switch fails", row, injected, expect);
    let back = |row, variant, injected, says: &'static str| {
        cell(row, injected, Expect::back(&[says])).sending(Release::of(variant))
    };
    let hang = back(
        "switch hangs",
        "activation-hangs",
        "activation waits for an hour; its limit is 5 s",
        "did not end within 5 s (the limit for activation)",
    );
    vec![
        Cell {
            activate_limit: 5,
            ..hang
        },
        back(
            "exit 1",
            "check-fails",
            "a pre-switch check refuses",
            "exited with status 1",
        ),
        back(
            "exit 2",
            "activation-fails",
            "the activation script fails",
            "exited with status 2",
        ),
        back(
            "exit 4, a unit newly broken",
            "service-fails",
            "a service of the new system does not start",
            "failed after the switch",
        ),
        cell(
            "exit 4, only a unit broken before",
            "a unit that broke before waits to be restarted",
            Expect::kept(&["every failed unit had failed before"]),
        )
        .after(WAITING_UNIT),
        cell(
            "exit 100",
            "the new system's init is incompatible",
            Expect::untouched(&["the host must be rebooted into this system, not switched to it"]),
        )
        .sending(Release::of("needs-reboot")),
        cell(
            "script missing",
            "the new system has no bin/switch-to-configuration",
            Expect::untouched(&["was built without bin/switch-to-configuration"]),
        )
        .sending(Release::of("no-switch-script")),
    ]
}

/// The boot activates once more, and takes what the host knows of its systems along.
const UNKNOWN: &[&str] = &["--replace-unknown"];

/// The new system's activation does something to the folder of the run.
fn state_folder() -> Vec<Cell> {
    let cell = |row, variant, injected, expect| {
        Cell::new("The run's own folder", row, injected, expect).sending(Release::of(variant))
    };
    vec![
        cell(
            "removed",
            "state-removed",
            "the new system's activation removes /var/lib/phoenix",
            Expect::kept(&[]),
        )
        .with(&[], UNKNOWN),
        cell(
            "mounted over",
            "state-mounted-over",
            "the new system's activation mounts something over /var/lib/phoenix",
            Expect::kept(&[]),
        )
        .with(&[], UNKNOWN),
        cell(
            "read-only",
            "state-read-only",
            "the new system's activation makes /var/lib/phoenix read-only",
            Expect::back(&[]),
        ),
    ]
}
