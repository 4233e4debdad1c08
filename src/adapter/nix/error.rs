//! Why there is no usable Nix.

use thiserror::Error;

use super::Version;
use crate::adapter::process::CommandFailure;
use crate::model::{Hint, Problem, ProblemKind};

/// Why there is no usable Nix on this workstation.
#[derive(Debug, Error)]
pub enum NixError {
    /// `nix --version` failed.
    #[error("Nix does not run on this workstation")]
    Start(#[source] Box<CommandFailure>),
    /// `nix --version` said something else.
    #[error("`nix --version` says `{}`, which holds no version", .0.trim())]
    NoVersion(String),
    /// The Nix found is too old.
    #[error("`{0}` is too old; phoenix needs Nix 2.8 or later")]
    TooOld(Version),
}

impl NixError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        match self {
            Self::Start(failure) => failure.hint(),
            Self::NoVersion(_) => Some(Hint::new(
                "see which program `command -v nix` names; phoenix needs Nix, Lix or Determinate Nix",
            )),
            Self::TooOld(_) => Some(Hint::new(
                "`nix upgrade-nix`, or install a newer one from https://nixos.org/download",
            )),
        }
    }

    /// The error as a problem, with its hint and what Nix said.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::from_error(ProblemKind::Failed, self);
        problem.hint = self.hint();
        if let Self::Start(failure) = self {
            problem.log.clone_from(&failure.log);
        }
        problem
    }
}
