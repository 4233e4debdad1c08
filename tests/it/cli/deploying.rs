//! Runs that end before any host is touched, with the Nix of this machine.

use std::net::TcpListener;

use serde_json::Value;

use super::phoenix::{Phoenix, Ran};

/// A flake with a system that is one file, and one that does not evaluate.
const FLAKE: &str = r#"{
  outputs = _: {
    nixosConfigurations = {
      web1.config.system.build.toplevel = derivation {
        name = "nixos-system-web1";
        system = "SYSTEM";
        builder = "/bin/sh";
        args = [ "-c" "echo web1 > $out" ];
      };
      broken.config.system.build.toplevel = throw "the option `services.web' has no value";
    };
  };
}
"#;

/// phoenix with two hosts at an address where nothing listens.
fn fleet() -> Phoenix {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let phoenix = Phoenix::with(&format!(
        "[defaults.ssh]\nport = {port}\nconnect_timeout = \"5s\"\n\
         [hosts.web1]\naddresses = [\"127.0.0.1\"]\n\
         [hosts.broken]\naddresses = [\"127.0.0.1\"]\n"
    ));
    let system = format!("{}-linux", std::env::consts::ARCH);
    phoenix.write("flake.nix", &FLAKE.replace("SYSTEM", &system));
    phoenix
}

/// The last event of a run, which has every host's end.
fn finished(ran: &Ran) -> Value {
    let line = ran.out.lines().last().unwrap_or_default();
    let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", ran.err));
    assert_eq!(event["event"], "run-finished");
    event
}

#[test]
fn an_unreachable_host_is_exit_status_5() {
    let ran = fleet().run(&["deploy", "web1", "--yes", "--json"]);
    let host = &finished(&ran)["hosts"]["web1"];
    assert_eq!(
        (&host["outcome"], &host["stage"], &host["problem"]["kind"]),
        (&"failed".into(), &"connect".into(), &"unreachable".into()),
    );
    assert_eq!(ran.status, 5, "{}", ran.err);
}

#[test]
fn a_host_that_does_not_evaluate_is_exit_status_4() {
    let ran = fleet().run(&["build", "broken", "--json"]);
    let host = &finished(&ran)["hosts"]["broken"];
    assert_eq!(
        (&host["outcome"], &host["stage"]),
        (&"failed".into(), &"eval".into()),
    );
    let problem = host["problem"].to_string();
    assert!(problem.contains("services.web"), "{problem}");
    assert_eq!(ran.status, 4, "{}", ran.err);
}

#[test]
fn what_a_configuration_warns_of_is_told_once() {
    let phoenix = fleet();
    let system = format!("{}-linux", std::env::consts::ARCH);
    let flake = r#"{
      outputs = _: let
        warn = text: builtins.trace "evaluation warning: ${text}";
        made = name: warn "no\nbackup." (warn "${name}: no clock" (derivation {
          inherit name;
          system = "SYSTEM";
          builder = "/bin/sh";
          args = [ "-c" "echo $name > $out" ];
        }));
        host = name: { config.system.build.toplevel = made name; };
      in { nixosConfigurations = builtins.mapAttrs (name: _: host name) { web1 = 1; broken = 1; }; };
    }"#;
    phoenix.write("flake.nix", &flake.replace("SYSTEM", &system));
    let ran = phoenix.run(&["build", "--all"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let told = ran
        .err
        .lines()
        .filter(|line| line.contains(": warning: no "));
    let mut told: Vec<&str> = told.collect();
    told.sort_unstable();
    let once =
        told[0].ends_with(": warning: no backup") || told[1].ends_with(": warning: no backup");
    assert!(once && told.len() == 3, "{}", ran.err);
    for line in ["broken: warning: no clock", "web1: warning: no clock"] {
        assert!(told.contains(&line), "{}", ran.err);
    }
}

#[test]
fn check_compares_with_the_flake() {
    let phoenix = fleet();
    let good = phoenix.run(&["check"]);
    good.is(
        0,
        "fleet.toml: 2 hosts, no errors, and the flake has a configuration for each\n",
        "",
    );
    phoenix.write("fleet.toml", "[hosts.wep1]\n");
    let wrong = phoenix.run(&["check"]);
    assert_eq!((wrong.status, wrong.out.as_str()), (3, ""));
    let first = "error: host `wep1` has no configuration in the flake\nhint: did you mean `web1`?";
    assert!(wrong.err.starts_with(first), "{}", wrong.err);
}
