//! The real host: systemd, programs and the clock. The agent starts programs nowhere else.

use std::io::{self, PipeReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use super::child::{content, memory_file, wait};
use super::host::{Ended, Host, Program, ProgramError, Unit, tail};
use super::watchdog::{self, Watchdog};
use super::{contact, units};
use crate::model::Toplevel;

/// Limit for one question to or order for PID 1. It may be re-executing itself.
const PID1_LIMIT: Duration = Duration::from_secs(20);
/// Limit for reading the journal.
const JOURNAL_LIMIT: Duration = Duration::from_secs(5);
/// How long a reboot may take to end this process before a harder one is tried.
const REBOOT_PATIENCE: Duration = Duration::from_secs(90);
/// Exit status of `systemctl stop` for a unit that is not loaded (systemctl(1), LSB status 5).
const NOT_LOADED: Ended = Ended::Status(5);

/// Folders of programs on NixOS, on other distributions with Nix, and on any other Linux.
const FOLDERS: [&str; 8] = [
    "/run/wrappers/bin",
    "/run/current-system/sw/bin",
    "/nix/var/nix/profiles/default/bin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

const LOCALES: &str = "/run/current-system/sw/lib/locale/locale-archive";

/// The host this process runs on.
pub(super) struct System {
    folders: Vec<PathBuf>,
    watchdog: Watchdog,
}

impl System {
    /// Looks where programs are. The folders are fixed here, behind all links, so that a
    /// broken new system does not change the tools that shall bring back the old one.
    pub(super) fn new() -> Self {
        let mut folders = Vec::new();
        for folder in FOLDERS {
            let folder = Path::new(folder);
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self {
            folders,
            watchdog: Watchdog::find(),
        }
    }

    /// Takes the programs of a system before all others.
    pub(super) fn preferring(mut self, system: &Toplevel) -> Self {
        if let Ok(folder) = system.path().as_path().join("sw/bin").canonicalize() {
            self.folders.insert(0, folder);
        }
        self
    }

    /// The path of a program.
    pub(super) fn find(&self, program: &Path) -> PathBuf {
        if program.components().count() > 1 {
            return program.to_owned();
        }
        self.folders
            .iter()
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
            .unwrap_or_else(|| program.to_owned())
    }

    /// Starts a program whose whole output comes from one pipe.
    pub(super) fn spawn_piped(&self, program: &Program) -> io::Result<(Child, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let child = self
            .command(program)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()?;
        Ok((child, reader))
    }

    /// Starts the host's Nix daemon, which reads from the one who starts it and answers over
    /// this process's own output.
    pub(super) fn start_nix_daemon(&self) -> io::Result<Child> {
        let program = Program::new("nix-daemon", ["--stdio"], Duration::MAX);
        let mut command = self.command(&program);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit());
        command.spawn()
    }

    /// A program in a clean environment and in a process group of its own.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the agent's one door to programs"
    )]
    fn command(&self, program: &Program) -> Command {
        let mut command = Command::new(self.find(Path::new(&program.program)));
        command
            .args(&program.arguments)
            .env_clear()
            .env("HOME", "/root")
            .env("PATH", self.search_path())
            .stdin(Stdio::null());
        // nixpkgs: pkgs/by-name/sw/switch-to-configuration-ng, `NIXOS_NO_CHECK`.
        if !program.checked {
            command.env("NIXOS_NO_CHECK", "1");
        }
        if Path::new(LOCALES).exists() {
            command.env("LOCALE_ARCHIVE", LOCALES);
        }
        command
    }

    fn search_path(&self) -> String {
        let folders: Vec<_> = self.folders.iter().map(|f| f.to_string_lossy()).collect();
        folders.join(":")
    }

    fn capture(&self, program: &Program) -> Result<(Ended, String, String), ProgramError> {
        let start = |source| ProgramError::Start {
            program: program.shown(),
            source,
        };
        // Output goes to memory files: no pipe can fill up, and none breaks when a program
        // leaves a child behind.
        let (out, error) = (memory_file().map_err(start)?, memory_file().map_err(start)?);
        let mut child = self
            .command(program)
            .process_group(0)
            .stdout(out.try_clone().map_err(start)?)
            .stderr(error.try_clone().map_err(start)?)
            .spawn()
            .map_err(start)?;
        let ended = wait(&mut child, program.limit, &self.watchdog).map_err(start)?;
        let (out, error) = (content(out), content(error));
        match ended {
            Some(ended) => Ok((ended, out, error)),
            None => Err(ProgramError::Limit {
                program: program.shown(),
                limit: program.limit,
                log: tail(&(out + &error)),
            }),
        }
    }

    fn systemctl(&self, arguments: &[&str]) -> Result<String, ProgramError> {
        self.run(&Program::new("systemctl", arguments, PID1_LIMIT))
    }
}

impl Host for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the agent's one door to the clock of the day"
    )]
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |span| span.as_secs())
    }

    fn uptime(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(
            time.tv_sec.try_into().unwrap_or_default(),
            time.tv_nsec.try_into().unwrap_or_default(),
        )
    }

    fn pause(&self, span: Duration) {
        let until = Instant::now() + span;
        loop {
            self.watchdog.live();
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            std::thread::sleep(rest.min(watchdog::SPAN));
        }
    }

    fn start(&self, unit: &Unit) -> Result<(), ProgramError> {
        let own = || {
            self.program().map_err(|source| ProgramError::Start {
                program: unit.name.clone(),
                source,
            })
        };
        let program = unit.program.clone().map_or_else(own, Ok)?;
        let mut arguments = units::systemd_run(unit);
        arguments.push(program.into_os_string());
        arguments.extend(unit.arguments.iter().map(Into::into));
        self.run(&Program::new("systemd-run", arguments, PID1_LIMIT))
            .map(drop)
    }

    fn wake(&self, unit: &str) -> Result<(), ProgramError> {
        self.systemctl(&["start", "--no-block", "--no-ask-password", unit])
            .map(drop)
    }

    fn alive(&self, unit: &str) -> Option<bool> {
        let shown = self
            .systemctl(&["show", "--property=ActiveState", "--value", unit])
            .ok()?;
        units::is_alive(&shown)
    }

    fn stop(&self, unit: &str) -> Result<(), ProgramError> {
        let stopped = match self.systemctl(&["stop", unit]) {
            Err(ProgramError::Ended {
                ended: NOT_LOADED, ..
            }) => return Ok(()),
            Err(ProgramError::Limit { .. }) => {
                self.systemctl(&["kill", "--signal=KILL", unit]).map(drop)
            }
            other => other.map(drop),
        };
        // Fails for a unit that did not fail: nothing to forget then.
        let _ = self.systemctl(&["reset-failed", unit]);
        stopped
    }

    fn broken_units(&self) -> Result<Vec<String>, ProgramError> {
        self.systemctl(&[
            "list-units",
            "--state=failed,auto-restart,auto-restart-queued",
            "--all",
            "--no-pager",
            "--output=json",
        ])
        .map(|listed| units::broken(&listed))
    }

    fn unit_states(&self, units: &[String]) -> Result<Vec<String>, ProgramError> {
        if units.is_empty() {
            // Without a unit the question is about systemd itself.
            return Ok(Vec::new());
        }
        let mut words = vec!["show", "--property=ActiveState", "--value", "--"];
        words.extend(units.iter().map(String::as_str));
        self.systemctl(&words).map(|shown| units::states(&shown))
    }

    fn journal(&self, units: &[String], since: u64) -> Vec<String> {
        if units.is_empty() {
            return Vec::new();
        }
        let lines = self.read_journal(units, Some(format!("--since=@{since}")));
        if !lines.is_empty() {
            return lines;
        }
        // A clock that was set back meanwhile hides what is new.
        self.read_journal(units, None)
    }

    fn history(&self, units: &[String], lines: usize) -> Vec<String> {
        let fixed = [
            "--no-pager",
            "--quiet",
            "--output=json",
            "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,__REALTIME_TIMESTAMP",
        ];
        let arguments = fixed
            .into_iter()
            .map(str::to_owned)
            .chain([format!("--lines={lines}")])
            .chain(units.iter().map(|unit| format!("--unit={unit}")));
        match self.run(&Program::new("journalctl", arguments, JOURNAL_LIMIT)) {
            Ok(lines) => units::journal_history(&lines),
            Err(error) => vec![super::host::chain(&error)],
        }
    }

    fn run(&self, program: &Program) -> Result<String, ProgramError> {
        match self.capture(program)? {
            (Ended::Status(0), out, _) => Ok(out),
            (ended, out, error) => Err(ProgramError::Ended {
                program: program.shown(),
                ended,
                log: tail(&(out + &error)),
            }),
        }
    }

    fn program(&self) -> io::Result<PathBuf> {
        std::env::current_exe()
    }

    fn greets(&self, server: SocketAddr) -> bool {
        contact::greets(server)
    }

    fn reboot(&self) {
        for force in [&["reboot"][..], &["reboot", "--force"]] {
            self.note(&format!("systemctl {}", force.join(" ")));
            if let Err(error) = self.systemctl(force) {
                self.note(&super::host::chain(&error));
            }
            self.pause(REBOOT_PATIENCE);
        }
    }

    fn note(&self, line: &str) {
        // A lost session must not stop the work, and there is nobody else to tell.
        let _ = writeln!(io::stderr(), "phoenix-agent: {line}");
    }
}

impl System {
    fn read_journal(&self, units: &[String], since: Option<String>) -> Vec<String> {
        let fixed = [
            "--boot",
            "--no-pager",
            "--quiet",
            "--lines=20",
            "--output=json",
            "--output-fields=MESSAGE,SYSLOG_IDENTIFIER",
        ];
        let arguments = fixed
            .into_iter()
            .map(str::to_owned)
            .chain(since)
            .chain(units.iter().map(|unit| format!("--unit={unit}")));
        match self.run(&Program::new("journalctl", arguments, JOURNAL_LIMIT)) {
            Ok(lines) => units::journal_lines(&lines),
            Err(error) => vec![super::host::chain(&error)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<String, ProgramError> {
        System::new().run(&Program::new("sh", ["-c", script], limit))
    }

    #[test]
    fn a_program_runs_to_its_end_in_a_clean_environment() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("echo one; echo two >&2", minute).unwrap(), "one\n");
        assert_eq!(shell("echo $HOME $USER", minute).unwrap(), "/root\n");
        let error = shell("echo why >&2; exit 3", minute).unwrap_err();
        assert_eq!(error.log(), ["why"]);
        assert!(error.to_string().ends_with("exited with status 3"));
        assert!(matches!(
            System::new().run(&Program::new("/none", [""; 0], minute)),
            Err(ProgramError::Start { .. })
        ));
    }

    #[test]
    fn checks_are_passed_over_where_that_is_said() {
        let minute = Duration::from_secs(60);
        let script = ["-c", "echo \"<$NIXOS_NO_CHECK>\""];
        let program = Program::new("sh", script, minute);
        assert_eq!(System::new().run(&program).unwrap(), "<>\n");
        assert_eq!(System::new().run(&program.unchecked()).unwrap(), "<1>\n");
    }

    #[test]
    fn a_program_is_killed_with_its_children_at_the_limit() {
        let error = shell("echo begun; sleep 600 & wait", Duration::from_millis(60)).unwrap_err();
        assert!(error.to_string().ends_with("did not end within 0.1 s"));
    }
}
