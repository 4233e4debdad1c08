//! `phoenix explain` on flakes in plain Nix: with layers, and with nothing but options.

use serde_json::{Value, json};

use super::phoenix::Phoenix;

const FLEET: &str = "[hosts.web1]\n[hosts.web2]\n";

/// A flake whose hosts explain their options.
const LAYERS: &str = r#"{
  outputs = { self }: {
    phoenix.hosts.web1.explain = path:
      if path == [ "services" "openssh" "ports" ] then {
        option = builtins.concatStringsSep "." path;
        type = "list of port";
        description = "Ports to listen on.";
        layers = [
          { layer = "NixOS"; set = true; value = "[ 22 ]"; definitions = [ ]; changed = true; }
          { layer = "phoenix defaults"; set = true; value = "[ 22 ]"; definitions = [ ]; changed = false; }
          { layer = "host"; set = true; value = "[ 2222 ]"; definitions = [ { file = "hosts/web1/default.nix:3"; value = "[ 2222 ]"; } ]; changed = true; }
        ];
        value = "[ 2222 ]";
      }
      else if path == [ "services" ] then { children = [ "nginx" "openssh" ]; }
      else { unknown = "services.opensh"; suggestions = [ "services.openssh" ]; };
  };
}
"#;

/// Options as NixOS has them, made by hand.
const OPTIONS: &str = r#"{
  outputs = { self }: let
    option = extra: { _type = "option"; highestPrio = 100; } // extra;
    sites = {
      "example.org" = { root = "/srv"; extra = "one\n\ntwo \${x}\n"; };
      plain = { root = "/var"; };
    };
    file = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-source/hosts/web1/default.nix";
  in {
    nixosConfigurations.web1.options = {
      _module = { };
      services.openssh.enable = option {
        value = true;
        default = false;
        type.description = "boolean";
        description = "Whether to run it.";
        definitionsWithLocations = [ { inherit file; value = true; } ];
      };
      services.openssh.ports = option {
        value = [ 22 ];
        default = [ 22 ];
        highestPrio = 1500;
        type.description = "list of port";
        definitionsWithLocations = [ { file = "sshd.nix"; value = [ 22 ]; } ];
      };
      services.nginx.virtualHosts = option {
        value = sites;
        type.description = "attribute set of (submodule)";
        definitionsWithLocations = [
          { inherit file; value = { "example.org" = { _type = "if"; condition = true; content.root = "/srv"; }; }; }
          { file = "/elsewhere.nix"; value = { inherit (sites) plain; }; }
        ];
      };
      services.nginx.package = option {
        value = { type = "derivation"; name = "nginx-1.27"; outPath = throw "never"; };
        definitionsWithLocations = [ ];
      };
      networking.hostName = option {
        value = throw "it is used but not defined";
        highestPrio = 9999;
        type.description = "string";
        definitionsWithLocations = [ ];
      };
      boot.broken = option { value = 1 + [ ]; definitionsWithLocations = [ ]; };
    };
    nixosConfigurations.other = { };
  };
}
"#;

fn fleet(flake: &str) -> Phoenix {
    let phoenix = Phoenix::with(FLEET);
    phoenix.write("flake.nix", flake);
    phoenix
}

#[test]
fn layers_are_told_with_their_files() {
    fleet(LAYERS)
        .run(&["explain", "web1", "services.openssh.ports"])
        .is(
            0,
            "\
web1: services.openssh.ports = [ 2222 ]
  type list of port
  Ports to listen on.

layer  value     file
NixOS  [ 22 ]
host   [ 2222 ]  hosts/web1/default.nix:3
",
            "",
        );
}

#[test]
fn machines_get_every_layer() {
    let ran = fleet(LAYERS).run(&["explain", "web1", "services.openssh.ports", "--json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["host"], "web1");
    assert_eq!(found["type"], "list of port");
    assert_eq!(found["layers"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        found["layers"][2],
        json!({
            "layer": "host", "set": true, "value": "[ 2222 ]", "changed": true,
            "definitions": [{"file": "hosts/web1/default.nix:3", "value": "[ 2222 ]"}],
        })
    );
}

#[test]
fn a_set_of_options_lists_what_can_be_asked_for() {
    let phoenix = fleet(LAYERS);
    phoenix.run(&["explain", "web1", "services"]).is(
        0,
        "services.nginx\nservices.openssh\n",
        "note: `services` is a set of options; ask for one of them\n",
    );
    let ran = phoenix.run(&["explain", "web1", "services", "--json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let expected = json!({"host": "web1", "option": "services", "children": ["nginx", "openssh"]});
    assert_eq!((found, ran.err.as_str()), (expected, ""));
}

#[test]
fn an_option_that_is_not_there_is_told_with_the_nearest() {
    let told =
        "error: web1 has no option `services.opensh`\nhint: did you mean `services.openssh`?\n";
    for flake in [LAYERS, OPTIONS] {
        let ran = fleet(flake).run(&["explain", "web1", "services.opensh.ports"]);
        ran.is(2, "", told);
    }
}

#[test]
fn a_flake_without_the_modules_is_explained_from_its_options() {
    let phoenix = fleet(OPTIONS);
    let told = |option: &str, expected: &str| {
        phoenix
            .run(&["explain", "web1", option])
            .is(0, expected, "");
    };
    told(
        "services.openssh.enable",
        "\
web1: services.openssh.enable = true
  type boolean
  Whether to run it.

layer    value  file
default  false
system   true   hosts/web1/default.nix
",
    );
    told(
        "services.openssh.ports",
        "\
web1: services.openssh.ports = [ 22 ]
  type list of port

layer    value   file
default  [ 22 ]
",
    );
    told(
        "services.nginx.virtualHosts.\"example.org\".root",
        "\
web1: services.nginx.virtualHosts.\"example.org\".root = \"/srv\"

layer   value   file
system  \"/srv\"  flake.nix:30
",
    );
    told(
        "services.nginx.package",
        "\
web1: services.nginx.package = <derivation nginx-1.27>

layer   value                    file
system  <derivation nginx-1.27>
",
    );
    told(
        "networking.hostName",
        "\
web1: networking.hostName has no value
  type string

no layer says anything of it
",
    );
    let ran = phoenix.run(&["explain", "web1", "services.openssh"]);
    assert_eq!(ran.out, "services.openssh.enable\nservices.openssh.ports\n");
}

#[test]
fn values_are_written_as_people_write_them() {
    let ran = fleet(OPTIONS).run(&["explain", "web1", "services.nginx.virtualHosts", "--json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let expected = "\
{
  \"example.org\" = {
    extra = ''
      one
      \n      two ''${x}
    '';
    root = \"/srv\";
  };
  plain = { root = \"/var\"; };
}";
    assert_eq!(found["value"], expected, "{}", found["value"]);
    let definitions = found["layers"][1]["definitions"].as_array().unwrap();
    let files: Vec<&Value> = definitions.iter().map(|one| &one["file"]).collect();
    assert_eq!(files, ["hosts/web1/default.nix", "/elsewhere.nix"]);
}

/// A value that goes on in itself, and one that is wide and deep.
#[test]
fn values_without_an_end_are_cut() {
    let flake = r#"{
      outputs = _: let
        endless = { again = endless; };
        wide = builtins.listToAttrs (builtins.genList (n: { name = "a${toString n}"; value = wide; }) 100);
        option = value: { _type = "option"; inherit value; definitionsWithLocations = [ ]; };
      in {
        nixosConfigurations.web1.options = {
          endless = option endless;
          wide = option wide;
          many = option (builtins.genList (n: n) 1000);
          bad = option [ (throw "no") 1.5 null (x: x) ./flake.nix ];
        };
      };
    }"#;
    let phoenix = fleet(flake);
    let value = |option: &str| -> String {
        let ran = phoenix.run(&["explain", "web1", option, "--json"]);
        let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        found["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("endless").matches("again = ").count(), 6);
    assert_eq!(value("wide").matches("{ … }").count(), 100 * 100);
    let many = value("many");
    assert!(many.contains("\n  199\n  …\n]"), "{many}");
    let bad = value("bad");
    assert!(
        bad.starts_with("[\n  <cannot be evaluated>\n  1.5\n  null\n  <function>\n  /nix/store/"),
        "{bad}"
    );
}

#[test]
fn what_does_not_evaluate_is_exit_status_4() {
    let phoenix = fleet(OPTIONS);
    let ran = phoenix.run(&["explain", "web1", "boot.broken"]);
    assert_eq!((ran.status, ran.out.as_str()), (4, ""));
    assert!(
        ran.err
            .starts_with("error: evaluating web1 failed\n  cause: "),
        "{}",
        ran.err
    );
    let command = "#nixosConfigurations.web1.options.boot.broken` shows the whole trace";
    assert!(ran.err.contains(command), "{}", ran.err);
    let ran = phoenix.run(&["explain", "web2", "boot"]);
    assert_eq!(ran.status, 4);
    assert!(
        ran.err.starts_with(
            "error: the flake has no nixosConfigurations.web2\nhint: did you mean `web1`?"
        ),
        "{}",
        ran.err
    );
    phoenix.write("fleet.toml", "[hosts.other]\n");
    let ran = phoenix.run(&["explain", "other", "boot"]);
    assert!(
        ran.err
            .starts_with("error: nixosConfigurations.other of the flake has no options\n"),
        "{}",
        ran.err
    );
    phoenix.write(
        "fleet.toml",
        "[fleet]\nattribute = \"packages.{host}\"\n[hosts.web1]\n",
    );
    let ran = phoenix.run(&["explain", "web1", "boot"]);
    assert_eq!(ran.status, 4);
    assert!(
        ran.err.contains("does not go through `config`"),
        "{}",
        ran.err
    );
}

#[test]
fn wrong_words_are_told_before_anything_is_evaluated() {
    let phoenix = Phoenix::with(FLEET);
    let refused = |args: [&str; 2], status, told: &str| {
        let ran = phoenix.run(&["explain", args[0], args[1]]);
        assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{}", ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
    };
    refused(["wep1", "services"], 3, "did you mean `web1`?");
    refused(["web*", "services"], 2, "`web*` selects 2 hosts");
    refused(
        ["web1", "users.users.<name>.shell"],
        2,
        "where the manual has a gap",
    );
    refused(["web1", "services..x"], 2, "a part of it is empty");
    refused(["web1", "a b"], 2, "stands in quotes");
}
