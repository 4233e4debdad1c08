//! What a host shows of itself before it is adopted.

use super::meet::Met;
use crate::model::{Facts, Origin};

/// What the operator looks at before saying yes.
pub(super) fn lines(met: &Met<'_>, facts: &Facts) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Ok(link) = &met.link {
        let connection = link.connection();
        let pinned = if met.spec.reach.pinned_keys.is_empty() {
            "to be pinned"
        } else {
            "pinned"
        };
        let key = connection.host_key_fingerprint();
        lines.push(("address", connection.address().to_string()));
        lines.push(("host key", format!("{key} ({pinned})")));
    }
    let recorded = met.spec.identity.as_ref();
    lines.push((
        "machine id",
        beside(
            &facts.machine_id,
            recorded.map(|one| one.machine_id.as_str()),
        ),
    ));
    lines.push((
        "root device",
        beside(
            facts.root_device.as_deref().unwrap_or("not known"),
            recorded.map(|one| one.root_device.as_deref().unwrap_or("not known")),
        ),
    ));
    lines.push(("calls itself", facts.host_name.clone()));
    if let Some(system) = &facts.running {
        lines.push(("runs", system.to_string()));
    }
    lines.push(("generation", generation(facts)));
    lines.push(("deployed by", origin(facts)));
    lines
}

/// A value, and the recorded one where it differs.
fn beside(found: &str, recorded: Option<&str>) -> String {
    match recorded {
        Some(recorded) if recorded != found => format!("{found} (recorded: {recorded})"),
        _ => found.to_owned(),
    }
}

fn generation(facts: &Facts) -> String {
    match &facts.profile {
        Some(profile) if Some(&profile.toplevel) == facts.running.as_ref() => {
            profile.number.to_string()
        }
        Some(profile) => format!("{}, which is another system", profile.number),
        None => "none".to_owned(),
    }
}

fn origin(facts: &Facts) -> String {
    let system = match &facts.origin {
        Origin::Deployed { host } => format!("phoenix, as `{host}`"),
        Origin::Adopted { host } => format!("somebody else, and adopted as `{host}`"),
        Origin::Unknown => "somebody else: phoenix never deployed it".to_owned(),
    };
    match &facts.deployed_as {
        Some(host) if Some(host) != facts.origin.host() => {
            format!("{system}; the machine was last deployed as `{host}`")
        }
        _ => system,
    }
}
