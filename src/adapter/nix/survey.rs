//! Asks the hosts of a flake what they are and what they are called, without their systems.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::each::{self, Question};
use super::explain::Target;
use super::{EvalJob, Nix};
use crate::model::{HostName, Problem};

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

/// What `survey.nix` tells of a host: first what it is, then what it is called.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fact {
    /// Whether this is all.
    #[serde(default)]
    done: bool,
    system: Option<String>,
    kind: Option<SurveyKind>,
    host_name: Option<String>,
    fqdn: Option<String>,
}

type Survey = BTreeMap<HostName, Surveyed>;

/// What became known of each host, which stays known when it fails later.
struct Surveying(RefCell<Survey>);

impl Question for Surveying {
    type Told = Fact;
    type Answer = ();

    const EXPRESSION: &'static str = include_str!("survey.nix");

    const LEAF: &'static [&'static str] = &[];

    fn answer(&self, target: &Target<'_>, fact: Fact) -> Option<Result<(), Problem>> {
        let done = fact.done;
        self.of(target.host, |host| host.learn(fact));
        done.then_some(Ok(()))
    }
}

impl Nix {
    /// Asks the hosts of a job; each of them is in the answer.
    pub async fn survey(&self, job: &EvalJob) -> Survey {
        let surveying = Surveying(RefCell::default());
        let found = |host: &HostName, answer: Result<(), Problem>| {
            surveying.of(host, |one| one.problem = answer.err());
        };
        each::ask(self, job, &surveying, &found).await;
        surveying.0.into_inner()
    }
}

impl Surveying {
    fn of(&self, host: &HostName, change: impl FnOnce(&mut Surveyed)) {
        change(self.0.borrow_mut().entry(host.clone()).or_default());
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
