//! Lists the fleet code that `phoenix init` writes, so that the program carries it.
//!
//! Made by the build and not by hand: a new file in one of these folders is carried without a
//! line anywhere, and cargo builds anew when one comes or goes.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders of the repository that a fleet consists of; `src/cli/init` adds the rest.
const CARRIED: [&str; 5] = [
    "flake.lock",
    "flake.nix",
    "nix/lib",
    "nix/modules",
    "profiles",
];

/// What every host of one fleet has. Each fleet writes its own.
const OWN: &str = "profiles/all.nix";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The agent carries nothing.
    if variable("CARGO_FEATURE_CONTROLLER").is_none() {
        return;
    }
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut files = Vec::new();
    for name in CARRIED {
        println!("cargo::rerun-if-changed={name}");
        collect(&root, Path::new(name), &mut files);
    }
    files.retain(|file| file != Path::new(OWN));
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let whole = root.join(&file);
        // Writing to a String cannot fail.
        let _ = writeln!(list, "({file:?}, include_str!({whole:?})),");
    }
    list.push_str("]\n");
    let folder = PathBuf::from(variable("OUT_DIR").expect("cargo sets it"));
    fs::write(folder.join("carried.rs"), list).expect("cargo's own folder can be written");
}

/// Adds a file, or every file below a folder but those that editors leave.
fn collect(root: &Path, name: &Path, files: &mut Vec<PathBuf>) {
    let place = root.join(name);
    if !place.is_dir() {
        files.push(name.to_owned());
        return;
    }
    let entries = fs::read_dir(&place).unwrap_or_else(|why| panic!("{}: {why}", place.display()));
    for entry in entries {
        let entry = entry.expect("the folder does not change while it is read");
        let text = entry.file_name();
        let text = text.to_string_lossy();
        if !text.starts_with('.') && !text.ends_with('~') {
            collect(root, &name.join(&*text), files);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts what to do through the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
