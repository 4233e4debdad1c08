//! Decides what a run does with each host. Pure: no I/O, no clock, no async.
//!
//! Execution has no choices left: what it needs to know is in the [`Request`] and in the
//! [`HostPlan`] that [`deploy`] or [`rollback`] returns.

mod request;

pub use request::{Goal, Request, Target};

use crate::model::{Facts, Generation, HostName, Problem, ProblemKind, Toplevel};

/// What to do with one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPlan {
    /// The host.
    pub host: HostName,
    /// What it runs.
    pub from: Option<Toplevel>,
    /// What it shall run.
    pub to: Toplevel,
    /// How it gets there.
    pub action: Action,
}

/// How a host gets from one system to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It runs and boots the wanted system already.
    Nothing,
    /// Copy, activate, prove, commit as a new generation.
    Activate,
    /// Activate and prove a system it has, commit by going back to this generation.
    GoBack(u64),
}

impl Action {
    /// The word the plan shows.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Activate => "activate".to_owned(),
            Self::GoBack(number) => format!("back to generation {number}"),
        }
    }
}

/// Whether a host already runs a system and will boot it.
#[must_use]
pub fn is_current(facts: &Facts, wanted: &Toplevel) -> bool {
    facts.running.as_ref() == Some(wanted)
        && facts
            .profile
            .as_ref()
            .map(|generation| &generation.toplevel)
            == Some(wanted)
        && !facts.boots_another(wanted)
}

/// Plans the deployment of `to`, built for machines of kind `system`.
///
/// # Errors
/// A [`Problem`] when the host must not get this system: another architecture, or no
/// running system to come back to.
pub fn deploy(
    host: &HostName,
    facts: &Facts,
    to: &Toplevel,
    system: &str,
) -> Result<HostPlan, Problem> {
    if facts.system != system {
        return Err(Problem::new(
            ProblemKind::Refused,
            format!(
                "the configuration is for {system}, the host is {}",
                facts.system
            ),
        )
        .with_hint(format!(
            "check the address of `{host}` and `nixpkgs.hostPlatform` of its configuration"
        )));
    }
    let from = Some(running(host, facts)?);
    let action = if is_current(facts, to) {
        Action::Nothing
    } else {
        Action::Activate
    };
    Ok(HostPlan {
        host: host.clone(),
        from,
        to: to.clone(),
        action,
    })
}

/// Plans going back to generation `to`, or to the newest one before the present.
///
/// # Errors
/// A [`Problem`] when there is no such generation.
pub fn rollback(host: &HostName, facts: &Facts, to: Option<u64>) -> Result<HostPlan, Problem> {
    let from = Some(running(host, facts)?);
    let wanted = pick(facts, to).ok_or_else(|| no_generation(facts, to))?;
    let action = if is_current(facts, &wanted.toplevel) {
        Action::Nothing
    } else {
        Action::GoBack(wanted.number)
    };
    Ok(HostPlan {
        host: host.clone(),
        from,
        to: wanted.toplevel.clone(),
        action,
    })
}

fn running(host: &HostName, facts: &Facts) -> Result<Toplevel, Problem> {
    facts.running.clone().ok_or_else(|| {
        Problem::new(
            ProblemKind::Refused,
            "the host has no running NixOS system to come back to",
        )
        .because("/run/current-system does not point into the store")
        .with_hint(format!(
            "is the address of `{host}` the NixOS host you mean?"
        ))
    })
}

fn pick(facts: &Facts, to: Option<u64>) -> Option<&Generation> {
    let present = facts.profile.as_ref().map(|generation| generation.number);
    match to {
        Some(number) => facts
            .generations
            .iter()
            .find(|generation| generation.number == number),
        None => facts
            .generations
            .iter()
            .filter(|generation| present.is_none_or(|present| generation.number < present))
            .max_by_key(|generation| generation.number),
    }
}

fn no_generation(facts: &Facts, to: Option<u64>) -> Problem {
    let known: Vec<String> = facts
        .generations
        .iter()
        .map(|g| g.number.to_string())
        .collect();
    let message = match to {
        Some(number) => format!("the host has no generation {number}"),
        None => "the host has no generation before the present one".to_owned(),
    };
    Problem::new(ProblemKind::Refused, message).with_hint(format!(
        "it has generations {}",
        if known.is_empty() {
            "none".into()
        } else {
            known.join(", ")
        }
    ))
}

#[cfg(test)]
mod tests;
