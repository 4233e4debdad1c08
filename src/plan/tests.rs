//! What is decided for a host, from what was found.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Hold, Nonce, Origin, Parallel, RunId, Stage, StorePath};

fn toplevel(letter: char) -> Toplevel {
    let hash: String = std::iter::repeat_n(letter, 32).collect();
    Toplevel(StorePath::new(format!("/nix/store/{hash}-nixos-system-x")).unwrap())
}

/// A run of `web1` in a fleet of which no machine is recorded.
pub(super) fn request(goal: Goal) -> Request {
    Request {
        run: RunId::at(0, [0; 3]),
        nonce: Nonce::new([0; 16]),
        command: "deploy".to_owned(),
        who: "ann@desk".to_owned(),
        goal,
        mode: Mode::Test,
        targets: Vec::new(),
        machines: BTreeMap::from([(host(), None)]),
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

pub(super) const DEPLOY: Goal = Goal::Deploy {
    until: Stage::Confirm,
};

fn deploy(
    host: &HostName,
    facts: &Facts,
    to: &Toplevel,
    system: &str,
) -> Result<HostPlan, Problem> {
    super::deploy(&request(DEPLOY), host, facts, to, system)
}

fn rollback(host: &HostName, facts: &Facts, to: Option<u64>) -> Result<HostPlan, Problem> {
    super::rollback(&request(Goal::Rollback { to }), host, facts, to)
}

fn facts(running: char, generations: &[(u64, char)]) -> Facts {
    let generations: Vec<Generation> = generations
        .iter()
        .map(|(number, letter)| Generation {
            number: *number,
            toplevel: toplevel(*letter),
        })
        .collect();
    Facts {
        running: Some(toplevel(running)),
        origin: Origin::Deployed { host: host() },
        profile: generations.last().cloned(),
        generations,
        ..Facts::blank("x86_64-linux")
    }
}

pub(super) fn host() -> HostName {
    HostName::new("web1").unwrap()
}

#[test]
fn a_host_that_runs_and_boots_the_system_needs_nothing() {
    let plan = deploy(
        &host(),
        &facts('a', &[(1, 'a')]),
        &toplevel('a'),
        "x86_64-linux",
    )
    .unwrap();
    assert_eq!(plan.action, Action::Nothing);
}

#[test]
fn a_host_that_runs_it_but_boots_another_is_activated() {
    let plan = deploy(
        &host(),
        &facts('a', &[(1, 'b')]),
        &toplevel('a'),
        "x86_64-linux",
    )
    .unwrap();
    assert_eq!(plan.action, Action::Activate);
}

#[test]
fn a_host_whose_boot_entry_could_not_be_written_is_activated_again() {
    let found = Facts {
        not_booting: Some(toplevel('a')),
        ..facts('a', &[(1, 'a')])
    };
    let plan = deploy(&host(), &found, &toplevel('a'), "x86_64-linux").unwrap();
    assert_eq!(plan.action, Action::Activate);
}

#[test]
fn another_architecture_is_refused_with_both_names() {
    let problem = deploy(&host(), &facts('a', &[]), &toplevel('b'), "aarch64-linux").unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.message.contains("aarch64-linux") && problem.message.contains("x86_64-linux"));
}

#[test]
fn a_host_without_a_system_is_refused() {
    let found = Facts {
        running: None,
        ..facts('a', &[])
    };
    assert!(deploy(&host(), &found, &toplevel('b'), "x86_64-linux").is_err());
}

#[test]
fn a_held_host_is_refused_unless_nothing_changes_or_the_operator_says_so() {
    let hold = Hold {
        who: "ada@desk".to_owned(),
        from: None,
        reason: "database migration".to_owned(),
        since: 1_795_380_244,
        until: None,
    };
    let found = Facts {
        hold: Some(hold),
        ..facts('a', &[(1, 'a')])
    };
    let plan = |letter| deploy(&host(), &found, &toplevel(letter), "x86_64-linux").unwrap();
    let problem = admit(&plan('b'), &found, false).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert_eq!(
        problem.causes,
        [
            "ada@desk holds it since 2026-11-22 20:44:04 UTC, until it is released",
            "reason: database migration"
        ]
    );
    assert_eq!(admit(&plan('a'), &found, false), Ok(None));
    let told = admit(&plan('b'), &found, true).unwrap().unwrap();
    assert!(
        told.starts_with("activates despite a hold: ada@desk"),
        "{told}"
    );
}

#[test]
fn rollback_takes_the_generation_before_the_present_one() {
    let mut found = facts('c', &[(1, 'a'), (4, 'b'), (7, 'c')]);
    let plan = rollback(&host(), &found, None).unwrap();
    assert_eq!((plan.action, plan.to), (Action::GoBack(4), toplevel('b')));
    // The present generation need not be the newest: after a rollback it is not.
    found.profile = Some(found.generations[1].clone());
    assert_eq!(
        rollback(&host(), &found, None).unwrap().action,
        Action::GoBack(1)
    );
}

#[test]
fn rollback_from_what_the_profile_did_not_bring_goes_to_what_it_says() {
    // By hand, as `nixos-rebuild test` does.
    let found = facts('d', &[(1, 'a'), (4, 'b')]);
    assert_eq!(
        rollback(&host(), &found, None).unwrap().action,
        Action::GoBack(4)
    );
}

#[test]
fn a_host_that_does_not_boot_what_its_profile_says_is_not_up_to_date_for_a_boot_either() {
    let mut found = facts('b', &[(1, 'b'), (2, 'a')]);
    found.not_booting = Some(toplevel('a'));
    for (mode, action) in [
        (Mode::Boot, Action::Stage),
        (Mode::BootUnproven, Action::StageUnproven),
    ] {
        let request = Request {
            mode,
            ..request(DEPLOY)
        };
        let plan = super::deploy(&request, &host(), &found, &toplevel('a'), "x86_64-linux");
        assert_eq!(plan.unwrap().action, action);
    }
}

#[test]
fn rollback_to_a_named_generation_or_an_error_that_lists_them() {
    let found = facts('c', &[(1, 'a'), (4, 'b'), (7, 'c')]);
    assert_eq!(
        rollback(&host(), &found, Some(1)).unwrap().action,
        Action::GoBack(1)
    );
    assert_eq!(
        rollback(&host(), &found, Some(7)).unwrap().action,
        Action::Nothing
    );
    let problem = rollback(&host(), &found, Some(3)).unwrap_err();
    assert_eq!(problem.hint.unwrap().0, "it has generations 1, 4, 7");
    assert!(rollback(&host(), &facts('a', &[(1, 'a')]), None).is_err());
}
