//! What a new fleet has besides the code that phoenix carries: one host, and where to go on.

use super::Init;
use super::admin::Keys;
use super::carried;
use super::file::NewFile;
use super::inventory::{key, quoted};
use crate::fleet::is_address;

/// The NixOS release that the carried flake.nix pins.
const RELEASE: &str = "26.05";

/// All files of a new fleet. fleet.toml is the last one: without it a folder is no fleet yet.
pub(super) fn files(args: &Init, keys: Option<&Keys>) -> Vec<NewFile> {
    let carried = carried::FILES.iter().map(|(path, text)| NewFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    });
    let host = args.host.as_str();
    let own = [
        (".gitignore", "/result\n/result-*\n".to_owned()),
        ("README.md", readme(args)),
        ("profiles/all.nix", everybody(args, keys)),
        (&*format!("hosts/{host}/default.nix"), host_module(args)),
        ("fleet.toml", fleet(args)),
    ]
    .map(|(path, text)| NewFile {
        path: path.to_owned(),
        text,
    });
    carried.chain(own).collect()
}

/// The fleet profile of all hosts.
fn everybody(args: &Init, keys: Option<&Keys>) -> String {
    let lines = keys.into_iter().flat_map(|keys| &keys.lines);
    let lines: String = lines
        .map(|line| format!("\n          \"{line}\""))
        .collect();
    let keys = if lines.is_empty() {
        " ".to_owned()
    } else {
        format!("{lines}\n        ")
    };
    include_str!("all.nix")
        .replace("\"@USER@\"", &args.user)
        .replace("@USER@", &args.user)
        .replace(" \"@KEYS@\" ", &keys)
}

fn fleet(args: &Init) -> String {
    let Init {
        host,
        profile,
        user,
        ..
    } = args;
    // A name of digits alone is a host's name, but no address.
    let address = if is_address(host.as_str()) {
        format!("addresses = [{}]", quoted(host.as_str()))
    } else {
        "# addresses = [\"host.example.org\"]".to_owned()
    };
    format!(
        "\
# The hosts of this fleet: what each is for, and where it is reached. `phoenix check` says whether the file is right.

[defaults.ssh]
# Who logs in; it becomes root with sudo.
user = \"{user}\"

[hosts.{}]
profile = \"{profile}\"
# Tried in this order. Without the line it is the host's name.
{address}
",
        key(host),
    )
}

fn host_module(args: &Init) -> String {
    let Init {
        host,
        profile,
        system,
        ..
    } = args;
    let device = match &args.disk {
        Some(disk) => format!("  phoenix.hardware.disk.device = \"{disk}\";\n"),
        None => "  # phoenix.hardware.disk.device = \"/dev/disk/by-id/…\";\n".to_owned(),
    };
    format!(
        "\
# What only {host} has. What it has in common with others is in profiles/{profile}.nix and profiles/all.nix.
{{
  nixpkgs.hostPlatform = \"{system}\";

  # The system disk; `ls -l /dev/disk/by-id` there shows its name. A machine that was installed otherwise keeps its mounts:
  # phoenix.hardware.disk.enable = false, and `imports = [ ./hardware.nix ];` with its hardware-configuration.nix.
{device}
  # The release it was installed with. It is not raised with later ones.
  system.stateVersion = \"{RELEASE}\";
}}
"
    )
}

fn readme(args: &Init) -> String {
    include_str!("readme.md")
        .replace("@HOST@", args.host.as_str())
        .replace("@PROFILE@", &args.profile)
        .replace("@USER@", &args.user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_the_one_that_is_pinned() {
        let flake = carried::FILES.iter().find(|(path, _)| *path == "flake.nix");
        let (_, text) = flake.expect("a fleet is a flake");
        assert!(
            text.contains(&format!("nixpkgs/nixos-{RELEASE}\"")),
            "{text}"
        );
    }

    #[test]
    fn the_default_profile_is_carried() {
        assert!(carried::profiles().contains(&"server"));
    }
}
