//! Asks a flake for one value, which is told at the end.

use serde::de::{DeserializeOwned, IgnoredAny};

use super::Nix;
use super::evaluate_log::EvalLog;
use super::explain;
use super::job::EvalJob;
use crate::adapter::process::{self, CommandFailure};
use crate::model::Problem;

impl Nix {
    /// What an expression makes of the attribute of a job. `refused` says what it means that the
    /// evaluator failed.
    // Dropped here, the evaluator is killed; nothing was changed.
    pub(super) async fn value<T: DeserializeOwned>(
        &self,
        job: &EvalJob,
        expression: &str,
        refused: impl FnOnce(&EvalLog, &CommandFailure) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut log = EvalLog::default();
        let result = process::run_with(&self.eval(job, expression), &mut |line| {
            log.take::<IgnoredAny>(line);
        })
        .await;
        match result {
            Ok(output) => serde_json::from_slice(&output.stdout)
                .map_err(|error| explain::unreadable(&job.flake, &error)),
            Err(failure) => refused(&log, &failure),
        }
    }
}
