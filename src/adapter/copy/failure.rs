//! Why a copy failed, path by path.

use std::collections::BTreeMap;

use crate::adapter::nix::refused_by_store;
use crate::model::{Problem, ProblemKind, StorePath, Toplevel};
use crate::wire::daemon::DaemonError;

/// Paths that are told of; the others are counted.
const TOLD: usize = 5;

/// The paths that a host did not take, by their numbers in the schedule.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// What is wrong with them here.
    damaged: BTreeMap<usize, String>,
    /// What the host says.
    refused: BTreeMap<usize, String>,
}

impl Failures {
    /// A path of this workstation's store is not what the store says it is.
    pub(super) fn damaged(&mut self, number: usize, path: &StorePath, how: String) {
        self.damaged.insert(number, format!("{path}: {how}"));
    }

    /// The host did not take a path, for no other path's sake.
    pub(super) fn refused(&mut self, number: usize, error: &DaemonError) {
        self.refused.insert(number, error.to_string());
    }

    /// What becomes of the copy.
    pub(super) fn verdict(&self, toplevel: &Toplevel) -> Result<(), Problem> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let message = format!("copying {} failed", toplevel.path().short());
        let mut problem = Problem::new(ProblemKind::Failed, message);
        if !self.damaged.is_empty() {
            problem = problem.because("paths of this workstation's store are damaged");
            for told in self.damaged.values().take(TOLD) {
                problem = problem.because(told.clone());
            }
            return Err(problem
                .with_hint("`nix-store --verify --check-contents --repair` on this workstation"));
        }
        let errors: Vec<String> = self.refused.values().cloned().collect();
        problem = refused_by_store(problem, &errors);
        if errors.len() > 1 {
            problem = problem.because(format!("{} paths were not taken", errors.len()));
        }
        Err(problem)
    }
}
