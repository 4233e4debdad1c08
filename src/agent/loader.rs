//! What the host's boot loader will start, and how it is told to try a system once.
//!
//! Formats: `bootctl list --json=short` (systemd 251 and later; entry ids are hashes in NixOS
//! 26.05, so entries are found by the `init=` of their options), and the menu that
//! install-grub.pl of nixpkgs writes.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::grub;
use super::host::{Cx, Program, ProgramError};
use crate::model::Toplevel;

/// Limit for one question to the boot loader's tools: EFI variables are slow on some boards.
pub(super) const TOOL_LIMIT: Duration = Duration::from_secs(20);
pub(super) const GRUB_MENU: &str = "/boot/grub/grub.cfg";
const GRUB_ENVIRONMENT: &str = "/boot/grub/grubenv";

/// Why a boot loader cannot try a system once.
#[derive(Debug, Error)]
pub(super) enum LoaderError {
    /// Its tool did not do its work.
    #[error("the boot loader could not be asked or told")]
    Tool(#[from] ProgramError),
    /// Its tool said something else.
    #[error("`bootctl list --json=short` said something that is no list of entries")]
    List(#[source] serde_json::Error),
    /// It starts something else.
    #[error("its default is not {}, the system profile's generation", .0.path().short())]
    OtherDefault(Toplevel),
    /// It does not know the system.
    #[error("it has no entry for {}", .0.path().short())]
    NoEntry(Toplevel),
    /// It ignores what it is told.
    #[error("the menu in {GRUB_MENU} does not look at `next_entry`")]
    NoNextEntry,
    /// It did not take what it was told.
    #[error("it does not say that it would start `{0}` next")]
    NotTaken(String),
}

/// A boot loader that can try a system once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loader {
    /// Or another that systemd's bootctl can speak to.
    SystemdBoot,
    /// With NixOS's menu.
    Grub,
}

/// An entry as bootctl lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    #[serde(default)]
    options: Option<String>,
    #[serde(default)]
    is_default: bool,
}

/// Finds the host's boot loader, and checks that it starts `default`.
pub(super) fn find(cx: Cx<'_>, default: &Toplevel) -> Result<Loader, LoaderError> {
    if cx.paths.at(GRUB_MENU).is_file() && !cx.paths.at("/boot/loader/entries").is_dir() {
        let menu = read_menu(cx);
        return match grub::default_init(&menu) {
            _ if !menu.contains("next_entry") => Err(LoaderError::NoNextEntry),
            Some(found) if found == init(default) => Ok(Loader::Grub),
            _ => Err(LoaderError::OtherDefault(default.clone())),
        };
    }
    let entries = entries(cx)?;
    let starts_it = |entry: &Entry| entry.is_default && starts(entry, default);
    if entries.iter().any(starts_it) {
        Ok(Loader::SystemdBoot)
    } else {
        Err(LoaderError::OtherDefault(default.clone()))
    }
}

/// Has the next boot try a system; the ones after it bring the default again.
pub(super) fn try_once(cx: Cx<'_>, loader: Loader, new: &Toplevel) -> Result<(), LoaderError> {
    let missing = || LoaderError::NoEntry(new.clone());
    match loader {
        Loader::SystemdBoot => {
            let entries = entries(cx)?;
            let found = entries.iter().rev().find(|entry| starts(entry, new));
            let id = &found.ok_or_else(missing)?.id;
            tool(cx, "bootctl", &["set-oneshot", id])?;
            // From here on, what the next boot starts is what bootctl calls the default.
            let is_taken = |entry: &Entry| entry.is_default && starts(entry, new);
            if self::entries(cx)?.iter().any(is_taken) {
                return Ok(());
            }
            Err(LoaderError::NotTaken(id.clone()))
        }
        Loader::Grub => {
            let entry = grub::entry_of(&read_menu(cx), &init(new)).ok_or_else(missing)?;
            tool(cx, "grub-reboot", &[&entry])?;
            let said = tool(cx, "grub-editenv", &[GRUB_ENVIRONMENT, "list"])?;
            if said
                .lines()
                .any(|line| line == format!("next_entry={entry}"))
            {
                return Ok(());
            }
            Err(LoaderError::NotTaken(entry))
        }
    }
}

/// Takes back that the next boot tries a system.
pub(super) fn take_back(cx: Cx<'_>, loader: Loader) -> Result<(), LoaderError> {
    match loader {
        Loader::SystemdBoot => tool(cx, "bootctl", &["set-oneshot", ""])?,
        Loader::Grub => tool(
            cx,
            "grub-editenv",
            &[GRUB_ENVIRONMENT, "unset", "next_entry"],
        )?,
    };
    Ok(())
}

/// The loader of a host that has a trial boot wait: nothing more needs to be known to end it.
pub(super) fn of_trial(cx: Cx<'_>) -> Loader {
    if cx.paths.at(GRUB_MENU).is_file() && !cx.paths.at("/boot/loader/entries").is_dir() {
        Loader::Grub
    } else {
        Loader::SystemdBoot
    }
}

fn entries(cx: Cx<'_>) -> Result<Vec<Entry>, LoaderError> {
    let said = tool(cx, "bootctl", &["list", "--json=short"])?;
    serde_json::from_str(&said).map_err(LoaderError::List)
}

fn starts(entry: &Entry, system: &Toplevel) -> bool {
    let wanted = format!("init={}", init(system));
    let options = entry.options.as_deref().unwrap_or_default();
    options.split_whitespace().any(|word| word == wanted)
}

fn init(system: &Toplevel) -> String {
    format!("{system}/init")
}

fn read_menu(cx: Cx<'_>) -> String {
    std::fs::read_to_string(cx.paths.at(GRUB_MENU)).unwrap_or_default()
}

fn tool(cx: Cx<'_>, program: &str, arguments: &[&str]) -> Result<String, ProgramError> {
    cx.host
        .run(&Program::new(program, arguments.iter(), TOOL_LIMIT))
}
