//! Wrong words, missing and wrong files: the exit status and what is said.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::phoenix::{FLEET, Phoenix};

#[test]
fn no_words_are_wrong_words() {
    let ran = Phoenix::bare().run(&[]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("Usage: phoenix"), "{}", ran.err);
}

#[test]
fn an_unknown_command_is_told_with_the_nearest() {
    let ran = Phoenix::bare().run(&["depoly"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("depoly"), "{}", ran.err);
    assert!(ran.err.contains("'deploy'"), "{}", ran.err);
}

#[test]
fn deploy_means_no_host_until_one_is_named() {
    Phoenix::with(FLEET).run(&["deploy"]).is(
        2,
        "",
        "\
error: no host was selected
hint: name hosts, globs or @tags, or give --all for the whole fleet
",
    );
}

#[test]
fn all_and_names_exclude_each_other() {
    let ran = Phoenix::with(FLEET).run(&["deploy", "--all", "web1"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("cannot be used with"), "{}", ran.err);
}

#[test]
fn a_question_nobody_can_answer_is_refused() {
    let phoenix = Phoenix::with(FLEET);
    for args in [
        &["deploy", "web1"][..],
        &["deploy", "web1", "--json"],
        &["rollback", "web1"],
    ] {
        let ran = phoenix.run(args);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(
            ran.err.contains("the plan cannot be confirmed"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("hint: add --yes"), "{}", ran.err);
    }
    let rollback = phoenix.run(&["rollback", "web1"]);
    assert!(!rollback.err.contains("--until"), "{}", rollback.err);
}

#[test]
fn rollback_is_for_one_host() {
    let ran = Phoenix::with(FLEET).run(&["rollback", "web*"]);
    ran.is(
        2,
        "",
        "error: `web*` selects 2 hosts\nhint: rollback takes the name of one host\n",
    );
}

#[test]
fn a_missing_fleet_is_told() {
    let phoenix = Phoenix::bare();
    let ran = phoenix.run(&["list"]);
    assert_eq!(ran.status, 3);
    let folder = phoenix.folder().canonicalize().unwrap();
    assert_eq!(
        ran.err,
        format!(
            "error: no fleet.toml in {} or above it\nhint: go to the fleet's folder, or name the file with --fleet FILE\n",
            folder.display()
        )
    );
    let named = phoenix.run(&["list", "--fleet", "other.toml"]);
    assert_eq!(named.status, 3);
    assert!(
        named.err.starts_with("error: could not read "),
        "{}",
        named.err
    );
    assert!(
        named.err.contains("other.toml\n  cause: No such file"),
        "{}",
        named.err
    );
}

#[test]
fn a_wrong_fleet_is_told_with_places() {
    let phoenix = Phoenix::with("[hosts.web1]\nadresses = [\"10.0.0.11\"]\nssh.port = 0\n");
    phoenix.run(&["list"]).is(
        3,
        "",
        "\
error: fleet.toml:2:1: unknown key `adresses` in host `web1`
  |
2 | adresses = [\"10.0.0.11\"]
  | ^^^^^^^^
hint: did you mean `addresses`? valid keys: addresses, profile, tags, offline, ssh, copy, activate, health

error: fleet.toml:3:12: `port` in `ssh` of host `web1`: 0 is not a whole number from 1 to 65535
  |
3 | ssh.port = 0
  |            ^
",
    );
}

#[test]
fn an_unknown_host_is_told_with_the_nearest() {
    Phoenix::with(FLEET).run(&["build", "wep1"]).is(
        3,
        "",
        "\
error: no host is called `wep1`
hint: did you mean `web1`? hosts: db1, web1, web2
",
    );
}

#[test]
fn standard_input_must_name_a_host() {
    let ran = Phoenix::with(FLEET).run_with(&["list", "-"], &[], "# nothing\n");
    ran.is(2, "", "error: standard input named no host\n");
}

#[test]
fn a_password_that_others_can_read_is_refused() {
    let phoenix = Phoenix::with(FLEET);
    phoenix.write("password", "secret\n");
    let file = phoenix.folder().join("password");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["deploy", "status"] {
        let mut args = vec![command, "web1", "--sudo-password-file", "password"];
        if command == "deploy" {
            args.push("--yes");
        }
        phoenix.run(&args).is(
            2,
            "",
            "error: others can read the password file password\nhint: chmod 600 password\n",
        );
    }
}
