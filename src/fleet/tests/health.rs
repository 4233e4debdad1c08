//! Health gates of a fleet.toml: what they come to, layer by layer.

use std::time::Duration;

use super::{fleet, read};
use crate::model::{AskedFrom, Gate, GateKind, HostName, Level};

fn gates(text: &str) -> Vec<Gate> {
    fleet(text).hosts[&HostName::new("a").unwrap()]
        .health
        .clone()
}

fn names(text: &str) -> Vec<String> {
    gates(text)
        .iter()
        .map(|gate| gate.name.to_string())
        .collect()
}

/// The gate `x` of a host, from the lines of its table.
fn gate(lines: &str) -> Gate {
    let found = gates(&format!("[hosts.a.health.x]\n{lines}"));
    found
        .into_iter()
        .find(|gate| gate.name.as_str() == "x")
        .unwrap()
}

#[test]
fn a_host_that_says_nothing_has_the_gate_of_every_host() {
    assert_eq!(gates("[hosts.a]"), [Gate::systemd()]);
}

#[test]
fn kinds_are_read_with_their_defaults() {
    let http = gate("kind = 'http'\nurl = 'http://{host}:8080'");
    assert_eq!(
        (http.level, http.interval),
        (Level::Required, Duration::from_secs(2))
    );
    assert_eq!(
        (http.deadline, http.timeout),
        (Duration::from_secs(30), Duration::from_secs(10))
    );
    let GateKind::Http {
        url,
        from,
        status,
        contains,
    } = http.kind
    else {
        panic!()
    };
    assert_eq!(url.to_string(), "http://{host}:8080/");
    assert_eq!(
        (from, status, contains),
        (AskedFrom::Workstation, vec![], None)
    );

    let tcp = gate("kind = 'tcp'\nport = 22\nfrom = 'host'\nlevel = 'wanted'");
    assert_eq!(tcp.level, Level::Wanted);
    let GateKind::Tcp {
        address,
        port,
        from,
    } = tcp.kind
    else {
        panic!()
    };
    assert_eq!(
        (address.as_str(), port, from),
        ("{host}", 22, AskedFrom::Host)
    );

    let command = gate("kind = 'command'\ncommand = ['a', 'b c']\ntimeout = '1min'");
    assert_eq!(command.timeout, Duration::from_secs(60));
    assert_eq!(
        command.kind,
        GateKind::Command {
            command: vec!["a".to_owned(), "b c".to_owned()]
        }
    );

    let units = gate("kind = 'systemd'\nunits = ['nginx.service']\nstable_for = '5s'");
    assert_eq!(units.deadline, Duration::from_secs(35));
    assert_eq!(
        units.kind,
        GateKind::Systemd {
            newly_failed: false,
            units: vec!["nginx.service".to_owned()]
        }
    );
}

#[test]
fn status_is_one_code_or_several() {
    for (written, expected) in [("204", vec![204]), ("[200, 301]", vec![200, 301])] {
        let gate = gate(&format!(
            "kind = 'http'\nurl = 'https://x/'\nstatus = {written}"
        ));
        let GateKind::Http { status, .. } = gate.kind else {
            panic!()
        };
        assert_eq!(status, expected);
    }
}

#[test]
fn the_gate_of_every_host_can_be_reshaped_but_not_removed() {
    let text = "[defaults.health.systemd]\nlevel = 'wanted'\nstable_for = '10s'\nunits = ['a.timer']\n[hosts.a]";
    let [systemd] = &gates(text)[..] else {
        panic!()
    };
    assert_eq!(systemd.level, Level::Wanted);
    // Without a deadline a unit that failed decides at once, as before.
    assert_eq!(systemd.deadline, Duration::from_secs(10));
    assert_eq!(
        systemd.kind,
        GateKind::Systemd {
            newly_failed: true,
            units: vec!["a.timer".to_owned()]
        }
    );
    assert!(read("[hosts.a.health.systemd]\nenabled = false").is_err());
    assert!(read("[hosts.a.health.systemd]\nkind = 'tcp'\nport = 1").is_err());
    assert!(read("[hosts.a.health.ssh]\nkind = 'tcp'\nport = 1").is_err());
}

#[test]
fn the_nearer_gate_takes_the_place_of_the_farther_as_a_whole() {
    let text = "
        defaults.health.x = { kind = 'tcp', port = 1, level = 'wanted' }
        defaults.health.y = { kind = 'tcp', port = 2 }
        defaults.health.z = { kind = 'tcp', port = 3 }
        tags.t.health.y = { kind = 'tcp', port = 20 }
        hosts.a = { tags = ['t'], health = { x = { kind = 'tcp', port = 10 }, z = { enabled = false } } }
    ";
    assert_eq!(names(text), ["systemd", "x", "y"]);
    let found = gates(text);
    let ports: Vec<u16> = found
        .iter()
        .filter_map(|gate| match gate.kind {
            GateKind::Tcp { port, .. } => Some(port),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [10, 20]);
    // `level` is not inherited from the gate that was replaced.
    assert!(found.iter().all(|gate| gate.level == Level::Required));
}

#[test]
fn tags_may_not_disagree_about_a_gate_the_host_leaves_open() {
    let tags = "tags.s.health.x = { kind = 'tcp', port = 1 }\ntags.t.health.x = { kind = 'tcp', port = 2 }\n";
    let clash = read(&format!("{tags}hosts.a.tags = ['s', 't']")).unwrap_err();
    assert!(
        clash.to_string().contains("set `health.x` differently"),
        "{clash}"
    );
    let own = format!("{tags}hosts.a = {{ tags = ['s', 't'], health.x.enabled = false }}");
    assert_eq!(names(&own), ["systemd"]);
}

#[test]
fn gates_at_fault_are_refused() {
    for lines in [
        "",
        "kind = 'icmp'",
        "kind = 'tcp'",
        "kind = 'tcp'\nport = 1\nurl = 'http://a'",
        "kind = 'tcp'\nport = 1\naddress = 'a:2'",
        "kind = 'tcp'\nport = 1\nfrom = 'there'",
        "kind = 'tcp'\nport = 1\nlevel = 'nice'",
        "kind = 'tcp'\nport = 1\ndeadline = '2d'",
        "kind = 'tcp'\nport = 1\ndeadline = '5s'\nstable_for = '6s'",
        "kind = 'tcp'\nport = 1\nstable_for = '24h'",
        "kind = 'tcp'\nport = 1\ninterval = '99ms'",
        "kind = 'http'\nurl = 'https://x/'\nstatus = []",
        "kind = 'http'",
        "kind = 'http'\nurl = 'ftp://a'",
        "kind = 'http'\nurl = 'http://u:p@a'",
        "kind = 'http'\nurl = 'http://a'\nstatus = []\nstatus = 1",
        "kind = 'http'\nurl = 'http://a'\nstatus = [200, 600]",
        "kind = 'http'\nurl = 'http://a'\nstatus = '200'",
        "kind = 'http'\nurl = 'http://a'\ncontains = ''",
        "kind = 'command'",
        "kind = 'command'\ncommand = 'true'",
        "kind = 'command'\ncommand = []",
        "kind = 'command'\ncommand = ['']",
        "kind = 'systemd'",
        "kind = 'systemd'\nunits = []",
        "kind = 'systemd'\nunits = ['nginx']",
        "kind = 'systemd'\nunits = ['*.service']",
        "kind = 'systemd'\nunits = ['.service']",
        "enabled = 'no'",
        "kind = 'tcp'\nport = 1\nretries = 3",
    ] {
        let text = format!("[hosts.a.health.x]\n{lines}");
        assert!(read(&text).is_err(), "{text}");
    }
}
