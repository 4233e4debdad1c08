//! What is adopted, what is left alone, and what needs `--replace`.

use std::path::{Path, PathBuf};

use super::*;
use crate::fleet::ParseContext;
use crate::model::{StorePath, Toplevel};

const ID: &str = "bef57620019e4ed5bdb434780cdea984";
const OTHER: &str = "00000000019e4ed5bdb434780cdea984";

fn name(text: &str) -> HostName {
    HostName::new(text).unwrap()
}

/// `web1`, adopted as this machine, with or without a pinned key.
fn spec(machine_id: Option<&str>, pins: usize) -> HostSpec {
    let cx = ParseContext {
        base_dir: PathBuf::from("/fleet"),
        home: None,
        pinned: &|_| vec![PathBuf::from("key.pub"); pins],
        cpus: 1,
    };
    let fleet = fleet::parse(Path::new("fleet.toml"), "[hosts.web1]\n", &cx).unwrap();
    let identity = machine_id.map(|id| Identity {
        machine_id: id.to_owned(),
        root_device: None,
    });
    HostSpec {
        identity,
        ..fleet.hosts[&name("web1")].clone()
    }
}

fn facts(machine_id: &str, deployed_as: Option<&str>) -> Facts {
    let path = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-nixos-system-web1-24.05";
    let deployed_as = deployed_as.map(name);
    Facts {
        machine_id: machine_id.to_owned(),
        running: Some(Toplevel(StorePath::new(path).unwrap())),
        origin: match &deployed_as {
            Some(host) => Origin::Deployed { host: host.clone() },
            None => Origin::Unknown,
        },
        deployed_as,
        ..Facts::blank("x86_64-linux")
    }
}

/// How it ends, in a word or the first line of the problem.
fn word(spec: &HostSpec, facts: &Facts, replace: bool) -> String {
    match judge(spec, facts, &BTreeMap::new(), replace) {
        Ok(_) => "adopt".to_owned(),
        Err(End::Unchanged) => "unchanged".to_owned(),
        Err(End::Failed(problem)) => problem.in_one_line(),
        Err(End::Declined | End::Adopted { .. }) => unreachable!("nothing was asked or done"),
    }
}

#[test]
fn what_is_recorded_and_known_is_left_alone() {
    let known = facts(ID, Some("web1"));
    assert_eq!(word(&spec(Some(ID), 1), &known, false), "unchanged");
    // Something is missing: the pin, the record, or the host's own memory.
    assert_eq!(word(&spec(Some(ID), 0), &known, false), "adopt");
    assert_eq!(word(&spec(None, 1), &known, false), "adopt");
    assert_eq!(word(&spec(Some(ID), 1), &facts(ID, None), false), "adopt");
}

#[test]
fn a_root_device_that_is_known_now_is_added() {
    let mut known = facts(ID, Some("web1"));
    known.root_device = Some("0d2f".to_owned());
    assert_eq!(word(&spec(Some(ID), 1), &known, false), "adopt");
}

#[test]
fn another_machine_or_another_host_needs_replace() {
    let other = facts(OTHER, None);
    let told = word(&spec(Some(ID), 1), &other, false);
    assert!(told.contains(ID) && told.contains(OTHER), "{told}");
    assert_eq!(word(&spec(Some(ID), 1), &other, true), "adopt");
    let db1 = facts(ID, Some("db1"));
    let told = word(&spec(None, 1), &db1, false);
    assert!(told.contains("`db1`") && told.contains("`web1`"), "{told}");
    assert_eq!(word(&spec(None, 1), &db1, true), "adopt");
}

#[test]
fn one_machine_is_one_host() {
    let machines = BTreeMap::from([(name("web1"), ID.to_owned()), (name("db1"), ID.to_owned())]);
    let judged = judge(&spec(None, 1), &facts(ID, None), &machines, true);
    let Err(End::Failed(problem)) = judged else {
        panic!("two hosts may not be one machine");
    };
    assert!(problem.message.contains("`web1` and `db1`"), "{problem:?}");
}

#[test]
fn a_host_without_system_or_machine_id_is_not_adopted() {
    for id in ["", "uninitialized"] {
        let told = word(&spec(None, 1), &facts(id, None), true);
        assert!(told.contains("no machine id"), "{told}");
    }
    let bare = Facts {
        running: None,
        ..facts(ID, None)
    };
    let told = word(&spec(None, 1), &bare, true);
    assert!(told.contains("no running NixOS system"), "{told}");
}
