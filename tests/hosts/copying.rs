//! `engine = "phoenix"`: what arrives on hosts, and what becomes of it when something is in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::boot::{HOST, begin, deploy, is_untouched, release};
use crate::command;
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// phoenix with its own engine.
pub(crate) fn engine(lab: &Lab) -> Phoenix {
    let phoenix = Phoenix::new(lab);
    phoenix.settings("[defaults.copy]\nengine = \"phoenix\"\n");
    phoenix
}

/// Of this test alone, so that the host has next to nothing of it.
fn world(test: &str) -> String {
    format!("world = \"{test}{}\"", std::process::id())
}

/// What a store knows of a closure, in the form in which another could be told.
fn dump(system: &str) -> String {
    format!("nix-store --dump-db $(nix-store --query --requisites {system} | sort)")
}

/// Runs a shell command line on the workstation.
#[track_caller]
fn here(script: &str) -> String {
    let mut shell = command::limited(120, "sh");
    let ran = command::run(shell.args(["-c", script])).expect_code(0);
    ran.stdout.trim().to_owned()
}

#[test]
fn a_store_that_was_copied_to_knows_what_the_workstation_knows() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    release(&phoenix, "same", &world("same"));

    let ran = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(0);

    for host in lab.list() {
        assert_eq!(phoenix::outcome(&ran, &host.name), "confirmed");
        let system = lab.running(&host.name);
        assert_eq!(lab.say(&host.name, &dump(&system)), here(&dump(&system)));
        let verify = "nix-store --verify --check-contents 2>&1";
        let said = lab.say(&host.name, verify);
        assert!(
            !said.contains("error") && !said.contains("modified"),
            "{said}"
        );
    }
}

#[test]
fn a_host_that_collects_garbage_all_the_while_gets_everything() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    begin(&phoenix, &lab, "gc-old", "");
    let collect = "systemd-run --quiet --unit lab-gc --property Type=exec \
        sh -c 'while :; do nix-store --gc || exit 1; done'";
    lab.say(HOST, collect);
    for round in 0..5 {
        let test = format!("gc-{round}");
        release(&phoenix, &test, &world(&test));
        let ran = deploy(&phoenix, &[], 0);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed", "{}", ran.all());
    }
    lab.say(HOST, "systemctl is-active lab-gc && systemctl stop lab-gc");
}

/// A file of the workstation's store with other bytes, as long as this lives.
struct Damage {
    file: String,
    whole: Vec<u8>,
}

impl Damage {
    fn of(file: String) -> Self {
        let whole = fs::read(&file).expect("the store can be read");
        let mut bytes = whole.clone();
        bytes[0] ^= 1;
        let damage = Self { file, whole };
        damage.write(&bytes);
        damage
    }

    fn write(&self, bytes: &[u8]) {
        let file = Path::new(&self.file);
        let mode = |mode| fs::set_permissions(file, fs::Permissions::from_mode(mode));
        mode(0o644).expect("root may");
        fs::write(file, bytes).expect("root may");
        mode(0o444).expect("root may");
    }
}

impl Drop for Damage {
    fn drop(&mut self) {
        self.write(&self.whole);
    }
}

#[test]
fn a_damaged_path_is_named_and_costs_no_other() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    let old = begin(&phoenix, &lab, "damage-old", "");
    release(&phoenix, "damage-new", "");
    let built = phoenix.run(&["build", HOST, "--json"]).expect_code(0);
    let events = phoenix::events(&built);
    let last = events.last().expect("a run has a last event");
    let system = last["hosts"][HOST]["to"].as_str().expect("it was built");
    let find = format!(
        "find $(nix-store --query --requisites {system} | grep -e '-lab-web-page-') -type f | head -n 1"
    );
    let file = here(&find);
    let path = file.split('/').take(4).collect::<Vec<_>>().join("/");
    let damage = Damage::of(file);

    let ran = deploy(&phoenix, &[], 1);

    let problem = phoenix::problem(&ran, HOST);
    assert!(
        problem.contains("paths of this workstation's store are damaged")
            && problem.contains(&path),
        "{problem}"
    );
    is_untouched(&lab, &old);
    // Nothing of it is registered, and what does not need it is there.
    let valid =
        format!("nix-store --check-validity {path} 2>/dev/null && echo there || echo missing");
    assert_eq!(lab.say(HOST, &valid), "missing");
    drop(damage);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
}
