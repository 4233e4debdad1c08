//! What a new fleet consists of, in words.

use super::Init;
use super::admin::Keys;

/// Its files and folders, each with what it says.
pub(super) fn parts(args: &Init, keys: Option<&Keys>) -> [(String, String); 7] {
    let Init {
        host,
        profile,
        user,
        ..
    } = args;
    let module = format!("hosts/{host}/default.nix");
    let profiles = format!("fleet profiles, of which {host} has {profile}");
    let who = match keys {
        Some(keys) => format!(
            "what all hosts have: {user} may log in with {}",
            keys.file.display()
        ),
        None => format!("what all hosts have: {user}, who has no SSH key yet"),
    };
    [
        (
            "fleet.toml",
            "which hosts there are, and where they are reached",
        ),
        (&module, "what only this host has: its disk"),
        ("profiles/all.nix", &who),
        ("profiles", &profiles),
        ("nix", "modules with the secure defaults, and the library"),
        (
            "flake.nix, flake.lock",
            "the releases that systems are built from",
        ),
        ("README.md, .gitignore", "for whoever comes next"),
    ]
    .map(|(name, what)| (name.to_owned(), what.to_owned()))
}
