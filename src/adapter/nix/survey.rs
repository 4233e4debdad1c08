//! Asks the hosts of a flake what they are and what they are called, without their systems.
//!
//! As with systems, `survey.nix` tells each host as it goes: an evaluator that dies of a host
//! has told which, and the next one goes on behind it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use futures::StreamExt;
use serde::Deserialize;

use super::evaluate::{inside, nix_list};
use super::evaluate_log::EvalLog;
use super::explain::{self, Target};
use super::{EvalJob, Nix, groups};
use crate::adapter::process::{self, CommandFailure};
use crate::model::{HostName, Problem};

const EXPRESSION: &str = include_str!("survey.nix");

/// What a configuration says of its host; what it does not say, or cannot, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// As in `x86_64-linux`.
    pub system: Option<String>,
    /// Why it is most likely nothing to deploy to.
    pub kind: Option<SurveyKind>,
    /// `networking.hostName`.
    pub host_name: Option<String>,
    /// The host's name with its domain.
    pub fqdn: Option<String>,
    /// Why it could not be evaluated to the end.
    pub problem: Option<Problem>,
}

/// What a configuration is made for, if not for a machine of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurveyKind {
    /// A container: what runs on its host's kernel.
    Container,
    /// A medium to start from.
    Iso,
    /// An image to start from the network.
    Netboot,
    /// It has no system at all.
    Nothing,
}

/// What `survey.nix` tells.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    /// It begins with this host.
    Start { start: String },
    /// What the host is, or what it is called.
    Fact(Fact),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fact {
    host: String,
    /// Whether this is all.
    #[serde(default)]
    done: bool,
    system: Option<String>,
    kind: Option<SurveyKind>,
    host_name: Option<String>,
    fqdn: Option<String>,
}

type Survey = BTreeMap<HostName, Surveyed>;

/// How an evaluator ended.
struct End {
    log: EvalLog,
    at: Option<HostName>,
    failure: Option<Box<CommandFailure>>,
}

impl Nix {
    /// Asks the hosts of a job; each of them is in the answer.
    pub async fn survey(&self, job: &EvalJob) -> Survey {
        let dealt = groups::deal(&job.hosts, &job.settings, groups::free_memory());
        let empty = job
            .hosts
            .iter()
            .map(|host| (host.clone(), Surveyed::default()));
        let survey = RefCell::new(empty.collect::<Survey>());
        futures::stream::iter(dealt.groups)
            .map(|group| self.survey_group(job, group.into(), &survey))
            .buffer_unordered(dealt.workers)
            .collect::<()>()
            .await;
        survey.into_inner()
    }

    // Dropped half-way, the evaluator is killed; nothing was changed.
    async fn survey_group(
        &self,
        job: &EvalJob,
        mut rest: VecDeque<HostName>,
        survey: &RefCell<Survey>,
    ) {
        while !rest.is_empty() {
            let before = rest.len();
            let end = self.survey_once(job, &mut rest, survey).await;
            let told = rest.len() < before;
            let (problem, failed) = match (&end.failure, &end.at) {
                // Memory or time of the group ran out, which says nothing about this host.
                (Some(failure), Some(_)) if failure.was_killed() && told => continue,
                (Some(failure), Some(host)) => {
                    let target = Target {
                        job,
                        host,
                        leaf: &[],
                    };
                    (
                        explain::host(&target, &end.log, failure),
                        vec![host.clone()],
                    )
                }
                (Some(failure), None) => (
                    explain::flake(job, &end.log, failure),
                    rest.iter().cloned().collect(),
                ),
                (None, _) => (explain::silent(&job.flake), rest.iter().cloned().collect()),
            };
            rest.retain(|host| !failed.contains(host));
            let mut survey = survey.borrow_mut();
            for host in failed {
                survey.entry(host).or_default().problem = Some(problem.clone());
            }
        }
    }

    /// Runs one evaluator over `rest` and takes from it the hosts that told all.
    async fn survey_once(
        &self,
        job: &EvalJob,
        rest: &mut VecDeque<HostName>,
        survey: &RefCell<Survey>,
    ) -> End {
        let expression = format!(
            "({EXPRESSION}) {{ names = {}; inside = {}; after = {}; }}",
            nix_list(rest.iter().map(HostName::as_str)),
            inside(job),
            nix_list(job.after.iter().map(String::as_str)),
        );
        let (mut log, mut at) = (EvalLog::default(), None);
        let result = process::run_with(&self.eval(job, &expression), &mut |line| {
            let named = |name: &str| rest.iter().find(|host| host.as_str() == name).cloned();
            match log.take(line) {
                None => {}
                Some(Told::Start { start }) => at = named(&start),
                Some(Told::Fact(fact)) => {
                    let Some(host) = named(&fact.host) else {
                        return;
                    };
                    if fact.done {
                        at = None;
                        rest.retain(|other| *other != host);
                    }
                    survey.borrow_mut().entry(host).or_default().learn(fact);
                }
            }
        })
        .await;
        End {
            log,
            at,
            failure: result.err(),
        }
    }
}

impl Surveyed {
    fn learn(&mut self, fact: Fact) {
        self.system = fact.system.or(self.system.take());
        self.kind = fact.kind.or(self.kind.take());
        self.host_name = fact.host_name.or(self.host_name.take());
        self.fqdn = fact.fqdn.or(self.fqdn.take());
    }
}
