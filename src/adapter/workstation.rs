//! The real [`World`]: this workstation's Nix, and hosts over SSH.

use std::collections::BTreeMap;

use super::link::{Link, LinkContext};
use super::nix::{BuildJob, EvalJob};
use crate::model::{CopySettings, HostName, Problem, ProblemKind, Reach};
use crate::world::{BuildProgress, Built, Evaluated, Found, World};

/// How one host is reached and copied to.
#[derive(Clone, Debug)]
pub struct HostSetup {
    /// How to reach it.
    pub reach: Reach,
    /// How to copy to it.
    pub copy: CopySettings,
}

/// This workstation.
pub struct Workstation {
    /// What every connection shares.
    pub links: LinkContext,
    /// What to evaluate; its hosts are filled in for each run.
    pub job: EvalJob,
    /// Where built systems are held, and how long a build may take.
    pub build: BuildJob,
    /// The hosts.
    pub hosts: BTreeMap<HostName, HostSetup>,
}

/// Links borrow the workstation, which outlives the run.
impl<'a> World for &'a Workstation {
    type Host = Link<'a>;

    async fn evaluate(&self, hosts: &[HostName], found: Found<'_, Evaluated>) {
        let job = EvalJob {
            hosts: hosts.to_vec(),
            ..self.job.clone()
        };
        match self.links.nix() {
            Ok(nix) => nix.evaluate(&job, found).await,
            Err(problem) => {
                for host in hosts {
                    found(host, Err(problem.clone()));
                }
            }
        }
    }

    async fn build(
        &self,
        wanted: &[(HostName, Evaluated)],
        progress: &dyn Fn(BuildProgress),
        found: Found<'_, Built>,
    ) {
        match self.links.nix() {
            Ok(nix) => nix.build(wanted, &self.build, progress, found).await,
            Err(problem) => {
                for (host, _) in wanted {
                    found(host, Err(problem.clone()));
                }
            }
        }
    }

    async fn connect(&self, host: &HostName) -> Result<Link<'a>, Problem> {
        let this: &'a Workstation = self;
        let setup = this.hosts.get(host).ok_or_else(|| {
            Problem::new(
                ProblemKind::Failed,
                format!("`{host}` is not in fleet.toml"),
            )
        })?;
        Link::open(&this.links, &setup.reach, &setup.copy).await
    }
}
