//! What a plan finds wrong with a host.

use phoenix::model::{
    Facts, Generation, Hold, HostName, Identity, LockHolder, Mode, Nonce, Origin, Parallel,
    Problem, RunId, RunState, Stage, StorePath, Toplevel,
};
use phoenix::plan::{self, Goal, Request, Waived};

use super::page::{Entry, Section};

fn toplevel() -> Toplevel {
    let path = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-nixos-system-web1-24.05";
    Toplevel(StorePath::new(path).expect("it is a store path"))
}

fn generation(number: u64) -> Generation {
    Generation {
        number,
        toplevel: toplevel(),
    }
}

pub(super) fn sections() -> Vec<Section> {
    let host = HostName::new("web1").expect("it is a name");
    let blank = Facts::blank("x86_64-linux");
    let mut running = blank.clone();
    running.running = Some(toplevel());
    running.generations = vec![generation(41), generation(42)];
    running.profile = Some(generation(41));
    let wrong = |planned: Result<plan::HostPlan, Problem>| planned.expect_err("it cannot be done");
    let fleet = request(&host);
    let deploy =
        |facts: &Facts, system| wrong(plan::deploy(&fleet, &host, facts, &toplevel(), system));
    let rollback = |facts: &Facts, to| wrong(plan::rollback(&fleet, &host, facts, to));
    let mut section = Section::new(
        "Plans",
        "Nothing was changed on the host, and the other hosts go on.",
    )
    .and(Entry::host(
        "Another kind of machine",
        deploy(&running, "aarch64-linux"),
    ))
    .and(Entry::host(
        "Nothing to come back to",
        deploy(&blank, "x86_64-linux"),
    ));
    for to in [Some(7), None] {
        section = section.and(Entry::host("No such generation", rollback(&running, to)));
    }
    let held = Hold {
        who: "ada@desk".to_owned(),
        from: Some("10.0.0.4".to_owned()),
        reason: "database migration".to_owned(),
        since: 1_795_380_244,
        until: Some(1_795_387_444),
    };
    let holder = LockHolder {
        run: RunId::new("20261122-204404-3fa9c1").expect("it is a run id"),
        who: "ada@desk".to_owned(),
        from: Some("10.0.0.4".to_owned()),
        since: 1_795_380_244,
        age: 12,
        state: Some(RunState::Probing),
        decides_within: Some(18),
    };
    section = section.and(Entry::host("Held by an operator", held.problem()));
    for who in ["bob@laptop", "ada@desk"] {
        section = section.and(Entry::host("Another run", holder.problem(who)));
    }
    vec![section, identity(&host, running)]
}

/// A deployment of `web1`, of which nothing is recorded.
fn request(host: &HostName) -> Request {
    Request {
        run: RunId::at(0, [0; 3]),
        nonce: Nonce::new([0; 16]),
        command: "deploy".to_owned(),
        who: "ann@desk".to_owned(),
        mode: Mode::Test,
        goal: Goal::Deploy {
            until: Stage::Confirm,
        },
        targets: Vec::new(),
        machines: [(host.clone(), None)].into(),
        waived: Waived::default(),
        fail_fast: false,
        despite_hold: false,
        parallel: Parallel {
            connect: 1,
            copy: 1,
            activate: 1,
        },
        ask: false,
    }
}

/// What is wrong with a host that is not the one that is meant.
fn identity(host: &HostName, running: Facts) -> Section {
    let id = |digit: &str| digit.repeat(32);
    let mut request = request(host);
    let recorded = Identity {
        machine_id: id("b"),
        root_device: Some("0d2f1f8e-9d0c-4f0b-8a57-0a5f7e2b9c11".to_owned()),
    };
    request.machines.insert(host.clone(), Some(recorded));
    let good = Facts {
        host_name: "web1".to_owned(),
        machine_id: id("b"),
        root_device: Some("0d2f1f8e-9d0c-4f0b-8a57-0a5f7e2b9c11".to_owned()),
        origin: Origin::Deployed { host: host.clone() },
        deployed_as: Some(host.clone()),
        ..running
    };
    let other = |text| HostName::new(text).expect("it is a name");
    let path = |name: &str| {
        let path = format!("/nix/store/k3j2a91bv553pf74czgvqks0vjaqp0l1-nixos-system-{name}-24.11");
        Toplevel(StorePath::new(path).expect("it is a store path"))
    };
    let refused = |facts: &Facts, to: &str| {
        let planned = plan::deploy(&request, host, facts, &path(to), "x86_64-linux");
        planned.expect_err("it is refused")
    };
    let machine = Facts {
        machine_id: id("c"),
        ..good.clone()
    };
    let root = Facts {
        root_device: None,
        ..good.clone()
    };
    let db1 = Facts {
        deployed_as: Some(other("db1")),
        ..good.clone()
    };
    let unknown = Facts {
        origin: Origin::Unknown,
        ..good.clone()
    };
    Section::new(
        "Identity",
        "Nothing was copied to the host, and the other hosts go on. See [Adopting hosts](../guide/adopt.md).",
    )
    .and(Entry::host("Another machine", refused(&machine, "web1")))
    .and(Entry::host("Another root", refused(&root, "web1")))
    .and(Entry::host("Deployed as another host", refused(&db1, "web1")))
    .and(Entry::host("A system for another host", refused(&good, "db1")))
    .and(Entry::host("An unknown system", refused(&unknown, "web1")))
}
