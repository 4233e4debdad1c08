//! Refusals, and what a controller is told about a run.

use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use super::fake::{Fake, system};
use super::{SOON, begin_quietly, guarded, prepare};
use crate::agent::answer;
use crate::agent::decision::{self, Decision};
use crate::agent::guard::guard;
use crate::agent::lock::{self, Ticket};
use crate::agent::serve::serve;
use crate::agent::{facts, story, tidy};
use crate::model::{Nonce, ProblemKind, RunState};
use crate::wire::agent::{Reply, Request, from_line, to_line};

fn refused(reply: Reply) -> String {
    match reply {
        Reply::Refused { problem } => {
            assert_eq!(problem.kind, ProblemKind::Refused);
            [vec![problem.message], problem.causes].concat().join(": ")
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn an_order_that_does_not_fit_the_host_changes_nothing() {
    let fake = Fake::new();
    let good = fake.order('b', 1);
    let moved = crate::model::Order {
        expected: Some(system('c')),
        ..good.clone()
    };
    let missing = crate::model::Order {
        new: system('d'),
        ..good.clone()
    };
    let generation = crate::model::Order {
        generation: Some(1),
        ..good.clone()
    };
    let endless = crate::model::Order {
        confirm_limit: Duration::from_secs(1 << 20),
        ..good
    };
    for (order, why) in [
        (
            moved,
            "the host moved on: the plan saw cccccccc-nixos-system-c, it runs aaaaaaaa-nixos-system-a",
        ),
        (missing, "is not in the host's store"),
        (generation, "generation 1 is not bbbbbbbb-nixos-system-b"),
        (
            endless,
            "a limit of 1048576 s is not between 1 s and 86400 s",
        ),
    ] {
        let found = refused(begin_quietly(&fake, &order));
        assert!(found.contains(why), "{found}");
        assert!(!fake.paths.run(&order.run).kept.exists());
    }
    assert!(fake.calls().is_empty());
}

#[test]
fn beside_another_run_an_order_is_refused_and_names_it() {
    let fake = Fake::new();
    let ticket = Ticket {
        run: fake.order('b', 9).run,
        who: "ann@laptop".to_owned(),
        from: Some("10.0.0.4".to_owned()),
        since: 1_799_999_988,
        uptime: Duration::from_secs(988),
    };
    let _lock = lock::take(fake.cx(), &ticket, Duration::ZERO).unwrap();
    let found = refused(begin_quietly(&fake, &fake.order('b', 1)));
    assert!(
        found.ends_with(
            "run 19700101-000000-000009 of ann@laptop (from 10.0.0.4) holds the host's deploy lock since 2027-01-15 07:59:48 UTC (12 s ago)"
        ),
        "{found}"
    );
}

#[test]
fn of_two_guards_at_once_the_second_writes_its_refusal() {
    let fake = Fake::new();
    let (first, second) = (fake.order('b', 1), fake.order('c', 2));
    let run = prepare(&fake, &second);
    let ticket = Ticket {
        run: first.run,
        who: first.who,
        from: None,
        since: 0,
        uptime: Duration::ZERO,
    };
    let lock = lock::take(fake.cx(), &ticket, Duration::ZERO).unwrap();
    guard(fake.cx(), &run).unwrap();
    drop(lock);
    let problem = fake.record(&run).refusal.unwrap();
    assert_eq!(problem.message, "another deployment is under way");
    assert!(refused(begin_quietly(&fake, &second)).contains("run 19700101-000000-000001"));
    assert!(!fake.paths.run(&run).kept.exists());
    assert!(
        facts::facts(fake.cx(), Path::new("none"))
            .last_run
            .is_none()
    );
}

#[test]
fn a_host_that_moved_on_after_the_run_was_prepared_is_left_alone() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    fake.boot("boot-1", 'c');
    guard(fake.cx(), &run).unwrap();
    let problem = fake.record(&run).refusal.unwrap();
    assert_eq!(
        problem.message,
        "the host moved on: it runs cccccccc-nixos-system-c"
    );
    assert_eq!(fake.paths.running(), Some(system('c')));
}

#[test]
fn an_orphaned_run_gets_its_rescue_before_the_next_one() {
    let fake = Fake::new();
    let run = prepare(&fake, &fake.order('b', 1));
    fake.record(&run)
        .enter(fake.cx(), RunState::Probing)
        .unwrap();
    super::kill_unit(&fake, &run);
    let found = refused(begin_quietly(&fake, &fake.order('c', 2)));
    assert!(found.contains("has not ended yet"), "{found}");
    assert!(
        fake.calls()
            .contains(&format!("wake phoenix-rollback-{run}.service"))
    );
}

#[test]
fn a_decision_needs_the_nonce_and_an_active_system() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let run = prepare(&fake, &order);
    let stranger = answer::decide(fake.cx(), (&run, &Nonce::new([0; 16])), true, None).unwrap_err();
    assert!(stranger.message.contains("the nonce is not its own"));
    fake.record(&run)
        .enter(fake.cx(), RunState::Activating)
        .unwrap();
    let early = answer::decide(fake.cx(), (&run, &order.nonce), true, None).unwrap_err();
    assert!(early.message.contains("still being activated"));
    assert_eq!(decision::read(&fake.paths.run(&run)).unwrap(), None);
}

#[test]
fn whoever_decides_late_hears_the_verdict_of_the_first() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    let record = guarded(&fake, &order);
    assert_eq!(record.state, RunState::RolledBack);
    let late = answer::decide(fake.cx(), (&order.run, &order.nonce), true, None).unwrap();
    assert_eq!(late, record.summary());
    let asked = story::verdict(fake.cx(), &order.run).unwrap();
    assert_eq!(asked, Reply::Ended { summary: late });
}

#[test]
fn a_decision_in_the_moment_of_the_deadline_wins_or_loses_as_a_whole() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    // Activation takes 2 s; the decision comes with the guard's last look.
    fake.decide_after(Duration::from_secs(62), &order.run, true);
    let record = guarded(&fake, &order);
    let decided = decision::read(&fake.paths.run(&order.run))
        .unwrap()
        .unwrap();
    assert_eq!(decided.keep, record.state == RunState::Committed);
    assert_eq!(
        decision::decide(&fake.paths.run(&order.run), Decision::back("x")).unwrap(),
        decided
    );
}

#[test]
fn the_proof_names_only_new_trouble() {
    let fake = Fake::new();
    fake.behave('b', &[super::fails(0, &["web.service"])]);
    let order = fake.order('b', 1);
    fake.decide_after(SOON, &order.run, true);
    guarded(&fake, &order);
    let proof = answer::prove(fake.cx(), &order.run, &order.nonce).unwrap();
    assert_eq!(proof.running, Some(system('b')));
    assert_eq!(proof.newly_failed, ["web.service"]);
    assert_eq!(proof.log, ["web.service: why"]);
}

#[test]
fn a_half_written_record_is_passed_over() {
    let fake = Fake::new();
    let first = fake.order('b', 1);
    guarded(&fake, &first);
    let second = prepare(&fake, &fake.order('b', 2));
    std::fs::write(fake.paths.run(&second).record(), "{").unwrap();
    // As after a boot, which the copy in /run does not outlive.
    std::fs::remove_dir_all(fake.paths.run(&second).live).unwrap();
    let facts = facts::facts(fake.cx(), Path::new("none"));
    assert_eq!(facts.last_run.unwrap().run, first.run);
    assert_eq!(facts.unreadable_runs, std::slice::from_ref(&second));
    assert!(
        story::verdict(fake.cx(), &second)
            .unwrap_err()
            .message
            .contains("half-written")
    );
}

#[test]
fn twenty_runs_are_kept_and_open_ones_always() {
    let fake = Fake::new();
    let open = prepare(&fake, &fake.order('b', 0));
    for tag in 1..=25 {
        guarded(&fake, &fake.order('c', tag));
    }
    tidy::prune(fake.cx());
    let kept = super::super::record::run_ids(&fake.paths);
    assert_eq!(kept.len(), 21);
    assert!(kept.contains(&open));
}

#[test]
fn a_session_greets_answers_and_survives_rubbish() {
    let fake = Fake::new();
    let run = fake.order('b', 1).run;
    let input = format!(
        "rubbish\n{}{}{}",
        "x".repeat((1 << 20) + 5) + "\n",
        to_line(&Request::Facts),
        to_line(&Request::Verdict { run })
    );
    let mut output = Vec::new();
    serve(
        fake.cx(),
        Path::new("none"),
        &mut BufReader::new(input.as_bytes()),
        &mut output,
    )
    .unwrap();
    let replies: Vec<Reply> = String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| from_line(line).unwrap())
        .collect();
    assert!(matches!(
        replies.as_slice(),
        [
            Reply::Hello { protocol: 2, .. },
            Reply::Error { .. },
            Reply::Error { .. },
            Reply::Facts { .. },
            Reply::UnknownRun { .. }
        ]
    ));
}

#[test]
fn a_guard_that_never_came_to_life_leaves_nothing() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    prepare(&fake, &order);
    super::kill_unit(&fake, &order.run);
    // The same order again finds the run begun and follows it.
    let found = refused(begin_quietly(&fake, &order));
    assert_eq!(
        found,
        "the program that guards the run ended before it began"
    );
    assert!(!fake.paths.run(&order.run).kept.exists());
    assert!(!fake.calls().iter().any(|call| call.contains("rollback")));
}
