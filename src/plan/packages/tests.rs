//! Closures made of a few names.

use super::*;
use crate::model::{Toplevel, VersionStep};

/// A closure of names; a digit in front, as in `2:hello-1.0`, makes another path of the same
/// name, and `*` marks what the system names itself. The size is the length of the name.
fn closure(names: &[&str]) -> ClosureSizes {
    let path = |salt: &str, name: &str| {
        let hash = salt.repeat(32);
        StorePath::new(format!("/nix/store/{hash}-{name}")).unwrap()
    };
    let toplevel = path("0", "nixos-system-x-24.05");
    let mut closure = ClosureSizes {
        paths: BTreeMap::from([(toplevel.clone(), 1000)]),
        toplevel: Toplevel(toplevel),
        selected: BTreeSet::new(),
    };
    for name in names {
        let (selected, name) = match name.strip_prefix('*') {
            Some(name) => (true, name),
            None => (false, *name),
        };
        let (salt, name) = name.split_once(':').unwrap_or(("1", name));
        let path = path(salt, name);
        if selected {
            closure.selected.insert(path.clone());
        }
        closure.paths.insert(path, name.len() as u64);
    }
    closure
}

/// A change in one line.
fn told(change: &PackageChange) -> String {
    let step = |step: &VersionStep| {
        let or_none = |version: &Option<String>| version.clone().unwrap_or("∅".into());
        format!("{} → {}", or_none(&step.from), or_none(&step.to))
    };
    let mut parts: Vec<String> = change.versions.iter().map(step).collect();
    if !change.stay.is_empty() {
        parts.push(format!("stays {}", change.stay.join(" ")));
    }
    let mark = if change.selected { "*" } else { "" };
    let kind = format!("{:?}", change.kind).to_lowercase();
    format!(
        "{mark}{} {kind} {:+} {}",
        change.name,
        change.bytes,
        parts.join(", ")
    )
    .trim()
    .to_owned()
}

fn check(before: &[&str], after: &[&str], expected: &[&str]) {
    let found = packages(&closure(before), &closure(after));
    let found: Vec<String> = found.iter().map(told).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_kind_of_change_is_told() {
    check(
        &[
            "*openssl-3.3.1",
            "openssl-3.3.1-bin",
            "vim-9.1.2",
            "old-1.0",
            "same-1.0",
            "curl-8.0",
            "man-1.0",
            "etc",
        ],
        &[
            "2:openssl-3.3.2",
            "2:openssl-3.3.2-bin",
            "2:vim-9.0",
            "*new-2.0",
            "same-1.0",
            "2:curl-8.0",
            "man-1.0",
            "man-1.0-doc",
            "2:etc",
        ],
        &[
            "curl rebuilt +0 stays 8.0",
            "etc rebuilt +0",
            "man outputs +11 stays 1.0",
            "*new added +7 ∅ → 2.0",
            "old removed -7 1.0 → ∅",
            "*openssl upgraded +0 3.3.1 → 3.3.2",
            "vim downgraded -2 9.1.2 → 9.0",
        ],
    );
}

#[test]
fn of_several_versions_the_alike_are_paired() {
    check(
        &["python3-3.11.9", "python3-3.12.4"],
        &["2:python3-3.11.10", "python3-3.12.4", "python3-3.13.0"],
        &["python3 upgraded +15 3.11.9 → 3.11.10, ∅ → 3.13.0, stays 3.12.4"],
    );
    // One up, one down.
    check(
        &["llvm-17.0.6", "llvm-18.1.7"],
        &["llvm-17.0.7", "llvm-18.1.6"],
        &["llvm changed +0 17.0.6 → 17.0.7, 18.1.7 → 18.1.6"],
    );
    check(
        &["icu4c-73.2", "icu4c-74.2"],
        &["icu4c-74.2"],
        &["icu4c changed -10 73.2 → ∅, stays 74.2"],
    );
}

#[test]
fn commits_only_change() {
    check(
        &["dotfiles-3f1c9aa"],
        &["dotfiles-c3f19aa"],
        &["dotfiles changed +0 3f1c9aa → c3f19aa"],
    );
}

#[test]
fn a_version_that_comes_with_what_was_a_file_is_told_as_such() {
    check(&["motd"], &["motd-2.0"], &["motd changed +4 ∅ → 2.0"]);
}

#[test]
fn equal_closures_and_the_system_itself_are_no_change() {
    let (before, mut after) = (closure(&["a-1"]), closure(&["a-1"]));
    let other = StorePath::new(format!(
        "/nix/store/{}-nixos-system-x-24.11",
        "1".repeat(32)
    ));
    after.paths.remove(after.toplevel.path());
    after.toplevel = Toplevel(other.unwrap());
    after.paths.insert(after.toplevel.path().clone(), 2000);
    assert_eq!(packages(&before, &after), []);
}
