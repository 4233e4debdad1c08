//! A run as its journal tells it, host by host.

use super::Entry;
use crate::event::{HostResult, StepEvent};
use crate::model::{HostName, Outcome, RunId, Stage, Verdict};

/// A run, read from its journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The run.
    pub run: RunId,
    /// The command, as in `deploy`.
    pub command: String,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// How long it took in milliseconds; none when it was cut off or goes on.
    pub took: Option<u64>,
    /// The selected hosts, in their order.
    pub hosts: Vec<PastHost>,
}

/// One host of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct PastHost {
    /// The host.
    pub host: HostName,
    /// The stages it entered, in order.
    pub stages: Vec<PastStage>,
    /// What was told of it, with the time.
    pub notices: Vec<(u64, String)>,
    /// How it ended, if the controller came to know.
    pub result: Option<HostResult>,
    /// What the host told afterwards, and when it was asked.
    pub verdict: Option<(u64, Verdict)>,
}

/// A stage of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct PastStage {
    /// The stage.
    pub stage: Stage,
    /// When it was entered, in milliseconds since 1970.
    pub at: u64,
    /// How long it took in milliseconds; none for the stage that failed or was cut off.
    pub took: Option<u64>,
    /// What it came to.
    pub note: Option<String>,
    /// Bytes sent.
    pub bytes: Option<u64>,
    /// Bytes that they came to, unpacked.
    pub nar_bytes: Option<u64>,
}

impl Past {
    /// Reads a run from its entries; `None` when its beginning is missing.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Option<Self> {
        let mut past: Option<Self> = None;
        for entry in entries {
            let Entry::Known { at, event, .. } = entry else {
                continue;
            };
            match (event, &mut past) {
                (
                    StepEvent::RunStarted {
                        run,
                        command,
                        who,
                        hosts,
                        ..
                    },
                    None,
                ) => {
                    past = Some(Self {
                        run: run.clone(),
                        command: command.clone(),
                        who: who.clone(),
                        began: *at,
                        took: None,
                        hosts: hosts.iter().cloned().map(PastHost::new).collect(),
                    });
                }
                (_, Some(past)) => past.take(*at, event),
                (_, None) => {}
            }
        }
        past
    }

    fn take(&mut self, at: u64, event: &StepEvent) {
        match event {
            StepEvent::RunFinished { millis, hosts, .. } => {
                self.took = Some(*millis);
                for (host, result) in hosts {
                    self.host(host).result = Some(result.clone());
                }
            }
            StepEvent::StageStarted { host, stage } => self.host(host).stages.push(PastStage {
                stage: *stage,
                at,
                took: None,
                note: None,
                bytes: None,
                nar_bytes: None,
            }),
            StepEvent::StageFinished {
                host,
                stage,
                millis,
                note,
                bytes,
                nar_bytes,
                ..
            } => {
                let mut entered = self.host(host).stages.iter_mut().rev();
                if let Some(entered) = entered.find(|entered| entered.stage == *stage) {
                    entered.took = Some(*millis);
                    entered.note.clone_from(note);
                    entered.bytes = *bytes;
                    entered.nar_bytes = *nar_bytes;
                }
            }
            StepEvent::Notice {
                host: Some(host),
                message,
            } => self.host(host).notices.push((at, message.clone())),
            StepEvent::GateFinished { host, result } => {
                let word = if result.passed { "passed" } else { "failed" };
                let told = format!("health gate {} {word}: {}", result.name, result.detail);
                self.host(host).notices.push((at, told));
            }
            StepEvent::HostFinished { host, result } => {
                self.host(host).result = Some(result.clone());
            }
            StepEvent::Verdict { host, verdict } => {
                self.host(host).verdict = Some((at, (**verdict).clone()));
            }
            StepEvent::RunStarted { .. }
            | StepEvent::Planned { .. }
            | StepEvent::Notice { host: None, .. }
            | StepEvent::Interrupted { .. } => {}
        }
    }

    fn host(&mut self, host: &HostName) -> &mut PastHost {
        let found = self.hosts.iter().position(|one| one.host == *host);
        let at = found.unwrap_or_else(|| {
            self.hosts.push(PastHost::new(host.clone()));
            self.hosts.len() - 1
        });
        &mut self.hosts[at]
    }

    /// Hosts that may have changed, and nobody here knows how they ended.
    pub fn undecided(&self) -> impl Iterator<Item = &PastHost> {
        self.hosts.iter().filter(|host| host.is_undecided())
    }
}

impl PastHost {
    fn new(host: HostName) -> Self {
        Self {
            host,
            stages: Vec::new(),
            notices: Vec::new(),
            result: None,
            verdict: None,
        }
    }

    /// Whether the host may have changed, and nobody here knows how it ended.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        if self.verdict.is_some() {
            return false;
        }
        match &self.result {
            Some(result) => matches!(result.outcome, Outcome::Unknown { .. }),
            // The stage is entered before the order is sent.
            None => self
                .stages
                .iter()
                .any(|entered| entered.stage == Stage::Activate),
        }
    }
}
