//! A fake PID 1 on a folder: units, the clock and systems that behave as told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;

use super::fake_loader::FakeLoader;
use crate::agent::files;
use crate::agent::host::{Cx, Ended, Host};
use crate::agent::paths::{Paths, Side};
use crate::agent::record::Record;
use crate::agent::switching::Exit;
use crate::model::{
    HostName, Mode, Nonce, OnInhibitor, OnStranded, Order, RunId, RunState, StorePath, Toplevel,
};

/// How a system's `switch-to-configuration test` goes, try by try; the last is repeated.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    /// Exit status, or `None` to hang.
    pub(super) exit: Option<i32>,
    /// Units broken by it.
    pub(super) breaks: &'static [&'static str],
    /// Whether it gets as far as switching.
    pub(super) switches: bool,
}

pub(super) const GOOD: Behaviour = Behaviour {
    exit: Some(0),
    breaks: &[],
    switches: true,
};

/// What a killed process unwinds with.
pub(super) struct Killed;

#[derive(Default)]
pub(super) struct State {
    pub(super) uptime: Duration,
    pub(super) behaviours: HashMap<String, Vec<Behaviour>>,
    pub(super) switching: BTreeMap<String, (Side, RunId, Duration)>,
    pub(super) alive: BTreeSet<String>,
    pub(super) broken: BTreeSet<String>,
    pub(super) calls: Vec<String>,
    pub(super) kill_in: Option<RunState>,
    pub(super) kill_at_call: Option<usize>,
    pub(super) decide_at: Option<(Duration, RunId, bool)>,
    /// When the next renewal is due, until when there are any, and of which run.
    pub(super) renewals: Option<(Duration, Duration, RunId)>,
    pub(super) boot_fails: bool,
    pub(super) loader: FakeLoader,
    pub(super) silent: usize,
    pub(super) clock_jumps: Option<(Duration, u64)>,
    pub(super) deaf: bool,
}

/// The fake host. Its folder goes with it.
pub(super) struct Fake {
    pub(super) paths: Paths,
    state: Mutex<State>,
    _folder: TempDir,
}

/// A system by its letter.
pub(super) fn system(letter: char) -> Toplevel {
    let hash: String = std::iter::repeat_n(letter, 32).collect();
    Toplevel(StorePath::new(format!("/nix/store/{hash}-nixos-system-{letter}")).unwrap())
}

impl Fake {
    /// A host that runs system `a`, boots it as generation 1, and has `b` and `c` in its store.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        for letter in ['a', 'b', 'c'] {
            let program = paths.switch_program(&system(letter));
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            fs::write(&program, "").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            for piece in ["nixos-version", "init"] {
                fs::write(paths.at(format!("{}/{piece}", system(letter))), "").unwrap();
            }
        }
        for folder in ["/run", "/nix/var/nix/profiles", "/proc/sys/kernel/random"] {
            fs::create_dir_all(paths.at(folder)).unwrap();
        }
        let fake = Self {
            paths,
            state: Mutex::default(),
            _folder: folder,
        };
        fs::write(fake.paths.at("/agent"), "").unwrap();
        fake.state().broken.insert("old-trouble.service".to_owned());
        fake.state().uptime = Duration::from_secs(1000);
        fake.boot("boot-1", 'a');
        fake.set_profile(1, &system('a'));
        fake.state().loader.install(&system('a'), &fake.paths);
        fake
    }

    pub(super) fn cx(&self) -> Cx<'_> {
        Cx {
            paths: &self.paths,
            host: self,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Says how a system behaves.
    pub(super) fn behave(&self, letter: char, tries: &[Behaviour]) {
        self.state()
            .behaviours
            .insert(system(letter).to_string(), tries.to_vec());
    }

    /// Kills whoever works as soon as a run is in a state.
    pub(super) fn kill_in(&self, state: Option<RunState>) {
        self.state().kill_in = state;
    }

    /// Cuts the power in place of a call, counted from one.
    pub(super) fn kill_at_call(&self, call: usize) {
        self.state().kill_at_call = Some(call);
    }

    /// Breaks a unit.
    pub(super) fn break_unit(&self, unit: &str) {
        self.state().broken.insert(unit.to_owned());
    }

    /// Has a controller decide at a time after now.
    pub(super) fn decide_after(&self, span: Duration, run: &RunId, keep: bool) {
        let at = self.uptime() + span;
        self.state().decide_at = Some((at, run.clone(), keep));
    }

    /// Has a controller renew its lease for a time from now, every twenty seconds.
    pub(super) fn renew_for(&self, span: Duration, run: &RunId) {
        let now = self.uptime();
        self.state().renewals = Some((now, now + span, run.clone()));
    }

    /// Has PID 1 not answer the next questions for units, as while it re-executes itself.
    pub(super) fn silence(&self, questions: usize) {
        self.state().silent = questions;
    }

    /// Has the host's SSH server not greet any more.
    pub(super) fn deafen(&self) {
        self.state().deaf = true;
    }

    /// Has the controller come by SSH.
    pub(super) fn come_by_ssh(&self) {
        let process = self.paths.at(format!("/proc/{}", std::process::id()));
        fs::create_dir_all(&process).unwrap();
        fs::write(
            process.join("environ"),
            "SSH_CONNECTION=10.0.0.1 40022 10.0.0.9 22\0",
        )
        .unwrap();
    }

    /// Sets the clock of the day back by some seconds, at a time after now.
    pub(super) fn set_clock_back(&self, span: Duration, seconds: u64) {
        let at = self.uptime() + span;
        self.state().clock_jumps = Some((at, seconds));
    }

    /// Breaks the boot loader.
    pub(super) fn break_boot(&self) {
        self.state().boot_fails = true;
    }

    /// Has it work again.
    pub(super) fn mend_boot(&self) {
        self.state().boot_fails = false;
    }

    /// Everything PID 1 and programs were asked to do.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// Cuts the power and boots a system.
    pub(super) fn boot(&self, boot_id: &str, letter: char) {
        let mut state = self.state();
        state.alive.clear();
        state.switching.clear();
        let _ = fs::remove_dir_all(self.paths.volatile());
        fs::write(self.paths.at("/proc/sys/kernel/random/boot_id"), boot_id).unwrap();
        relink(
            system(letter).path().as_path(),
            &self.paths.at("/run/current-system"),
        );
    }

    /// Writes a generation and makes it the current one.
    pub(super) fn set_profile(&self, number: u64, system: &Toplevel) {
        let folder = self.paths.at("/nix/var/nix/profiles");
        let name = format!("system-{number}-link");
        relink(system.path().as_path(), &folder.join(&name));
        relink(Path::new(&name), &folder.join("system"));
    }

    /// An order from `a` to a system.
    pub(super) fn order(&self, to: char, tag: u8) -> Order {
        Order {
            run: RunId::at(0, [0, 0, tag]),
            nonce: Nonce::new([tag; 16]),
            host: HostName::new("web1").unwrap(),
            who: "ops@desk".to_owned(),
            expected: self.paths.running(),
            new: system(to),
            generation: None,
            mode: Mode::Test,
            on_inhibitor: OnInhibitor::Fail,
            activate_limit: Duration::from_secs(300),
            confirm_limit: Duration::from_secs(60),
            on_stranded: OnStranded::Reboot,
            despite_hold: false,
        }
    }

    /// The record of a run.
    pub(super) fn record(&self, run: &RunId) -> Record {
        Record::load(&self.paths, run).unwrap().unwrap()
    }

    pub(super) fn call(&self, call: String) {
        self.state().calls.push(call);
        let mut state = self.state();
        if state.kill_at_call == Some(state.calls.len()) {
            state.kill_at_call = None;
            drop(state);
            std::panic::resume_unwind(Box::new(Killed));
        }
        drop(state);
        self.maybe_kill();
    }

    pub(super) fn maybe_kill(&self) {
        let Some(kill_in) = self.state().kill_in else {
            return;
        };
        let is_there = super::super::record::run_ids(&self.paths)
            .iter()
            .filter_map(|run| Record::load(&self.paths, run).ok().flatten())
            .any(|record| record.state == kill_in);
        if is_there {
            self.state().kill_in = None;
            std::panic::resume_unwind(Box::new(Killed));
        }
    }

    pub(super) fn finish_switches(&self) {
        let mut state = self.state();
        let now = state.uptime;
        let due: Vec<String> = state
            .switching
            .iter()
            .filter(|(_, (_, _, end))| *end <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            let (side, run, _) = state.switching.remove(&name).unwrap();
            state.alive.remove(&name);
            let record = Record::load(&self.paths, &run).unwrap().unwrap();
            let system = record.system(side).clone();
            let tries = state.behaviours.entry(system.to_string()).or_default();
            let behaviour = match tries.len() {
                0 => GOOD,
                1 => tries[0].clone(),
                _ => tries.remove(0),
            };
            state
                .broken
                .extend(behaviour.breaks.iter().map(|unit| (*unit).to_owned()));
            if behaviour.switches {
                relink(
                    system.path().as_path(),
                    &self.paths.at("/run/current-system"),
                );
            }
            match behaviour.exit {
                Some(status) => {
                    let exit = Exit::Ended(Ended::Status(status));
                    files::replace(&self.paths.run(&run).exit(side), &exit).unwrap();
                }
                None => {
                    state.alive.insert(name);
                }
            }
        }
    }
}

fn relink(target: &Path, link: &Path) {
    let _ = fs::remove_file(link);
    symlink(target, link).unwrap();
}
