//! Recorded logs of each supported Nix, read as in a run.

use std::path::PathBuf;
use std::time::Duration;

use super::build_log::{BuildLog, FailedDerivation, Seen};
use super::copy::{self, CopyLog};
use super::evaluate::Told;
use super::evaluate_log::{EvalLog, Missing, Said};
use super::explain::{self, Target};
use super::*;
use crate::adapter::process::{CommandFailure, Ending};
use crate::model::{EvalSettings, HostName, Problem, ProblemKind, StorePath, Toplevel};
use crate::world::BuildProgress;

const VERSIONS: [&str; 3] = ["2.8.0", "2.26.3", "2.34.8"];

const GOOD: &str = "/nix/store/idmw8lvkf1xpxgvn2w6lhf372g6awp61-nixos-system-good";

fn fixture(version: &str, name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/nix/{version}/{name}.log",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn failure(ending: Ending) -> CommandFailure {
    CommandFailure {
        argv: vec!["nix".into(), "eval".into()],
        ending,
        log: Vec::new(),
    }
}

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
            ("eval-thrown", "the disk of thrown is not set", ""),
            (
                "eval-assertion",
                "Failed assertions: - one is wrong - two is wrong",
                "",
            ),
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

fn build_log(version: &str, name: &str) -> (BuildLog, Vec<Seen>) {
    let mut log = BuildLog::default();
    let text = fixture(version, name);
    let seen = text.lines().filter_map(|line| log.take(line)).collect();
    (log, seen)
}

#[test]
fn a_build_is_followed_to_its_end() {
    for version in VERSIONS {
        let (log, seen) = build_log(version, "build-good");
        assert_eq!(log.failed(), [], "{version}");
        let begun: Vec<&str> = seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Begun(path) => Some(path.name()),
                _ => None,
            })
            .collect();
        assert_eq!(
            begun,
            ["nixos-system-part.drv", "nixos-system-good.drv"],
            "{version}"
        );
        let line = BuildProgress::Log("nixos-system-good> making good".into());
        assert!(seen.contains(&Seen::Progress(line)), "{version}");
        let after_begin = seen
            .iter()
            .rev()
            .take_while(|s| !matches!(s, Seen::Begun(_)));
        assert!(after_begin.into_iter().any(|s| *s == Seen::Finished));
        assert!(
            matches!(
                log.count(),
                BuildProgress::Count {
                    done: 2,
                    expected: 2,
                    ..
                }
            ),
            "{version}: {:?}",
            log.count()
        );
    }
}

/// Each was recorded twice: with the store opened directly, and through a Nix daemon.
fn failed_builds(name: &str) -> impl Iterator<Item = (String, FailedDerivation)> {
    let logs = VERSIONS.map(|version| ["build", "daemon"].map(|by| (version, by)));
    logs.into_iter().flatten().map(move |(version, by)| {
        let (log, _) = build_log(version, &format!("{by}-{name}"));
        let mut failed = log.failed();
        assert_eq!(failed.len(), 1, "{version} {by}: {failed:?}");
        (format!("{version} {by}"), failed.remove(0))
    })
}

#[test]
fn the_derivation_that_failed_is_named_with_its_last_words() {
    for (at, failed) in failed_builds("broken") {
        assert_eq!(failed.derivation.0.name(), "broken-1.0.drv");
        assert!(
            failed.reason.ends_with("failed with exit code 3"),
            "{at}: {failed:?}"
        );
        assert_eq!(failed.log.len(), 20, "{at}");
        assert_eq!(failed.log[18..], ["line 25", "cannot go on"]);
    }
}

#[test]
fn foreign_systems_fail_without_a_log() {
    for (at, failed) in failed_builds("foreign") {
        assert_eq!(failed.derivation.0.name(), "nixos-system-foreign.drv");
        assert!(failed.reason.contains("riscv64-linux"), "{at}: {failed:?}");
        assert_eq!(failed.log, [] as [&str; 0]);
        assert!(build::advice(&failed).contains("`builders`"));
    }
}

fn copy_job() -> CopyJob {
    CopyJob {
        toplevel: Toplevel(StorePath::new(GOOD).unwrap()),
        socket: PathBuf::from("/run/phoenix/s"),
        substitute: false,
        limit: Duration::from_secs(1),
    }
}

#[test]
fn copied_paths_are_counted() {
    for version in VERSIONS {
        for (name, done) in [("copy-good", 2), ("copy-again", 0)] {
            let mut log = CopyLog::default();
            let text = fixture(version, name);
            text.lines().for_each(|line| {
                log.take(line);
            });
            assert_eq!((log.done, log.expected), (done, Some(done)), "{version}");
        }
    }
}

#[test]
fn what_stops_a_copy_has_a_name_and_a_hint() {
    for version in VERSIONS {
        for (name, kind, cause, hint) in [
            (
                "copy-full",
                ProblemKind::Failed,
                "no space left",
                "free space",
            ),
            (
                "copy-untrusted",
                ProblemKind::Refused,
                "does not trust",
                "trusted-users",
            ),
            (
                "copy-closed",
                ProblemKind::Lost,
                "was closed",
                "deploy again",
            ),
            (
                "copy-no-socket",
                ProblemKind::Lost,
                "was closed",
                "deploy again",
            ),
            (
                "copy-readonly",
                ProblemKind::Lost,
                "was closed",
                "deploy again",
            ),
        ] {
            let mut log = CopyLog::default();
            fixture(version, name).lines().for_each(|line| {
                log.take(line);
            });
            let problem = copy::explain(&copy_job(), &log.errors, &failure(Ending::Exit(1)));
            assert_eq!(problem.kind, kind, "{version} {name}: {problem:?}");
            assert!(problem.causes[0].contains(cause), "{version} {name}");
            assert!(problem.hint.unwrap().0.contains(hint), "{version} {name}");
        }
    }
}

#[test]
fn the_daemon_s_own_words_explain_why_it_hung_up() {
    let log = vec!["unexpected end-of-file".to_owned()];
    let problem = copy::explain(&copy_job(), &log, &failure(Ending::Exit(1)));
    let said =
        "error: setting journal mode: database or disk is full (in '/nix/var/nix/db/db.sqlite')";
    let problem = with_daemon_log(problem, &[said.to_owned()]);
    assert_eq!(problem.kind, ProblemKind::Failed);
    assert!(problem.causes[0].contains("no space left"));
    assert!(problem.log.contains(&said.to_owned()));
}

#[test]
fn socket_paths_become_addresses() {
    let nix = |version: &str| Nix {
        version: Version::parse(version).unwrap(),
        options: Vec::new(),
        limit: Duration::from_secs(1),
        locks: true,
    };
    let address = |version, path| nix(version).address(std::path::Path::new(path));
    for version in VERSIONS {
        assert_eq!(
            address(version, "/run/user/0/a-b_c.d").unwrap(),
            "unix:///run/user/0/a-b_c.d"
        );
    }
    assert_eq!(
        address("2.34.8", "/a b/%/é?#").unwrap(),
        "unix:///a%20b/%25/%C3%A9%3F%23"
    );
    let refused = address("2.8.0", "/a b").unwrap_err();
    assert!(refused.hint.unwrap().0.contains("XDG_RUNTIME_DIR"));
}

#[test]
fn words_reach_nix_as_they_are() {
    assert_eq!(evaluate::nix_string("a\"${b}\\\n"), r#""a\"\${b}\\\n""#);
}
