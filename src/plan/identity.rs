//! Whether the host that answered is the host that is meant, and runs a system that is ours.
//! docs/design/0006-identity.md has the reasons.

use super::{Goal, Request};
use crate::model::{Facts, HostName, Identity, Origin, Problem, ProblemKind, Toplevel};

/// What NixOS puts before the name of a host in a system's name.
const PREFIX: &str = "nixos-system-";
/// The name of a system whose configuration gives the host none.
const UNNAMED: &str = "unnamed";

/// Checks that the machine is the one that was adopted as `host`, and was not last deployed
/// as another one.
///
/// # Errors
/// A [`Problem`] with what was expected and what was found.
pub fn identify(request: &Request, host: &HostName, facts: &Facts) -> Result<(), Problem> {
    if let Some(Some(recorded)) = request.machines.get(host) {
        same_machine(host, recorded, facts).map_err(|problem| {
            let others = request.machines.iter();
            let namesake = others
                .filter(|(other, _)| *other != host)
                .find(|(_, identity)| {
                    identity
                        .as_ref()
                        .is_some_and(|one| one.machine_id == facts.machine_id)
                });
            match namesake {
                Some((other, _)) => {
                    problem.because(format!("that is the machine recorded for `{other}`"))
                }
                None => problem,
            }
        })?;
    }
    if request.waived.unknown {
        return Ok(());
    }
    same_host(host, facts).map_err(|mut problem| {
        if let (Goal::Deploy { .. }, Some(hint)) = (request.goal, &mut problem.hint) {
            hint.0.push_str("; `--replace-unknown` deploys this once");
        }
        problem
    })
}

/// Checks that a machine was not last deployed or adopted as another host.
///
/// # Errors
/// A [`Problem`] with both names.
pub fn same_host(host: &HostName, facts: &Facts) -> Result<(), Problem> {
    match &facts.deployed_as {
        Some(other) if other != host => Err(Problem::new(
            ProblemKind::Refused,
            format!("this machine was last deployed as `{other}`, not as `{host}`"),
        )
        .with_hint(format!(
            "check the addresses of both; if this machine is `{host}` now, \
             `phoenix adopt --replace {host}` records it"
        ))),
        _ => Ok(()),
    }
}

/// Checks a machine against the one that was recorded at adoption.
///
/// # Errors
/// A [`Problem`] with both values of what differs.
pub fn same_machine(host: &HostName, recorded: &Identity, facts: &Facts) -> Result<(), Problem> {
    let hint = format!(
        "check the addresses of `{host}`; if it was reinstalled or moved to this \
         machine, `phoenix adopt --replace {host}` records it anew"
    );
    if facts.machine_id != recorded.machine_id {
        return Err(Problem::new(
            ProblemKind::Refused,
            format!("this is not the machine that was adopted as `{host}`"),
        )
        .because(format!(
            "its machine id is {}, recorded is {}",
            or_none(Some(&facts.machine_id)),
            recorded.machine_id
        ))
        .with_hint(hint));
    }
    match &recorded.root_device {
        Some(device) if facts.root_device.as_ref() != Some(device) => Err(Problem::new(
            ProblemKind::Refused,
            format!("the file system at / is not the one that was adopted with `{host}`"),
        )
        .because(format!(
            "it is {}, recorded is {device}",
            or_none(facts.root_device.as_deref())
        ))
        .with_hint(hint)),
        _ => Ok(()),
    }
}

/// Checks that the system is one for `host`, by its name.
///
/// Names are `nixos-system-<host>-<label>`, and both parts may hold dashes: only whether a name
/// fits a host can be said. Other forms of names are not judged.
///
/// # Errors
/// A [`Problem`] with the name of the host that the system is for.
pub(super) fn name(
    request: &Request,
    host: &HostName,
    facts: &Facts,
    to: &Toplevel,
) -> Result<(), Problem> {
    let Some(found) = named(to) else {
        return Ok(());
    };
    let mut own = vec![UNNAMED, host.as_str(), facts.host_name.as_str()];
    let is_ours = facts.origin.host() == Some(host);
    own.extend(facts.running.as_ref().filter(|_| is_ours).and_then(named));
    let short: Vec<&str> = own.iter().map(|name| first_label(name)).collect();
    own.extend(short);
    let fits = |name: &&str| is_for(to, name);
    let fit = own
        .iter()
        .copied()
        .filter(fits)
        .max_by_key(|name| name.len());
    // `web1` also fits what is named for `web1-db`; the longer name is the one that is meant.
    let others = request.machines.keys().map(HostName::as_str);
    let other = others
        .filter(|name| !own.contains(name))
        .filter(fits)
        .max_by_key(|name| name.len());
    let is_other = |fit: &str| other.is_some_and(|other| other.len() > fit.len());
    if request.waived.name || fit.is_some_and(|fit| !is_other(fit)) {
        return Ok(());
    }
    let meant = other.unwrap_or(found);
    Err(Problem::new(
        ProblemKind::Refused,
        format!("the configuration of `{host}` makes a system for `{meant}`"),
    )
    .because(to.path().name().to_owned())
    .because(format!("the host calls itself `{}`", facts.host_name))
    .with_hint(format!(
        "check `networking.hostName` in the configuration of `{host}`; `--rename` deploys it \
         this once, on purpose"
    )))
}

/// Checks that the system to be replaced is one that phoenix deployed, or that was adopted.
///
/// # Errors
/// A [`Problem`] that shows the system.
pub(super) fn origin(request: &Request, host: &HostName, facts: &Facts) -> Result<(), Problem> {
    if facts.origin != Origin::Unknown || request.waived.unknown {
        return Ok(());
    }
    let mut problem = Problem::new(
        ProblemKind::Refused,
        "the host runs a system that phoenix never deployed",
    );
    problem.causes = never_deployed(facts);
    Err(problem.with_hint(format!(
        "`phoenix adopt {host}` records it as yours; `--replace-unknown` deploys over it this once"
    )))
}

/// A system that phoenix never deployed, in words: what runs, and which generation that is.
fn never_deployed(facts: &Facts) -> Vec<String> {
    let Some(running) = &facts.running else {
        return Vec::new();
    };
    let same = |generation: &&crate::model::Generation| generation.toplevel == *running;
    let present = facts.profile.as_ref().filter(same);
    let generation = match present.or(facts.generations.iter().rev().find(same)) {
        Some(generation) => format!("it is generation {} of the host", generation.number),
        None => {
            "it is no generation of the host: somebody switched to it without keeping it".into()
        }
    };
    vec![format!("it runs {running}"), generation]
}

/// What a plan tells of what it passes over.
pub(super) fn notes(request: &Request, host: &HostName, facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    if !request.waived.unknown {
        return notes;
    }
    if let Some(other) = facts.deployed_as.as_ref().filter(|other| *other != host) {
        notes.push(format!(
            "this machine was last deployed as `{other}`; --replace-unknown makes it `{host}`"
        ));
    }
    if facts.origin == Origin::Unknown {
        notes.push(format!(
            "replaces a system that phoenix never deployed, because of --replace-unknown: {}",
            never_deployed(facts).join(", ")
        ));
    }
    notes
}

/// What a host that needs nothing is told of a system that is not ours.
pub(super) fn unknown_but_current(facts: &Facts) -> Option<String> {
    let is_unknown = facts.origin == Origin::Unknown;
    is_unknown.then(|| {
        "runs the wanted system, although phoenix did not deploy it: nothing is changed".to_owned()
    })
}

/// Whether a system may be for a host of this name.
fn is_for(system: &Toplevel, name: &str) -> bool {
    let rest = system.path().name().strip_prefix(PREFIX);
    let label = rest.and_then(|rest| rest.strip_prefix(name));
    !name.is_empty() && label.is_some_and(|label| label.is_empty() || label.starts_with('-'))
}

/// The host that a system is likely for: labels end in a version such as `24.05`, so the name
/// ends before the first part that is one, or before the last part.
fn named(system: &Toplevel) -> Option<&str> {
    let rest = system.path().name().strip_prefix(PREFIX)?;
    let dashes: Vec<usize> = rest.match_indices('-').map(|(at, _)| at).collect();
    let is_version = |at: &&usize| {
        let digits = rest[**at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < rest.len() - **at - 1 && digits.starts_with('.')
    };
    let end = dashes.iter().find(is_version).or(dashes.last());
    Some(&rest[..*end?])
}

/// `web1` of `web1.example.org`.
fn first_label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn or_none(value: Option<&str>) -> &str {
    value
        .filter(|value| !value.is_empty())
        .unwrap_or("not known")
}

#[cfg(test)]
mod tests;
