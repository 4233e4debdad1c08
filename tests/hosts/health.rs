//! Health gates on real hosts: what passes, what goes back, and what a long wait costs.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::Ran;
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

const HOSTS: [&str; 2] = ["web1", "web2"];

fn version(test: &str) -> String {
    format!("{test}.{}", std::process::id())
}

/// Orders a good release, whose gates are these.
fn order(phoenix: &Phoenix, test: &str, gates: &str) {
    phoenix.release(&format!("[default]\nversion = \"{}\"\n", version(test)));
    phoenix.settings(gates);
}

/// A gate's event of a host.
#[track_caller]
fn gate(ran: &Ran, host: &str, name: &str) -> Value {
    let mut events = phoenix::events(ran).into_iter();
    let found = events.find(|event| {
        event["event"] == "gate-finished" && event["host"] == host && event["gate"] == name
    });
    found.unwrap_or_else(|| panic!("no gate {name} of {host}: {}", ran.all()))
}

/// Nothing of a run is left in the host's systemd.
#[track_caller]
fn check_clean(lab: &Lab, host: &str) {
    let units = "systemctl list-units --all --plain --no-legend 'phoenix-*'";
    lab.until(host, 10, &format!("test -z \"$({units})\""));
}

#[test]
fn pages_ports_and_units_are_looked_at_from_both_sides() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let version = version("sides");
    order(
        &phoenix,
        "sides",
        &format!(
            r#"
[tags.web.health.page]
kind = "http"
url = "http://{{host}}:8080/"
contains = "{version}"
stable_for = "1s"
interval = "300ms"
[defaults.health.metrics]
kind = "http"
from = "host"
url = "http://127.0.0.1:9100/"
contains = "lab_up 1"
[defaults.health.login]
kind = "tcp"
port = 22
from = "host"
[defaults.health.port]
kind = "tcp"
port = 9100
[defaults.health.units]
kind = "systemd"
units = ["lab-metrics.service", "lab-web.service"]
[defaults.health.command]
kind = "command"
command = ["test", "-e", "/run/current-system"]
"#
        ),
    );
    let logins = lab.logins("web1");

    let ran = phoenix
        .run(&["deploy", HOSTS[0], HOSTS[1], "--yes", "--json"])
        .expect_code(0);

    for host in HOSTS {
        assert_eq!(phoenix::outcome(&ran, host), "confirmed", "{}", ran.all());
        for name in [
            "page", "metrics", "login", "port", "units", "command", "systemd",
        ] {
            let event = gate(&ran, host, name);
            assert_eq!(event["passed"], true, "{event}");
        }
        assert_eq!(gate(&ran, host, "page")["detail"], "answered 200 for 1 s");
        check_clean(&lab, host);
    }
    // All gates of a host go over the connection of the proof.
    assert_eq!(lab.logins("web1") - logins, 2);
}

#[test]
fn a_gate_that_fails_sends_its_host_back_and_shows_why() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let before = HOSTS.map(|host| lab.running(host));
    // It was failing before the run already, so the gate `systemd` does not speak of it.
    let job = "systemctl stop lab-job.service 2>/dev/null; \
        systemd-run --quiet --unit=lab-job --property=Restart=always --property=RestartSec=3s \
        sh -c 'echo cannot open the queue; exit 1'; sleep 1";
    lab.say("web1", job);
    order(
        &phoenix,
        "fails",
        r#"
[hosts.web1.health.job]
kind = "systemd"
units = ["lab-job.service"]
deadline = "2s"
[hosts.web2.health.base]
kind = "command"
command = ["sh", "-c", "echo the database is away; exit 3"]
deadline = "2s"
interval = "500ms"
"#,
    );

    let ran = phoenix
        .run(&["deploy", "web1", "web2", "--yes"])
        .expect_code(1);
    lab.say("web1", "systemctl stop lab-job.service");

    for (host, before) in HOSTS.iter().zip(before) {
        assert_eq!(
            (lab.running(host), lab.boots(host)),
            (before.clone(), before)
        );
        check_clean(&lab, host);
    }
    for told in [
        "cause: health gate `job`: lab-job.service is activating",
        "cannot open the queue",
        "cause: health gate `base`: `sh -c echo the database is away; exit 3` exited with status 3",
        "| the database is away",
    ] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.all());
    }
    // The host itself remembers the gate.
    let status = phoenix.run(&["status", "web2", "--json"]).expect_code(0);
    assert!(
        status
            .stdout
            .contains("decided to go back: health gate `base`"),
        "{}",
        status.all()
    );
}

#[test]
fn a_gate_that_is_only_wanted_is_told_and_the_system_is_kept() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    order(
        &phoenix,
        "wanted",
        r#"
[hosts.web1.health.closed]
kind = "tcp"
port = 9
level = "wanted"
deadline = "1s"
"#,
    );
    let ran = phoenix.run(&["deploy", "web1", "--yes"]).expect_code(0);
    assert!(
        ran.stderr
            .contains("health gate `closed` failed, but is only wanted, so the system is kept"),
        "{}",
        ran.all()
    );
    assert!(lab.page("web1", 8080).contains(&version("wanted")));
    assert_eq!(lab.running("web1"), lab.boots("web1"));
}

/// A gate that somebody opens by hand, and leases that are much shorter than the wait for it:
/// the rollback timer goes off meanwhile, too.
const DOOR: &str = r#"
[hosts.web1.health.door]
kind = "command"
command = ["test", "-e", "/run/lab-door"]
deadline = "2min"
interval = "1s"
"#;

#[test]
fn gates_may_outlast_lease_and_timer() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("6s", "4s");
    order(&phoenix, "outlasts", DOOR);
    lab.say("web1", "rm -f /run/lab-door");

    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "confirm");
    // The timer: 6 s for activation, 4 s of the first lease, 30 s for a living guard.
    let rescue = "systemctl is-active --quiet 'phoenix-rollback-*.service'";
    lab.until("web1", 60, rescue);
    std::thread::sleep(Duration::from_secs(6));
    lab.say("web1", "touch /run/lab-door");
    let ran = run.end();

    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed", "{}", ran.all());
    assert!(lab.page("web1", 8080).contains(&version("outlasts")));
    assert_eq!(lab.running("web1"), lab.boots("web1"));
    check_clean(&lab, "web1");
}

#[test]
fn a_controller_that_is_killed_while_it_looks_costs_one_lease() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("60s", "5s");
    let before = lab.running("web1");
    order(&phoenix, "dies", DOOR);
    lab.say("web1", "rm -f /run/lab-door");

    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "confirm");
    std::thread::sleep(Duration::from_secs(8));
    assert!(lab.page("web1", 8080).contains(&version("dies")));
    run.kill();
    let killed = Instant::now();
    let back = format!("test /run/current-system -ef {before}");
    lab.until("web1", 30, &back);

    assert!(
        killed.elapsed() < Duration::from_secs(5 + 5),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(
        (lab.running("web1"), lab.boots("web1")),
        (before.clone(), before)
    );
    check_clean(&lab, "web1");
}

#[test]
fn a_link_that_is_cut_for_a_moment_does_not_end_the_wait() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("60s", "20s");
    order(&phoenix, "moment", DOOR);
    lab.say("web1", "rm -f /run/lab-door");

    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "confirm");
    std::thread::sleep(Duration::from_secs(3));
    lab.cut("web1");
    std::thread::sleep(Duration::from_secs(4));
    lab.heal("web1");
    lab.say("web1", "touch /run/lab-door");
    let ran = run.end();

    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed", "{}", ran.all());
}

#[test]
fn health_looks_without_a_deployment() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    phoenix.settings(
        r#"
[defaults.health.login]
kind = "tcp"
port = 22
[hosts.web2.health.closed]
kind = "tcp"
port = 9
level = "wanted"
[hosts.web2.health.low]
kind = "command"
command = ["sh", "-c", "echo low on paper; exit 1"]
level = "wanted"
[hosts.web2.health.broken]
kind = "command"
command = ["sh", "-c", "echo out of paper; exit 1"]
enabled = false
"#,
    );
    let before = lab.running("web1");
    let good = phoenix.run(&["health", "web*", "--once"]).expect_code(0);
    for word in [
        "reached at",
        "no failed units",
        "takes connections",
        "wanted",
    ] {
        assert!(good.stdout.contains(word), "{word}: {}", good.all());
    }
    assert!(
        good.stderr.contains("note: web2: gate closed failed"),
        "{}",
        good.all()
    );
    assert!(good.stderr.contains("low on paper"), "{}", good.all());
    assert!(!good.stderr.contains("error:"), "{}", good.all());

    let file = phoenix.fleet().join("fleet.toml");
    let on = std::fs::read_to_string(&file)
        .unwrap()
        .replace("enabled = false", "enabled = true");
    std::fs::write(&file, on).unwrap();
    let bad = phoenix.run(&["health", "web*", "--once"]).expect_code(1);
    assert!(bad.stderr.contains("out of paper"), "{}", bad.all());

    lab.cut("web1");
    let away = phoenix.run(&["health", "web1", "--json"]);
    lab.heal("web1");
    let line: Value = serde_json::from_str(away.expect_code(5).stdout.trim()).unwrap();
    assert_eq!(
        (&line["gate"], &line["passed"]),
        (&"ssh".into(), &false.into())
    );
    assert_eq!(line["problem"]["kind"], "unreachable");
    assert_eq!(lab.running("web1"), before);
}
