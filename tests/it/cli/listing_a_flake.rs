//! `phoenix init --adopt`: the fleet.toml of a flake that has hosts already.

use std::fs;

use serde_json::{Value, json};

use super::phoenix::Phoenix;

/// Hosts in the form of NixOS configurations, some of which fail.
const FLAKE: &str = r#"{
  outputs = { self }:
    let
      host = name: more: {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        config = {
          networking = { hostName = name; domain = null; fqdn = throw "no domain is set"; };
          system.build.toplevel = { };
        } // more;
      };
    in {
      nixosConfigurations = {
        web1 = host "web1" { };
        db1 = host "db1" { networking = { hostName = "db1"; domain = "example.org"; fqdn = "db1.example.org"; }; };
        old = host "old" { networking = { hostName = "old"; domain = "example.org"; }; };
        other = host "another" { };
        unnamed = host "nixos" { };
        "a.b" = host "a" { };
        arm = { config = { nixpkgs.hostPlatform.system = "aarch64-linux"; networking.hostName = "arm"; system.build.toplevel = { }; }; };
        thrown = throw "thrown has\nno disk";
        broken = host "broken" { networking = { }.nothing; };
        box = host "box" { boot.isContainer = true; };
        iso = host "nixos" { isoImage = { }; };
        pxe = host "pxe" { system.build = { toplevel = { }; netbootRamdisk = { }; }; };
        empty = { };
        "odd name" = throw "never asked";
        "-x" = throw "never asked";
      };
    };
}
"#;

const LISTED: &str = r#"# The hosts of a flake that was there before, as `phoenix init --adopt` found them.

[fleet]
flake = "."

# x86_64-linux
[hosts."a.b"]

# aarch64-linux
[hosts.arm]

# x86_64-linux
# a container (boot.isContainer): deploy it only if it has an SSH server of its own
[hosts.box]

# x86_64-linux
# does not evaluate: attribute 'nothing' missing
[hosts.broken]

# x86_64-linux
[hosts.db1]
addresses = ["db1.example.org"]

# has no config.system.build.toplevel: there is nothing to deploy
[hosts.empty]

# x86_64-linux
# an image to start from: take it out unless a machine runs it
[hosts.iso]

# x86_64-linux
[hosts.old]
addresses = ["old.example.org"]

# x86_64-linux
[hosts.other]
addresses = ["another"]

# x86_64-linux
# an image for the network: take it out unless a machine runs it
[hosts.pxe]

# does not evaluate: thrown has no disk
[hosts.thrown]

# x86_64-linux
[hosts.unnamed]

# x86_64-linux
[hosts.web1]

# Left out: `-x` may not hold `-` there; use letters, digits, `-`, `_` and `.`

# Left out: `odd name` may not hold ` ` there; use letters, digits, `-`, `_` and `.`
"#;

fn with(flake: &str) -> Phoenix {
    let phoenix = Phoenix::bare();
    phoenix.write("flake.nix", flake);
    phoenix
}

fn file(phoenix: &Phoenix) -> String {
    fs::read_to_string(phoenix.folder().join("fleet.toml")).unwrap()
}

/// A flake with these hosts and nothing else.
fn hosts(names: &str) -> String {
    format!("{{ outputs = {{ self }}: {{ nixosConfigurations = {{ {names} }}; }}; }}\n")
}

#[test]
fn every_host_is_listed_and_one_that_fails_costs_no_other() {
    let phoenix = with(FLAKE);
    let ran = phoenix.run(&["init", "--adopt"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(file(&phoenix), LISTED);
    assert!(
        ran.out
            .starts_with("fleet.toml is written: 13 hosts\nhost     system         address\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n  phoenix adopt a.b "), "{}", ran.out);
    let notes: Vec<&str> = ran.err.lines().collect();
    assert_eq!(notes.len(), 8, "{}", ran.err);
    assert!(notes.contains(&"note: thrown: does not evaluate: thrown has no disk"));
    // Nothing else was written, and what was is a fleet.
    let mut names: Vec<_> = fs::read_dir(phoenix.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.retain(|name| name != ".cache" && name != ".local");
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(phoenix.run(&["list", "--json"]).out.lines().count(), 13);
    let check = phoenix.run(&["check"]);
    assert_eq!(check.status, 0, "{}", check.err);
}

#[test]
fn machines_get_one_object() {
    let phoenix = with(&hosts(
        "web1 = { config.networking = { hostName = \"web1\"; fqdn = \"w.example.org\"; }; config.system.build.toplevel = 1; }; \"b c\" = 1;",
    ));
    let ran = phoenix.run(&["init", "--adopt", "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["written"], json!(["fleet.toml"]));
    assert_eq!(
        told["hosts"],
        json!([{"name": "web1", "address": "w.example.org", "system": null, "notes": []}])
    );
    assert_eq!(told["left_out"][0]["name"], "b c");
    assert_eq!(told["next"][0], "phoenix check");
}

#[test]
fn a_fleet_that_is_there_is_only_compared() {
    let phoenix = with(&hosts("web1 = 1; web2 = 1; \"w.3\" = 1;"));
    let text = "[hosts.web1]\n";
    phoenix.write("fleet.toml", text);
    phoenix.run(&["init", "--adopt"]).is(
        1,
        "",
        "\
error: fleet.toml is there already, and lacks 2 hosts of the flake
  cause: [hosts.\"w.3\"]
  cause: [hosts.web2]
hint: write what is to be deployed into it by hand; nothing was changed
",
    );
    let ran = phoenix.run(&["init", "--adopt", "--json"]);
    ran.is(
        1,
        "{\"file\":\"fleet.toml\",\"left_out\":[],\"missing\":[\"w.3\",\"web2\"]}\n",
        "",
    );
    assert_eq!(file(&phoenix), text);
    phoenix.write(
        "fleet.toml",
        "[hosts]\nweb1 = {}\nweb2 = {}\n\"w.3\" = {}\n",
    );
    let ran = phoenix.run(&["init", "--adopt"]);
    ran.is(
        0,
        "fleet.toml is there already, and has every host of the flake\n",
        "",
    );
    let ran = phoenix.run(&["init", "--adopt", "--flake", "github:a/b"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    phoenix.write("flake.nix", &hosts("web1 = 1; \"odd name\" = 1;"));
    phoenix.write("fleet.toml", text);
    let ran = phoenix.run(&["init", "--adopt"]);
    let that = "fleet.toml is there already, and has every host of the flake that it can hold\n";
    assert_eq!((ran.status, ran.out.as_str()), (0, that));
    assert!(
        ran.err.starts_with("note: left out: `odd name`"),
        "{}",
        ran.err
    );
    phoenix.write("fleet.toml", "[host.web1]\n");
    let ran = phoenix.run(&["init", "--adopt"]);
    assert_eq!(ran.status, 3, "{}", ran.err);
}

#[test]
fn a_flake_elsewhere_is_named_in_the_file_and_left_as_it_is() {
    let phoenix = Phoenix::bare();
    let root = phoenix.folder().canonicalize().unwrap();
    for folder in ["its", "input"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    phoenix.write("input/flake.nix", "{ outputs = { self }: { }; }\n");
    let inputs = format!(
        "inputs.one.url = \"path:{}\";",
        root.join("input").display()
    );
    let flake = hosts("web1 = { };").replace("{ self }", "{ self, one }");
    phoenix.write(
        "its/flake.nix",
        &flake.replacen('{', &format!("{{ {inputs}"), 1),
    );
    let ran = phoenix.run(&["init", "fleet", "--adopt", "--flake", "path:../its"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(fs::read_dir(root.join("its")).unwrap().count(), 1);
    let text = fs::read_to_string(root.join("fleet/fleet.toml")).unwrap();
    assert!(text.contains("\nflake = \"path:../its\"\n"), "{text}");
    let check = phoenix.run(&["check", "--fleet", "fleet/fleet.toml"]);
    assert_eq!(check.status, 0, "{}", check.err);
}

#[test]
fn a_reference_is_a_string_of_toml() {
    let phoenix = Phoenix::bare();
    let odd = "path:../\\\"x\"";
    let ran = phoenix.run(&["init", "fleet", "--adopt", "--flake", odd]);
    // There is no such flake; the file that names it could be read.
    assert_eq!((ran.status, ran.out.as_str()), (4, ""), "{}", ran.err);
    assert!(
        ran.err.contains("\\\"x\"#nixosConfigurations failed"),
        "{}",
        ran.err
    );
}

#[test]
fn a_flake_without_hosts_leaves_no_file() {
    for (flake, status, told) in [
        (hosts(""), 4, "has no host that fleet.toml could list"),
        (
            hosts("\"a b\" = 1;"),
            4,
            "cause: `a b` may not hold ` ` there",
        ),
        (
            "{ outputs = { self }: { }; }\n".to_owned(),
            4,
            "does not provide attribute",
        ),
        ("{ outputs = \n".to_owned(), 4, "syntax error"),
    ] {
        let phoenix = with(&flake);
        let ran = phoenix.run(&["init", "--adopt"]);
        assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{flake}");
        assert!(ran.err.contains(told), "{flake}: {}", ran.err);
        assert!(!phoenix.folder().join("fleet.toml").exists());
    }
    let ran = Phoenix::bare().run(&["init", "--adopt", "--flake", ".#x"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.err
            .contains("fleet.toml cannot name the flake `.#x`\n  cause: "),
        "{}",
        ran.err
    );
}
