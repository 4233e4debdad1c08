//! Settings of the stages, with all defaults filled in.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use super::{OnInhibitor, OnStranded};

/// How many hosts or evaluators may be in a stage at once. Each stage has its own limit, so
/// that a host waiting in one never holds back another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallel {
    /// Connections being made.
    pub connect: usize,
    /// Closures being copied.
    pub copy: usize,
    /// Hosts between arming and their verdict.
    pub activate: usize,
}

/// How configurations are evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalSettings {
    /// Most evaluators at once.
    pub workers: usize,
    /// Memory all evaluators may use together, in bytes; `None` takes what is free.
    pub memory: Option<u64>,
    /// Limit for one evaluator.
    pub limit: Duration,
}

/// How systems are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSettings {
    /// Limit for one build of all hosts together.
    pub limit: Duration,
}

/// Who moves the bytes of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyEngine {
    /// The workstation's own `nix copy`, through phoenix's SSH connection.
    Nix,
    /// phoenix itself, which speaks to the host's Nix daemon.
    Phoenix,
}

/// Most bytes a second that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(NonZeroU64);

impl Bandwidth {
    /// So many bytes a second, unless there are none.
    #[must_use]
    pub fn new(bytes: u64) -> Option<Self> {
        NonZeroU64::new(bytes).map(Self)
    }

    /// Bytes a second.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0.get()
    }
}

/// How closures are copied to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySettings {
    /// Who moves the bytes.
    pub engine: CopyEngine,
    /// Whether the host may fetch from its own binary caches what they have.
    pub substitute: bool,
    /// Limit for one host's copy.
    pub limit: Duration,
    /// What the host gets at most, beside what all together get.
    pub bandwidth: Option<Bandwidth>,
    /// File of the key that signs the paths, for a host that shall look at signatures.
    pub signing_key: Option<PathBuf>,
}

/// How a host is activated and what is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivateSettings {
    /// Limit for `switch-to-configuration test`.
    pub limit: Duration,
    /// How long after activation the proof may take before the host rolls back by itself.
    pub confirm_limit: Duration,
    /// What a switch inhibitor means.
    pub on_inhibitor: OnInhibitor,
    /// What the host does when it cannot go back.
    pub on_stranded: OnStranded,
}
