//! A connected fake host: copies, activates, proves, decides.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Behaviour, FakeHost, LATE, Open, State, failed};
use crate::model::{
    Copied, Facts, Gate, GateKind, Mode, Observation, Order, Problem, ProblemKind, Proof, RunId,
    RunState, RunSummary,
};
use crate::world::{Activated, Built, Evaluated, Host};

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
            mode: open.order.mode,
            needs_reboot: false,
            old: open.old,
            new: open.order.new,
            activated: !matches!(
                self.world.behaviour(&self.name),
                Behaviour::ServiceFails | Behaviour::CannotGoBack
            ),
            reason: reason.map(str::to_owned),
            exit: None,
            failed_units: Vec::new(),
            log: Vec::new(),
            changed: 0,
        }
    }

    /// The host prepares its next boot: what it runs stays.
    fn stages(&self, order: &Order) -> RunSummary {
        let is_inhibited = order.mode == Mode::Test;
        let mut order = order.clone();
        if is_inhibited {
            order.mode = Mode::Boot;
        }
        self.change(|state| {
            if order.mode == Mode::BootUnproven {
                state.profile = order.new.clone();
            }
            state.run = Some(Open {
                order,
                old: state.running.clone(),
                state: RunState::Staged,
                since: Instant::now(),
                deadline: Instant::now(),
            });
        });
        let why = "switching was inhibited: systemd (257 → 258)";
        self.summary(is_inhibited.then_some(why))
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

impl FakeHost {
    /// Whether what health gates look at works by now.
    fn works(&self) -> bool {
        match self.world.behaviour(&self.name) {
            Behaviour::GatesFail | Behaviour::LostWhileGated => false,
            Behaviour::GatesPassLate | Behaviour::FailsMeanwhile => self.change(|state| {
                let open = state.run.as_ref();
                open.is_some_and(|open| open.since.elapsed() >= LATE)
            }),
            _ => true,
        }
    }

    fn heard(&self) -> Result<(), Problem> {
        if self.world.network_is_down(&self.name) {
            let message = "the connection to the host was lost";
            return Err(Problem::new(ProblemKind::Lost, message));
        }
        Ok(())
    }
}

impl Host for FakeHost {
    fn address(&self) -> &str {
        self.name.as_str()
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn copy_ahead(&mut self, _evaluated: &Evaluated, _progress: &dyn Fn(Copied)) -> bool {
        sleep(Duration::from_secs(2)).await;
        self.change(|state| state.ahead += 1);
        true
    }

    async fn copy(&mut self, _built: &Built, progress: &dyn Fn(Copied)) -> Result<Copied, Problem> {
        sleep(Duration::from_millis(500)).await;
        let half = Copied {
            bytes: 1 << 20,
            paths: 1,
            expected_paths: Some(2),
            ..Copied::default()
        };
        progress(half);
        sleep(Duration::from_millis(500)).await;
        match self.world.behaviour(&self.name) {
            Behaviour::CopyFails => {
                Err(failed("copying the closure failed").because("no space left on device"))
            }
            _ => Ok(Copied {
                bytes: 2 << 20,
                paths: 2,
                expected_paths: Some(2),
                ahead: self.change(|state| state.ahead),
                ..Copied::default()
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
        if order.mode.is_boot() || behaviour == Behaviour::Inhibited {
            return Ok(Activated::Ended(self.stages(order)));
        }
        log("activating the configuration...".to_owned());
        self.change(|state| {
            let since = Instant::now();
            let deadline = since + order.confirm_limit;
            let old = std::mem::replace(&mut state.running, order.new.clone());
            state.run = Some(Open {
                order: order.clone(),
                old,
                state: RunState::Probing,
                since,
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

    async fn probe(&self, gate: &Gate, _run: Option<&RunId>) -> Result<Observation, Problem> {
        sleep(Duration::from_millis(10)).await;
        self.heard()?;
        Ok(match &gate.kind {
            GateKind::Systemd { .. } => match self.world.behaviour(&self.name) {
                Behaviour::FailsMeanwhile => {
                    Observation::bad("units failed after activation: web.service")
                        .with_log(vec!["web.service: out of memory".to_owned()])
                }
                _ => Observation::good("no failed units"),
            },
            _ if self.works() => Observation::good("answered 200"),
            _ => Observation::bad("answered 503, wanted 200 to 399")
                .with_log(vec!["web: the database is away".to_owned()]),
        })
    }

    async fn renew(&self, order: &Order) -> Result<(), Problem> {
        sleep(Duration::from_millis(10)).await;
        self.heard()?;
        self.change(|state| {
            let open = state.run.as_mut().expect("a run was begun");
            if open.state != RunState::Probing {
                let message = "the run does not wait for a decision any more";
                return Err(Problem::new(ProblemKind::Refused, message));
            }
            open.deadline = Instant::now() + order.confirm_limit;
            Ok(())
        })
    }

    async fn decide(&mut self, _order: &Order, doubt: Option<&str>) -> Result<RunSummary, Problem> {
        let boots = self.world.behaviour(&self.name) != Behaviour::BootFails;
        self.change(|state| {
            let open = state.run.as_mut().expect("a run was begun");
            if open.state.is_final() {
                return;
            }
            if doubt.is_none() {
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
