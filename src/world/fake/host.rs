//! A connected fake host: copies, activates, proves, decides.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Behaviour, FakeHost, Open, State, failed};
use crate::model::{Facts, Order, Problem, ProblemKind, Proof, RunState, RunSummary};
use crate::world::{Activated, Built, CopyProgress, Host};

impl FakeHost {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.world.settle(&self.name);
        change(
            self.world
                .hosts
                .borrow_mut()
                .get_mut(&self.name)
                .expect("the host was added"),
        )
    }

    fn summary(&self, reason: Option<&str>) -> RunSummary {
        let open = self
            .change(|state| state.run.clone())
            .expect("a run was begun");
        RunSummary {
            run: open.order.run,
            host: self.name.clone(),
            who: open.order.who,
            state: open.state,
            old: open.old,
            new: open.order.new,
            reason: reason.map(str::to_owned),
            failed_units: Vec::new(),
            log: Vec::new(),
            changed: 0,
        }
    }

    /// The host goes back, or fails to, without being told.
    fn goes_back(&self, state: RunState, reason: &str) -> RunSummary {
        self.change(|host| {
            let open = host.run.as_mut().expect("a run was begun");
            open.state = state;
            if state == RunState::RolledBack {
                host.running = open.old.clone();
            }
        });
        self.summary(Some(reason))
    }
}

impl Host for FakeHost {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn copy(
        &mut self,
        _built: &Built,
        progress: &dyn Fn(CopyProgress),
    ) -> Result<CopyProgress, Problem> {
        sleep(Duration::from_millis(500)).await;
        let half = CopyProgress {
            bytes: 1 << 20,
            paths: 1,
            expected_paths: Some(2),
        };
        progress(half);
        sleep(Duration::from_millis(500)).await;
        match self.world.behaviour(&self.name) {
            Behaviour::CopyFails => {
                Err(failed("copying the closure failed").because("no space left on device"))
            }
            _ => Ok(CopyProgress {
                bytes: 2 << 20,
                paths: 2,
                expected_paths: Some(2),
            }),
        }
    }

    async fn activate(
        &mut self,
        order: &Order,
        log: &dyn Fn(String),
    ) -> Result<Activated, Problem> {
        let behaviour = self.world.behaviour(&self.name);
        if behaviour == Behaviour::RefusesOrder {
            return Err(Problem::new(
                ProblemKind::Refused,
                "another run holds the host",
            ));
        }
        sleep(Duration::from_secs(1)).await;
        log("activating the configuration...".to_owned());
        self.change(|state| {
            let deadline = Instant::now() + order.confirm_limit;
            let old = std::mem::replace(&mut state.running, order.new.clone());
            state.run = Some(Open {
                order: order.clone(),
                old,
                state: RunState::Probing,
                deadline,
            });
        });
        let lost =
            || Activated::LostContact(Problem::new(ProblemKind::Lost, "the connection broke"));
        Ok(match behaviour {
            Behaviour::ServiceFails => {
                Activated::Ended(self.goes_back(RunState::RolledBack, "unit web.service failed"))
            }
            Behaviour::CannotGoBack => {
                Activated::Ended(self.goes_back(RunState::Failed, "the rollback failed twice"))
            }
            Behaviour::LosesNetwork | Behaviour::Dies | Behaviour::DropsConnection => lost(),
            _ => Activated::Waiting { exit: 0 },
        })
    }

    async fn prove(&mut self, _order: &Order) -> Result<Proof, Problem> {
        let fails = self.world.behaviour(&self.name) == Behaviour::FailsLater;
        let newly_failed = if fails {
            vec!["web.service".to_owned()]
        } else {
            Vec::new()
        };
        let log = newly_failed
            .iter()
            .map(|unit| format!("{unit}: exit status 1"))
            .collect();
        Ok(self.change(|state| Proof {
            state: state.run.as_ref().expect("a run was begun").state,
            running: Some(state.running.clone()),
            newly_failed,
            log,
        }))
    }

    async fn decide(&mut self, _order: &Order, keep: bool) -> Result<RunSummary, Problem> {
        let boots = self.world.behaviour(&self.name) != Behaviour::BootFails;
        self.change(|state| {
            let open = state.run.as_mut().expect("a run was begun");
            if open.state.is_final() {
                return;
            }
            if keep {
                open.state = if boots {
                    RunState::Committed
                } else {
                    RunState::CommittedNotBoot
                };
                state.profile = open.order.new.clone();
            } else {
                open.state = RunState::RolledBack;
                state.running = open.old.clone();
            }
        });
        Ok(self.summary(None))
    }
}
