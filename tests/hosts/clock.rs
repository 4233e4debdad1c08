//! A host whose clock is set back a year in the middle of a run. Containers share the clock of
//! the machine they run on, so this host is a machine of its own.

use serde_json::Value;

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// How long the host waits for a decision.
const LEASE: f64 = 20.0;

#[test]
fn a_clock_that_is_set_back_a_year_delays_no_way_back() {
    let lab = Lab::machine();
    let phoenix = Phoenix::new(&lab);
    phoenix.limits("170s", &format!("{LEASE}s"));
    phoenix.release("[default]\nversion = \"clock.1\"\n");
    let ran = phoenix.run(&["deploy", "web1", "--yes", "--json"]);
    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed", "{}", ran.all());
    let old = lab.running("web1");

    phoenix.release(
        "[default]\nversion = \"clock.2\"\nvariant = \"slow-activation\"\nactivation_seconds = 12\n",
    );
    let mut run = phoenix.start(&["deploy", "web1", "--yes", "--json"]);
    run.wait_for("web1", "activate");
    lab.until("web1", 100, "grep -q clock.2 /etc/phoenix-lab-release");
    run.kill();
    let year = lab.say("web1", "date -s \"$(date -d '1 year ago' '+%F %T')\" +%Y");

    let back = format!("test /run/current-system -ef {old}");
    lab.until(
        "web1",
        170,
        &format!("{back} && ! systemctl is-active --quiet 'phoenix-*'"),
    );

    // By the host's own time since boot: the emulator may take its time.
    let record = lab.say(
        "web1",
        "cat \"$(grep -l clock.2 /run/phoenix/runs/*/record.json)\"",
    );
    let record: Value = serde_json::from_str(&record).expect("the record is JSON");
    let waited = since_boot(&record, "rolling-back") - since_boot(&record, "probing");
    assert!((LEASE..LEASE + 5.0).contains(&waited), "{waited} s");
    assert_eq!(lab.boots("web1"), old);
    assert_eq!(lab.say("web1", "date +%Y"), year);
    let status = phoenix.run(&["status", "web1", "--json"]).expect_code(0);
    assert!(
        status.stdout.contains("\"rolled-back\""),
        "{}",
        status.all()
    );
}

/// When a run entered a state, in seconds since boot.
fn since_boot(record: &Value, state: &str) -> f64 {
    let mut trail = record["trail"].as_array().into_iter().flatten();
    let step = trail.find(|step| step["state"] == state);
    let uptime = step.map(|step| &step["uptime"]);
    let of = |part: &str| uptime.and_then(|uptime| uptime[part].as_f64());
    let (seconds, nanos) = (of("secs"), of("nanos"));
    seconds.zip(nanos).map_or_else(
        || panic!("the run never was {state}: {record}"),
        |(seconds, nanos)| seconds + nanos / 1e9,
    )
}
