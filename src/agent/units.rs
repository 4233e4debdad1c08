//! The transient units of a run and the words of systemd. No I/O.
//!
//! Formats: systemd-run(1), systemctl(1) `--output=json` (systemd 246 and later),
//! journalctl(1) `--output=json`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::host::Unit;
use super::paths::Side;
use crate::model::RunId;
use crate::model::clock::utc;

/// How much later than the last moment the guard may decide at its timer goes off: time
/// enough for a living guard to have gone on by itself.
pub(super) const TIMER_SLACK: Duration = Duration::from_secs(30);

/// Properties of all our units. They hang on no target, because a switch starts and stops
/// targets; only a shutdown may end them.
const DETACHED: [&str; 5] = [
    "DefaultDependencies=no",
    "Conflicts=shutdown.target",
    "Before=shutdown.target",
    "IgnoreOnIsolate=yes",
    "TimeoutStopSec=10s",
];
/// The guard and its rescuer are the last to go when memory runs out.
const SPARED: &str = "OOMScoreAdjust=-900";
/// A guard that does not say for so long that it lives is killed: it hangs or was frozen. The
/// usual signal would not reach a frozen process.
const WATCHED: &str = "WatchdogSec=15s";
const KILLED: &str = "WatchdogSignal=SIGKILL";
const NOTIFIES: &str = "NotifyAccess=main";

fn unit(name: String, description: String, arguments: &[&str], more: &[&str]) -> Unit {
    Unit {
        name,
        description,
        arguments: arguments.iter().map(|part| (*part).to_owned()).collect(),
        properties: DETACHED
            .iter()
            .chain(more)
            .map(|part| (*part).to_owned())
            .collect(),
        after: None,
        program: None,
    }
}

/// Name of the guard's unit.
pub(super) fn guard_name(run: &RunId) -> String {
    format!("phoenix-run-{run}.service")
}

/// Name of the service that finishes a run whose guard does not.
pub(super) fn rescue_name(run: &RunId) -> String {
    format!("phoenix-rollback-{run}.service")
}

/// Name of the timer that starts the rescue.
pub(super) fn timer_name(run: &RunId) -> String {
    format!("phoenix-rollback-{run}.timer")
}

/// Name of the unit in which a side's `switch-to-configuration test` runs.
pub(super) fn switch_name(run: &RunId, side: Side) -> String {
    match side {
        Side::New => format!("phoenix-switch-{run}.service"),
        Side::Old => format!("phoenix-unswitch-{run}.service"),
    }
}

/// The transaction. Killed or frozen, it starts its rescue at once instead of at the timer.
pub(super) fn guard(run: &RunId, program: Option<PathBuf>) -> Unit {
    let on_failure = format!("OnFailure={}", rescue_name(run));
    let guard = unit(
        guard_name(run),
        format!("phoenix: guards run {run}"),
        &["guard", run.as_str()],
        &[SPARED, &on_failure, NOTIFIES, WATCHED, KILLED],
    );
    Unit { program, ..guard }
}

/// The rollback timer and its service; the service alone without `after`.
pub(super) fn rescue(run: &RunId, after: Option<Duration>) -> Unit {
    Unit {
        after,
        ..unit(
            rescue_name(run),
            format!("phoenix: finishes run {run}"),
            &["recover", run.as_str()],
            &[
                SPARED,
                "Restart=on-failure",
                "RestartSec=1s",
                // However often it fails, it is the only way back.
                "StartLimitIntervalSec=0",
            ],
        )
    }
}

/// When the rollback timer goes off.
pub(super) fn timer_span(activate_limit: Duration, confirm_limit: Duration) -> Duration {
    activate_limit + confirm_limit + TIMER_SLACK
}

/// One side's `switch-to-configuration test`.
pub(super) fn switch(run: &RunId, side: Side) -> Unit {
    unit(
        switch_name(run, side),
        format!("phoenix: activates the {} system of run {run}", side.word()),
        &["switch", run.as_str(), side.word()],
        &[],
    )
}

/// Arguments of `systemd-run` up to the program.
pub(super) fn systemd_run(unit: &Unit) -> Vec<OsString> {
    let mut arguments = vec![
        "--quiet".to_owned(),
        "--collect".to_owned(),
        "--no-ask-password".to_owned(),
        "--service-type=exec".to_owned(),
        format!("--unit={}", unit.name),
        format!("--description={}", unit.description),
    ];
    arguments.extend(
        unit.properties
            .iter()
            .map(|one| format!("--property={one}")),
    );
    if let Some(after) = unit.after {
        arguments.push(format!("--on-active={}ms", after.as_millis()));
        // The default lets a timer go off a minute late.
        arguments.push("--timer-property=AccuracySec=100ms".to_owned());
        arguments.extend(
            DETACHED[..4]
                .iter()
                .map(|one| format!("--timer-property={one}")),
        );
    }
    arguments.push("--".to_owned());
    arguments.into_iter().map(Into::into).collect()
}

/// Reads an `ActiveState`.
pub(super) fn is_alive(state: &str) -> Option<bool> {
    match state.trim() {
        "" => None,
        "inactive" | "failed" => Some(false),
        _ => Some(true),
    }
}

/// Reads the `ActiveState` of several units: one a line, with empty lines between.
pub(super) fn states(shown: &str) -> Vec<String> {
    let lines = shown.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Reads `systemctl list-units --output=json`; our own units do not count.
pub(super) fn broken(listed: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Listed {
        unit: String,
    }
    let mut units: Vec<String> = serde_json::from_str::<Vec<Listed>>(listed)
        .unwrap_or_default()
        .into_iter()
        .map(|listed| listed.unit)
        .filter(|unit| !is_ours(unit))
        .collect();
    units.sort();
    units
}

fn is_ours(unit: &str) -> bool {
    ["run", "switch", "unswitch", "rollback"]
        .iter()
        .any(|kind| unit.starts_with(&format!("phoenix-{kind}-")))
}

/// An entry of `journalctl --output=json`.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "MESSAGE")]
    message: Option<Message>,
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    identifier: Option<String>,
    /// Microseconds since 1970, as text.
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    micros: Option<String>,
}

/// The journal writes text that is not UTF-8 as a list of bytes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Bytes(Vec<u8>),
}

impl Entry {
    fn shown(self) -> Option<String> {
        let message = match self.message? {
            Message::Text(text) => text,
            Message::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        Some(match self.identifier {
            Some(identifier) => format!("{identifier}: {message}"),
            None => message,
        })
    }

    fn shown_with_time(self) -> Option<String> {
        let micros: Option<u64> = self.micros.as_ref().and_then(|text| text.parse().ok());
        let line = self.shown()?;
        Some(match micros {
            Some(micros) => format!("{} {line}", utc(micros / 1_000_000)),
            None => line,
        })
    }
}

/// Reads `journalctl --output=json`: `nginx: no such host`.
pub(super) fn journal_lines(lines: &str) -> Vec<String> {
    read_entries(lines, Entry::shown)
}

/// The same with times: `2026-11-22 20:44:04 UTC nginx: no such host`.
pub(super) fn journal_history(lines: &str) -> Vec<String> {
    read_entries(lines, Entry::shown_with_time)
}

fn read_entries(lines: &str, shown: impl Fn(Entry) -> Option<String>) -> Vec<String> {
    lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok().and_then(&shown))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunId {
        RunId::at(0, [1, 2, 3])
    }

    #[test]
    fn the_timer_is_exact_and_outlives_targets() {
        let unit = rescue(&run(), Some(Duration::from_millis(1500)));
        let arguments = systemd_run(&unit);
        for wanted in [
            "--unit=phoenix-rollback-19700101-000000-010203.service",
            "--on-active=1500ms",
            "--timer-property=AccuracySec=100ms",
            "--timer-property=DefaultDependencies=no",
            "--property=IgnoreOnIsolate=yes",
        ] {
            assert!(arguments.contains(&wanted.into()), "{wanted}");
        }
        assert_eq!(arguments.last(), Some(&"--".into()));
    }

    #[test]
    fn a_killed_guard_starts_its_rescue() {
        assert!(
            guard(&run(), None)
                .properties
                .contains(&format!("OnFailure={}", rescue_name(&run())))
        );
    }

    #[test]
    fn broken_units_are_read_without_our_own() {
        let listed = r#"[{"unit":"b.service","load":"loaded","active":"failed","sub":"failed","description":"B"},
            {"unit":"a.service","load":"loaded","active":"activating","sub":"auto-restart","description":"A"},
            {"unit":"phoenix-switch-19700101-000000-010203.service","load":"loaded","active":"failed","sub":"failed","description":""}]"#;
        assert_eq!(broken(listed), ["a.service", "b.service"]);
        assert!(broken("[]").is_empty());
    }

    #[test]
    fn journal_entries_become_lines() {
        let entries = "{\"MESSAGE\":\"no such host\",\"SYSLOG_IDENTIFIER\":\"nginx\"}\n{\"MESSAGE\":[104,105]}\nrubbish\n";
        assert_eq!(journal_lines(entries), ["nginx: no such host", "hi"]);
        let entry = "{\"MESSAGE\":\"up\",\"SYSLOG_IDENTIFIER\":\"a\",\"__REALTIME_TIMESTAMP\":\"1795380244000001\"}\n";
        assert_eq!(
            journal_history(&(entry.to_owned() + entries)),
            ["2026-11-22 20:44:04 UTC a: up", "nginx: no such host", "hi"]
        );
    }

    #[test]
    fn states_of_units() {
        assert_eq!(is_alive("activating\n"), Some(true));
        assert_eq!(is_alive("failed\n"), Some(false));
        assert_eq!(is_alive("\n"), None);
        assert_eq!(states("active\n\nfailed\n"), ["active", "failed"]);
    }
}
