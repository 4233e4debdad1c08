//! Each check by itself: what is refused, what waives it, and what both values are.

use super::super::tests::{DEPLOY, host, request};
use super::super::{Action, Waived, deploy, rollback};
use super::*;
use crate::model::{Generation, StorePath};

const KIND: &str = "x86_64-linux";
const ID: &str = "bef57620019e4ed5bdb434780cdea984";
const OTHER: &str = "00000000019e4ed5bdb434780cdea984";

fn system(hash: char, name: &str) -> Toplevel {
    let hash: String = std::iter::repeat_n(hash, 32).collect();
    Toplevel(StorePath::new(format!("/nix/store/{hash}-{name}")).unwrap())
}

fn wanted() -> Toplevel {
    system('b', "nixos-system-web1-24.11")
}

/// `web1` as it should be: the machine that is recorded, running what phoenix deployed.
fn facts() -> Facts {
    let running = system('a', "nixos-system-web1-24.05");
    let generation = |number, toplevel| Generation { number, toplevel };
    let generations = vec![
        generation(6, system('c', "nixos-system-web1-23.11")),
        generation(7, running.clone()),
    ];
    Facts {
        host_name: "web1".to_owned(),
        machine_id: ID.to_owned(),
        root_device: Some("0d2f".to_owned()),
        running: Some(running),
        origin: Origin::Deployed { host: host() },
        deployed_as: Some(host()),
        profile: generations.last().cloned(),
        generations,
        ..Facts::blank(KIND)
    }
}

fn name_of(text: &str) -> HostName {
    HostName::new(text).unwrap()
}

fn adopted() -> Request {
    let mut request = request(DEPLOY);
    let identity = Identity {
        machine_id: ID.to_owned(),
        root_device: Some("0d2f".to_owned()),
    };
    request.machines.insert(host(), Some(identity));
    request
}

/// Checks that a deployment of `to` is refused with these words, whatever is waived.
fn refused(request: &Request, facts: &Facts, to: &Toplevel, words: &[&str]) {
    let problem = deploy(request, &host(), facts, to, KIND).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    let line = problem.in_one_line();
    for word in words {
        assert!(line.contains(word), "{line}");
    }
    assert!(problem.hint.is_some());
}

fn passes(request: &Request, facts: &Facts, to: &Toplevel) -> Vec<String> {
    let plan = deploy(request, &host(), facts, to, KIND).unwrap();
    assert_eq!(plan.action, Action::Activate);
    plan.notes
}

const ALL: Waived = Waived {
    unknown: true,
    name: true,
};

#[test]
fn the_adopted_host_passes_without_a_word() {
    assert!(passes(&adopted(), &facts(), &wanted()).is_empty());
    // What was not recorded is not asked.
    assert!(passes(&request(DEPLOY), &facts(), &wanted()).is_empty());
}

#[test]
fn another_machine_is_refused_whatever_is_waived() {
    let found = Facts {
        machine_id: OTHER.to_owned(),
        ..facts()
    };
    for waived in [Waived::default(), ALL] {
        let mut request = adopted();
        request.waived = waived;
        refused(&request, &found, &wanted(), &["`web1`", ID, OTHER]);
        let other = Identity {
            machine_id: OTHER.to_owned(),
            root_device: None,
        };
        request.machines.insert(name_of("db1"), Some(other));
        let words = ["that is the machine recorded for `db1`"];
        refused(&request, &found, &wanted(), &words);
    }
    let none = Facts {
        machine_id: String::new(),
        ..facts()
    };
    refused(&adopted(), &none, &wanted(), &["is not known", ID]);
}

#[test]
fn another_root_is_refused_whatever_is_waived() {
    for (device, shown) in [(Some("ffff"), "ffff"), (None, "not known")] {
        let found = Facts {
            root_device: device.map(str::to_owned),
            ..facts()
        };
        let mut request = adopted();
        request.waived = ALL;
        refused(&request, &found, &wanted(), &[shown, "0d2f"]);
        let recorded = request.machines.get_mut(&host()).unwrap();
        recorded.as_mut().unwrap().root_device = None;
        passes(&request, &found, &wanted());
    }
}

#[test]
fn a_machine_deployed_as_another_host_is_refused_with_both_names() {
    let db1 = name_of("db1");
    let found = Facts {
        origin: Origin::Deployed { host: db1.clone() },
        deployed_as: Some(db1),
        ..facts()
    };
    let mut request = adopted();
    refused(&request, &found, &wanted(), &["`db1`", "`web1`"]);
    request.waived.unknown = true;
    let notes = passes(&request, &found, &wanted());
    assert!(notes[0].contains("`db1`"), "{notes:?}");
}

#[test]
fn a_system_named_for_another_host_is_refused() {
    let mut request = adopted();
    request.machines.insert(name_of("web1-db"), None);
    request.machines.insert(name_of("mail"), None);
    for (name, meant) in [
        ("nixos-system-mail-24.11", "`mail`"),
        ("nixos-system-web2-24.11.20250101.abcdef", "`web2`"),
        ("nixos-system-web-1-24.11", "`web-1`"),
        ("nixos-system-web10-24.11", "`web10`"),
        ("nixos-system-web1-db-24.11", "`web1-db`"),
        ("nixos-system-other-custom", "`other`"),
    ] {
        let to = system('b', name);
        refused(&request, &facts(), &to, &[meant, "`web1`", name]);
        let mut request = request.clone();
        request.waived.name = true;
        passes(&request, &facts(), &to);
    }
    for name in [
        "nixos-system-web1-24.11",
        "nixos-system-web1-tag-24.11pre-git",
        "nixos-system-unnamed-24.11",
        "nixos-system-custom",
        "my-system",
    ] {
        passes(&request, &facts(), &system('b', name));
    }
}

#[test]
fn the_names_a_host_has_already_fit() {
    let to = system('b', "nixos-system-gate-24.11");
    refused(&adopted(), &facts(), &to, &["`gate`"]);
    for name in ["gate", "gate.example.org"] {
        let found = Facts {
            host_name: name.to_owned(),
            ..facts()
        };
        passes(&adopted(), &found, &to);
    }
    // Deployed with --rename once, the name is the host's.
    let found = Facts {
        running: Some(system('a', "nixos-system-gate-24.05")),
        ..facts()
    };
    passes(&adopted(), &found, &to);
    let foreign = Facts {
        origin: Origin::Unknown,
        ..found
    };
    refused(&adopted(), &foreign, &to, &["`gate`"]);
}

#[test]
fn a_fleet_key_with_dots_fits_its_first_label() {
    let host = name_of("web1.example.org");
    let found = Facts {
        host_name: "nixos".to_owned(),
        origin: Origin::Adopted { host: host.clone() },
        deployed_as: Some(host.clone()),
        ..facts()
    };
    let plan = deploy(&request(DEPLOY), &host, &found, &wanted(), KIND).unwrap();
    assert_eq!(plan.action, Action::Activate);
}

#[test]
fn a_system_that_phoenix_never_deployed_is_shown_and_refused() {
    let found = Facts {
        origin: Origin::Unknown,
        deployed_as: None,
        ..facts()
    };
    let shown = "aaaa-nixos-system-web1-24.05";
    let mut request = adopted();
    refused(&request, &found, &wanted(), &[shown, "generation 7"]);
    let mut kept_by_nobody = found.clone();
    kept_by_nobody.generations.clear();
    kept_by_nobody.profile = None;
    refused(&request, &kept_by_nobody, &wanted(), &["no generation"]);
    request.waived.unknown = true;
    let notes = passes(&request, &found, &wanted());
    assert!(notes[0].contains(shown), "{notes:?}");
}

#[test]
fn a_host_that_needs_nothing_is_left_alone_with_a_word() {
    let found = Facts {
        origin: Origin::Unknown,
        ..facts()
    };
    let to = found.running.clone().unwrap();
    let plan = deploy(&adopted(), &host(), &found, &to, KIND).unwrap();
    assert_eq!((plan.action, plan.notes.len()), (Action::Nothing, 1));
    assert_eq!(passes(&adopted(), &facts(), &wanted()).len(), 0);
}

#[test]
fn going_back_asks_for_the_machine_and_not_for_the_system() {
    let mut request = adopted();
    request.goal = Goal::Rollback { to: None };
    let unknown = Facts {
        origin: Origin::Unknown,
        ..facts()
    };
    let plan = rollback(&request, &host(), &unknown, None).unwrap();
    assert_eq!(plan.action, Action::GoBack(6));
    let other_machine = Facts {
        machine_id: OTHER.to_owned(),
        ..facts()
    };
    let other_root = Facts {
        root_device: None,
        ..facts()
    };
    let other_host = Facts {
        deployed_as: Some(name_of("db1")),
        ..facts()
    };
    for found in [other_machine, other_root, other_host] {
        let problem = rollback(&request, &host(), &found, None).unwrap_err();
        assert!(!problem.hint.unwrap().0.contains("--replace-unknown"));
    }
}
