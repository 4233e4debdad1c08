//! Hosts, systems and ends that tests of the display share.

use crate::event::{Event, HostPlanned, HostResult, ProgressEvent, StepEvent, VERSION};
use crate::model::{
    Copied, HostName, Outcome, Problem, ProblemKind, RunId, Stage, StorePath, Toplevel,
};

pub(super) fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

pub(super) fn run() -> RunId {
    RunId::at(1_795_380_244, [0x3f, 0xa9, 0xc1])
}

fn toplevel(hash: &str, host: &str, version: &str) -> Toplevel {
    let path = format!("/nix/store/{hash}-nixos-system-{host}-{version}");
    Toplevel(StorePath::new(path).unwrap())
}

pub(super) fn old(host: &str) -> Toplevel {
    toplevel(
        "0pqyvyw21p553pf74czgvqks0vjaqp0l",
        host,
        "24.05.20241120.a1b2c3d",
    )
}

pub(super) fn new(host: &str) -> Toplevel {
    toplevel(
        "k3j2a91bz4y8xw7v6q5s3r2p1n0mlkjh",
        host,
        "24.11.20250101.d4c3b2a",
    )
}

pub(super) fn result(outcome: Outcome) -> HostResult {
    result_of("web1", outcome)
}

pub(super) fn result_of(host: &str, outcome: Outcome) -> HostResult {
    let problem = match outcome {
        Outcome::Failed {
            stage: Stage::Connect,
        } => Some(Problem::new(
            ProblemKind::Unreachable,
            "none of 2 addresses answered within 30s",
        )),
        Outcome::RolledBack { .. } => Some(broken()),
        _ => None,
    };
    HostResult {
        outcome,
        from: Some(old(host)),
        to: Some(new(host)),
        problem,
        millis: 64_000,
    }
}

pub(super) fn broken() -> Problem {
    Problem::new(ProblemKind::Failed, "activation failed")
        .because("`switch-to-configuration test` exited with status 4")
        .because("unit web.service failed")
        .with_log(vec![
            "nginx: [emerg] host not found in upstream \"app-1\"".to_owned(),
        ])
        .with_hint("`journalctl -u web.service` there has the whole log")
}

pub(super) fn started(hosts: &[&str]) -> Event {
    Event::Step(StepEvent::RunStarted {
        version: VERSION,
        run: run(),
        command: "deploy".to_owned(),
        who: "ada@desk".to_owned(),
        hosts: hosts.iter().map(|name| host(name)).collect(),
    })
}

pub(super) fn enters(name: &str, stage: Stage) -> Event {
    Event::Step(StepEvent::StageStarted {
        host: host(name),
        stage,
    })
}

pub(super) fn leaves(name: &str, stage: Stage, millis: u64) -> Event {
    sent(name, stage, millis, None)
}

pub(super) fn sent(name: &str, stage: Stage, millis: u64, bytes: Option<u64>) -> Event {
    Event::Step(StepEvent::StageFinished {
        host: host(name),
        stage,
        millis,
        note: None,
        bytes,
        nar_bytes: None,
        paths: None,
    })
}

pub(super) fn copying(name: &str, bytes: u64, paths: u64, expected: Option<u64>) -> Event {
    Event::Progress(ProgressEvent::Copy {
        host: host(name),
        copied: Copied {
            bytes,
            paths,
            expected_paths: expected,
            ..Copied::default()
        },
    })
}

pub(super) fn log(name: &str, stage: Stage, line: &str) -> Event {
    Event::Progress(ProgressEvent::Log {
        host: Some(host(name)),
        stage,
        line: line.to_owned(),
    })
}

pub(super) fn ends(name: &str, outcome: Outcome) -> Event {
    Event::Step(StepEvent::HostFinished {
        host: host(name),
        result: result_of(name, outcome),
    })
}

pub(super) fn planned(name: &str, action: &str) -> HostPlanned {
    let to = if action == "nothing" { old } else { new };
    HostPlanned {
        host: host(name),
        action: action.to_owned(),
        from: Some(old(name)),
        to: Some(to(name)),
    }
}
