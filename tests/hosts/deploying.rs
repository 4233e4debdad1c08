//! `phoenix deploy` when all goes well, and when a release is bad.

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// A version no host runs yet: hosts outlive a test run.
fn fresh(number: u32) -> String {
    format!("{number}.{}", std::process::id())
}

#[test]
fn every_host_is_confirmed_serves_the_release_and_boots_it() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let version = fresh(1);
    phoenix.release(&format!("[default]\nversion = \"{version}\"\n"));
    let logins = lab.logins("web1");

    let ran = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(0);

    for host in lab.list() {
        assert_eq!(
            phoenix::outcome(&ran, &host.name),
            "confirmed",
            "{}",
            host.name
        );
        assert_eq!(
            lab.running(&host.name),
            lab.boots(&host.name),
            "{}",
            host.name
        );
    }
    assert!(lab.page("web1", 8080).contains(&version));
    // One connection for everything, and the new one for the proof.
    assert_eq!(lab.logins("web1") - logins, 2);

    let system = lab.running("web1");
    lab.reboot("web1");
    lab.until("web1", 60, "test -e /run/current-system");
    assert_eq!(lab.running("web1"), system);
    lab.wait("web1");
    let logins = lab.logins("web1");

    let again = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(0);
    for host in lab.list() {
        assert_eq!(phoenix::outcome(&again, &host.name), "up-to-date");
    }
    // Nothing to prove, so no second connection.
    assert_eq!(lab.logins("web1") - logins, 1);
}

#[test]
fn a_failing_service_rolls_back_its_host_and_no_other() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let good = format!("[default]\nversion = \"{}\"\n", fresh(2));
    phoenix.release(&good);
    phoenix.run(&["deploy", "--all", "--yes"]).expect_code(0);
    let before = lab.running("web2");
    let bad = format!(
        "[default]\nversion = \"{}\"\n[hosts.web2]\nvariant = \"service-fails\"\n",
        fresh(3)
    );
    phoenix.release(&bad);

    let ran = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(1);

    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed");
    assert_eq!(phoenix::outcome(&ran, "web2"), "rolled-back");
    assert_eq!(
        (lab.running("web2"), lab.boots("web2")),
        (before.clone(), before)
    );
    assert!(lab.page("web2", 8080).contains(&fresh(2)));
    assert!(
        ran.stdout.contains("unknown directive 'listenn'"),
        "{}",
        ran.all()
    );
    lab.ssh("web2", "true").expect_code(0);
}
