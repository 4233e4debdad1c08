//! `phoenix init`: a new fleet, and what may stand in its way.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::phoenix::Phoenix;
use crate::rules::tree;

/// What a fleet takes over from the repository as it is.
const CARRIED: [&str; 3] = ["nix/lib", "nix/modules", "profiles"];

/// What it has of its own.
const OWN: [&str; 5] = [
    ".gitignore",
    "README.md",
    "fleet.toml",
    "hosts/host1/default.nix",
    "profiles/all.nix",
];

/// Every file below a folder, by its path.
fn all(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(here) = todo.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

/// The files of the repository that must be carried.
fn carried() -> BTreeMap<String, String> {
    let below = CARRIED.iter().flat_map(|folder| tree::files(folder));
    let mut files: BTreeMap<_, _> = below.map(|file| (file.path, file.text)).collect();
    // Whoever administers the hosts of this repository shall not do so anywhere else.
    files.remove("profiles/all.nix");
    for name in ["flake.nix", "flake.lock"] {
        if tree::root().join(name).exists() {
            files.insert(name.to_owned(), tree::text(name));
        }
    }
    files
}

#[test]
fn a_new_fleet_has_the_code_of_the_repository() {
    let phoenix = Phoenix::bare();
    let ran = phoenix.run(&["init", "fleet"]);
    let note = "note: nobody may log in yet: ~/.ssh has no public key of a usual name; \
                write the one of admin into fleet/profiles/all.nix\n";
    assert_eq!((ran.status, ran.err.as_str()), (0, note));
    let mut found = all(&phoenix.folder().join("fleet"));
    let own: Vec<String> = OWN.map(|name| found.remove(name).unwrap()).into();
    let carried = carried();
    assert!(carried.contains_key("nix/lib/default.nix"));
    assert!(
        found == carried,
        "carried {:?}\nrepository {:?}",
        found.keys(),
        carried.keys()
    );
    assert!(own[1].contains("phoenix adopt host1"), "{}", own[1]);
    assert!(own[4].contains("sshKeys = [ ];"), "{}", own[4]);
    let folder = phoenix.folder().join("fleet/hosts/host1");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o755);
    assert_eq!(mode(&folder.join("default.nix")), 0o644);
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e me@home";

/// The operator has a key in ~/.ssh.
fn has_key(phoenix: &Phoenix, name: &str) {
    let ssh = phoenix.folder().join(".ssh");
    fs::create_dir_all(&ssh).unwrap();
    fs::write(ssh.join(name), format!("{KEY}\n")).unwrap();
}

#[test]
fn whoever_starts_it_may_log_in() {
    let phoenix = Phoenix::bare();
    has_key(&phoenix, "id_ed25519.pub");
    let ran = phoenix.run(&["init", "fleet", "--user", "anna"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let told = ".ssh/id_ed25519.pub\n";
    assert!(ran.out.contains("anna may log in with ") && ran.out.contains(told));
    let folder = phoenix.folder().join("fleet");
    let all = fs::read_to_string(folder.join("profiles/all.nix")).unwrap();
    assert!(all.contains("phoenix.users.anna = {"), "{all}");
    assert!(
        all.contains(&format!("\n          \"{KEY}\"\n        ];")),
        "{all}"
    );
    let list = phoenix.run(&["-f", "fleet/fleet.toml", "list", "--json"]);
    assert!(list.out.contains("\"anna\""), "{}", list.out);
}

#[test]
fn a_key_that_is_named_is_taken_or_refused() {
    let phoenix = Phoenix::bare();
    phoenix.write("mine.pub", &format!("# two\n{KEY}\n{KEY}\n"));
    let ran = phoenix.run(&["init", "fleet", "--ssh-key", "mine.pub", "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["ssh_key"], "mine.pub");
    let all = fs::read_to_string(phoenix.folder().join("fleet/profiles/all.nix")).unwrap();
    assert_eq!(all.matches(KEY).count(), 2);

    phoenix.write("private", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    phoenix.write("rubbish", "ssh-ed25519 me@home\n");
    phoenix.write("long", &format!("{KEY}\n").repeat(200));
    for (file, told) in [
        (
            "private",
            "error: private is a private key\nhint: name its public half: `--ssh-key private.pub`\n",
        ),
        (
            "rubbish",
            "error: rubbish holds no public SSH key\nhint: name a file such as",
        ),
        (
            "nowhere",
            "error: nowhere cannot be read\n  cause: No such file",
        ),
        (".", "error: . cannot be read\n  cause: it is no file\n"),
        (
            "long",
            "error: long cannot be read\n  cause: it is longer than 16 KiB\n",
        ),
    ] {
        let ran = phoenix.run(&["init", "other", "--ssh-key", file]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""));
        assert!(ran.err.starts_with(told), "{}", ran.err);
        assert!(!phoenix.folder().join("other").exists());
    }
}

#[test]
fn it_says_what_it_wrote_and_what_comes_next() {
    let phoenix = Phoenix::bare();
    has_key(&phoenix, "id_rsa.pub");
    let ran = phoenix.run(&["init", "my fleet"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let first = ran.out.lines().next().unwrap();
    assert_eq!(first, "a new fleet is in my fleet");
    let next = ran.out.split("next:\n").nth(1).unwrap();
    assert_eq!(
        next,
        "  \
  cd 'my fleet'
  phoenix check         whether the flake has a system for every host
  phoenix adopt host1   shows which machine it is, and asks
  phoenix deploy host1  shows what will be done, and asks
"
    );
    fs::create_dir(phoenix.folder().join(".git")).unwrap();
    let again = phoenix.run(&["init", "my fleet"]);
    assert!(again.out.starts_with("all of it is in my fleet already"));
    assert!(again.out.contains("  git add .  "), "{}", again.out);
}

#[test]
fn the_first_host_is_as_the_words_say() {
    let phoenix = Phoenix::bare();
    has_key(&phoenix, "id_ecdsa.pub");
    let ran = phoenix.run(&[
        "init",
        "--host",
        "db.one",
        "--profile",
        "server",
        "--system",
        "aarch64-linux",
        "--disk",
        "/dev/disk/by-id/nvme-1",
        "--json",
    ]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let folder = phoenix.folder().canonicalize().unwrap();
    assert_eq!(told["folder"], folder.display().to_string());
    assert_eq!(told["host"], "db.one");
    assert_eq!(told["unchanged"], serde_json::json!([]));
    let written: Vec<&str> = told["written"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(written.last(), Some(&"fleet.toml"));
    assert!(written.contains(&"hosts/db.one/default.nix"));
    let list = phoenix.run(&["list", "--json"]);
    let row: Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(row["name"], "db.one");
    assert_eq!(row["profile"], "server");
    let module = fs::read_to_string(folder.join("hosts/db.one/default.nix")).unwrap();
    for line in [
        "\n  nixpkgs.hostPlatform = \"aarch64-linux\";\n",
        "\n  phoenix.hardware.disk.device = \"/dev/disk/by-id/nvme-1\";\n",
    ] {
        assert!(module.contains(line), "{module}");
    }
}

#[test]
fn every_name_of_a_host_makes_a_fleet() {
    for name in ["9", "10.0", "_x", "a.b-c", "WEB"] {
        let phoenix = Phoenix::bare();
        assert_eq!(phoenix.run(&["init", "--host", name]).status, 0);
        let list = phoenix.run(&["list"]);
        assert_eq!(list.status, 0, "{}", list.err);
        assert!(list.out.contains(name), "{}", list.out);
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "Nix is the judge of what it has to read"
)]
fn the_library_finds_the_host() {
    let phoenix = Phoenix::bare();
    assert_eq!(phoenix.run(&["init", "--host", "_a.b"]).status, 0);
    let root = phoenix.folder().canonicalize().unwrap();
    let root = root.display();
    let expression = format!(
        "let fleet = (import {root}/nix/lib/fleet.nix).read {root}; host = fleet.hosts.\"_a.b\"; \
         in [ host.profile (import host.module).system.stateVersion (import host.module).nixpkgs.hostPlatform ]"
    );
    let output = Command::new("nix-instantiate")
        .args(["--eval", "--strict", "--json", "--expr", &expression])
        .env("HOME", phoenix.folder())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        out.trim(),
        "[\"server\",\"26.05\",\"x86_64-linux\"]",
        "{err}"
    );
}

#[test]
fn nothing_is_overwritten_and_nothing_half_written() {
    let phoenix = Phoenix::bare();
    let folder = phoenix.folder();
    fs::create_dir_all(folder.join("nix/lib/default.nix")).unwrap();
    phoenix.write("flake.nix", "{ outputs = _: { }; }\n");
    phoenix.write("profiles", "");
    phoenix.write("unrelated", "kept");
    symlink("/nowhere", folder.join("hosts")).unwrap();
    let before: Vec<_> = fs::read_dir(folder).unwrap().collect();
    phoenix.run(&["init"]).is(
        2,
        "",
        "\
error: nothing was written into this folder: it holds other files of these names
  cause: flake.nix has other content
  cause: hosts is a link
  cause: nix/lib/default.nix is no file
  cause: profiles is no folder
hint: move them away or name another folder; `phoenix init --adopt` is for a flake that has hosts already
",
    );
    assert_eq!(fs::read_dir(folder).unwrap().count(), before.len());
    assert_eq!(
        fs::read_to_string(folder.join("flake.nix")).unwrap(),
        "{ outputs = _: { }; }\n"
    );
}

#[test]
fn what_was_half_written_is_finished() {
    let phoenix = Phoenix::bare();
    phoenix.write("unrelated", "kept");
    assert_eq!(phoenix.run(&["init"]).status, 0);
    fs::remove_file(phoenix.folder().join("fleet.toml")).unwrap();
    fs::remove_dir_all(phoenix.folder().join("nix/modules")).unwrap();
    let ran = phoenix.run(&["init"]);
    let first = ran.out.lines().next();
    assert_eq!(first, Some("a new fleet is in this folder"));
    let whole = all(phoenix.folder());
    assert!(carried().keys().all(|name| whole.contains_key(name)));
    assert_eq!(whole["unrelated"], "kept");
}

#[test]
fn a_link_that_leads_out_is_not_followed() {
    let phoenix = Phoenix::bare();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(phoenix.folder().join("fleet")).unwrap();
    symlink(outside.path(), phoenix.folder().join("fleet/nix")).unwrap();
    let ran = phoenix.run(&["init", "fleet"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("  cause: nix is a link\n"), "{}", ran.err);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn wrong_words_are_told_with_the_nearest() {
    let phoenix = Phoenix::bare();
    for (words, told) in [
        (
            &["--profile", "sever"][..],
            "a similar value exists: 'server'",
        ),
        (&["--system", "x86_64"], "'x86_64-linux'"),
        (&["--host", "a/b"], "`a/b` may not hold `/` there"),
        (&["--disk", "/dev/sda"], "/dev/disk/by-id/…"),
        (&["--adopt", "--host", "a"], "cannot be used with"),
        (&["--flake", "."], "--adopt"),
        (&["--user", "root"], "root is not let in over SSH"),
        (&["--user", "let"], "a word of the Nix language"),
        (
            &["--fleet", "x.toml"],
            "hint: name the folder that it shall be in",
        ),
    ] {
        let args = [&["init"], words].concat();
        let ran = phoenix.run(&args);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(ran.err.contains(told), "{words:?}: {}", ran.err);
    }
    let ran = phoenix.run(&["init", "nope/../fleet"]);
    assert!(
        ran.err.starts_with("error: nope/../fleet leads nowhere\n"),
        "{}",
        ran.err
    );
    phoenix.write("file", "");
    let ran = phoenix.run(&["init", "file"]);
    ran.is(2, "", "error: file is no folder\n");
    assert_eq!(fs::read_dir(phoenix.folder()).unwrap().count(), 1);
}
