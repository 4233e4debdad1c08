//! Holds planned hosts back until the operator has said yes to the whole plan.
//!
//! Without a question to ask, every host passes as soon as it is planned, so that a slow or
//! unreachable host never holds back the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use tokio::sync::watch;

use super::desk::{Desk, Stop};
use crate::event::{HostPlanned, StepEvent};
use crate::model::HostName;
use crate::plan::{Action, HostPlan, Request};

/// Where the plan of all hosts comes together.
pub(super) struct Gate {
    asks: bool,
    shared: Rc<Shared>,
}

/// One host's place at the gate; giving it up says that the host has no part in the plan.
pub(super) struct Seat {
    host: HostName,
    asks: bool,
    shared: Rc<Shared>,
}

struct Shared {
    /// Hosts whose plan is still to come.
    missing: watch::Sender<BTreeSet<HostName>>,
    rows: RefCell<Vec<(HostPlanned, Action)>>,
    open: watch::Sender<Option<bool>>,
}

/// A gate and a seat for every target.
pub(super) fn new(request: &Request) -> (Gate, Vec<Seat>) {
    let hosts: BTreeSet<HostName> = request
        .targets
        .iter()
        .map(|target| target.host.clone())
        .collect();
    let shared = Rc::new(Shared {
        missing: watch::Sender::new(hosts),
        rows: RefCell::default(),
        open: watch::Sender::new(None),
    });
    let seats = request
        .targets
        .iter()
        .map(|target| Seat {
            host: target.host.clone(),
            asks: request.ask,
            shared: Rc::clone(&shared),
        })
        .collect();
    (
        Gate {
            asks: request.ask,
            shared,
        },
        seats,
    )
}

impl Gate {
    /// Shows the plan once every host has one or dropped out, and passes the answer on.
    pub(super) async fn run(self, desk: &Desk) {
        if !self.asks {
            return;
        }
        let mut missing = self.shared.missing.subscribe();
        if missing.wait_for(BTreeSet::is_empty).await.is_err() {
            return;
        }
        // Whoever interrupted the run has answered already.
        if desk.is_stopped(Stop::Drain) {
            return;
        }
        let mut rows = self.shared.rows.borrow().clone();
        rows.sort_by(|a, b| a.0.host.cmp(&b.0.host));
        let changes = rows.iter().any(|(_, action)| *action != Action::Nothing);
        if rows.is_empty() {
            return;
        }
        desk.step(StepEvent::Planned {
            confirm: changes,
            hosts: rows.into_iter().map(|(row, _)| row).collect(),
        })
        .await;
        let go = if changes { desk.answered().await } else { true };
        self.shared.open.send_replace(Some(go));
    }
}

impl Seat {
    /// Puts the host's plan on the table and returns whether it may be carried out.
    pub(super) async fn pass(self, plan: &HostPlan, desk: &Desk) -> bool {
        let row = HostPlanned {
            host: plan.host.clone(),
            action: plan.action.word(),
            from: plan.from.clone(),
            to: Some(plan.to.clone()),
        };
        if !self.asks {
            desk.step(StepEvent::Planned {
                confirm: false,
                hosts: vec![row],
            })
            .await;
            return true;
        }
        self.shared.rows.borrow_mut().push((row, plan.action));
        let mut open = self.shared.open.subscribe();
        self.leave();
        let answer = open
            .wait_for(Option::is_some)
            .await
            .map(|go| *go == Some(true));
        answer.unwrap_or(false)
    }

    fn leave(&self) {
        self.shared.missing.send_modify(|missing| {
            missing.remove(&self.host);
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}
