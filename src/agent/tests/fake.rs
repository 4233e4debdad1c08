//! A fake PID 1 on a folder: units, the clock and systems that behave as told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;

use crate::agent::decision::{self, Decision};
use crate::agent::files;
use crate::agent::host::{Cx, Ended, Host, Program, ProgramError, Unit};
use crate::agent::paths::{Paths, Side};
use crate::agent::record::Record;
use crate::agent::switching::Exit;
use crate::model::{HostName, Nonce, Order, RunId, RunState, StorePath, Toplevel};

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
struct State {
    uptime: Duration,
    behaviours: HashMap<String, Vec<Behaviour>>,
    switching: BTreeMap<String, (Side, RunId, Duration)>,
    alive: BTreeSet<String>,
    broken: BTreeSet<String>,
    calls: Vec<String>,
    kill_in: Option<RunState>,
    decide_at: Option<(Duration, RunId, bool)>,
    boot_fails: bool,
    silent: usize,
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
        }
        for folder in ["/run", "/nix/var/nix/profiles", "/proc/sys/kernel/random"] {
            fs::create_dir_all(paths.at(folder)).unwrap();
        }
        let fake = Self {
            paths,
            state: Mutex::default(),
            _folder: folder,
        };
        fake.state().broken.insert("old-trouble.service".to_owned());
        fake.state().uptime = Duration::from_secs(1000);
        fake.boot("boot-1", 'a');
        fake.set_profile(1, &system('a'));
        fake
    }

    pub(super) fn cx(&self) -> Cx<'_> {
        Cx {
            paths: &self.paths,
            host: self,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
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

    /// Has a controller decide at a time after now.
    pub(super) fn decide_after(&self, span: Duration, run: &RunId, keep: bool) {
        let at = self.uptime() + span;
        self.state().decide_at = Some((at, run.clone(), keep));
    }

    /// Has PID 1 not answer the next questions for units, as while it re-executes itself.
    pub(super) fn silence(&self, questions: usize) {
        self.state().silent = questions;
    }

    /// Breaks the boot loader.
    pub(super) fn break_boot(&self) {
        self.state().boot_fails = true;
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
            activate_limit: Duration::from_secs(300),
            confirm_limit: Duration::from_secs(60),
        }
    }

    /// The record of a run.
    pub(super) fn record(&self, run: &RunId) -> Record {
        Record::load(&self.paths, run).unwrap().unwrap()
    }

    fn call(&self, call: String) {
        self.state().calls.push(call);
        self.maybe_kill();
    }

    fn maybe_kill(&self) {
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

    fn finish_switches(&self) {
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

impl Host for Fake {
    fn now(&self) -> u64 {
        1_800_000_000
    }

    fn uptime(&self) -> Duration {
        self.state().uptime
    }

    fn pause(&self, span: Duration) {
        self.maybe_kill();
        self.state().uptime += span;
        self.finish_switches();
        let now = self.uptime();
        let due = self.state().decide_at.take_if(|(at, _, _)| *at <= now);
        if let Some((_, run, keep)) = due {
            let wanted = if keep {
                Decision::keep()
            } else {
                Decision::back("told so")
            };
            decision::decide(&self.paths.run(&run), wanted).unwrap();
        }
    }

    fn start(&self, unit: &Unit) -> Result<(), ProgramError> {
        self.call(format!("start {}", unit.name));
        let mut state = self.state();
        if unit.after.is_some() {
            state.alive.insert(unit.name.replace(".service", ".timer"));
            return Ok(());
        }
        state.alive.insert(unit.name.clone());
        if let ["switch", run, side] = unit
            .arguments
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()[..]
        {
            let side = if side == "new" { Side::New } else { Side::Old };
            let end = state.uptime + Duration::from_secs(2);
            state
                .switching
                .insert(unit.name.clone(), (side, RunId::new(run).unwrap(), end));
        }
        Ok(())
    }

    fn wake(&self, unit: &str) -> Result<(), ProgramError> {
        self.call(format!("wake {unit}"));
        Ok(())
    }

    fn alive(&self, unit: &str) -> Option<bool> {
        Some(self.state().alive.contains(unit))
    }

    fn stop(&self, unit: &str) -> Result<(), ProgramError> {
        self.call(format!("stop {unit}"));
        let mut state = self.state();
        state.alive.remove(unit);
        state.switching.remove(unit);
        Ok(())
    }

    fn broken_units(&self) -> Result<Vec<String>, ProgramError> {
        let mut state = self.state();
        if state.silent > 0 {
            state.silent -= 1;
            return Err(ProgramError::Ended {
                program: "systemctl".to_owned(),
                ended: Ended::Status(1),
                log: Vec::new(),
            });
        }
        Ok(state.broken.iter().cloned().collect())
    }

    fn journal(&self, units: &[String], _since: u64) -> Vec<String> {
        units.iter().map(|unit| format!("{unit}: why")).collect()
    }

    fn run(&self, program: &Program) -> Result<String, ProgramError> {
        self.call(program.shown());
        let arguments: Vec<_> = program
            .arguments
            .iter()
            .map(|one| one.to_string_lossy())
            .collect();
        if arguments.first().is_some_and(|one| one == "boot") {
            if self.state().boot_fails {
                return Err(ProgramError::Ended {
                    program: program.shown(),
                    ended: Ended::Status(1),
                    log: vec!["no space left".to_owned()],
                });
            }
            return Ok(String::new());
        }
        let last = arguments.last().unwrap();
        match StorePath::new(last.as_ref()) {
            Ok(path) => self.set_profile(2, &Toplevel(path)),
            Err(_) => {
                let number = last.parse().unwrap();
                self.set_profile(number, &self.paths.generation(number).unwrap());
            }
        }
        Ok(String::new())
    }

    fn note(&self, _line: &str) {}
}
