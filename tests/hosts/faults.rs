//! What a host does when the controller dies or its own power is cut half-way.

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Orders a release whose activation takes longer than a test needs to break something.
fn slow(phoenix: &Phoenix, test: &str) {
    phoenix.release(&format!(
        "[default]\nversion = \"{test}.{}\"\nvariant = \"slow-activation\"\nactivation_seconds = 20\n",
        std::process::id()
    ));
}

/// Whether the host's activation got as far as the release's own record.
fn activating(test: &str) -> String {
    format!("grep -q {test} /etc/phoenix-lab-release")
}

#[test]
fn whatever_activation_does_the_host_ends_on_the_system_it_ran_and_the_others_go_on() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("8s", "10s");
    let ran = |host: &str| (lab.running(host), lab.boots(host));
    let variants = [
        ("web1", "activation-hangs"),
        ("web2", "network-down"),
        ("app1", "activation-fails"),
    ];
    let before: Vec<_> = variants.iter().map(|(host, _)| ran(host)).collect();
    let mut release = format!("[default]\nversion = \"faults.{}\"\n", std::process::id());
    for (host, variant) in variants {
        release += &format!("[hosts.{host}]\nvariant = \"{variant}\"\n");
    }
    phoenix.release(&release);

    let told = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(1);

    assert_eq!(phoenix::outcome(&told, "db1"), "confirmed");
    for ((host, variant), before) in variants.iter().zip(before) {
        assert_eq!(
            phoenix::outcome(&told, host),
            "rolled-back",
            "{variant}: {}",
            told.all()
        );
        assert_eq!(ran(host), before, "{variant}");
        // Reachable, and with nothing of the run left in its systemd.
        let left = lab.ssh(host, "true").expect_code(0).all()
            + &lab
                .root(
                    host,
                    "systemctl list-units --all --plain --no-legend 'phoenix-*'",
                )
                .stdout;
        assert!(!left.contains("phoenix-"), "{variant}: {left}");
    }
}

#[test]
fn a_host_goes_back_by_itself_when_the_controller_is_killed() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let before = lab.running("web1");
    slow(&phoenix, "killed");

    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "activate");
    lab.until("web1", 60, &activating("killed"));
    run.kill();

    let back = format!(
        "! {} && test /run/current-system -ef {before}",
        activating("killed")
    );
    lab.until("web1", 170, &back);
    assert_eq!(
        (lab.running("web1"), lab.boots("web1")),
        (before.clone(), before)
    );
}

#[test]
fn a_host_boots_the_old_system_when_its_power_is_cut_during_activation() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let before = lab.running("web1");
    slow(&phoenix, "power");

    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "activate");
    lab.until("web1", 60, &activating("power"));
    lab.kill("web1");
    lab.start("web1");
    let ran = run.end();

    assert_ne!(ran.code, 0, "{}", ran.all());
    assert_ne!(phoenix::outcome(&ran, "web1"), "confirmed");
    lab.until("web1", 60, "test -e /run/current-system");
    assert_eq!(
        (lab.running("web1"), lab.boots("web1")),
        (before.clone(), before)
    );
}
