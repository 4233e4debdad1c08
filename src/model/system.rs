//! The stages of a deployment and the words of `switch-to-configuration`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a host has come in a run. Ordered as they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reaching the host: address, host key, login, sudo, facts. Runs beside evaluation.
    Connect,
    /// Evaluating the host's configuration to a derivation.
    Eval,
    /// Building the derivation.
    Build,
    /// Copying the closure to the host.
    Copy,
    /// Activating with `test`, under an armed rollback timer.
    Activate,
    /// Proving the host reachable, then committing profile and boot entry.
    Confirm,
}

impl Stage {
    /// The word used in messages, events and `--until`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Eval => "eval",
            Self::Build => "build",
            Self::Copy => "copy",
            Self::Activate => "activate",
            Self::Confirm => "confirm",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What `switch-to-configuration` is asked to do, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Activate and make it the boot default.
    Switch,
    /// Make it the boot default only.
    Boot,
    /// Activate only; the boot default stays.
    Test,
    /// Say what `test` would do.
    DryActivate,
}

impl Activation {
    /// The argument `switch-to-configuration` takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Boot => "boot",
            Self::Test => "test",
            Self::DryActivate => "dry-activate",
        }
    }
}
