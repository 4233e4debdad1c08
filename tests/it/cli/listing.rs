//! `list` and `check --no-flake`, selectors, and colours.

use serde_json::Value;

use super::phoenix::{FLEET, Phoenix};

/// The names that `list` prints for these words.
fn listed(words: &[&str], input: &str) -> Vec<String> {
    let phoenix = Phoenix::with(FLEET);
    let args: Vec<&str> = ["list", "--json"].iter().chain(words).copied().collect();
    let ran = phoenix.run_with(&args, &[], input);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let name = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["name"].as_str().unwrap().to_owned()
    };
    ran.out.lines().map(name).collect()
}

#[test]
fn list_is_a_table() {
    Phoenix::with(FLEET).run(&["list"]).is(
        0,
        "\
host  profile  tags    addresses                        user
db1   -        db      10.0.0.21                        -
web1  web      eu web  10.0.0.11 web1.example.org:2222  deploy
web2  -        web     web2                             -
",
        "",
    );
}

#[test]
fn the_whole_fleet_can_be_named_where_it_is_meant_anyway() {
    let all = ["db1", "web1", "web2"];
    assert_eq!(listed(&[], ""), all);
    assert_eq!(listed(&["--all"], ""), all);
    let ran = Phoenix::with(FLEET).run(&["status", "--all", "web1"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
}

#[test]
fn list_is_json_for_machines() {
    let ran = Phoenix::with(FLEET).run(&["list", "--json", "web1"]);
    let row: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        row,
        serde_json::json!({
            "name": "web1",
            "profile": "web",
            "tags": ["eu", "web"],
            "addresses": ["10.0.0.11", "web1.example.org:2222"],
            "user": "deploy",
            "sudo": "sudo",
        })
    );
}

#[test]
fn selectors_pick_hosts() {
    assert_eq!(listed(&["@web"], ""), ["web1", "web2"]);
    assert_eq!(listed(&["not web*"], ""), ["db1"]);
    assert_eq!(listed(&["@web", "and", "@eu"], ""), ["web1"]);
    assert_eq!(
        listed(&["-"], "web2\n# not now: web1\ndb1\n"),
        ["db1", "web2"]
    );
}

#[test]
fn the_fleet_is_found_from_below() {
    let phoenix = Phoenix::with(FLEET);
    std::fs::create_dir_all(phoenix.folder().join("a/b")).unwrap();
    let mut command = phoenix.command(&["list", "--json", "db1"]);
    let output = command.current_dir(phoenix.folder().join("a/b")).output();
    assert!(output.unwrap().status.success());
}

#[test]
fn a_good_fleet_is_told() {
    let phoenix = Phoenix::with(FLEET);
    let check = &["check", "--no-flake"][..];
    phoenix
        .run(check)
        .is(0, "fleet.toml: 3 hosts, no errors\n", "");
    let one = Phoenix::with("[hosts.web1]\n").run(check);
    one.is(0, "fleet.toml: 1 host, no errors\n", "");
}

#[test]
fn verbose_tells_on_standard_error_what_is_done() {
    let phoenix = Phoenix::with(FLEET);
    let ran = phoenix.run(&["-v", "list"]);
    assert!(ran.err.contains("reading the fleet"), "{}", ran.err);
    assert!(!ran.out.contains("reading the fleet"), "{}", ran.out);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let phoenix = Phoenix::bare();
    let has_colour = |args: &[&str], variables: &[(&str, &str)]| {
        let ran = phoenix.run_with(args, variables, "");
        assert_eq!(ran.status, 3);
        ran.err.contains('\u{1b}')
    };
    assert!(!has_colour(&["list"], &[]));
    assert!(has_colour(&["list", "--color", "always"], &[]));
    assert!(has_colour(
        &["list", "--color", "always"],
        &[("NO_COLOR", "1")]
    ));
    assert!(has_colour(&["list"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colour(
        &["list"],
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]
    ));
    assert!(!has_colour(
        &["list", "--color", "never"],
        &[("CLICOLOR_FORCE", "1")]
    ));
}
