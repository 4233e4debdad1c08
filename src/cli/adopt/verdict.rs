//! What speaks for and against adopting each host. Pure but for what it is given.

use std::collections::BTreeMap;

use super::meet::Met;
use super::{Adoption, End};
use crate::fleet::{self, Fleet, HostSpec};
use crate::model::{Facts, HostName, Identity, Origin, Problem, ProblemKind};
use crate::plan;
use crate::world::Host;

/// A host and what is to be done with it.
pub(super) type Judged<'a> = (Met<'a>, Result<Adoption, End>);

/// Judges all hosts that were met, also against each other.
pub(super) fn all<'a>(fleet: &Fleet, met: Vec<Met<'a>>, replace: bool) -> Vec<Judged<'a>> {
    let mut machines: BTreeMap<HostName, String> = BTreeMap::new();
    for spec in fleet.hosts.values() {
        if let Some(identity) = &spec.identity {
            machines.insert(spec.name.clone(), identity.machine_id.clone());
        }
    }
    for one in &met {
        if let Some(facts) = one.facts() {
            machines.insert(one.name().clone(), facts.machine_id.clone());
        }
    }
    let judge = |one: Met<'a>| {
        let verdict = match &one.link {
            Err(problem) => Err(End::Failed(problem.clone())),
            Ok(link) => judge(one.spec, link.facts(), &machines, replace),
        };
        (one, verdict)
    };
    met.into_iter().map(judge).collect()
}

fn judge(
    spec: &HostSpec,
    facts: &Facts,
    machines: &BTreeMap<HostName, String>,
    replace: bool,
) -> Result<Adoption, End> {
    let host = &spec.name;
    let system = plan::running(host, facts).map_err(End::Failed)?;
    check_machine(host, facts, machines).map_err(End::Failed)?;
    if !replace {
        if let Some(recorded) = &spec.identity {
            plan::same_machine(host, recorded, facts).map_err(End::Failed)?;
        }
        plan::same_host(host, facts).map_err(End::Failed)?;
    }
    let identity = Identity {
        machine_id: facts.machine_id.clone(),
        root_device: facts.root_device.clone(),
    };
    let is_known = facts.origin != Origin::Unknown && facts.deployed_as.as_ref() == Some(host);
    let is_pinned = !spec.reach.pinned_keys.is_empty();
    if is_known && is_pinned && spec.identity.as_ref() == Some(&identity) {
        return Err(End::Unchanged);
    }
    Ok(Adoption { identity, system })
}

/// A machine must have an id, and be one host only.
fn check_machine(
    host: &HostName,
    facts: &Facts,
    machines: &BTreeMap<HostName, String>,
) -> Result<(), Problem> {
    if !fleet::is_machine_id(&facts.machine_id) {
        return Err(Problem::new(
            ProblemKind::Refused,
            "the host has no machine id that it could be known by",
        )
        .because(format!("/etc/machine-id holds `{}`", facts.machine_id))
        .with_hint("`systemd-machine-id-setup` there makes one"));
    }
    let same = |(other, id): &(&HostName, &String)| *other != host && **id == facts.machine_id;
    match machines.iter().find(same) {
        None => Ok(()),
        Some((other, id)) => Err(Problem::new(
            ProblemKind::Refused,
            format!("`{host}` and `{other}` are the same machine"),
        )
        .because(format!("both have the machine id {id}"))
        .with_hint(format!(
            "check the addresses of both; a machine that was cloned needs an id \
             of its own, and hosts/{other}/identity.toml may be out of date"
        ))),
    }
}

#[cfg(test)]
mod tests;
