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
}

impl Finding {
    /// Whether it stops a deployment; otherwise it is worth a notice.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::NotInFlake { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Hint {
        let (near, otherwise) = match self {
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
