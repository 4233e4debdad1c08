//! The programs of the fake host: nix-env, `switch-to-configuration boot`, boot loader tools.

use std::fs;

use super::fake::Fake;
use crate::agent::host::{Ended, Program, ProgramError};
use crate::model::{StorePath, Toplevel};

impl Fake {
    /// Runs a program as a real host would.
    pub(super) fn program(&self, program: &Program) -> Result<String, ProgramError> {
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
            let system = program.program.to_string_lossy();
            self.state().loader.install_by(&system, &self.paths);
            return Ok(String::new());
        }
        if program.program == "bootctl" {
            return self.state().loader.bootctl(program);
        }
        if program.program.to_string_lossy().starts_with("grub-") {
            return Ok(self.state().loader.grub(program));
        }
        let last = arguments.last().unwrap();
        if arguments.iter().any(|one| one == "--delete-generations") {
            let link = format!("/nix/var/nix/profiles/system-{last}-link");
            fs::remove_file(self.paths.at(link)).unwrap();
        } else if let Ok(path) = StorePath::new(last.as_ref()) {
            let newest = self.paths.generations().pop().unwrap();
            let system = Toplevel(path);
            let is_new = newest.toplevel != system;
            self.set_profile(newest.number + u64::from(is_new), &system);
        } else {
            let number = last.parse().unwrap();
            self.set_profile(number, &self.paths.generation(number).unwrap());
        }
        Ok(String::new())
    }
}
