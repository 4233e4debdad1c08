//! The unit that runs one side's `switch-to-configuration test` as a child, so that nothing
//! the switch does to sessions, services or the guard can stop it half-way.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use thiserror::Error;

use super::files::{self, FileError};
use super::host::{Cx, Program, chain};
use super::paths::{RunFiles, Side};
use super::record::Record;
use super::switching::Exit;
use super::system::System;
use crate::model::{Activation, RunId};

/// Most bytes kept of a log.
const LOG_BYTES: usize = 4 << 20;
/// How long output is read on after the program's end: a daemon it left behind may hold the pipe.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The guard stops this unit; the program itself gets no limit here.
const NO_LIMIT: Duration = Duration::MAX;

/// Why a switch was not tried or its end is not known.
#[derive(Debug, Error)]
pub(super) enum SwitchError {
    /// There is no such run.
    #[error("this host knows no run {0}")]
    Unknown(RunId),
    /// A file of the run failed.
    #[error("a file of the run could not be used")]
    File(#[from] FileError),
}

/// Runs the switch and writes down how it ended.
///
/// # Errors
/// When there is no such run, or the end could not be written.
pub(super) fn switch(
    cx: Cx<'_>,
    system: &System,
    run: &RunId,
    side: Side,
) -> Result<(), SwitchError> {
    let record = Record::load(cx.paths, run)?.ok_or_else(|| SwitchError::Unknown(run.clone()))?;
    let files = cx.paths.run(run);
    let path = cx.paths.switch_program(record.system(side));
    let program = program(path, side);
    let exit = match piped(system, &program, &files, side) {
        Ok(exit) => exit,
        Err(error) => Exit::NotStarted(chain(&error)),
    };
    files::private_folder(&files.live)?;
    files::replace(&files.exit(side), &exit)?;
    Ok(())
}

/// The new system may look at the host first; the old one was proven there, and is the way back.
fn program(path: impl Into<OsString>, side: Side) -> Program {
    let program = Program::new(path, [Activation::Test.as_str()], NO_LIMIT);
    match side {
        Side::New => program,
        Side::Old => program.unchecked(),
    }
}

fn piped(system: &System, program: &Program, files: &RunFiles, side: Side) -> io::Result<Exit> {
    let (mut child, output) = system.spawn_piped(program)?;
    let log = files::append(&files.log(side)).ok();
    let (done, is_done) = mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        copy(output, log);
        // Nobody waits any more when the program left a daemon behind.
        let _ = done.send(());
    });
    let ended = child.wait()?;
    if is_done.recv_timeout(LAST_WORDS).is_ok() {
        // It has ended; a panic in it would only have cost log lines.
        let _ = reader.join();
    }
    Ok(Exit::Ended(ended.into()))
}

/// Copies the log to its file and to the journal. Neither a full disk nor a stopped journal
/// may break the pipe the switch writes to.
fn copy(mut output: PipeReader, mut log: Option<std::fs::File>) {
    let mut buffer = [0; 8192];
    let mut room = LOG_BYTES;
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        let chunk = &buffer[..count];
        if let Some(file) = log.as_mut().filter(|_| room >= count) {
            room -= count;
            let _ = file.write_all(chunk);
        }
        let _ = io::stderr().write_all(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::host::Ended;

    fn run(script: &str) -> (Exit, String) {
        let folder = tempfile::tempdir().unwrap();
        let files = RunFiles {
            kept: folder.path().to_owned(),
            live: folder.path().to_owned(),
        };
        let program = Program::new("sh", ["-c", script], NO_LIMIT);
        let exit = piped(&System::new(), &program, &files, Side::New).unwrap();
        let log = std::fs::read_to_string(files.log(Side::New)).unwrap();
        (exit, log)
    }

    #[test]
    fn the_way_back_is_refused_by_no_check() {
        assert!(program("x", Side::New).checked);
        assert!(!program("x", Side::Old).checked);
    }

    #[test]
    fn both_outputs_go_to_the_log_in_their_order() {
        let (exit, log) = run("echo one; echo two >&2; echo three; exit 4");
        assert_eq!(exit, Exit::Ended(Ended::Status(4)));
        assert_eq!(log, "one\ntwo\nthree\n");
        assert_eq!(run("kill -9 $$").0, Exit::Ended(Ended::Signal(9)));
    }

    #[test]
    fn a_daemon_left_behind_does_not_hold_up_the_end() {
        let (exit, log) = run("echo begun; sleep 5 &");
        assert_eq!(exit, Exit::Ended(Ended::Status(0)));
        assert_eq!(log, "begun\n");
    }
}
