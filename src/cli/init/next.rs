//! What to do after `init`, as commands.

use super::place::Folder;
use crate::model::HostName;

/// The commands, each with what it is for.
pub(super) fn steps(folder: &Folder, host: &HostName) -> Vec<(String, &'static str)> {
    let mut steps = Vec::new();
    let shown = folder.shown.display().to_string();
    if shown != "." {
        steps.push((format!("cd {}", word(&shown)), ""));
    }
    if folder.is_in_git() {
        steps.push(("git add .".to_owned(), "Nix sees only files that git knows"));
    }
    steps.push((
        "phoenix check".to_owned(),
        "whether the flake has a system for every host",
    ));
    steps.push((
        format!("phoenix adopt {host}"),
        "shows which machine it is, and asks",
    ));
    steps.push((
        format!("phoenix deploy {host}"),
        "shows what will be done, and asks",
    ));
    steps
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
