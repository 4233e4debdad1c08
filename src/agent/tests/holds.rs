//! Holds, and what a host tells of a run afterwards.

use std::time::Duration;

use super::fake::Fake;
use super::{SOON, begin_quietly, guarded, prepare};
use crate::agent::guard::guard;
use crate::agent::lock::{self, Ticket};
use crate::agent::{hold, story};
use crate::model::{Hold, Order, Problem, RunState};
use crate::wire::agent::Reply;

fn place(fake: &Fake, who: &str, seconds: Option<u64>, force: bool) -> Result<Hold, Problem> {
    match hold::place(fake.cx(), who.to_owned(), "moving house", seconds, force) {
        Reply::Held { hold, .. } => Ok(hold),
        Reply::Refused { problem } => Err(problem),
        other => panic!("{other:?}"),
    }
}

fn refusal(reply: Reply) -> Problem {
    match reply {
        Reply::Refused { problem } => problem,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_held_host_refuses_orders_until_it_is_released() {
    let fake = Fake::new();
    place(&fake, "ada@desk", None, false).unwrap();
    let order = fake.order('b', 1);
    let problem = refusal(begin_quietly(&fake, &order));
    assert_eq!(problem.message, "an operator holds the host");
    assert!(!fake.paths.run(&order.run).kept.exists());
    let stranger = refusal(hold::release(fake.cx(), "bob@desk", false));
    assert!(stranger.causes[0].starts_with("ada@desk holds it since"));
    assert!(matches!(
        hold::release(fake.cx(), "ada@desk", false),
        Reply::Released { hold: Some(_) }
    ));
    assert!(matches!(
        hold::release(fake.cx(), "ada@desk", false),
        Reply::Released { hold: None }
    ));
    fake.decide_after(SOON, &order.run, true);
    assert_eq!(guarded(&fake, &order).state, RunState::Committed);
}

#[test]
fn an_order_may_say_that_the_hold_does_not_count() {
    let fake = Fake::new();
    place(&fake, "ada@desk", None, false).unwrap();
    let order = Order {
        despite_hold: true,
        ..fake.order('b', 1)
    };
    fake.decide_after(SOON, &order.run, true);
    assert_eq!(guarded(&fake, &order).state, RunState::Committed);
}

#[test]
fn a_hold_set_after_the_order_was_checked_is_seen_by_the_guard() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    place(&fake, "ada@desk", None, false).unwrap();
    guard(fake.cx(), &run).unwrap();
    let problem = fake.record(&run).refusal.unwrap();
    assert_eq!(problem.message, "an operator holds the host");
    assert!(!fake.calls().iter().any(|call| call.contains("switch-")));
}

#[test]
fn somebody_elses_hold_needs_force_and_one_that_is_over_needs_nothing() {
    let fake = Fake::new();
    place(&fake, "ada@desk", Some(60), false).unwrap();
    assert!(place(&fake, "bob@desk", None, false).is_err());
    let again = place(&fake, "ada@desk", Some(90), false).unwrap();
    assert_eq!(again.until.unwrap() - again.since, 90);
    assert_eq!(
        place(&fake, "bob@desk", None, true).unwrap().who,
        "bob@desk"
    );
    let over = Hold {
        until: Some(1_799_999_999),
        ..again
    };
    std::fs::write(fake.paths.hold(), serde_json::to_vec(&over).unwrap()).unwrap();
    assert_eq!(hold::current(fake.cx()), None);
    assert!(place(&fake, "cyd@desk", None, false).is_ok());
}

#[test]
fn a_hold_that_cannot_be_read_counts() {
    let fake = Fake::new();
    place(&fake, "ada@desk", None, false).unwrap();
    std::fs::write(fake.paths.hold(), "{").unwrap();
    let problem = refusal(begin_quietly(&fake, &fake.order('b', 1)));
    assert!(problem.causes[1].ends_with("hold.json cannot be read"));
    assert!(place(&fake, "ada@desk", None, false).is_err());
    assert!(matches!(
        hold::release(fake.cx(), "ada@desk", true),
        Reply::Released { .. }
    ));
    assert_eq!(hold::current(fake.cx()), None);
}

#[test]
fn a_hold_says_why_in_one_line_and_for_how_long() {
    let fake = Fake::new();
    let cx = fake.cx();
    let who = || "ada@desk".to_owned();
    for (reason, seconds) in [
        ("", None),
        ("two\nlines", None),
        ("why", Some(0)),
        ("why", Some(1 << 30)),
    ] {
        let reply = hold::place(cx, who(), reason, seconds, false);
        assert!(
            matches!(reply, Reply::Refused { .. }),
            "{reason} {seconds:?}"
        );
    }
    assert!(!fake.paths.hold().exists());
}

#[test]
fn a_hold_tells_of_the_run_that_it_does_not_stop() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    let mut record = fake.record(&run);
    record.deadline = Some(Duration::from_millis(1_017_500));
    record.enter(fake.cx(), RunState::Probing).unwrap();
    let _lock = lock::take(fake.cx(), &Ticket::of(fake.cx(), &record), Duration::ZERO).unwrap();
    let reply = hold::place(fake.cx(), "ada@desk".to_owned(), "why", None, false);
    let Reply::Held {
        lock: Some(holder), ..
    } = reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!(
        holder.doing().unwrap(),
        "it waits to be confirmed, and goes back by itself unless it is confirmed within 18 s"
    );
    assert!(
        holder
            .problem("ops@desk")
            .hint
            .unwrap()
            .0
            .contains("of your own")
    );
    assert!(
        !holder
            .problem("ada@desk")
            .hint
            .unwrap()
            .0
            .contains("of your own")
    );
}

#[test]
fn an_order_made_before_another_run_switched_the_host_is_told_of_that_run() {
    let fake = Fake::new();
    let order = fake.order('c', 2);
    let run = prepare(&fake, &fake.order('b', 1));
    fake.boot("boot-1", 'b');
    let ticket = Ticket::of(fake.cx(), &fake.record(&run));
    let _lock = lock::take(fake.cx(), &ticket, Duration::ZERO).unwrap();
    let problem = refusal(begin_quietly(&fake, &order));
    assert_eq!(problem.message, "another deployment is under way");
}

#[test]
fn a_story_has_states_decision_logs_and_the_journal() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let record = guarded(&fake, &order);
    let log: String = (0..150).map(|number| format!("line {number}\n")).collect();
    let files = fake.paths.run(&order.run);
    std::fs::write(files.log(crate::agent::paths::Side::New), log).unwrap();
    let Reply::Story { story } = story::story(fake.cx(), &order.run).unwrap() else {
        panic!("it has a record");
    };
    let states: Vec<RunState> = story.steps.iter().map(|step| step.state).collect();
    assert_eq!(states.first(), Some(&RunState::Prepared));
    assert_eq!(states.last(), Some(&RunState::RolledBack));
    assert_eq!(story.summary, record.summary());
    assert!(story.decision.is_some_and(|decision| !decision.keep));
    assert!(story.logs[0].is_cut);
    assert_eq!(story.logs[0].lines.last().unwrap(), "line 149");
    assert_eq!(story.logs[0].lines.len(), 100);
    assert_eq!(story.journal.len(), 4);
    let unknown = story::story(fake.cx(), &fake.order('c', 9).run).unwrap();
    let known = vec![order.run];
    assert_eq!(unknown, Reply::UnknownRun { known });
}
