//! What ends a command before any host has a result, and the exit status of it.

use std::error::Error;

use crate::fleet::{FleetError, FleetErrors};
use crate::model::{Hint, Problem, ProblemKind};
use crate::ui::{self, Paint, Tone};

pub(super) use crate::ui::exit::{INVALID, NOT_BUILT, USAGE};

/// What ends a command.
#[derive(Debug)]
pub(super) struct CliError {
    /// The exit status.
    pub(super) status: u8,
    /// What is printed.
    pub(super) problem: Problem,
    /// Faults of a fleet.toml, which are printed instead.
    faults: Option<Box<FleetErrors>>,
}

impl CliError {
    pub(super) fn new(status: u8, message: impl Into<String>) -> Self {
        Self {
            status,
            problem: Problem::new(ProblemKind::Failed, message),
            faults: None,
        }
    }

    pub(super) fn from_error(status: u8, error: &(dyn Error + 'static)) -> Self {
        Self {
            status,
            problem: Problem::from_error(ProblemKind::Failed, error),
            faults: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(Hint::new(hint));
        self
    }
}

impl CliError {
    /// A problem that ends the command with this status.
    pub(super) fn of(status: u8, problem: Problem) -> Self {
        Self {
            status,
            problem,
            faults: None,
        }
    }

    /// The faults of a fleet.toml, each with its line.
    pub(super) fn faults(errors: FleetErrors) -> Self {
        Self {
            faults: Some(Box::new(errors)),
            ..Self::new(INVALID, "fleet.toml is not valid")
        }
    }

    /// What is printed.
    pub(super) fn render(&self, paint: Paint) -> String {
        let Some(faults) = &self.faults else {
            return ui::error::problem(&self.problem, paint);
        };
        let label = paint.tone(Tone::Bad, "error:");
        let drawn = faults.iter().map(FleetError::render);
        let told = drawn.map(|fault| format!("{label} {fault}\n"));
        told.collect::<Vec<_>>().join("\n")
    }
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        Self::of(1, problem)
    }
}
