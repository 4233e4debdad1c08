//! Evaluates and builds for all hosts together and hands each host its result.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::oneshot;

use super::Context;
use crate::event::ProgressEvent;
use crate::model::{HostName, Problem, Stage};
use crate::plan::{self, Goal, Request};
use crate::world::{BuildProgress, Built, Evaluated, World};

type Sender<T> = oneshot::Sender<Result<T, Problem>>;

/// What one host waits for. A sender that is gone means that the run was interrupted.
pub(super) struct Intake {
    pub(super) evaluated: oneshot::Receiver<Result<Evaluated, Problem>>,
    /// `None` where the host turned out to need no build.
    pub(super) built: oneshot::Receiver<Result<Option<Built>, Problem>>,
}

/// Owns the other end of every [`Intake`].
pub(super) struct Workshop {
    evaluated: RefCell<BTreeMap<HostName, Sender<Evaluated>>>,
    built: RefCell<BTreeMap<HostName, Sender<Option<Built>>>>,
}

/// A workshop and an intake for every target.
pub(super) fn new(request: &Request) -> (Workshop, Vec<Intake>) {
    let workshop = Workshop {
        evaluated: RefCell::default(),
        built: RefCell::default(),
    };
    let intakes = request
        .targets
        .iter()
        .map(|target| workshop.intake(&target.host))
        .collect();
    (workshop, intakes)
}

impl Workshop {
    fn intake(&self, host: &HostName) -> Intake {
        let (to_evaluated, evaluated) = oneshot::channel();
        let (to_built, built) = oneshot::channel();
        self.evaluated
            .borrow_mut()
            .insert(host.clone(), to_evaluated);
        self.built.borrow_mut().insert(host.clone(), to_built);
        Intake { evaluated, built }
    }

    /// Evaluates, then builds what is needed.
    pub(super) async fn run<W: World>(self, cx: &Context<'_, W>) {
        let hosts: Vec<HostName> = cx
            .request
            .targets
            .iter()
            .map(|target| target.host.clone())
            .collect();
        let good: RefCell<Vec<(HostName, Evaluated)>> = RefCell::default();
        let warnings: RefCell<Warnings> = RefCell::default();
        let found = |host: &HostName, result: Result<Evaluated, Problem>| {
            if let Ok(evaluated) = &result {
                warnings.borrow_mut().note(host, &evaluated.warnings);
                good.borrow_mut().push((host.clone(), evaluated.clone()));
            }
            hand_out(&self.evaluated, host, result);
        };
        cx.world.evaluate(&hosts, &found).await;
        // Not in the hosts' chains: a warning that they share must not be lost with one that cannot be reached.
        for (host, warning) in warnings.into_inner().told {
            cx.desk.notice(&host, warning).await;
        }
        if cx.request.goal == (Goal::Deploy { until: Stage::Eval }) {
            return;
        }
        let wanted = self.needed(cx, good.into_inner());
        if wanted.is_empty() {
            return;
        }
        let progress = |progress| cx.desk.progress(as_event(progress));
        let found = |host: &HostName, result: Result<Built, Problem>| {
            hand_out(&self.built, host, result.map(Some));
        };
        cx.world.build(&wanted, &progress, &found).await;
    }

    /// Leaves out hosts that are known to run the wanted system already.
    fn needed<W: World>(
        &self,
        cx: &Context<'_, W>,
        good: Vec<(HostName, Evaluated)>,
    ) -> Vec<(HostName, Evaluated)> {
        let (current, wanted): (Vec<_>, Vec<_>) =
            good.into_iter().partition(|(host, evaluated)| {
                let known = cx.current.borrow();
                known
                    .get(host)
                    .is_some_and(|facts| plan::is_current(facts, &evaluated.toplevel))
            });
        for (host, _) in current {
            hand_out(&self.built, &host, Ok(None));
        }
        wanted
    }
}

/// What configurations warn of. A warning that several hosts share is told with the first of them.
#[derive(Default)]
struct Warnings {
    seen: BTreeSet<String>,
    told: Vec<(HostName, String)>,
}

impl Warnings {
    fn note(&mut self, host: &HostName, warnings: &[String]) {
        for warning in warnings {
            if self.seen.insert(warning.clone()) {
                // The notice names the host already.
                let text = warning.strip_prefix(&format!("{host}: "));
                let text = format!("warning: {}", text.unwrap_or(warning));
                self.told.push((host.clone(), text));
            }
        }
    }
}

fn hand_out<T>(
    senders: &RefCell<BTreeMap<HostName, Sender<T>>>,
    host: &HostName,
    result: Result<T, Problem>,
) {
    if let Some(sender) = senders.borrow_mut().remove(host) {
        // The host's chain may have ended already, as for an unreachable host.
        let _gone = sender.send(result);
    }
}

fn as_event(progress: BuildProgress) -> ProgressEvent {
    match progress {
        BuildProgress::Count {
            done,
            expected,
            current,
        } => ProgressEvent::Build {
            done,
            expected,
            current,
        },
        BuildProgress::Log(line) => ProgressEvent::Log {
            host: None,
            stage: Stage::Build,
            line,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_once_and_without_the_host_before_it() {
        let mut warnings = Warnings::default();
        for name in ["web1", "web2"] {
            let own = format!("{name}: no clock");
            let host = HostName::new(name).unwrap();
            warnings.note(&host, &["old option".to_owned(), own]);
        }
        let told = warnings.told.iter();
        let told: Vec<String> = told.map(|(host, text)| format!("{host} {text}")).collect();
        assert_eq!(
            told,
            [
                "web1 warning: old option",
                "web1 warning: no clock",
                "web2 warning: no clock"
            ]
        );
    }
}
