//! The steps of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{GateResult, HostName, Outcome, Problem, RunId, Stage, Toplevel, Verdict};

/// Version of the JSON form; goes up when a reader of the older form would be misled.
pub const VERSION: u32 = 1;

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum StepEvent {
    /// The run begins.
    RunStarted {
        /// Version of this form.
        version: u32,
        /// The run.
        run: RunId,
        /// The command, as in `deploy`.
        command: String,
        /// Operator, as `user@workstation`.
        who: String,
        /// The selected hosts.
        hosts: Vec<HostName>,
    },
    /// A host enters a stage.
    StageStarted {
        /// The host.
        host: HostName,
        /// The stage.
        stage: Stage,
    },
    /// A host leaves a stage; on failure the host's end follows.
    StageFinished {
        /// The host.
        host: HostName,
        /// The stage.
        stage: Stage,
        /// Wall time in milliseconds.
        millis: u64,
        /// What it came to, in a few words: a store path, bytes copied.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Bytes sent to the host in this stage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// Bytes of the NARs that the host took in this stage: what was sent, unpacked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nar_bytes: Option<u64>,
        /// Store paths that the host took in this stage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paths: Option<u64>,
    },
    /// What will be done, host by host.
    Planned {
        /// Whether the operator is asked before it is carried out; then the plan is that of
        /// all hosts. Otherwise each host is told by itself, as soon as it is planned.
        #[serde(default)]
        confirm: bool,
        /// The hosts of the plan.
        hosts: Vec<HostPlanned>,
    },
    /// Something worth telling that is neither a stage nor an end.
    Notice {
        /// The host it is about, if about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<HostName>,
        /// One sentence, without a full stop.
        message: String,
    },
    /// A health gate of a host passed or failed.
    GateFinished {
        /// The host.
        host: HostName,
        /// How it ended.
        #[serde(flatten)]
        result: GateResult,
    },
    /// A host is through.
    HostFinished {
        /// The host.
        host: HostName,
        /// How it ended.
        result: HostResult,
    },
    /// The operator interrupted the run.
    Interrupted {
        /// True for the second interrupt: phoenix leaves at once.
        leaving: bool,
        /// Hosts past arming that will decide by themselves.
        undecided: Vec<HostName>,
    },
    /// What a host told of the run afterwards: its controller had lost contact, or died. Only
    /// in journals, after everything else.
    Verdict {
        /// The host.
        host: HostName,
        /// What it told.
        #[serde(flatten)]
        verdict: Box<Verdict>,
    },
    /// The run is over. The last event, but for verdicts that come later.
    RunFinished {
        /// The run.
        run: RunId,
        /// Wall time in milliseconds.
        millis: u64,
        /// How each host ended.
        hosts: BTreeMap<HostName, HostResult>,
    },
}

/// What a plan means to do with one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPlanned {
    /// The host.
    pub host: HostName,
    /// `activate`, `nothing`, or why the host cannot take part.
    pub action: String,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Toplevel>,
    /// What it shall run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Toplevel>,
}

/// How one host ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostResult {
    /// The outcome, with its stage or reason.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it ran before.
    #[serde(default)]
    pub from: Option<Toplevel>,
    /// What it was to run.
    #[serde(default)]
    pub to: Option<Toplevel>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Wall time of the host in this run, in milliseconds.
    pub millis: u64,
}
