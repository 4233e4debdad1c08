//! Asks each of many hosts one thing: one evaluator for a group of hosts, each asked once.
//!
//! The expression tells each host's result as it goes, so an evaluator that dies has told
//! which host it died of and what came before: the next one goes on behind that host.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem;

use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::evaluate_log::{EvalLog, Said};
use super::explain::{self, Target};
use super::job::{EvalJob, WORDS, inside, nix_list};
use super::{Nix, groups};
use crate::adapter::process::{self, CommandFailure};
use crate::model::{HostName, Problem};
use crate::world::Found;

/// What is asked of each host.
pub(super) trait Question {
    /// What the expression tells of a host, once or bit by bit.
    type Told: DeserializeOwned;

    /// What there is to know of a host.
    type Answer;

    /// A function of words.nix and `{ names, inside, after }` that tells of each host.
    const EXPRESSION: &'static str;

    /// Attributes behind the job's own that lead to what is evaluated.
    const LEAF: &'static [&'static str];

    /// Reads what the expression tells of a host; nothing as long as more is to come.
    fn answer(
        &self,
        target: &Target<'_>,
        told: Self::Told,
    ) -> Option<Result<Self::Answer, Problem>>;

    /// Takes note of what the configuration warned of on the way to the answer.
    fn warned(&self, _answer: &mut Self::Answer, _warnings: Vec<String>) {}

    /// Why no host of the flake has an answer.
    fn flake(job: &EvalJob, log: &EvalLog, failure: &CommandFailure) -> Problem {
        explain::flake(job, log, failure)
    }
}

/// How an evaluator ended.
struct End {
    log: EvalLog,
    /// The host it was at, if it had begun with one and not told its result.
    at: Option<HostName>,
    /// How many hosts it told.
    told: usize,
    failure: Option<Box<CommandFailure>>,
}

/// Asks the hosts of a job and gives each its answer, exactly once, as soon as it is known.
pub(super) async fn ask<Q: Question>(
    nix: &Nix,
    job: &EvalJob,
    question: &Q,
    found: Found<'_, Q::Answer>,
) {
    let dealt = groups::deal(&job.hosts, &job.settings, groups::free_memory());
    let run = Run {
        nix,
        job,
        question,
        found,
        wide: RefCell::new(None),
    };
    futures::stream::iter(dealt.groups)
        .map(|group| run.group(group))
        .buffer_unordered(dealt.workers)
        .collect::<()>()
        .await;
}

/// One evaluation, shared by its groups.
struct Run<'a, Q: Question> {
    nix: &'a Nix,
    job: &'a EvalJob,
    question: &'a Q,
    found: Found<'a, Q::Answer>,
    /// Why no host of the flake can be evaluated, once that is known.
    wide: RefCell<Option<Problem>>,
}

impl<Q: Question> Run<'_, Q> {
    /// Evaluates a group; every host of it gets its result.
    // Dropped here, the evaluator is killed; nothing was changed but the store, which grew.
    async fn group(&self, hosts: Vec<HostName>) {
        let mut rest: VecDeque<HostName> = hosts.into();
        while !rest.is_empty() {
            if let Some(problem) = self.wide.borrow().clone() {
                return self.all(&rest, &problem);
            }
            let end = self.once(&mut rest).await;
            match (&end.failure, &end.at) {
                (None, _) => self.all(&rest, &explain::silent(&self.job.flake)),
                // Killed with results behind it: memory or time of the group ran out, which
                // says nothing about this host. It gets an evaluator of its own.
                (Some(failure), Some(_)) if failure.was_killed() && end.told > 0 => continue,
                (Some(failure), Some(host)) => {
                    let target = self.target(host);
                    (self.found)(host, Err(explain::host(&target, &end.log, failure)));
                    rest.retain(|other| other != host);
                    continue;
                }
                (Some(failure), None) => {
                    let problem = Q::flake(self.job, &end.log, failure);
                    if !failure.was_killed() && end.told == 0 {
                        self.wide.replace(Some(problem.clone()));
                    }
                    self.all(&rest, &problem);
                }
            }
            return;
        }
    }

    /// Runs one evaluator over `rest` and takes from it the hosts that got their result.
    async fn once(&self, rest: &mut VecDeque<HostName>) -> End {
        let names = rest.iter().map(HostName::as_str);
        let expression = format!(
            "({}) ({WORDS}) {{ names = {}; inside = {}; after = {}; }}",
            Q::EXPRESSION,
            nix_list(names),
            inside(self.job),
            nix_list(self.job.after.iter().map(String::as_str)),
        );
        let command = self.nix.eval(self.job, &expression);
        let (mut log, mut at, mut told) = (EvalLog::default(), None, 0);
        let result = process::run_with(&command, &mut |line| match log.take(line) {
            None => {}
            Some(Said::Start { start }) => {
                at = rest.iter().find(|h| h.as_str() == start).cloned();
            }
            Some(Said::Told { host, told: one }) => {
                let ended = self.tell(rest, (&host, one), &mut log.warnings);
                told += usize::from(ended);
                at = at.take().filter(|_| !ended);
            }
        })
        .await;
        let failure = result.err();
        End {
            log,
            at,
            told,
            failure,
        }
    }

    /// Whether that was the result of the host.
    fn tell(
        &self,
        rest: &mut VecDeque<HostName>,
        (host, told): (&str, Q::Told),
        warnings: &mut Vec<String>,
    ) -> bool {
        let Some(index) = rest.iter().position(|other| other.as_str() == host) else {
            return false;
        };
        let Some(mut answer) = self.question.answer(&self.target(&rest[index]), told) else {
            return false;
        };
        if let Ok(answer) = &mut answer {
            self.question.warned(answer, mem::take(warnings));
        }
        (self.found)(&rest[index], answer);
        rest.remove(index);
        true
    }

    fn all(&self, hosts: &VecDeque<HostName>, problem: &Problem) {
        for host in hosts {
            (self.found)(host, Err(problem.clone()));
        }
    }

    fn target<'b>(&'b self, host: &'b HostName) -> Target<'b> {
        Target {
            job: self.job,
            host,
            leaf: Q::LEAF,
        }
    }
}
