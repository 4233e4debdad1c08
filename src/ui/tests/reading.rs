//! State, plain lines and JSON.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::event::{Event, ProgressEvent, StepEvent};
use crate::model::{Outcome, Stage, Why};
use crate::ui::json::Json;
use crate::ui::lines::Lines;
use crate::ui::output::Sink;
use crate::ui::sample::{copying, ends, enters, host, leaves, log, planned, sent, started};
use crate::ui::{Counts, Paint, State};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn fold(events: &[Event]) -> State {
    let mut state = State::default();
    for (second, event) in (0..).zip(events) {
        state.apply(Duration::from_secs(second), event);
    }
    state
}

fn check(events: &[Event], expected: &str) {
    let paper = Paper::default();
    let mut lines = Lines::new(Sink::new(paper.clone()), Paint::OFF);
    let mut state = State::default();
    for event in events {
        state.apply(Duration::ZERO, event);
        lines.event(&state, event);
    }
    let found = paper.text();
    assert_eq!(found, expected, "\n{found}");
    assert!(!found.contains(['\r', '\x1b']));
}

#[test]
fn hosts_are_counted_where_they_stand() {
    let state = fold(&[
        started(&["web1", "web2", "db1", "app1"]),
        enters("web1", Stage::Connect),
        enters("web1", Stage::Eval),
        enters("web2", Stage::Copy),
        copying("web2", 1000, 2, Some(9)),
        enters("db1", Stage::Copy),
        copying("db1", 500, 1, None),
        sent("db1", Stage::Copy, 900, Some(700)),
        ends("app1", Outcome::Deferred),
    ]);
    let expected = Counts {
        all: 4,
        done: 1,
        failed: 0,
        waiting: 1,
        running: [(Stage::Eval, 1), (Stage::Copy, 1)].into(),
        bytes: 1700,
    };
    assert_eq!(state.counts(), expected);
    assert_eq!(
        state.host(&host("web1")).unwrap().stage(),
        Some((Stage::Eval, Duration::from_secs(2)))
    );
}

#[test]
fn a_copy_without_a_total_keeps_what_was_counted() {
    let state = fold(&[
        enters("db1", Stage::Copy),
        copying("db1", 500, 1, None),
        leaves("db1", Stage::Copy, 900),
    ]);
    assert_eq!(state.counts().bytes, 500);
    let state = fold(&[
        copying("db1", 500, 1, None),
        ends("db1", Outcome::Failed { stage: Stage::Copy }),
    ]);
    assert_eq!(state.counts().bytes, 500, "also when it fails half-way");
}

#[test]
fn a_log_keeps_its_end() {
    let events: Vec<_> = (0..50)
        .map(|line| log("web1", Stage::Activate, &line.to_string()))
        .collect();
    let state = fold(&events);
    let log = &state.host(&host("web1")).unwrap().log;
    assert_eq!((log.len(), log[0].as_str()), (20, "30"));
}

#[test]
fn lines_tell_every_stage_once() {
    check(
        &[
            started(&["web1", "database"]),
            enters("web1", Stage::Connect),
            leaves("web1", Stage::Connect, 420),
            Event::Step(StepEvent::Planned {
                confirm: true,
                hosts: vec![planned("web1", "activate"), planned("database", "nothing")],
            }),
            ends("database", Outcome::UpToDate),
            enters("web1", Stage::Copy),
            copying("web1", 5, 1, Some(3)),
            log("web1", Stage::Copy, "never shown"),
            sent("web1", Stage::Copy, 1_200, Some(12_897_485)),
            Event::Step(StepEvent::Notice {
                host: Some(host("web1")),
                message: "unit a.service was failed before\x1b[2J".to_owned(),
            }),
            ends(
                "web1",
                Outcome::RolledBack {
                    stage: Stage::Activate,
                },
            ),
        ],
        "\
run 20261122-204404-3fa9c1: deploy of 2 hosts
web1      connect   0.4s
host      action      from → to
web1      activate    0pqyvyw2-24.05 → k3j2a91b-24.11
database  up to date
1 host to activate · 1 up to date
database  up to date  1m04s
web1      copy      1.2s  12.3 MiB
web1: unit a.service was failed before
web1      rolled back  1m04s  activation failed
",
    );
}

#[test]
fn lines_tell_what_an_interrupt_means() {
    let interrupted = |leaving, undecided: &[&str]| {
        Event::Step(StepEvent::Interrupted {
            leaving,
            undecided: undecided.iter().map(|name| host(name)).collect(),
        })
    };
    check(
        &[
            interrupted(false, &[]),
            interrupted(false, &["a", "b"]),
            interrupted(true, &["a"]),
            interrupted(true, &["a", "b"]),
        ],
        "\
interrupted: nothing new is started
interrupted: nothing new is started; waiting for a and b (Ctrl-C again leaves at once)
interrupted again: leaving; a goes back by itself unless confirmed; `phoenix status a` tells
interrupted again: leaving; a and b go back by themselves unless confirmed; `phoenix status` tells
",
    );
}

#[test]
fn lines_wait_for_a_question() {
    let paper = Paper::default();
    let mut lines = Lines::new(Sink::new(paper.clone()), Paint::OFF);
    let state = fold(&[]);
    let gate = lines.gate();
    let held = gate.enter();
    lines.event(&state, &started(&[]));
    assert_eq!(paper.text(), "");
    drop(held);
    lines.flush();
    assert!(paper.text().starts_with("run 2026"));
}

#[test]
fn json_tells_steps_only_and_ends_with_the_run() {
    let paper = Paper::default();
    let mut json = Json::new(Sink::new(paper.clone()));
    let why = Why::Declined;
    let events = [
        started(&["web1"]),
        copying("web1", 5, 1, None),
        Event::Progress(ProgressEvent::Waiting {
            host: host("web1"),
            what: "trying 10.0.0.4".to_owned(),
        }),
        ends("web1", Outcome::Skipped { why }),
        Event::Step(StepEvent::RunFinished {
            run: crate::ui::sample::run(),
            millis: 5,
            hosts: json.state().results(),
        }),
    ];
    for event in &events {
        json.event(Duration::ZERO, event);
    }
    let steps = events.iter().filter_map(|event| match event {
        Event::Step(step) => Some(step.clone()),
        Event::Progress(_) => None,
    });
    let text = paper.text();
    let read: Vec<StepEvent> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(read, steps.collect::<Vec<_>>());
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains(r#""event":"run-finished""#)
    );
}
