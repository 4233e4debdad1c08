//! Two controllers at one host, and holds.

use serde_json::Value;

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// A release whose activation takes so many seconds.
fn slow(phoenix: &Phoenix, version: &str, seconds: u32) {
    phoenix.release(&format!(
        "[default]\nversion = \"{version}.{}\"\nvariant = \"slow-activation\"\nactivation_seconds = {seconds}\n",
        std::process::id()
    ));
}

/// What `lock status --json` says of one host.
fn lock_status(phoenix: &Phoenix, host: &str) -> Value {
    let ran = phoenix
        .run(&["lock", "status", host, "--json"])
        .expect_code(0);
    phoenix::events(&ran).remove(0)
}

#[test]
fn of_two_controllers_at_the_same_moment_one_activates_and_the_other_is_told_who() {
    let lab = Lab::ready();
    let (ada, bob) = (Phoenix::of(&lab, "ada"), Phoenix::of(&lab, "bob"));
    for round in 0..3 {
        slow(&ada, &format!("race.a{round}"), 6);
        slow(&bob, &format!("race.b{round}"), 6);
        // Copied before, so that both come to the host at the same moment.
        for one in [&ada, &bob] {
            one.run(&["deploy", "web1", "--until", "copy"])
                .expect_code(0);
        }

        let running = [&ada, &bob].map(|one| one.start(&["deploy", "web1", "--yes", "--json"]));
        let [a, b] = running.map(phoenix::Running::end);

        let (winner, loser, who) = if a.code == 0 {
            (a, b, "ada@")
        } else {
            (b, a, "bob@")
        };
        let winner = winner.expect_code(0);
        let loser = loser.expect_code(1);
        assert_eq!(phoenix::outcome(&winner, "web1"), "confirmed");
        assert_eq!(phoenix::outcome(&loser, "web1"), "failed");
        let told = phoenix::problem(&loser, "web1");
        for word in [
            "another deployment is under way",
            &phoenix::run_of(&winner),
            who,
            "(from ",
            "holds the host's deploy lock since ",
            "unless it is confirmed within",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
        let system = phoenix::events(&winner).pop().expect("it has ended");
        assert_eq!(system["hosts"]["web1"]["to"], lab.running("web1"));
        assert_eq!(lab.running("web1"), lab.boots("web1"));
        assert_eq!(lock_status(&ada, "web1")["lock"], Value::Null);
    }
}

#[test]
fn a_run_of_ones_own_whose_phoenix_was_killed_is_told_and_the_lock_ends_with_it() {
    let lab = Lab::ready();
    let ada = Phoenix::of(&lab, "ada");
    ada.limits("60s", "5s");
    slow(&ada, "own", 20);
    let before = lab.running("web2");
    let mut first = ada.start(&["deploy", "web2", "--yes", "--json"]);
    first.wait_for("web2", "activate");
    lab.until("web2", 60, "grep -q own /etc/phoenix-lab-release");
    first.kill();

    let status = lock_status(&ada, "web2");
    assert_eq!(status["lock"]["state"], "activating", "{status}");
    let again = ada
        .run(&["deploy", "web2", "--yes", "--json"])
        .expect_code(1);
    let told = phoenix::problem(&again, "web2");
    assert!(told.contains("it is a run of your own"), "{told}");

    lab.until(
        "web2",
        60,
        "! systemctl is-active 'phoenix-run-*' >/dev/null",
    );
    assert_eq!(lab.running("web2"), before);
    assert_eq!(lock_status(&ada, "web2")["lock"], Value::Null);
    ada.run(&["deploy", "web2", "--yes"]).expect_code(0);
}

#[test]
fn a_hold_survives_a_reboot_and_stops_everybody_but_who_insists() {
    let lab = Lab::ready();
    let (ada, bob) = (Phoenix::of(&lab, "ada"), Phoenix::of(&lab, "bob"));
    slow(&bob, "held", 0);
    let before = lab.running("web1");
    let hold = [
        "lock",
        "hold",
        "web1",
        "--reason",
        "moving house",
        "--for",
        "2h",
    ];
    ada.run(&hold).expect_code(0);
    lab.reboot("web1");
    lab.wait("web1");

    let refused = bob
        .run(&["deploy", "web1", "--yes", "--json"])
        .expect_code(1);
    let told = phoenix::problem(&refused, "web1");
    for word in [
        "an operator holds the host",
        "ada@",
        "moving house",
        "(2 h in all)",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!refused.stdout.contains("\"copy\""), "{}", refused.all());
    assert_eq!(lab.running("web1"), before);
    bob.run(&["rollback", "web1", "--yes"]).expect_code(1);
    bob.run(&["lock", "release", "web1"]).expect_code(1);
    bob.run(&["lock", "hold", "web1", "--reason", "mine"])
        .expect_code(1);

    // What only looks or prepares needs no lock.
    for args in [
        &["build", "web1"][..],
        &["deploy", "web1", "--until", "copy"],
        &["status", "web1"],
        &["lock", "status", "web1"],
    ] {
        bob.run(args).expect_code(0);
    }

    insisting(&bob);
    ada.run(&["lock", "release", "web1"]).expect_code(0);
    assert_eq!(lock_status(&bob, "web1")["hold"], Value::Null);
}

/// Deploys to a held host all the same.
fn insisting(bob: &Phoenix) {
    let insists = ["deploy", "web1", "--yes", "--json", "--despite-hold"];
    let ran = bob.run(&insists).expect_code(0);
    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed");
    assert!(
        ran.stdout.contains("activates despite a hold"),
        "{}",
        ran.all()
    );
    // What a host runs already needs no permission.
    let again = bob
        .run(&["deploy", "web1", "--yes", "--json"])
        .expect_code(0);
    assert_eq!(phoenix::outcome(&again, "web1"), "up-to-date");
}

#[test]
fn a_hold_ends_by_itself_and_force_sets_one_aside() {
    let lab = Lab::ready();
    let (ada, bob) = (Phoenix::of(&lab, "ada"), Phoenix::of(&lab, "bob"));
    ada.run(&["lock", "hold", "web2", "--reason", "short", "--for", "3s"])
        .expect_code(0);
    lab.say("web2", "sleep 4");
    assert_eq!(lock_status(&bob, "web2")["hold"], Value::Null);
    ada.run(&["lock", "hold", "web2", "--reason", "long"])
        .expect_code(0);
    bob.run(&["lock", "release", "web2", "--force"])
        .expect_code(0);
    assert_eq!(lock_status(&bob, "web2")["hold"], Value::Null);
    assert_eq!(
        lab.say("web2", "ls -A /var/lib/phoenix | grep -c hold || true"),
        "0"
    );
}
