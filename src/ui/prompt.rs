//! Questions to the operator, asked so that nothing is drawn over them.
//!
//! The terminal is put back as it was before Ctrl-C is passed on as the signal it stands for:
//! whoever handles it, or nobody, finds a terminal that echoes.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use indicatif::MultiProgress;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use thiserror::Error;
use zeroize::Zeroizing;

/// Ctrl-C, Ctrl-D, backspace and delete as a terminal sends them.
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const ERASE: [u8; 2] = [8, 127];

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum PromptError {
    /// Nobody is there to ask.
    #[error("there is no terminal to ask on")]
    NoTerminal {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The run it belonged to is over.
    #[error("the question is no longer of interest")]
    Withdrawn,
    /// The operator pressed Ctrl-C; the process got the signal.
    #[error("the question was interrupted")]
    Interrupted,
    /// The terminal could not be read or written.
    #[error("the answer could not be read")]
    Read {
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Asks questions while a display is on. Clones ask one after the other.
///
/// Every question blocks its thread until it is answered; the display waits meanwhile
/// without blocking.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    gate: Gate,
    bars: Option<MultiProgress>,
}

/// Held by whoever uses the terminal for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    lock: Arc<Mutex<()>>,
    /// Set once nobody waits for answers any more.
    withdrawn: Arc<AtomicBool>,
}

impl Gate {
    /// Waits for the terminal.
    pub(super) fn enter(&self) -> MutexGuard<'_, ()> {
        // The lock guards the terminal, not data: a panic elsewhere leaves nothing broken.
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The terminal, unless a question is on it.
    pub(super) fn try_enter(&self) -> Option<MutexGuard<'_, ()>> {
        match self.lock.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Prompt {
    pub(super) fn new(gate: Gate, bars: Option<MultiProgress>) -> Self {
        Self { gate, bars }
    }

    /// Takes back the question that is being asked, and all that would be asked later: they
    /// end without an answer.
    pub fn withdraw(&self) {
        self.gate.withdrawn.store(true, Ordering::Relaxed);
    }

    /// Asks a question to be answered with yes or no; `None` when nobody is there to ask.
    ///
    /// Enter, Ctrl-C and Ctrl-D say no.
    #[must_use]
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let _held = self.take();
        match on_terminal(&self.gate, |keys, tty| answer(question, keys, tty)) {
            Ok(answer) => Some(answer),
            Err(PromptError::Interrupted | PromptError::Withdrawn) => Some(false),
            Err(PromptError::NoTerminal { .. } | PromptError::Read { .. }) => None,
        }
    }

    /// Asks for a password or passphrase, without showing it. `question` ends in a colon.
    ///
    /// # Errors
    /// [`PromptError`] when there is no terminal, or no answer.
    pub fn secret(&self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        let _held = self.take();
        on_terminal(&self.gate, |keys, tty| {
            write!(tty, "{question} ")?;
            let config = rpassword::ConfigBuilder::new()
                .input_reader(keys)
                .output_discard()
                .build();
            let answer = rpassword::read_password_with_config(config).map(Zeroizing::new);
            writeln!(tty)?;
            answer
        })
    }

    fn take(&self) -> MutexGuard<'_, ()> {
        let held = self.gate.enter();
        if let Some(bars) = &self.bars {
            // The next event draws them again; if clearing fails, the terminal is gone.
            let _ = bars.clear();
        }
        held
    }
}

/// Asks a question to be answered with yes or no while no display is on; `None` when nobody
/// is there to ask.
#[must_use]
pub fn ask(question: &str) -> Option<bool> {
    Prompt::default().ask(question)
}

/// Runs a question on the terminal with keys coming one by one, and puts it back after.
fn on_terminal<T>(
    gate: &Gate,
    question: impl FnOnce(Keys<Patient>, &mut File) -> io::Result<T>,
) -> Result<T, PromptError> {
    let absent = |source| PromptError::NoTerminal { source };
    let mut tty = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(absent)?;
    let keys = Keys(Patient {
        tty: tty.try_clone().map_err(absent)?,
        withdrawn: Arc::clone(&gate.withdrawn),
    });
    let raw = Raw::enter(&tty).map_err(absent)?;
    let answer = question(keys, &mut tty);
    drop(raw);
    if gate.withdrawn.load(Ordering::Relaxed) {
        // The cursor stands behind the question.
        let _ = writeln!(tty);
        return Err(PromptError::Withdrawn);
    }
    match answer {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            // Not being able to signal oneself leaves nothing else to do than to say no.
            let _ = kill_process(getpid(), Signal::INT);
            Err(PromptError::Interrupted)
        }
        answer => answer.map_err(|source| PromptError::Read { source }),
    }
}

/// A terminal that neither echoes nor interprets keys, until dropped.
struct Raw {
    tty: File,
    before: Termios,
}

impl Raw {
    fn enter(tty: &File) -> io::Result<Self> {
        let tty = tty.try_clone()?;
        let before = tcgetattr(&tty)?;
        let mut raw = before.clone();
        raw.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        // Flush drops what was typed before the question was there.
        tcsetattr(&tty, OptionalActions::Flush, &raw)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // If this fails the terminal is gone.
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.before);
    }
}

/// How long a question that was withdrawn may still stand there.
const GLANCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// A terminal that is read until the question is withdrawn.
struct Patient {
    tty: File,
    withdrawn: Arc<AtomicBool>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.withdrawn.load(Ordering::Relaxed) {
            let mut waited = [PollFd::new(&self.tty, PollFlags::IN)];
            if poll(&mut waited, Some(&GLANCE))? > 0 {
                return self.tty.read(buffer);
            }
        }
        // As at the end of input: whoever reads stops asking.
        Ok(0)
    }
}

/// Keys, of which Ctrl-C is an error of the kind `Interrupted`.
struct Keys<R>(R);

impl<R: Read> Read for Keys<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(buffer) = buffer.get_mut(..1) else {
            return Ok(0);
        };
        loop {
            match self.0.read(buffer) {
                // A signal that has nothing to do with the question.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(1) if buffer == [CTRL_C] => return Err(io::ErrorKind::Interrupted.into()),
                read => return read,
            }
        }
    }
}

/// Reads letters, shows them, and understands them when Enter is pressed.
fn answer(question: &str, mut keys: impl Read, shown: &mut impl Write) -> io::Result<bool> {
    let mut typed = String::new();
    let mut key = [0];
    write!(shown, "{question} [y/N] ")?;
    loop {
        let pressed = match keys.read(&mut key) {
            Ok(0) => CTRL_D,
            Ok(_) => key[0],
            Err(error) => {
                writeln!(shown)?;
                return Err(error);
            }
        };
        match pressed {
            b'\r' | b'\n' => match typed.to_ascii_lowercase().as_str() {
                "y" | "yes" => return writeln!(shown).map(|()| true),
                "" | "n" | "no" => return writeln!(shown).map(|()| false),
                _ => {
                    typed.clear();
                    write!(shown, "\nplease answer y or n: ")?;
                }
            },
            CTRL_D => return writeln!(shown).map(|()| false),
            letter if ERASE.contains(&letter) && !typed.is_empty() => {
                typed.pop();
                write!(shown, "\x08 \x08")?;
            }
            letter if letter.is_ascii_graphic() && typed.len() < 8 => {
                typed.push(char::from(letter));
                write!(shown, "{}", char::from(letter))?;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[u8], expected: Option<bool>, shown: &str) {
        let mut written = Vec::new();
        let found = answer("Go on?", Keys(keys), &mut written).ok();
        assert_eq!(found, expected, "{keys:?}");
        assert_eq!(String::from_utf8(written).unwrap(), shown);
    }

    #[test]
    fn yes_must_be_said() {
        check(b"y\r", Some(true), "Go on? [y/N] y\n");
        check(b"YES\n", Some(true), "Go on? [y/N] YES\n");
        check(b"\n", Some(false), "Go on? [y/N] \n");
        check(b"y\x7fn\n", Some(false), "Go on? [y/N] y\x08 \x08n\n");
        check(b"y", Some(false), "Go on? [y/N] y\n");
        check(b"\x04", Some(false), "Go on? [y/N] \n");
    }

    #[test]
    fn anything_else_is_asked_again() {
        check(
            b"maybe\ny\n",
            Some(true),
            "Go on? [y/N] maybe\nplease answer y or n: y\n",
        );
    }

    #[test]
    fn ctrl_c_is_no_answer() {
        check(b"y\x03", None, "Go on? [y/N] y\n");
    }

    #[test]
    fn a_secret_may_be_corrected_and_interrupted() {
        let read = |keys: &'static [u8]| {
            let config = rpassword::ConfigBuilder::new()
                .input_reader(Keys(keys))
                .output_discard()
                .build();
            rpassword::read_password_with_config(config)
        };
        assert_eq!(read(b"geheim\x7fn\n").unwrap(), "gehein");
        let error = read(b"gehe\x03im\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn the_display_does_not_wait_for_a_question() {
        let gate = Gate::default();
        let held = gate.enter();
        assert!(gate.try_enter().is_none());
        drop(held);
        assert!(gate.try_enter().is_some());
    }
}
