//! The fleet.toml of a flake that has hosts already.

use serde::Serialize;

use crate::adapter::nix::{SurveyKind, Surveyed};
use crate::fleet;
use crate::model::HostName;
use crate::ui;

/// Longest line of an error that is taken into the file.
const ERROR: usize = 160;

/// A host as it is listed.
#[derive(Serialize)]
pub(super) struct Entry {
    pub(super) name: HostName,
    /// Where it is reached, if that is not its name.
    pub(super) address: Option<String>,
    pub(super) system: Option<String>,
    /// What speaks against deploying it, or could not be found out.
    pub(super) notes: Vec<String>,
}

/// A name of the flake that cannot be listed.
#[derive(Serialize)]
pub(super) struct LeftOut {
    pub(super) name: String,
    pub(super) why: String,
}

/// Tells the names that fleet.toml can hold from the others.
pub(super) fn sort(names: Vec<String>) -> (Vec<HostName>, Vec<LeftOut>) {
    let (mut hosts, mut left_out) = (Vec::new(), Vec::new());
    for name in names {
        match HostName::new(&name) {
            Ok(host) => hosts.push(host),
            Err(why) => left_out.push(LeftOut {
                why: line(&why.to_string()),
                name,
            }),
        }
    }
    hosts.sort();
    (hosts, left_out)
}

impl Entry {
    pub(super) fn new(name: HostName, found: Surveyed) -> Self {
        let mut notes: Vec<String> = found.kind.map(about).into_iter().collect();
        notes.extend(found.problem.map(|problem| {
            let why = problem.causes.first().unwrap_or(&problem.message);
            format!("does not evaluate: {}", line(why))
        }));
        // NixOS calls a host `nixos` that nobody has named. Of `web1.example.org` it knows `web1`.
        let longer = |own: &String| name.as_str().starts_with(&format!("{own}."));
        let own = found.host_name.filter(|own| own != "nixos" && !longer(own));
        let address = found
            .fqdn
            .filter(|fqdn| !fqdn.starts_with("nixos."))
            .or(own);
        Self {
            address: address
                .filter(|address| address != name.as_str() && fleet::is_address(address)),
            system: found.system.map(|system| line(&system)),
            notes,
            name,
        }
    }
}

/// The host to begin with: one that nothing speaks against, if there is one.
pub(super) fn first(entries: &[Entry]) -> Option<&HostName> {
    let good = entries.iter().find(|entry| entry.notes.is_empty());
    good.or(entries.first()).map(|entry| &entry.name)
}

fn about(kind: SurveyKind) -> String {
    let what = match kind {
        SurveyKind::Container => {
            "a container (boot.isContainer): deploy it only if it has an SSH server of its own"
        }
        SurveyKind::Iso => "an image to start from: take it out unless a machine runs it",
        SurveyKind::Netboot => "an image for the network: take it out unless a machine runs it",
        SurveyKind::Nothing => "has no config.system.build.toplevel: there is nothing to deploy",
    };
    what.to_owned()
}

/// One line that can stand in a comment: a text of the flake ends neither it nor the file.
fn line(text: &str) -> String {
    let text = ui::clean(text);
    match text.char_indices().nth(ERROR) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The start of the file, which says whose hosts they are.
pub(super) fn head(flake: Option<&str>) -> String {
    let comment =
        "# The hosts of a flake that was there before, as `phoenix init --adopt` found them.\n";
    format!(
        "{comment}\n[fleet]\nflake = {}\n",
        quoted(flake.unwrap_or("."))
    )
}

/// The whole file.
pub(super) fn text(flake: Option<&str>, entries: &[Entry], left_out: &[LeftOut]) -> String {
    let mut text = head(flake);
    for entry in entries {
        text.push('\n');
        for comment in entry.system.iter().chain(&entry.notes) {
            text += &format!("# {comment}\n");
        }
        text += &format!("[hosts.{}]\n", key(&entry.name));
        if let Some(address) = &entry.address {
            text += &format!("addresses = [{}]\n", quoted(address));
        }
    }
    for LeftOut { why, .. } in left_out {
        text += &format!("\n# Left out: {why}\n");
    }
    text
}

/// A host's name as a key: of its letters, only the dot has a meaning there.
pub(super) fn key(name: &HostName) -> String {
    if name.as_str().contains('.') {
        quoted(name.as_str())
    } else {
        name.to_string()
    }
}

/// A string of TOML, which knows every escape that JSON writes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text always serialises")
}
