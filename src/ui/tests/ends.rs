//! How every outcome is told, and the summary.

use std::time::Duration;

use crate::event::{Event, HostResult, StepEvent};
use crate::model::{Outcome, Problem, ProblemKind, Stage, Why};
use crate::ui::sample::{broken, ends, host, result, result_of, run, sent, started};
use crate::ui::{Paint, State, error, summary, words};

fn check(result: &HostResult, expected: &str) {
    let found = error::host(&host("web1"), result, Paint::OFF).unwrap_or_default();
    assert_eq!(found, expected, "\n{found}");
}

/// Without a problem the block is the outcome's sentence.
fn bare(outcome: Outcome) -> HostResult {
    HostResult {
        problem: None,
        ..result(outcome)
    }
}

fn with(outcome: Outcome, problem: Problem) -> HostResult {
    HostResult {
        problem: Some(problem),
        ..result(outcome)
    }
}

#[test]
fn good_ends_are_no_errors() {
    for outcome in [
        Outcome::Confirmed,
        Outcome::UpToDate,
        Outcome::Done { stage: Stage::Copy },
    ] {
        check(&result(outcome), "");
    }
}

#[test]
fn a_block_holds_causes_log_and_hint() {
    let stage = Stage::Activate;
    check(
        &with(Outcome::RolledBack { stage }, broken()),
        "\
error: web1 was rolled back: activation failed
  cause: `switch-to-configuration test` exited with status 4
  cause: unit web.service failed
       | nginx: [emerg] host not found in upstream \"app-1\"
hint: `journalctl -u web.service` there has the whole log
",
    );
}

#[test]
fn lost_contact_says_what_happens_next() {
    let outcome = Outcome::Unknown {
        since: Stage::Confirm,
    };
    let problem = Problem::new(ProblemKind::Lost, "no answer within 90s").with_hint("look at it");
    check(
        &with(outcome, problem),
        "\
error: web1: contact was lost after the rollback timer was armed
  cause: no answer within 90s
hint: look at it
hint: it goes back by itself unless confirmed; `phoenix status web1` tells
",
    );
}

#[test]
fn a_failure_is_told_once() {
    let failed =
        |stage, kind, message: &str| with(Outcome::Failed { stage }, Problem::new(kind, message));
    let (unreachable, refused) = (ProblemKind::Unreachable, ProblemKind::Refused);
    check(
        &failed(Stage::Connect, unreachable, "no address answered"),
        "error: web1 could not be reached: no address answered\n",
    );
    check(
        &failed(Stage::Connect, refused, "the host key is another one"),
        "error: connecting to web1 failed: the host key is another one\n",
    );
    check(
        &failed(Stage::Copy, ProblemKind::Failed, "copying to web1 failed"),
        "error: copying to web1 failed\n",
    );
    check(
        &failed(Stage::Activate, refused, "another run holds the lock"),
        "error: web1 was not activated: another run holds the lock\n",
    );
    check(
        &failed(Stage::Activate, ProblemKind::Failed, "it could not go back"),
        "\
error: activating web1 failed: it could not go back
hint: `phoenix status web1` tells what it runs now
",
    );
}

/// The outcome's sentence, which is also its line when nothing more is known.
fn check_sentence(outcome: Outcome, expected: &str) {
    let result = bare(outcome);
    assert_eq!(words::sentence(&host("web1"), &result), expected);
    let line = match &result.outcome {
        outcome if outcome.is_good() => String::new(),
        Outcome::Skipped { .. } | Outcome::Deferred => format!("note: {expected}\n"),
        _ => format!("error: {expected}\n"),
    };
    check(&result, &line);
}

#[test]
fn every_outcome_has_a_sentence() {
    let stage = Stage::Activate;
    for (outcome, expected) in [
        (
            Outcome::Confirmed,
            "web1 runs the new system, was reached over a new connection, and boots it next",
        ),
        (Outcome::UpToDate, "web1 ran the wanted system already"),
        (
            Outcome::Done { stage: Stage::Copy },
            "web1 is done up to copy, as asked, and runs what it ran before",
        ),
        (
            Outcome::RolledBack { stage },
            "web1 was rolled back and runs what it ran before",
        ),
        (
            Outcome::Deferred,
            "web1 was deferred: it could not be reached, and may be absent",
        ),
        (
            Outcome::Unknown { since: stage },
            "web1: contact was lost after the rollback timer was armed; it goes back by itself unless confirmed; `phoenix status web1` tells",
        ),
    ] {
        check_sentence(outcome, expected);
    }
}

#[test]
fn every_failed_stage_has_a_sentence() {
    for (stage, expected) in [
        (
            Stage::Connect,
            "connecting to web1 failed; it runs what it ran before",
        ),
        (
            Stage::Eval,
            "evaluating web1 failed; it runs what it ran before",
        ),
        (
            Stage::Build,
            "building web1 failed; it runs what it ran before",
        ),
        (
            Stage::Copy,
            "copying to web1 failed; it runs what it ran before",
        ),
        (
            Stage::Activate,
            "activating web1 failed; `phoenix status web1` tells what it runs now",
        ),
        (
            Stage::Confirm,
            "confirming web1 failed; `phoenix status web1` tells what it runs now",
        ),
    ] {
        check_sentence(Outcome::Failed { stage }, expected);
    }
}

#[test]
fn every_reason_to_skip_has_a_sentence() {
    for (why, expected) in [
        (
            Why::Interrupted,
            "web1 was skipped: the run was interrupted",
        ),
        (Why::Declined, "web1 was skipped: the plan was declined"),
        (
            Why::OtherFailed,
            "web1 was skipped: another host failed, and the run stops at the first failure",
        ),
    ] {
        check_sentence(Outcome::Skipped { why }, expected);
    }
}

#[test]
fn foreign_text_is_made_safe() {
    let problem = Problem::new(ProblemKind::Failed, "a\nb")
        .because("\x1b[31mred\x1b[0m")
        .with_log(vec!["\x1b]0;title\x07x".to_owned(), "1%\r2%".to_owned()]);
    let text = error::problem(&problem, Paint::OFF);
    assert!(!text.contains(['\x1b', '\r', '\x07']), "{text:?}");
    assert!(text.starts_with("error: a b\n  cause: red\n"), "{text:?}");
}

#[test]
fn the_summary_shows_all_hosts_and_then_the_errors() {
    let stage = Stage::Activate;
    let why = Why::OtherFailed;
    let mut state = State::default();
    let hosts = ["web1", "web2", "db1", "app1", "app2", "app3"];
    let ended = [
        Outcome::Confirmed,
        Outcome::RolledBack { stage },
        Outcome::UpToDate,
        Outcome::Skipped { why },
        Outcome::Skipped { why },
        Outcome::Unknown { since: stage },
    ];
    let mut events = vec![started(&hosts), sent("web1", Stage::Copy, 5, Some(1024))];
    events.extend(hosts.iter().zip(ended).map(|(name, end)| {
        let mut result = result_of(name, end);
        if result.outcome == Outcome::UpToDate {
            result.to.clone_from(&result.from);
        }
        Event::Step(StepEvent::HostFinished {
            host: host(name),
            result,
        })
    }));
    events.push(Event::Step(StepEvent::RunFinished {
        run: run(),
        millis: 65_000,
        hosts: [].into(),
    }));
    for event in &events {
        state.apply(Duration::ZERO, event);
    }
    let table = summary::table(&state, Some(80), Paint::OFF);
    assert_eq!(table, SUMMARY, "\n{table}");
    let errors = summary::errors(&state, Paint::OFF);
    assert_eq!(errors, ERRORS, "\n{errors}");
}

const SUMMARY: &str = "\
host  outcome      system                            time
web1  confirmed    0pqyvyw2-24.05 → k3j2a91b-24.11  1m04s
web2  rolled back  0pqyvyw2-24.05                   1m04s
db1   up to date   0pqyvyw2-24.05                   1m04s
app1  skipped      0pqyvyw2-24.05                   1m04s
app2  skipped      0pqyvyw2-24.05                   1m04s
app3  unknown      0pqyvyw2-24.05 → k3j2a91b-24.11  1m04s
1 confirmed · 1 rolled back · 1 up to date · 2 skipped · 1 unknown · 1.0 KiB sent · 1m05s
";

const ERRORS: &str = "\
note: app1 and app2 were left alone: another host failed, and the run stops at the first failure

error: web2 was rolled back: activation failed
  cause: `switch-to-configuration test` exited with status 4
  cause: unit web.service failed
       | nginx: [emerg] host not found in upstream \"app-1\"
hint: `journalctl -u web.service` there has the whole log

error: app3: contact was lost after the rollback timer was armed; it goes back by itself unless confirmed; `phoenix status app3` tells
";

#[test]
fn a_run_that_broke_off_says_which_hosts_have_no_outcome() {
    let mut state = State::default();
    for event in [started(&["web1", "db1"]), ends("web1", Outcome::Confirmed)] {
        state.apply(Duration::ZERO, &event);
    }
    let table = summary::table(&state, None, Paint::OFF);
    assert!(table.contains("db1   no outcome\n"), "\n{table}");
}
