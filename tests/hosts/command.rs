//! How these tests start programs: with a limit, with nothing to read, and with all they say kept.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// What a program did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit status; 124 when its limit was reached, 128 when a signal ended it.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl Ran {
    /// Both outputs and the status, for messages of failed assertions.
    pub(crate) fn all(&self) -> String {
        format!(
            "status {}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }

    /// Goes on only when the status is this one.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }
}

/// A program that reads nothing and whose output is kept.
pub(crate) fn program(program: impl AsRef<OsStr>) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one door for programs in these tests"
    )]
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The same, ended by coreutils' `timeout` after `seconds`.
pub(crate) fn limited(seconds: u32, inner: impl AsRef<OsStr>) -> Command {
    let mut command = program("timeout");
    command
        .args(["--kill-after", "10"])
        .arg(seconds.to_string())
        .arg(inner);
    command
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output();
    ran(output.unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

/// What the output of a program that has ended says.
pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(128),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
