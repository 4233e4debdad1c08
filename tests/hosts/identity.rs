//! The host must be the host: what phoenix refuses before it copies anything, and how an
//! operator says that it is all right.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::command::Ran;
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Orders a version that no host runs yet.
fn release(phoenix: &Phoenix, test: &str) -> String {
    let version = format!("{test}.{}", std::process::id());
    phoenix.release(&format!("[default]\nversion = \"{version}\"\n"));
    version
}

/// Deploys to one host and expects that it is refused before anything is copied, with these
/// words.
#[track_caller]
fn refused(lab: &Lab, phoenix: &Phoenix, host: &str, words: &[&str]) {
    let before = (lab.running(host), lab.boots(host));
    let ran = phoenix
        .run(&["deploy", host, "--yes", "--json"])
        .expect_code(1);
    assert_eq!(phoenix::outcome(&ran, host), "failed", "{}", ran.all());
    assert!(!ran.stdout.contains("\"stage\":\"copy\""), "{}", ran.all());
    for word in words {
        assert!(ran.stdout.contains(word), "no {word} in {}", ran.all());
    }
    assert_eq!((lab.running(host), lab.boots(host)), before);
}

#[track_caller]
fn deploys(phoenix: &Phoenix, more: &[&str]) -> Ran {
    let args = ["deploy", "web1", "--yes", "--json"];
    let ran = phoenix.run(&[&args, more].concat()).expect_code(0);
    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed", "{}", ran.all());
    ran
}

/// Has phoenix copy a new release to web1, and switches to it by hand. Gives its path.
#[track_caller]
fn switch_by_hand(lab: &Lab, phoenix: &Phoenix, test: &str) -> String {
    release(phoenix, test);
    let ran = phoenix
        .run(&["deploy", "web1", "--until", "copy", "--yes", "--json"])
        .expect_code(0);
    let events = phoenix::events(&ran);
    let last = events.last().expect("a run has events");
    let system = last["hosts"]["web1"]["to"].as_str();
    let system = system.expect("it was planned").to_owned();
    let profile = "/nix/var/nix/profiles/system";
    lab.say(
        "web1",
        &format!(
            "nix-env -p {profile} --set {system} && {system}/bin/switch-to-configuration switch"
        ),
    );
    assert_eq!(lab.running("web1"), system);
    system
}

#[test]
fn a_system_switched_to_by_hand_is_shown_and_needs_a_word() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    release(&phoenix, "known");
    deploys(&phoenix, &[]);

    let by_hand = switch_by_hand(&lab, &phoenix, "hand-1");
    release(&phoenix, "after-1");
    refused(
        &lab,
        &phoenix,
        "web1",
        &[
            "never deployed",
            &by_hand,
            "generation",
            "phoenix adopt web1",
        ],
    );
    let ran = deploys(&phoenix, &["--replace-unknown"]);
    assert!(
        ran.stdout.contains("because of --replace-unknown"),
        "{}",
        ran.all()
    );
    release(&phoenix, "after-2");
    deploys(&phoenix, &[]);

    let by_hand = switch_by_hand(&lab, &phoenix, "hand-2");
    // What is wanted runs already: nothing is changed, and nothing needs to be refused.
    let ran = phoenix
        .run(&["deploy", "web1", "--yes", "--json"])
        .expect_code(0);
    assert_eq!(phoenix::outcome(&ran, "web1"), "up-to-date");
    release(&phoenix, "after-3");
    refused(&lab, &phoenix, "web1", &[&by_hand]);
    // Going back is how one gets rid of it.
    phoenix.run(&["rollback", "web1", "--yes"]).expect_code(0);
    assert_ne!(lab.running("web1"), by_hand);
    switch_by_hand(&lab, &phoenix, "hand-3");
    let ran = phoenix.run(&["adopt", "web1", "--yes"]).expect_code(0);
    assert!(ran.stdout.contains("web1 is adopted"), "{}", ran.all());
    release(&phoenix, "after-4");
    deploys(&phoenix, &[]);
}

#[test]
fn hosts_whose_addresses_are_swapped_are_refused_with_both_names() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let both = ["web1", "web2"];
    // As somebody has it who trusts keys by address.
    let known: Vec<String> = both.map(|host| known_key(&lab, &phoenix, host)).into();
    fs::create_dir(phoenix.home().join(".ssh")).expect("the folder is ours");
    fs::write(phoenix.home().join(".ssh/known_hosts"), known.concat()).expect("it is ours");
    for host in both {
        fs::remove_file(key_file(&phoenix, host)).expect("the lab wrote it");
    }
    phoenix.edit("fleet.toml", "[hosts.web1", "[hosts.swapped");
    phoenix.edit("fleet.toml", "[hosts.web2", "[hosts.web1");
    phoenix.edit("fleet.toml", "[hosts.swapped", "[hosts.web2");

    release(&phoenix, "swapped");
    refused(
        &lab,
        &phoenix,
        "web1",
        &["adopted as `web1`", "the machine recorded for `web2`"],
    );
    for host in both {
        fs::remove_file(
            phoenix
                .fleet()
                .join("hosts")
                .join(host)
                .join("identity.toml"),
        )
        .expect("it was adopted");
    }
    // The hosts themselves remember.
    refused(
        &lab,
        &phoenix,
        "web1",
        &["last deployed as `web2`, not as `web1`"],
    );
    let ran = phoenix
        .run(&["adopt", "web1", "web2", "--yes"])
        .expect_code(1);
    assert!(
        ran.stderr.contains("last deployed as `web2`"),
        "{}",
        ran.all()
    );
    assert!(
        ran.stderr.contains("last deployed as `web1`"),
        "{}",
        ran.all()
    );
}

fn key_file(phoenix: &Phoenix, host: &str) -> std::path::PathBuf {
    let folder = phoenix.fleet().join("hosts").join(host);
    folder.join("ssh_host_ed25519_key.pub")
}

/// The host's line of known_hosts.
fn known_key(lab: &Lab, phoenix: &Phoenix, host: &str) -> String {
    let key = fs::read_to_string(key_file(phoenix, host)).expect("the lab wrote it");
    format!("{} {}\n", lab.host(host).address, key.trim())
}

/// Gives the machine its id back, however the test ends.
struct MachineId<'a>(&'a Lab, String);

impl Drop for MachineId<'_> {
    fn drop(&mut self) {
        let command = format!("echo {} >/etc/machine-id", self.1);
        self.0.root("web1", &command);
    }
}

#[test]
fn a_machine_with_another_id_is_refused_until_it_is_adopted_anew() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    release(&phoenix, "machine-1");
    deploys(&phoenix, &[]);
    let old = MachineId(&lab, lab.say("web1", "cat /etc/machine-id"));
    let new = "0123456789abcdef0123456789abcdef";
    lab.say("web1", &format!("echo {new} >/etc/machine-id"));

    release(&phoenix, "machine-2");
    let both = [old.1.as_str(), new];
    refused(&lab, &phoenix, "web1", &both);
    let waived = phoenix.run(&["deploy", "web1", "--yes", "--replace-unknown", "--rename"]);
    assert!(waived.expect_code(1).stderr.contains(new));
    let rollback = phoenix.run(&["rollback", "web1", "--yes"]).expect_code(1);
    assert!(rollback.stderr.contains(new), "{}", rollback.all());
    let adopt = phoenix.run(&["adopt", "web1", "--yes"]).expect_code(1);
    for id in both {
        assert!(adopt.stderr.contains(id), "{}", adopt.all());
    }
    let adopt = phoenix
        .run(&["adopt", "web1", "--yes", "--replace"])
        .expect_code(0);
    assert!(
        adopt
            .stdout
            .contains(&format!("{new} (recorded: {})", old.1))
    );
    deploys(&phoenix, &[]);
}

#[test]
fn a_root_device_that_is_another_is_refused() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let file = "hosts/web1/identity.toml";
    phoenix.edit(
        file,
        "machine_id",
        "root_device = \"0d2f-wrong\"\nmachine_id",
    );
    release(&phoenix, "root");
    refused(&lab, &phoenix, "web1", &["0d2f-wrong", "not known"]);
    // A record that cannot be read is no reason to go on without one.
    phoenix.edit(file, "root_device", "root-device");
    let ran = phoenix.run(&["deploy", "web1", "--yes"]).expect_code(3);
    assert!(ran.stderr.contains("identity.toml:2:1"), "{}", ran.all());
}

#[test]
fn a_system_named_for_another_host_is_refused_until_it_is_meant() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    release(&phoenix, "7");
    phoenix.edit(
        "nix/toplevel.nix",
        "nixos-system-${name}-",
        "nixos-system-mail-",
    );
    refused(&lab, &phoenix, "web1", &["`web1`", "`mail`", "--rename"]);
    deploys(&phoenix, &["--rename"]);
    // From now on it is the host's name.
    release(&phoenix, "8");
    deploys(&phoenix, &[]);
}

#[test]
fn a_host_is_adopted_with_a_key_that_was_compared_and_without_nix() {
    let lab = Lab::ready();
    let phoenix = Phoenix::stranger(&lab);
    let hosts = phoenix.fleet().join("hosts");
    let other_key = fs::read(key_file(&phoenix, "web2")).expect("the lab wrote it");
    fs::remove_dir_all(&hosts).expect("the lab wrote it");
    let adopt = |more: &[&str]| {
        let args = ["adopt", "web1", "--yes", "--replace"];
        phoenix.run_without_nix(&[&args, more].concat())
    };
    let told = lab.say("web1", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    let right = told
        .split_whitespace()
        .nth(1)
        .expect("bits, then the fingerprint");

    let unknown = adopt(&[]).expect_code(1);
    assert!(unknown.stderr.contains(right), "{}", unknown.all());
    let wrong = "SHA256:4KkkqmrPf4NoQZ2t1ZvZUh0T5CkPOLTyx6GJUv0gFGM";
    adopt(&["--accept-key", wrong]).expect_code(1);
    assert!(!hosts.exists());
    let adopted = adopt(&["--accept-key", wrong, "--accept-key", right]).expect_code(0);
    assert!(
        adopted.stdout.contains("web1 is adopted"),
        "{}",
        adopted.all()
    );
    let identity = hosts.join("web1/identity.toml");
    for file in [&identity, &key_file(&phoenix, "web1")] {
        let found = fs::metadata(file).expect("it was written");
        assert_eq!(found.permissions().mode() & 0o777, 0o644);
    }
    let text = fs::read_to_string(&identity).expect("it was written");
    assert!(
        text.contains(&lab.say("web1", "cat /etc/machine-id")),
        "{text}"
    );

    let again = adopt(&["--json"]).expect_code(0);
    assert!(
        again.stdout.contains("\"result\":\"unchanged\""),
        "{}",
        again.all()
    );
    assert_eq!(fs::read_to_string(&identity).expect("it is there"), text);
    // A key that is known to be another is refused, whatever is said.
    fs::write(key_file(&phoenix, "web1"), other_key).expect("the folder is ours");
    let changed = adopt(&["--accept-key", right]).expect_code(1);
    assert!(
        changed.stderr.contains("is not the expected one"),
        "{}",
        changed.all()
    );
}
