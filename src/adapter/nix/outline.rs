//! What a fleet of the modules of phoenix is made of, without its systems: parts of the flake
//! output `phoenix`.

use serde::Deserialize;

use super::evaluate_log::EvalLog;
use super::{EvalJob, Nix, explain};
use crate::adapter::process;
use crate::model::Problem;

/// The flake output.
const OUTPUT: &str = "phoenix";

const EXPRESSION: &str = "output: \
    if builtins.isAttrs output && output ? profiles && output ? undescribed \
    then { profiles = builtins.attrNames output.profiles; inherit (output) undescribed; } else null";

/// What such a fleet has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Outline {
    /// Its fleet profiles.
    pub profiles: Vec<String>,
    /// Hosts of its fleet.toml that no folder describes.
    pub undescribed: Vec<String>,
}

impl Nix {
    /// The outline of the flake of a job; nothing for a flake without the modules of phoenix.
    ///
    /// # Errors
    /// The flake's own error, with its trace.
    pub async fn outline(&self, job: &EvalJob) -> Result<Option<Outline>, Problem> {
        let job = EvalJob {
            before: vec![OUTPUT.to_owned()],
            ..job.clone()
        };
        let mut log = EvalLog::default();
        let output = process::run_with(&self.eval(&job, EXPRESSION), &mut |line| {
            log.take::<serde::de::IgnoredAny>(line);
        })
        .await;
        match output {
            Ok(output) => serde_json::from_slice(&output.stdout)
                .map_err(|error| explain::unreadable(&job.flake, &error)),
            Err(_) if log.lacks_the_attribute() => Ok(None),
            Err(failure) => Err(explain::flake(&job, &log, &failure)),
        }
    }
}
