//! Recorded logs of each supported Nix, read as in a run.

mod evaluation;

use std::path::PathBuf;
use std::time::Duration;

use super::build_log::{BuildLog, FailedDerivation, Seen};
use super::copy::{self, CopyLog};
use super::*;
use crate::adapter::process::{CommandFailure, Ending};
use crate::model::{ProblemKind, StorePath, Toplevel};
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
    assert_eq!(job::nix_string("a\"${b}\\\n"), r#""a\"\${b}\\\n""#);
}
