//! phoenix in a folder and a home of its own, with nothing else of the environment.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Builds need no users and no sandbox, which a plain container lacks.
const NIX_CONFIG: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =";

/// Three hosts with tags.
pub(super) const FLEET: &str = "\
[hosts.web1]
addresses = [\"10.0.0.11\", \"web1.example.org:2222\"]
profile = \"web\"
tags = [\"web\", \"eu\"]
ssh.user = \"deploy\"
ssh.sudo = \"sudo\"

[hosts.web2]
tags = [\"web\"]

[hosts.db1]
addresses = [\"10.0.0.21\"]
tags = [\"db\"]
";

/// A folder to run phoenix in.
pub(super) struct Phoenix {
    folder: TempDir,
}

/// What a command did.
pub(super) struct Ran {
    /// The exit status; negative for a signal.
    pub(super) status: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Phoenix {
    /// An empty folder.
    pub(super) fn bare() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with this fleet.toml.
    pub(super) fn with(fleet: &str) -> Self {
        let phoenix = Self::bare();
        phoenix.write("fleet.toml", fleet);
        phoenix
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::write(self.folder().join(file), text).unwrap();
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[], "")
    }

    /// Runs with variables and standard input on top.
    pub(super) fn run_with(&self, args: &[&str], variables: &[(&str, &str)], input: &str) -> Ran {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::of(&child.wait_with_output().unwrap())
    }

    /// The command, all its streams pipes.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests start the program as a person does"
    )]
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_phoenix"));
        command
            .args(args)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder())
            .env("USER", "op")
            .env("NIX_CONFIG", NIX_CONFIG)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Ran {
    pub(super) fn of(output: &Output) -> Self {
        let status = output.status;
        Self {
            status: status
                .code()
                .unwrap_or_else(|| -status.signal().unwrap_or_default()),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Fails unless this is all it did.
    #[track_caller]
    pub(super) fn is(&self, status: i32, out: &str, err: &str) {
        assert_eq!((self.out.as_str(), self.err.as_str()), (out, err));
        assert_eq!(self.status, status, "{}", self.err);
    }
}
