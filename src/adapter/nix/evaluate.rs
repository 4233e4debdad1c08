//! Evaluates hosts to derivations.

use serde::Deserialize;

use super::Nix;
use super::each::{self, Question};
use super::evaluate_log::Missing;
use super::explain::{self, Target};
use super::job::{EvalJob, inside};
use crate::model::{Derivation, Problem, StorePath, StorePathError, Toplevel};
use crate::world::{Evaluated, Found};

/// What `evaluate.nix` tells of a host.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Told {
    /// It has a system.
    Found {
        /// Its derivation.
        drv: String,
        /// What the derivation will make.
        out: String,
        /// What for.
        system: String,
    },
    /// It has none.
    Missing(Missing),
}

/// What a host's system is.
struct Systems;

impl Question for Systems {
    type Told = Told;
    type Answer = Evaluated;

    const EXPRESSION: &'static str = include_str!("evaluate.nix");

    const LEAF: &'static [&'static str] = &["drvPath"];

    fn answer(&self, target: &Target<'_>, told: Told) -> Option<Result<Evaluated, Problem>> {
        Some(match told {
            Told::Found { drv, out, system } => {
                evaluated(&drv, &out, system).map_err(|error| explain::no_path(target, &error))
            }
            Told::Missing(Missing { missing, known }) => {
                Err(explain::missing(target, &missing, &known))
            }
        })
    }

    fn warned(&self, answer: &mut Evaluated, warnings: Vec<String>) {
        answer.warnings = warnings;
    }
}

impl Nix {
    /// Evaluates hosts and gives each its result, exactly once, as soon as it is known.
    pub async fn evaluate(&self, job: &EvalJob, found: Found<'_, Evaluated>) {
        each::ask(self, job, &Systems, found).await;
    }

    /// Names of the hosts a flake has under `before`.
    ///
    /// # Errors
    /// The flake's own error, with its trace.
    pub async fn hosts_of_flake(&self, job: &EvalJob) -> Result<Vec<String>, Problem> {
        let names = "root: builtins.attrNames (builtins.foldl' (set: name: set.${name}) root";
        let expression = format!("{names} {})", inside(job));
        self.value(job, &expression, |log, failure| {
            Err(explain::flake(job, log, failure))
        })
        .await
    }
}

fn evaluated(drv: &str, out: &str, system: String) -> Result<Evaluated, StorePathError> {
    Ok(Evaluated {
        derivation: Derivation(StorePath::new(drv)?),
        toplevel: Toplevel(StorePath::new(out)?),
        system,
        warnings: Vec::new(),
    })
}
