//! `phoenix posture` on flakes in plain Nix.

use std::fs;

use serde_json::{Value, json};

use super::phoenix::{Phoenix, Ran};

const FLEET: &str = "[hosts.web1]\ntags = [\"web\"]\n[hosts.web2]\ntags = [\"web\"]\n[hosts.box]\n";

/// What the hosts below share.
const FLAKE: &str = r#"{
  outputs = { self }: let
    held = control: { inherit control; title = "The ${control}"; state = "held"; why = null; findings = [ ]; exception = null; };
    weakened = control: held control // {
      state = "weakened";
      findings = [ {
        option = "services.openssh.settings.PasswordAuthentication";
        found = "true";
        expected = "false";
        files = [ "hosts/web1/default.nix:12" ];
      } ];
    };
    excepted = control: expires: weakened control // {
      state = "excepted";
      exception = { reason = "the old client"; inherit expires; since = "2026-01-01"; file = "hosts/web1/default.nix:20"; };
    };
    never = "9999-12-31";
    past = "2026-02-01";
    aside = held "kernel" // { state = "inapplicable"; why = "the kernel is the container host's"; };
  in { phoenix.hosts = { HOSTS }; };
}
"#;

fn fleet(hosts: &str) -> Phoenix {
    let phoenix = Phoenix::with(FLEET);
    phoenix.write("flake.nix", &FLAKE.replace("HOSTS", hosts));
    phoenix
}

fn good() -> Phoenix {
    fleet(
        r#"
        web1.posture = [ (held "kernel") (excepted "sshd" never) ];
        web2.posture = [ (held "kernel") (held "sshd") ];
        box.posture = [ aside (held "sshd") ];
        "#,
    )
}

fn lines(ran: &Ran) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    ran.out.lines().map(line).collect()
}

#[test]
fn hosts_and_controls_are_a_table_and_what_differs_is_told() {
    let ran = good().run(&["posture"]);
    let (table, story) = ran.out.split_once("\n\n").unwrap();
    assert_eq!(
        table,
        "\
control  box   web1      web2
kernel   -     held      held
sshd     held  excepted  held"
    );
    for told in [
        "excepted  sshd  web1\n    services.openssh.settings.PasswordAuthentication is true, \
         expected false\n    set in hosts/web1/default.nix:12\n    because the old client\n    until 9999-12-31, ",
        "; since 2026-01-01, ",
        "\n    written in hosts/web1/default.nix:20\n",
        "inapplicable  kernel  box\n    the kernel is the container host's\n",
        "\n3 hosts, 2 controls: 1 excepted · 1 inapplicable · 4 held\n",
    ] {
        assert!(story.contains(told), "{told}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn machines_get_a_line_for_each_control_of_a_host() {
    let ran = good().run(&["posture", "--json", "web1"]);
    let mut found = lines(&ran);
    let mut number = |field: &str| found[1][field].take().as_i64().unwrap();
    // Whatever day it is: from the first day to the last.
    assert_eq!(number("age_days") + number("days_left"), 2_912_442);
    let plain = json!({
        "host": "web1", "control": "kernel", "title": "The kernel", "state": "held", "why": null,
        "findings": [], "exception": null, "age_days": null, "days_left": null,
    });
    assert_eq!(found[0], plain);
    let excepted = json!({
        "host": "web1", "control": "sshd", "title": "The sshd", "state": "excepted", "why": null,
        "findings": [{
            "option": "services.openssh.settings.PasswordAuthentication",
            "found": "true", "expected": "false", "files": ["hosts/web1/default.nix:12"],
        }],
        "exception": {
            "reason": "the old client", "expires": "9999-12-31", "since": "2026-01-01",
            "file": "hosts/web1/default.nix:20",
        },
        "age_days": null, "days_left": null,
    });
    assert_eq!(found[1], excepted);
    assert_eq!((found.len(), ran.status), (2, 0));
}

#[test]
fn what_is_not_wanted_is_exit_status_1() {
    for (posture, kinds) in [
        (r#"(held "sshd")"#, &[][..]),
        ("aside", &[]),
        (r#"(excepted "sshd" never)"#, &["exceptions"]),
        (
            r#"((held "sshd") // { inherit (excepted "sshd" past) exception; })"#,
            &["exceptions"],
        ),
        (r#"(excepted "sshd" past)"#, &["exceptions", "expired"]),
        (
            r#"(weakened "sshd")"#,
            &["exceptions", "expired", "weakened"],
        ),
    ] {
        let phoenix = fleet(&format!("web1.posture = [ {posture} ];"));
        assert_eq!(phoenix.run(&["posture", "web1"]).status, 0, "{posture}");
        for kind in ["exceptions", "expired", "weakened"] {
            let ran = phoenix.run(&["posture", "web1", "--fail-on", kind]);
            let expected = i32::from(kinds.contains(&kind));
            assert_eq!(ran.status, expected, "{posture} {kind}: {}", ran.err);
        }
    }
}

#[test]
fn a_host_that_does_not_evaluate_hides_no_other() {
    let phoenix = fleet(
        r#"
        web1.posture = [ (held "sshd") ] ++ 1;
        web2.posture = [ (held "sshd") ];
        box = { };
        "#,
    );
    let ran = phoenix.run(&["posture"]);
    assert!(
        ran.out.starts_with("control  web2\nsshd     held\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.err.contains(
            "error: evaluating web1 failed\n  cause: value is an integer while a list was expected"
        ) || ran.err.contains(
            "error: evaluating web1 failed\n  cause: expected a list but found an integer"
        ),
        "{}",
        ran.err
    );
    let place = "#phoenix.hosts.web1.posture` shows the whole trace";
    assert!(ran.err.contains(place), "{}", ran.err);
    assert!(
        ran.err.contains(
            "error: phoenix.hosts.box of the flake has no posture\nhint: posture needs the modules"
        ),
        "{}",
        ran.err
    );
    assert_eq!(ran.status, 4);
    let ran = phoenix.run(&["posture", "--json"]);
    let hosts: Vec<(Value, bool)> = lines(&ran)
        .into_iter()
        .map(|line| (line["host"].clone(), line["problem"].is_null()))
        .collect();
    let expected = [("box", false), ("web1", false), ("web2", true)];
    assert_eq!(hosts, expected.map(|(host, known)| (host.into(), known)));
}

#[test]
fn a_flake_without_the_modules_is_told_so_once() {
    for outputs in ["", "phoenix = { };", "phoenix.hosts = throw \"never\";"] {
        let phoenix = Phoenix::with(FLEET);
        phoenix.write("flake.nix", &format!("{{ outputs = _: {{ {outputs} }}; }}"));
        let ran = phoenix.run(&["posture"]);
        assert_eq!((ran.status, ran.out.as_str()), (4, ""), "{}", ran.err);
        if outputs.contains("never") {
            assert!(ran.err.contains("cause: never"), "{}", ran.err);
            continue;
        }
        let told = "has no output `phoenix.hosts`\nhint: posture needs the modules of phoenix";
        assert_eq!(ran.err.matches(told).count(), 1, "{}", ran.err);
        assert_eq!(ran.err.matches("error:").count(), 1, "{}", ran.err);
    }
}

#[test]
fn a_host_that_the_flake_has_not_is_told_with_the_nearest() {
    let ran = fleet("web2.posture = [ ];").run(&["posture", "web1"]);
    let told = "error: the flake has no phoenix.hosts.web1\nhint: did you mean `web2`?\n";
    ran.is(4, "", told);
}

#[test]
fn a_date_that_is_none_is_told_with_what_to_write() {
    let phoenix = fleet(
        r#"
        web1.posture = [ (excepted "sshd" "next year") ];
        web2.posture = [ (excepted "sshd" "2027-02-29") ];
        "#,
    );
    phoenix.run(&["posture", "@web"]).is(
        4,
        "",
        "\
error: web1: `expires` of the exception for the control `sshd` is `next year`, which is no day
hint: write the day as YYYY-MM-DD, as in: phoenix.security.exceptions.sshd.expires = \"2027-03-01\";
error: web2: `expires` of the exception for the control `sshd` is `2027-02-29`, which is no day
hint: write the day as YYYY-MM-DD, as in: phoenix.security.exceptions.sshd.expires = \"2027-03-01\";
",
    );
}

/// Git in a folder, with a commit's dates; fails when Git does.
#[expect(
    clippy::disallowed_methods,
    reason = "tests make the repository that phoenix reads"
)]
fn git(phoenix: &Phoenix, date: &str, args: &[&str]) {
    let status = std::process::Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(args)
        .current_dir(phoenix.folder())
        .env("HOME", phoenix.folder())
        .env("GIT_AUTHOR_DATE", "2020-01-01T12:00:00Z")
        .env("GIT_COMMITTER_DATE", date)
        .status()
        .unwrap();
    assert!(status.success(), "git {args:?}");
}

#[test]
fn the_age_of_an_exception_is_that_of_its_line() {
    let exception = |line: u32| {
        format!(
            "(excepted \"sshd\" never // {{ exception = {{ reason = \"old\"; expires = never; \
             file = \"hosts/web1.nix:{line}\"; }}; }})"
        )
    };
    let hosts = (1..=4).map(exception).collect::<Vec<_>>().join(" ");
    let phoenix = fleet(&format!("web1.posture = [ {hosts} ];"));
    let since_in = |folder: &str| -> Vec<Value> {
        let mut command = phoenix.command(&["posture", "--json", "web1"]);
        let output = command.current_dir(phoenix.folder().join(folder)).output();
        let ran = Ran::of(&output.unwrap());
        assert_eq!(ran.status, 0, "{}", ran.err);
        let found = lines(&ran);
        for line in &found {
            let is_known = !line["exception"]["since"].is_null();
            assert_eq!(line["age_days"].is_number(), is_known, "{line}");
        }
        let since = |mut line: Value| line["exception"]["since"].take();
        found.into_iter().map(since).collect()
    };
    let since = || since_in("");
    fs::create_dir(phoenix.folder().join("hosts")).unwrap();
    phoenix.write("hosts/web1.nix", "one\ntwo\n");
    assert_eq!(since(), vec![Value::Null; 4], "there is no repository");

    git(&phoenix, "2020-02-03T12:00:00Z", &["init", "-q"]);
    git(&phoenix, "2020-02-03T12:00:00Z", &["add", "."]);
    git(&phoenix, "2020-02-03T12:00:00Z", &["commit", "-qm", "one"]);
    phoenix.write("hosts/web1.nix", "one\nTWO\n");
    git(
        &phoenix,
        "2026-11-01T23:30:00-0200",
        &["commit", "-qam", "two"],
    );
    phoenix.write("hosts/web1.nix", "one\nTWO\nthree\n");
    let expected = json!(["2020-02-03", "2026-11-02", null, null]);
    assert_eq!(
        Value::from(since()),
        expected,
        "the third line is not committed"
    );

    let origin = format!("file://{}", phoenix.folder().display());
    git(
        &phoenix,
        "2026-11-01T23:30:00-0200",
        &["clone", "-q", "--depth", "1", &origin, "clone"],
    );
    assert_eq!(
        since_in("clone"),
        vec![Value::Null; 4],
        "a shallow clone ends there"
    );
}
