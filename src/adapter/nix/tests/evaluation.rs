//! Recorded evaluations: which host said what, and what it died of.

use std::time::Duration;

use super::{GOOD, VERSIONS, failure, fixture};
use crate::adapter::nix::EvalJob;
use crate::adapter::nix::evaluate::Told;
use crate::adapter::nix::evaluate_log::{EvalLog, Missing, Said};
use crate::adapter::nix::explain::{self, Target};
use crate::adapter::process::Ending;
use crate::model::{EvalSettings, HostName, Problem};

fn job() -> EvalJob {
    EvalJob {
        flake: "path:/fleet/main".into(),
        before: vec!["nixosConfigurations".into()],
        after: ["config", "system", "build", "toplevel"]
            .map(Into::into)
            .into(),
        hosts: vec![HostName::new("web9").unwrap()],
        settings: EvalSettings {
            workers: 1,
            memory: None,
            limit: Duration::from_secs(1),
        },
    }
}

fn eval_log(version: &str, name: &str) -> (EvalLog, Vec<Said<Told>>) {
    let mut log = EvalLog::default();
    let text = fixture(version, name);
    let told = text.lines().filter_map(|line| log.take(line)).collect();
    (log, told)
}

/// The problem of the recorded evaluation `name` for host `web9`.
fn eval_problem(version: &str, name: &str) -> Problem {
    let (log, told) = eval_log(version, name);
    let (job, failure) = (job(), failure(Ending::Exit(1)));
    match told.last() {
        Some(Said::Start { .. }) => {
            let target = Target {
                job: &job,
                host: &job.hosts[0],
                leaf: &["drvPath"],
            };
            explain::host(&target, &log, &failure)
        }
        _ => explain::flake(&job, &log, &failure),
    }
}

#[test]
fn an_evaluator_tells_each_host_in_turn() {
    for version in VERSIONS {
        let (log, told) = eval_log(version, "eval-told");
        assert_eq!(log.error, None, "{version}");
        let start = |host: &str| Said::Start { start: host.into() };
        let tells = |host: &str, told: Told| Said::Told {
            host: host.into(),
            told,
        };
        let missing = |host: &str, what: &str| {
            let (missing, known) = (what.into(), Vec::new());
            tells(host, Told::Missing(Missing { missing, known }))
        };
        assert_eq!(told.len(), 10, "{version}");
        assert_eq!(told[0], start("good"));
        let drv = "/nix/store/3y66sv9caf4a02cwgk5ciidvisk677cr-nixos-system-good.drv";
        let good = Told::Found {
            drv: drv.into(),
            out: GOOD.into(),
            system: "x86_64-linux".into(),
        };
        assert_eq!(told[1], tells("good", good));
        assert!(matches!(
            &told[3],
            Said::Told { told: Told::Missing(it), .. } if it.missing == "host" && it.known.len() == 10
        ));
        assert!(matches!(
            &told[5],
            Said::Told { host, told: Told::Found { .. } } if host == "dotted.name"
        ));
        assert_eq!(told[7], missing("bare", "attribute"));
        assert_eq!(told[9], missing("number", "derivation"));
    }
}

#[test]
fn a_host_that_fails_gets_its_own_words_and_place() {
    for version in VERSIONS {
        for (name, cause, place) in [
            (
                "eval-attribute",
                "attribute 'drvPath2' missing",
                "flake.nix:",
            ),
            ("eval-loop", "infinite recursion encountered", "flake.nix:"),
        ] {
            let problem = eval_problem(version, name);
            assert_eq!(problem.message, "evaluating web9 failed");
            assert_eq!(problem.causes, [cause], "{version} {name}");
            let log = problem.log.join("\n");
            assert!(log.contains(place), "{version} {name}:\n{log}");
            assert!(log.contains("error:"), "{version} {name}:\n{log}");
            for noise in ["«string»", "foldl'", "\u{1b}", "@phoenix", "toJSON result"] {
                assert!(!log.contains(noise), "{version} {name} {noise}:\n{log}");
            }
            assert_eq!(
                problem.hint.unwrap().0,
                "`nix eval --show-trace path:/fleet/main#nixosConfigurations.web9.config.system.build.toplevel.drvPath` shows the whole trace"
            );
        }
    }
}

#[test]
fn what_the_cause_says_is_not_said_again() {
    for version in VERSIONS {
        let problem = eval_problem(version, "eval-thrown");
        assert_eq!(
            problem.causes,
            ["the disk of thrown is not set"],
            "{version}"
        );
        assert!(problem.log.is_empty(), "{version}: {:?}", problem.log);
    }
}

#[test]
fn assertions_are_told_in_their_own_lines() {
    for version in VERSIONS {
        let problem = eval_problem(version, "eval-assertion");
        assert_eq!(
            problem.causes,
            ["one is wrong", "two is wrong"],
            "{version}"
        );
        assert!(problem.log.is_empty(), "{version}");
        assert_eq!(problem.hint, None);
    }
}

#[test]
fn what_is_wrong_with_the_flake_is_told_apart_from_hosts() {
    for version in VERSIONS {
        for (name, cause, hint) in [
            (
                "eval-syntax",
                "syntax error, unexpected '}'",
                "--show-trace",
            ),
            (
                "eval-no-attribute",
                "does not provide attribute",
                "flake show",
            ),
            ("eval-untracked", "hosts.nix", "`git add`"),
            ("eval-no-folder", "/fleet/none", "--show-trace"),
        ] {
            let problem = eval_problem(version, name);
            assert_eq!(
                problem.message,
                "evaluating path:/fleet/main#nixosConfigurations failed"
            );
            let found = (problem.causes.join("|"), problem.hint.unwrap().0);
            assert!(found.0.contains(cause), "{version} {name}: {found:?}");
            assert!(found.1.contains(hint), "{version} {name}: {found:?}");
        }
    }
}

#[test]
fn a_flake_without_the_attribute_is_told_from_one_that_fails() {
    for version in VERSIONS {
        for name in ["eval-no-attribute", "eval-attribute", "eval-syntax"] {
            let (log, _) = eval_log(version, name);
            let expected = name == "eval-no-attribute";
            assert_eq!(log.lacks_the_attribute(), expected, "{version} {name}");
        }
    }
}

#[test]
fn an_option_that_nixos_has_not_is_no_file_that_git_has_not() {
    let log = EvalLog {
        error: Some(
            "The option `boot.x' does not exist. Definition values:\n\
             - In `/nix/store/r39x5ld8z29knzi3sr74ma6ry9q024cj-source/boot.nix': true"
                .into(),
        ),
        ..EvalLog::default()
    };
    let problem = explain::flake(&job(), &log, &failure(Ending::Exit(1)));
    assert!(problem.hint.unwrap().0.contains("--show-trace"));
}

#[test]
fn killed_evaluators_say_what_to_change() {
    let (job, log) = (job(), EvalLog::default());
    let hint = |ending| {
        let problem = explain::flake(&job, &log, &failure(ending));
        problem.hint.unwrap().0
    };
    assert!(hint(Ending::Signal(9)).contains("`workers` or `memory`"));
    assert!(hint(Ending::Limit(Duration::from_secs(1))).contains("`timeout`"));
}
