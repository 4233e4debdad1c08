//! docs/reference/events.md shows every step event as it is written.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::event::{Event, HostResult, StepEvent};
use crate::model::{
    GateName, GateResult, Level, Mode, Outcome, RunState, RunSummary, Stage, Verdict, Why,
};
use crate::ui::sample::{self, enters, host, planned, result_of, run, started};

/// One of each kind, in the order of the page.
fn steps() -> Vec<StepEvent> {
    let web1 = || host("web1");
    let step = |event| match event {
        Event::Step(step) => step,
        Event::Progress(_) => panic!("the page is about steps"),
    };
    let stage = Stage::Activate;
    let rolled_back = result_of("web1", Outcome::RolledBack { stage });
    vec![
        step(started(&["web1", "db1"])),
        step(enters("web1", Stage::Copy)),
        copied(),
        StepEvent::Planned {
            confirm: true,
            hosts: vec![planned("web1", "activate"), planned("db1", "nothing")],
        },
        StepEvent::Notice {
            host: Some(web1()),
            message: "unit a.service was failed before".to_owned(),
        },
        StepEvent::GateFinished {
            host: web1(),
            result: GateResult {
                name: GateName::new("page").unwrap(),
                level: Level::Required,
                passed: false,
                detail: "answered 503, wanted 200 to 399, after 16 looks in 30 s".to_owned(),
                log: vec!["upstream is away".to_owned()],
                hint: Some("look at the upstream".to_owned()),
                millis: 30_120,
            },
        },
        StepEvent::HostFinished {
            host: web1(),
            result: rolled_back,
        },
        StepEvent::Interrupted {
            leaving: false,
            undecided: vec![web1()],
        },
        StepEvent::RunFinished {
            run: run(),
            millis: 64_000,
            hosts: [(web1(), result_of("web1", Outcome::Confirmed))].into(),
        },
        StepEvent::Verdict {
            host: web1(),
            verdict: Box::new(Verdict::Ended {
                summary: went_back(),
            }),
        },
    ]
}

fn copied() -> StepEvent {
    StepEvent::StageFinished {
        host: host("web1"),
        stage: Stage::Copy,
        millis: 1200,
        note: Some("40 paths".to_owned()),
        bytes: Some(12_897_485),
        nar_bytes: Some(48_210_112),
        paths: Some(40),
    }
}

/// What a host tells whose controller was killed.
fn went_back() -> RunSummary {
    RunSummary {
        run: run(),
        host: host("web1"),
        who: "ada@desk".to_owned(),
        state: RunState::RolledBack,
        old: sample::old("web1"),
        new: sample::new("web1"),
        reason: Some("nobody confirmed the new system within 30 s after activation".to_owned()),
        mode: Mode::Test,
        needs_reboot: false,
        activated: true,
        exit: Some(0),
        failed_units: Vec::new(),
        log: Vec::new(),
        changed: 1_795_380_308,
    }
}

fn outcomes() -> Vec<Outcome> {
    let stage = Stage::Copy;
    vec![
        Outcome::Confirmed,
        Outcome::UpToDate,
        Outcome::Done { stage },
        Outcome::Staged { once: true },
        Outcome::Staged { once: false },
        Outcome::RolledBack {
            stage: Stage::Confirm,
        },
        Outcome::Failed { stage },
        Outcome::Skipped {
            why: Why::Interrupted,
        },
        Outcome::Skipped { why: Why::Declined },
        Outcome::Skipped {
            why: Why::OtherFailed,
        },
        Outcome::Deferred,
        Outcome::Unknown {
            since: Stage::Confirm,
        },
    ]
}

/// A new variant does not compile here until the page shows it.
fn place(step: &StepEvent) -> usize {
    match step {
        StepEvent::RunStarted { .. } => 0,
        StepEvent::StageStarted { .. } => 1,
        StepEvent::StageFinished { .. } => 2,
        StepEvent::Planned { .. } => 3,
        StepEvent::Notice { .. } => 4,
        StepEvent::GateFinished { .. } => 5,
        StepEvent::HostFinished { .. } => 6,
        StepEvent::Interrupted { .. } => 7,
        StepEvent::RunFinished { .. } => 8,
        StepEvent::Verdict { .. } => 9,
    }
}

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("docs/reference/events.md")).unwrap()
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn the_page_shows_every_step() {
    let page = page();
    let shown: Vec<_> = page
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap_or_default())
        .collect();
    let steps = steps();
    let places: Vec<_> = steps.iter().map(place).collect();
    assert_eq!(places, (0..steps.len()).collect::<Vec<_>>());
    let expected: Vec<_> = steps.iter().map(pretty).collect();
    assert_eq!(shown, expected, "\n{}", expected.join("\n"));
}

#[test]
fn the_page_shows_every_outcome() {
    let page = page();
    for outcome in outcomes() {
        let json = serde_json::to_string(&outcome).unwrap();
        let fields = json.trim_start_matches('{').trim_end_matches('}');
        assert!(page.contains(&format!("| `{fields}` |")), "{fields}");
    }
}

#[test]
fn steps_read_back() {
    for step in steps() {
        let json = serde_json::to_string(&step).unwrap();
        assert_eq!(serde_json::from_str::<StepEvent>(&json).unwrap(), step);
    }
}

#[test]
fn fields_a_reader_does_not_know_are_left_out() {
    let step: StepEvent = serde_json::from_str(
        r#"{"event":"host-finished","host":"a","result":{"outcome":"deferred","millis":1,"wave":2},"x":1}"#,
    )
    .unwrap();
    let expected = HostResult {
        outcome: Outcome::Deferred,
        from: None,
        to: None,
        problem: None,
        millis: 1,
    };
    assert_eq!(
        step,
        StepEvent::HostFinished {
            host: host("a"),
            result: expected
        }
    );
}
