//! What a fleet of the modules of phoenix is made of, without its systems: parts of the flake
//! output `phoenix`.

use serde::Deserialize;

use super::{EvalJob, Nix, explain};
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
        self.value(&job, EXPRESSION, |log, failure| {
            if log.lacks_the_attribute() {
                return Ok(None);
            }
            Err(explain::flake(&job, log, failure))
        })
        .await
    }
}
