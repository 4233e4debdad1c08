//! Compares the hosts of fleet.toml with those of the flake, for `phoenix check`.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::model::Hint;

use super::near::nearest;
use super::spec::Fleet;

/// A host that only one of the two knows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Finding {
    /// In fleet.toml, but the flake has no configuration for it: it cannot be deployed.
    #[error("host `{host}` has no configuration in the flake")]
    NotInFlake {
        /// Name in fleet.toml.
        host: String,
        /// The name in the flake that was probably meant.
        near: Option<String>,
    },
    /// In the flake, but not in fleet.toml: it is never deployed.
    #[error("the flake configures `{host}`, which fleet.toml does not have")]
    NotInFleet {
        /// Name in the flake.
        host: String,
        /// The name in fleet.toml that was probably meant.
        near: Option<String>,
    },
    /// No folder of the flake describes the host.
    #[error("host `{host}` has no hosts/{host}/default.nix that Nix sees")]
    NotDescribed {
        /// Name in fleet.toml.
        host: String,
    },
    /// The fleet has no such fleet profile.
    #[error("host `{host}` has the fleet profile `{profile}`, which is not there")]
    NoProfile {
        /// Name in fleet.toml.
        host: String,
        /// Its fleet profile.
        profile: String,
        /// The one that was probably meant.
        near: Option<String>,
        /// All there are.
        known: Vec<String>,
    },
}

impl Finding {
    /// Whether it stops a deployment; otherwise it is worth a notice.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::NotInFleet { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Hint {
        let (near, otherwise) = match self {
            Self::NotDescribed { host } => {
                return Hint::new(format!(
                    "write it, and `git add hosts/{host}` where Git keeps the folder"
                ));
            }
            Self::NoProfile { near, known, .. } => {
                (near, &*format!("there are {}", known.join(", ")))
            }
            Self::NotInFlake { near, .. } => {
                (near, "add it to the flake, or remove it from fleet.toml")
            }
            Self::NotInFleet { host, near } => (
                near,
                &*format!("add [hosts.\"{host}\"] to fleet.toml if it is to be deployed"),
            ),
        };
        Hint::new(match near {
            Some(near) => format!("did you mean `{near}`? {otherwise}"),
            None => otherwise.to_owned(),
        })
    }
}

/// Compares fleet.toml with the attribute names under the flake's set of hosts.
/// What stops a deployment comes first, then by name.
#[must_use]
pub fn against_flake(fleet: &Fleet, flake_hosts: &[String]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = fleet.hosts.keys().map(|name| name.as_str()).collect();
    let theirs: BTreeSet<&str> = flake_hosts.iter().map(String::as_str).collect();
    // Only a name that is free on the other side can be a slip for this one.
    let only_ours: Vec<&str> = ours.difference(&theirs).copied().collect();
    let only_theirs: Vec<&str> = theirs.difference(&ours).copied().collect();
    let near =
        |host: &str, others: &[&str]| nearest(host, others.iter().copied()).map(str::to_owned);
    let missing = only_ours.iter().map(|host| Finding::NotInFlake {
        host: (*host).to_owned(),
        near: near(host, &only_theirs),
    });
    let unlisted = only_theirs.iter().map(|host| Finding::NotInFleet {
        host: (*host).to_owned(),
        near: near(host, &only_ours),
    });
    missing.chain(unlisted).collect()
}

/// Compares fleet.toml with what a fleet of the modules of phoenix is made of: its fleet
/// profiles, and the hosts that no folder describes.
#[must_use]
pub fn against_outline(fleet: &Fleet, profiles: &[String], undescribed: &[String]) -> Vec<Finding> {
    let described = |host: &str| Finding::NotDescribed {
        host: host.to_owned(),
    };
    let ours = undescribed.iter().map(String::as_str);
    let ours = ours.filter(|host| fleet.hosts.keys().any(|name| name.as_str() == *host));
    let mut findings: Vec<Finding> = ours.map(described).collect();
    for (host, spec) in &fleet.hosts {
        let Some(profile) = spec.profile.as_ref().filter(|it| !profiles.contains(it)) else {
            continue;
        };
        findings.push(Finding::NoProfile {
            host: host.to_string(),
            profile: profile.clone(),
            near: nearest(profile, profiles.iter().map(String::as_str)).map(str::to_owned),
            known: profiles.to_vec(),
        });
    }
    findings
}
