//! The stages of a deployment and the words of `switch-to-configuration`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Hint;

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

/// What an exit status of `switch-to-configuration test` means, as in "…: its activation
/// script failed". From switch-to-configuration-ng and, for 3, from the Perl program before
/// it (NixOS 24.11 and older).
#[must_use]
pub fn exit_meaning(status: i32) -> Option<&'static str> {
    match status {
        1 => Some("it gave up, as when a pre-switch check fails or another switch is under way"),
        2 => Some("the activation script failed"),
        3 => Some("systemd could not load the new units"),
        4 => Some("it switched, and units failed"),
        100 => Some("the host must be rebooted into the new system"),
        _ => None,
    }
}

/// What to do about an exit status of `switch-to-configuration test`.
#[must_use]
pub fn exit_hint(status: i32) -> Option<Hint> {
    match status {
        1 => Some(Hint::new(
            "its last lines say why; `system.preSwitchChecks` of the configuration has the checks",
        )),
        2 => Some(Hint::new(
            "its last lines name the snippet of `system.activationScripts` that failed",
        )),
        3 => Some(Hint::new(
            "look for a unit that systemd cannot read: `systemd-analyze verify` on the host",
        )),
        100 => Some(Hint::new(
            "deploy with --boot, or set on_inhibitor = \"boot\" in [hosts.NAME.activate] of fleet.toml; then reboot the host",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_hint_has_a_meaning() {
        for status in 0..256 {
            assert!(exit_hint(status).is_none() || exit_meaning(status).is_some());
        }
    }
}
