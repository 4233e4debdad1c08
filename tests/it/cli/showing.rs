//! `phoenix show` from the records of this workstation, and results that get lost.

use std::fs;

use super::phoenix::{FLEET, Phoenix, Ran};

const GOOD: &str = "20261122-204404-3fa9c1";
const LOST: &str = "20261123-080000-000001";

/// A run that ended well, and one whose phoenix was killed and whose host told later.
fn with_runs() -> Phoenix {
    let phoenix = Phoenix::with(FLEET);
    let started = |run: &str, at: u64| {
        format!(
            r#"{{"n":1,"at":{at},"event":"run-started","version":1,"run":"{run}","command":"deploy","who":"ada@desk","hosts":["web1"]}}"#
        )
    };
    let (old, new) = (
        "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-nixos-system-web1-24.05",
        "/nix/store/k3j2a91bz4y8xw7v6q5s3r2p1n0mlkjh-nixos-system-web1-24.11",
    );
    let result = format!(r#"{{"outcome":"confirmed","from":"{old}","to":"{new}","millis":9000}}"#);
    record(
        &phoenix,
        GOOD,
        &[
            started(GOOD, 1_795_380_244_000),
            r#"{"n":2,"at":1795380244000,"event":"stage-started","host":"web1","stage":"copy"}"#.to_owned(),
            r#"{"n":3,"at":1795380245200,"event":"stage-finished","host":"web1","stage":"copy","millis":1200,"note":"40 paths","bytes":12897485}"#.to_owned(),
            format!(r#"{{"n":4,"at":1795380253000,"event":"host-finished","host":"web1","result":{result}}}"#),
            format!(r#"{{"n":5,"at":1795380253000,"event":"run-finished","run":"{GOOD}","millis":9000,"hosts":{{"web1":{result}}}}}"#),
        ],
    );
    record(
        &phoenix,
        LOST,
        &[
            started(LOST, 1_795_420_800_000),
            r#"{"n":2,"at":1795420801000,"event":"stage-started","host":"web1","stage":"activate"}"#.to_owned(),
            format!(r#"{{"n":3,"at":1795420900000,"event":"verdict","host":"web1","verdict":"ended","summary":{{"run":"{LOST}","host":"web1","who":"ada@desk","state":"rolled-back","old":"{old}","new":"{new}","reason":"nobody confirmed it","failed_units":[],"log":[],"changed":1}}}}"#),
        ],
    );
    phoenix
}

fn record(phoenix: &Phoenix, run: &str, lines: &[String]) {
    let folder = phoenix.folder().join(".local/state/phoenix/runs").join(run);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("events.jsonl"), lines.join("\n") + "\n").unwrap();
}

#[test]
fn recent_runs_are_listed_newest_first() {
    with_runs().run(&["show"]).is(
        0,
        "\
run                     began                    command  who       hosts  ended
20261123-080000-000001  2026-11-23 08:00:00 UTC  deploy   ada@desk  web1   cut off: 1 rolled back
20261122-204404-3fa9c1  2026-11-22 20:44:04 UTC  deploy   ada@desk  web1   1 confirmed
",
        "",
    );
}

#[test]
fn a_run_is_told_with_its_stages_and_what_its_host_told_later() {
    let phoenix = with_runs();
    phoenix.run(&["show", "20261122"]).is(
        0,
        "\
run 20261122-204404-3fa9c1: deploy of 1 host by ada@desk, began 2026-11-22 20:44:04 UTC, took 9.0s

web1: confirmed
    +0.0s  copy       1.2s  12.3 MiB  40 paths
  0pqyvyw2-24.05 → k3j2a91b-24.11
",
        "",
    );
    phoenix.run(&["show", "last"]).is(
        0,
        "\
run 20261123-080000-000001: deploy of 1 host by ada@desk, began 2026-11-23 08:00:00 UTC, was cut off: its phoenix was ended

web1: rolled back
    +1.0s  activate  did not end
   +1m40s  asked later: web1 rolled back because nobody confirmed it
",
        "",
    );
    let ran = phoenix.run(&["show", "last", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["events"][2]["verdict"], "ended");
    assert_eq!(told["events"][2]["n"], 3);
}

#[test]
fn a_run_whose_hosts_cannot_be_asked_is_told_as_far_as_it_is_known() {
    let phoenix = with_runs();
    let journal = phoenix
        .folder()
        .join(".local/state/phoenix/runs")
        .join(LOST)
        .join("events.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let open: Vec<&str> = text.lines().take(2).collect();
    fs::write(&journal, open.join("\n")).unwrap();
    fs::remove_file(phoenix.folder().join("fleet.toml")).unwrap();
    let ran = phoenix.run(&["show", "last"]);
    assert_eq!(ran.status, 0);
    assert!(ran.out.contains("web1: unknown"), "{}", ran.out);
    assert!(
        ran.err
            .contains("how it ended is not known here: no fleet.toml"),
        "{}",
        ran.err
    );
}

#[test]
fn a_run_that_is_not_there_is_told_with_those_that_are() {
    let phoenix = with_runs();
    let ran = phoenix.run(&["show", "2025"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("no run `2025` is recorded"), "{}", ran.err);
    assert!(
        ran.err.contains(LOST) && ran.err.contains(GOOD),
        "{}",
        ran.err
    );
    let many = phoenix.run(&["show", "2026"]);
    assert_eq!(many.status, 2);
    assert!(
        many.err.contains("several runs begin with `2026`"),
        "{}",
        many.err
    );
    let none = Phoenix::bare().run(&["show", "last"]);
    assert_eq!(none.status, 2);
    assert!(none.err.contains("no run is recorded"), "{}", none.err);
    Phoenix::bare()
        .run(&["show"])
        .is(0, "", "no run is recorded on this workstation\n");
}

#[test]
fn a_hold_needs_a_reason_of_one_line_and_a_time_with_a_unit() {
    let phoenix = Phoenix::with(FLEET);
    let refused = |args: &[&str], word: &str| {
        let ran = phoenix.run(&[&["lock", "hold", "web1"], args].concat());
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains(word), "{}", ran.err);
    };
    refused(&[], "--reason");
    refused(&["--reason", " "], "one line");
    refused(&["--reason", "a\nb"], "one line");
    refused(&["--reason", "why", "--for", "5"], "has no unit");
}

#[test]
fn only_runs_need_a_place_for_their_records() {
    let phoenix = Phoenix::with(FLEET);
    let homeless = |args: &[&str]| {
        let mut command = phoenix.command(args);
        Ran::of(&command.env_remove("HOME").output().unwrap())
    };
    assert_eq!(homeless(&["list"]).status, 0);
    assert_eq!(homeless(&["show"]).status, 0);
    let ran = homeless(&["rollback", "web1", "--yes"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("runs are recorded there"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_lost_is_a_failure_told_once() {
    let phoenix = Phoenix::with(FLEET);
    for args in [&["list"][..], &["list", "--json"], &["check", "--no-flake"]] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ran = Ran::of(&phoenix.command(args).stdout(full).output().unwrap());
        assert_eq!(ran.status, 1, "{args:?}");
        assert_eq!(
            ran.err.matches("could not be written").count(),
            1,
            "{}",
            ran.err
        );
    }
}
