//! phoenix as an operator runs it, in a folder with a fleet of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{self, Ran};
use crate::lab::Lab;

/// Limit for one command of phoenix, in seconds.
const LIMIT: u32 = 300;

/// Builds of the lab's fleet need no users and no sandbox, which a plain container lacks.
const NIX_CONFIG: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =";

/// phoenix and a fleet.
pub(crate) struct Phoenix {
    program: PathBuf,
    /// Has the password that sudo asks for on some hosts.
    password: String,
    /// Holds the fleet, and the home that phoenix records its runs in.
    folder: TempDir,
    /// The operator's name; that of whoever runs the tests when there is none.
    user: Option<&'static str>,
    /// Variables beside the usual ones.
    variables: BTreeMap<&'static str, PathBuf>,
}

impl Phoenix {
    /// phoenix in a fresh folder with the lab's fleet, whose hosts are adopted as they are,
    /// whatever the test before left behind.
    #[track_caller]
    pub(crate) fn new(lab: &Lab) -> Self {
        let phoenix = Self::stranger(lab);
        phoenix
            .run(&["adopt", "--all", "--yes", "--replace"])
            .expect_code(0);
        phoenix
    }

    /// phoenix in a fresh folder with the lab's fleet, of which nothing is recorded but the
    /// hosts' keys.
    pub(crate) fn stranger(lab: &Lab) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        lab.write_fleet(&folder.path().join("fleet"));
        fs::create_dir(folder.path().join("home")).expect("the folder is ours");
        Self {
            program: program(),
            password: lab.password_file(),
            folder,
            user: None,
            variables: BTreeMap::new(),
        }
    }

    /// The same as another operator, with a home of their own.
    pub(crate) fn of(lab: &Lab, user: &'static str) -> Self {
        Self {
            user: Some(user),
            ..Self::new(lab)
        }
    }

    /// Sets a variable for the commands that follow.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<PathBuf>) {
        self.variables.insert(name, value.into());
    }

    /// A folder for whatever a test wants to keep as long as the fleet.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the fleet: fleet.toml, release.toml and the flake.
    pub(crate) fn fleet(&self) -> PathBuf {
        self.folder.path().join("fleet")
    }

    /// The home of the operator.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Replaces a text in a file of the fleet.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.fleet().join(file);
        let text = fs::read_to_string(&path).expect("the lab wrote it");
        assert!(text.contains(from), "{file} holds no {from}: {text}");
        fs::write(&path, text.replace(from, to)).expect("the folder is ours");
    }

    /// Orders what the hosts shall run, as release.toml.
    pub(crate) fn release(&self, toml: &str) {
        fs::write(self.fleet().join("release.toml"), toml).expect("the folder is ours");
    }

    /// Shortens the limits of activation and of the proof, so that a test need not wait long.
    pub(crate) fn limits(&self, activate: &str, confirm: &str) {
        let limits = format!("timeout = \"{activate}\"\nconfirm_timeout = \"{confirm}\"\n");
        self.settings(&format!("[defaults.activate]\n{limits}"));
    }

    /// Adds to fleet.toml.
    pub(crate) fn settings(&self, toml: &str) {
        let file = self.fleet().join("fleet.toml");
        let fleet = fs::read_to_string(&file).expect("the lab wrote it");
        fs::write(&file, format!("{fleet}\n{toml}")).expect("the folder is ours");
    }

    /// Adds to fleet.toml.
    pub(crate) fn append(&self, toml: &str) {
        let file = self.fleet().join("fleet.toml");
        let fleet = fs::read_to_string(&file).expect("the lab wrote it");
        fs::write(&file, fleet + toml).expect("the folder is ours");
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let mut command = command::limited(LIMIT, &self.program);
        command::run(self.prepare(&mut command, args))
    }

    /// Runs a command to its end where no other program can be found, so that there is no Nix.
    pub(crate) fn run_without_nix(&self, args: &[&str]) -> Ran {
        let mut command = command::limited(LIMIT, "env");
        command.arg("PATH=/nonexistent").arg(&self.program);
        command::run(self.prepare(&mut command, args))
    }

    /// Starts a command and returns while it runs: for tests that interrupt or kill it, or the
    /// hosts under it.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = command::program(&self.program);
        let child = self.prepare(&mut command, args).spawn();
        let mut child = child.expect("scripts/build made it executable");
        let lines = child.stdout.take().expect("its output is kept");
        Running {
            child,
            lines: BufReader::new(lines).lines(),
        }
    }

    /// Runs a command where no program can be found, as on a machine without Nix.
    pub(crate) fn run_without_programs(&self, args: &[&str]) -> Ran {
        let mut command = command::program(&self.program);
        command::run(self.prepare(&mut command, args).env("PATH", "/nonexistent"))
    }

    fn prepare<'a>(&self, command: &'a mut Command, args: &[&str]) -> &'a mut Command {
        command
            .args(["--sudo-password-file", &self.password])
            .args(args)
            .current_dir(self.fleet())
            .env("HOME", self.folder.path().join("home"))
            .env("NIX_CONFIG", NIX_CONFIG);
        if let Some(user) = self.user {
            command.env("USER", user);
        }
        for name in [
            "SSH_AUTH_SOCK",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
        ] {
            command.env_remove(name);
        }
        command.envs(&self.variables)
    }
}

/// A command of phoenix that runs, with `--json`.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Returns once a host has entered a stage.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, host: &str, stage: &str) {
        let entered = |event: &Value| {
            event["event"] == "stage-started" && event["host"] == host && event["stage"] == stage
        };
        let mut events = self
            .lines
            .by_ref()
            .map_while(Result::ok)
            .map(|line| read(&line));
        assert!(
            events.any(|event| entered(&event)),
            "{host} never entered {stage}"
        );
    }

    /// Ends phoenix as a crash would: it can do nothing more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it has not been waited for");
        self.child.wait().expect("it is our child");
    }

    /// Waits for its end; gives its exit status and what it said since it was last looked at.
    pub(crate) fn end(mut self) -> Ran {
        let said: Vec<String> = self.lines.by_ref().map_while(Result::ok).collect();
        let output = self.child.wait_with_output();
        let mut ran = command::ran(output.expect("it is our child"));
        ran.stdout = said.join("\n");
        ran
    }
}

/// The name of a run with `--json`.
#[track_caller]
pub(crate) fn run_of(ran: &Ran) -> String {
    let first = events(ran).into_iter().next();
    let run = first.as_ref().and_then(|event| event["run"].as_str());
    run.unwrap_or_else(|| panic!("no run: {}", ran.all()))
        .to_owned()
}

/// The objects of a command with `--json`, one a line.
#[track_caller]
pub(crate) fn events(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(read).collect()
}

#[track_caller]
fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in: {line}"))
}

/// What went wrong with a host, in one line with all its causes and its hint.
#[track_caller]
pub(crate) fn problem(ran: &Ran, host: &str) -> String {
    let events = events(ran);
    let problem = events.last().map(|last| &last["hosts"][host]["problem"]);
    let problem = problem.unwrap_or_else(|| panic!("no events: {}", ran.all()));
    format!(
        "{} {} {}",
        problem["message"], problem["causes"], problem["hint"]
    )
}

/// How a host ended, as the last event says.
#[track_caller]
pub(crate) fn outcome(ran: &Ran, host: &str) -> String {
    let events = events(ran);
    let outcome = events.last().map(|last| &last["hosts"][host]["outcome"]);
    let word = outcome.and_then(Value::as_str);
    word.unwrap_or_else(|| panic!("no outcome of {host}: {}", ran.all()))
        .to_owned()
}

/// What scripts/build made from the same profile as these tests: `target/phoenix-dev/phoenix`.
fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_phoenix"));
    let target = built
        .ancestors()
        .nth(2)
        .expect("cargo puts it in target/debug");
    let program = target.join("phoenix-dev/phoenix");
    assert!(
        program.is_file(),
        "{} is missing; run: scripts/build dev",
        program.display()
    );
    program
}
