//! Asks hosts for their security posture: the flake output `phoenix.hosts.<name>.posture`.

use serde::Deserialize;
use serde_json::Value;

use super::Nix;
use super::each::{self, Question};
use super::evaluate_log::{EvalLog, Missing};
use super::explain::{self, Target};
use super::job::EvalJob;
use crate::adapter::process::CommandFailure;
use crate::model::{Control, EvalSettings, HostName, Problem, ProblemKind};
use crate::world::Found;

/// Attributes that lead to the hosts of the modules of phoenix.
pub(super) const HOSTS: [&str; 2] = ["phoenix", "hosts"];

/// What `posture.nix` tells of a host.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    /// Its controls, to be read.
    Posture {
        posture: Value,
    },
    Missing(Missing),
}

/// How a host stands with its security controls.
struct Postures;

impl Question for Postures {
    type Told = Told;
    type Answer = Vec<Control>;

    const EXPRESSION: &'static str = include_str!("posture.nix");

    const LEAF: &'static [&'static str] = &[];

    fn answer(&self, target: &Target<'_>, told: Told) -> Option<Result<Vec<Control>, Problem>> {
        Some(match told {
            Told::Posture { posture } => read(target.host, posture),
            Told::Missing(Missing { missing, known }) => Err(match missing.as_str() {
                "hosts" => no_output(&target.job.flake),
                "host" => explain::missing(target, &missing, &known),
                _ => without_modules(Problem::new(
                    ProblemKind::Failed,
                    format!("{} of the flake has no posture", target.attribute()),
                )),
            }),
        })
    }

    fn flake(job: &EvalJob, log: &EvalLog, failure: &CommandFailure) -> Problem {
        if log.lacks_the_attribute() {
            return no_output(&job.flake);
        }
        explain::flake(job, log, failure)
    }
}

impl Nix {
    /// Asks hosts of a flake for their posture and gives each its result, exactly once.
    pub async fn postures(
        &self,
        flake: &str,
        hosts: &[HostName],
        settings: &EvalSettings,
        found: Found<'_, Vec<Control>>,
    ) {
        let job = EvalJob {
            flake: flake.to_owned(),
            before: HOSTS.map(str::to_owned).to_vec(),
            after: vec!["posture".to_owned()],
            hosts: hosts.to_vec(),
            settings: settings.clone(),
        };
        each::ask(self, &job, &Postures, found).await;
    }
}

fn read(host: &HostName, posture: Value) -> Result<Vec<Control>, Problem> {
    serde_json::from_value(posture).map_err(|error| {
        Problem::new(
            ProblemKind::Failed,
            format!("the posture of {host} cannot be read"),
        )
        .because(error.to_string())
        .with_hint("the modules of phoenix in the flake must be those of this phoenix")
    })
}

fn no_output(flake: &str) -> Problem {
    without_modules(Problem::new(
        ProblemKind::Failed,
        format!("{flake} has no output `phoenix.hosts`"),
    ))
}

fn without_modules(problem: Problem) -> Problem {
    problem.with_hint(
        "posture needs the modules of phoenix: they give a flake the output `phoenix.hosts`",
    )
}
