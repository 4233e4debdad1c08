//! Decides what a run does with each host. Pure: no I/O, no clock, no async.
//!
//! Execution has no choices left: what it needs to know is in the [`Request`] and in the
//! [`HostPlan`] that [`deploy`] or [`rollback`] returns.

mod delta;
mod identity;
mod judge;
mod packages;
mod request;
mod units;

pub use delta::{delta, in_short, warnings};
pub use identity::{identify, same_host, same_machine};
pub use judge::{Judge, Next};
pub use packages::{Name, packages};
pub use request::{Goal, Request, Target, Waived};
pub use units::units;

use crate::model::{Facts, Generation, HostName, Mode, Problem, ProblemKind, Toplevel};

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
    /// What the operator is told besides.
    pub notes: Vec<String>,
}

/// How a host gets from one system to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It runs and boots the wanted system already.
    Nothing,
    /// Copy, activate, prove, commit as a new generation.
    Activate,
    /// Prove what a trial boot brought and runs already, commit as a new generation.
    Keep,
    /// Copy, have the next boot try it once.
    Stage,
    /// Copy, make it what every boot brings, unproven.
    StageUnproven,
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
            Self::Keep => "keep the trial boot".to_owned(),
            Self::Stage => "boot it once".to_owned(),
            Self::StageUnproven => "boot it, unproven".to_owned(),
            Self::GoBack(number) => format!("back to generation {number}"),
        }
    }

    /// What the host is ordered to do with the system.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::Nothing | Self::Activate | Self::GoBack(_) => Mode::Test,
            Self::Keep => Mode::Keep,
            Self::Stage => Mode::Boot,
            Self::StageUnproven => Mode::BootUnproven,
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

/// Plans the deployment of `to`, built for machines of kind `system`, in the way the
/// request says.
///
/// # Errors
/// A [`Problem`] when the host must not get this system: another machine, another
/// architecture, no running system to come back to, or one that is not ours to replace.
pub fn deploy(
    request: &Request,
    host: &HostName,
    facts: &Facts,
    to: &Toplevel,
    system: &str,
) -> Result<HostPlan, Problem> {
    identify(request, host, facts)?;
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
    let action = action(facts, to, request.mode);
    let notes = match action {
        Action::Nothing => identity::unknown_but_current(facts).into_iter().collect(),
        // It runs already, once; whose it is was asked when it was staged.
        Action::Keep => Vec::new(),
        _ => {
            identity::name(request, host, facts, to)?;
            identity::origin(request, host, facts)?;
            identity::notes(request, host, facts)
        }
    };
    Ok(HostPlan {
        host: host.clone(),
        from,
        to: to.clone(),
        action,
        notes,
    })
}

fn action(facts: &Facts, to: &Toplevel, mode: Mode) -> Action {
    let profile = facts.profile.as_ref();
    let is_default = profile.is_some_and(|generation| generation.toplevel == *to);
    if is_current(facts, to) {
        Action::Nothing
    } else if !is_default && facts.running.as_ref() == Some(to) && facts.booted.as_ref() == Some(to)
    {
        Action::Keep
    } else {
        match mode {
            Mode::Test | Mode::Keep => Action::Activate,
            // Every boot brings it already.
            Mode::Boot | Mode::BootUnproven if is_default && !facts.boots_another(to) => {
                Action::Nothing
            }
            Mode::Boot => Action::Stage,
            Mode::BootUnproven => Action::StageUnproven,
        }
    }
}

/// Plans going back to generation `to`, or to the newest one before the present.
///
/// # Errors
/// A [`Problem`] when there is no such generation, or it is another machine. Which system
/// runs is not asked: going back is how one gets rid of a system that nobody knows.
pub fn rollback(
    request: &Request,
    host: &HostName,
    facts: &Facts,
    to: Option<u64>,
) -> Result<HostPlan, Problem> {
    identify(request, host, facts)?;
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
        notes: Vec::new(),
    })
}

/// Whether a plan may be carried out on a host that an operator holds: only one that changes
/// nothing, or with the operator's word. Returns what there is to tell about it.
///
/// # Errors
/// A [`Problem`] that says who holds the host and why.
pub fn admit(
    plan: &HostPlan,
    facts: &Facts,
    despite_hold: bool,
) -> Result<Option<String>, Problem> {
    match &facts.hold {
        Some(_) if plan.action == Action::Nothing => Ok(None),
        Some(hold) if despite_hold => Ok(Some(format!(
            "activates despite a hold: {}, reason: {}",
            hold.shown(),
            hold.reason
        ))),
        Some(hold) => Err(hold.problem()),
        None => Ok(None),
    }
}

/// The system to come back to.
///
/// # Errors
/// A [`Problem`] when the host runs none.
pub fn running(host: &HostName, facts: &Facts) -> Result<Toplevel, Problem> {
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
        // What runs is no step of the profile's: the one before it is what boots.
        None if runs_apart(facts) => facts.profile.as_ref(),
        None => facts
            .generations
            .iter()
            .filter(|generation| present.is_none_or(|present| generation.number < present))
            .max_by_key(|generation| generation.number),
    }
}

/// Whether what runs was brought by a trial boot, or by hand, and not by the profile.
fn runs_apart(facts: &Facts) -> bool {
    let mut generations = facts.generations.iter();
    let is_generation = generations.any(|one| Some(&one.toplevel) == facts.running.as_ref());
    facts.is_on_trial() || !is_generation
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
