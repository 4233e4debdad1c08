//! The fleet as the rest of phoenix sees it: checked, with all defaults filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::model::{
    ActivateSettings, Bandwidth, BuildSettings, CopySettings, EvalSettings, Gate, HostName,
    Identity, Parallel, Reach, Tag,
};

/// A checked fleet.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The file it was read from, for messages.
    pub file: PathBuf,
    /// The folder of that file, absolute; `hosts` is in it.
    pub folder: PathBuf,
    /// What people call the fleet.
    pub name: Option<String>,
    /// Where the configurations come from.
    pub flake: FlakeSource,
    /// Passed to every Nix command as `--option NAME VALUE`.
    pub nix_options: BTreeMap<String, String>,
    /// How configurations are evaluated.
    pub eval: EvalSettings,
    /// How systems are built.
    pub build: BuildSettings,
    /// How much happens at once.
    pub parallel: Parallel,
    /// What is copied to all hosts together gets at most.
    pub bandwidth: Option<Bandwidth>,
    /// The hosts by name; never empty.
    pub hosts: BTreeMap<HostName, HostSpec>,
}

/// Where the configurations come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlakeSource {
    /// A flake reference without fragment; paths in it are absolute.
    pub reference: String,
    /// Where in the flake a host's toplevel is.
    pub attribute: AttributePattern,
}

impl FlakeSource {
    /// The folder that the flake's files are in as they are, if it is one of this workstation: a flake of another
    /// commit than that of the folder (`ref`, `rev`) has none.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        let schemes = ["path:", "git+file://", "git+file:"];
        let place = schemes
            .iter()
            .find_map(|scheme| self.reference.strip_prefix(scheme))
            .unwrap_or(&self.reference);
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let inner = query.split('&').find_map(|word| word.strip_prefix("dir="));
        let is_elsewhen = |word: &str| word.starts_with("ref=") || word.starts_with("rev=");
        let is_here =
            place.starts_with('/') && !place.contains('%') && !query.split('&').any(is_elsewhen);
        is_here.then(|| Path::new(place).join(inner.unwrap_or_default()))
    }
}

/// An attribute path with a gap for the host's name, as lists of plain attribute names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePattern {
    /// Attributes that lead to the set whose names are hosts.
    pub before: Vec<String>,
    /// Attributes that lead from a host to its toplevel.
    pub after: Vec<String>,
}

impl AttributePattern {
    /// The whole path of one host, outermost attribute first.
    #[must_use]
    pub fn path(&self, host: &HostName) -> Vec<String> {
        let mut path = self.before.clone();
        path.push(host.as_str().to_owned());
        path.extend(self.after.iter().cloned());
        path
    }
}

/// One host of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// Key in fleet.toml.
    pub name: HostName,
    /// Fleet profile: a word for what the host is made to be.
    pub profile: Option<String>,
    /// Its own tags and those of all hosts.
    pub tags: BTreeSet<Tag>,
    /// What it means when the host cannot be reached.
    pub offline: Offline,
    /// How to reach it.
    pub reach: Reach,
    /// Which machine it is, once adopted; filled in by whoever reads the files beside fleet.toml.
    pub identity: Option<Identity>,
    /// How closures are copied to it.
    pub copy: CopySettings,
    /// How it is activated.
    pub activate: ActivateSettings,
    /// What must hold before a new system of it is kept, by name; the gate `systemd` is
    /// always there.
    pub health: Vec<Gate>,
}

/// What it means when a host cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// A failure: servers are meant to be there.
    Fail,
    /// To be done later: laptops sleep.
    Defer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_flake_is_known_when_it_is_here() {
        let attribute = AttributePattern {
            before: Vec::new(),
            after: Vec::new(),
        };
        for (reference, folder) in [
            ("/fleet", Some("/fleet")),
            ("path:/fleet", Some("/fleet")),
            ("/fleet?dir=nix", Some("/fleet/nix")),
            ("git+file:///fleet?submodules=1&dir=nix", Some("/fleet/nix")),
            ("git+file:///fleet?ref=main&dir=nix", None),
            ("/a%20fleet", None),
            ("git+file:/fleet", Some("/fleet")),
            ("github:phoenix-fleet/fleet", None),
            ("git+ssh://git@example.org/fleet", None),
        ] {
            let source = FlakeSource {
                reference: reference.to_owned(),
                attribute: attribute.clone(),
            };
            assert_eq!(source.folder(), folder.map(PathBuf::from), "{reference}");
        }
    }
}
