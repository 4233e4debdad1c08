//! The fake host as the transaction sees it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::fake::Fake;
use crate::agent::decision::{self, Decision};
use crate::agent::host::{Ended, Host, Program, ProgramError, Unit};
use crate::agent::paths::Side;
use crate::model::RunId;

impl Host for Fake {
    fn now(&self) -> u64 {
        let state = self.state();
        let back = state.clock_jumps.filter(|(at, _)| state.uptime >= *at);
        1_800_000_000 - back.map_or(0, |(_, seconds)| seconds)
    }

    fn uptime(&self) -> Duration {
        self.state().uptime
    }

    fn pause(&self, span: Duration) {
        self.maybe_kill();
        // A test beside this one that starts a program holds this one's locks until that
        // program runs: who polls for a lock needs a moment that is real.
        if span == crate::agent::lock::POLL {
            std::thread::sleep(Duration::from_micros(100));
        }
        self.state().uptime += span;
        self.finish_switches();
        let now = self.uptime();
        let renewing = self.state().renewals.clone();
        if let Some((_, until, run)) =
            renewing.filter(|(due, until, _)| *due <= now && now <= *until)
        {
            self.state().renewals = Some((now + Duration::from_secs(20), until, run.clone()));
            // Before activation has ended there is no lease yet.
            let _early =
                crate::agent::lease::renew(self.cx(), &self.record(&run), Duration::from_secs(60));
        }
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

    fn unit_states(&self, units: &[String]) -> Result<Vec<String>, ProgramError> {
        let state = self.state();
        let word = |unit| match (state.broken.contains(unit), state.alive.contains(unit)) {
            (true, _) => "failed",
            (_, true) => "active",
            _ => "inactive",
        };
        Ok(units.iter().map(|unit| word(unit).to_owned()).collect())
    }

    fn journal(&self, units: &[String], _since: u64) -> Vec<String> {
        units.iter().map(|unit| format!("{unit}: why")).collect()
    }

    fn program(&self) -> io::Result<PathBuf> {
        Ok(self.paths.at("/agent"))
    }

    fn greets(&self, _server: SocketAddr) -> bool {
        !self.state().deaf
    }

    fn reboot(&self) {
        self.call("reboot".to_owned());
    }

    fn history(&self, units: &[String], lines: usize) -> Vec<String> {
        let told = units.iter().map(|unit| format!("{unit}: told"));
        told.take(lines).collect()
    }

    fn run(&self, program: &Program) -> Result<String, ProgramError> {
        if program.arguments == ["--version"] {
            return Ok(String::new());
        }
        self.call(program.shown());
        self.program(program)
    }

    fn note(&self, _line: &str) {}
}
