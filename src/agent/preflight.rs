//! Looks, before anything is armed, whether a host can do what an order says, and how.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::system::uname;
use thiserror::Error;

use super::boot_space;
use super::facts;
use super::host::Cx;
use super::inhibit::{self, Inhibitor};
use super::loader::{self, LoaderError};
use super::staging;
use crate::model::{Hint, Mode, OnInhibitor, Order, Toplevel};

/// Free space that the links of generations and garbage collector roots must find, in bytes.
const LINKS: u64 = 4 << 20;
/// Free space a run must find where its record is, in bytes.
const RECORD: u64 = 8 << 20;
/// What every NixOS system has that can boot (nixos/modules/system/activation/top-level.nix).
const PIECES: [&str; 2] = ["nixos-version", "init"];

/// Why a host cannot do what an order says. Nothing was changed.
#[derive(Debug, Error)]
pub(super) enum Unfit {
    /// The system is not there.
    #[error("{} is not in the host's store", .0.path())]
    Missing(Toplevel),
    /// The path is another kind of thing.
    #[error("{} is no NixOS system: it has no `{piece}`", system.path())]
    NoSystem {
        /// What was to be activated.
        system: Toplevel,
        /// What it lacks.
        piece: &'static str,
    },
    /// Nobody could switch to it.
    #[error("{} was built without bin/switch-to-configuration", .0.path())]
    NoSwitch(Toplevel),
    /// It is for other machines.
    #[error("the system is built for {built}, this host is {machine}")]
    OtherMachine {
        /// What the system says.
        built: String,
        /// What the host is.
        machine: String,
    },
    /// A file system is too full.
    #[error("{folder} has {} free, {what} need {}", mebibytes(*free), mebibytes(*needed))]
    Space {
        /// A folder on it.
        folder: String,
        /// What is to be written there.
        what: &'static str,
        /// Bytes it needs.
        needed: u64,
        /// Bytes that are free, or will be.
        free: u64,
    },
    /// The running system must not be switched to the new one.
    #[error("the host must be rebooted into this system, not switched to it: {}", inhibit::shown(.0))]
    Inhibited(Vec<Inhibitor>),
    /// There is nothing that the boot after the trial would bring.
    #[error("the host's system profile has no generation that later boots could bring")]
    NoDefault,
    /// The boot loader cannot try a system once.
    #[error("the host's boot loader cannot try a system once")]
    NoTrial(#[source] LoaderError),
}

impl Unfit {
    /// What to do about it.
    pub(super) fn hint(&self, order: &Order) -> Hint {
        // Only a deployment has `--boot`, and only with that it was asked for by name.
        let (is_rollback, is_asked) = (order.generation.is_some(), order.mode.is_boot());
        match self {
            Self::Missing(_) => {
                Hint::new("deploy again: it may have been collected as garbage meanwhile")
            }
            Self::NoSystem { .. } => Hint::new(
                "`attribute` in fleet.toml must lead to a toplevel, as in `nixosConfigurations.{host}.config.system.build.toplevel`",
            ),
            Self::NoSwitch(_) => Hint::new(
                "set `system.switch.enable = true;` in its configuration; a system without it cannot be deployed to",
            ),
            Self::OtherMachine { .. } => Hint::new(
                "check the address of the host and `nixpkgs.hostPlatform` of its configuration",
            ),
            Self::Space { what: IMAGES, .. } => Hint::new(
                "remove old generations on the host (`nix-collect-garbage --delete-older-than 30d`), or set `boot.loader.systemd-boot.configurationLimit`",
            ),
            Self::Space { what: RUN, .. } => Hint::new("free space on the file system of /var"),
            Self::Space { .. } => Hint::new(
                "free space on the host: `nix-collect-garbage --delete-older-than 30d` there",
            ),
            Self::Inhibited(_) if is_rollback => Hint::new(
                "set on_inhibitor = \"boot\" in [hosts.NAME.activate] of fleet.toml, go back again, then reboot the host",
            ),
            Self::Inhibited(_) => Hint::new(
                "deploy with --boot, or set on_inhibitor = \"boot\" in [hosts.NAME.activate] of fleet.toml; then reboot the host",
            ),
            Self::NoDefault if !is_asked => Hint::new(
                "run `nix-env -p /nix/var/nix/profiles/system --set /run/current-system` on the host",
            ),
            Self::NoTrial(_) if !is_asked => Hint::new(
                "on_inhibitor = \"boot\" needs such a boot loader; `phoenix deploy --boot-unproven` makes the system the default of every boot, untried",
            ),
            Self::NoDefault => Hint::new(
                "deploy without --boot, or run `nix-env -p /nix/var/nix/profiles/system --set /run/current-system` on the host",
            ),
            Self::NoTrial(_) => Hint::new(
                "deploy without --boot, or with --boot-unproven: that makes the system the default of every boot, untried",
            ),
        }
    }
}

const IMAGES: &str = "the kernel and the initrd of the new system";
const RUN: &str = "the files of a run";
const GENERATION: &str = "the links of a generation";

/// What a run will do, as far as the host has a say in it.
#[derive(Debug)]
pub(super) struct Course {
    /// What it does with the new system.
    pub(super) mode: Mode,
    /// Why that is not what was ordered.
    pub(super) reason: Option<String>,
    /// Whether the new system's kernel is another one than was booted.
    pub(super) needs_reboot: bool,
}

/// Checks that a path is a system that can be switched to.
pub(super) fn check_system(cx: Cx<'_>, system: &Toplevel) -> Result<(), Unfit> {
    let folder = cx.paths.at(system.path().as_path());
    if !folder.exists() {
        return Err(Unfit::Missing(system.clone()));
    }
    let lacks = |piece: &&&str| folder.join(piece).symlink_metadata().is_err();
    if let Some(piece) = PIECES.iter().find(lacks) {
        let system = system.clone();
        return Err(Unfit::NoSystem { system, piece });
    }
    if is_executable(&cx.paths.switch_program(system)) {
        Ok(())
    } else {
        Err(Unfit::NoSwitch(system.clone()))
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Checks what the new system needs of this host, and decides how the run goes.
pub(super) fn check(cx: Cx<'_>, order: &Order, running: &Toplevel) -> Result<Course, Unfit> {
    check_machine(cx, &order.new, running)?;
    check_space(cx, &order.new)?;
    let mut course = Course {
        mode: order.mode,
        reason: None,
        needs_reboot: inhibit::needs_reboot(cx, &order.new),
    };
    let inhibitors = inhibit::between(cx, running, &order.new);
    if course.mode == Mode::Test && !inhibitors.is_empty() {
        if order.on_inhibitor == OnInhibitor::Fail {
            return Err(Unfit::Inhibited(inhibitors));
        }
        course.mode = Mode::Boot;
        let why = inhibit::shown(&inhibitors);
        course.reason = Some(format!("switching was inhibited: {why}"));
    }
    if course.mode == Mode::Boot {
        let default = cx.paths.profile().ok_or(Unfit::NoDefault)?;
        check_system(cx, &default.toplevel).map_err(|_| Unfit::NoDefault)?;
        match loader::find(cx, &default.toplevel) {
            // A trial that waits stands before the default, and is replaced.
            Err(LoaderError::OtherDefault(_)) if !staging::waiting(cx).is_empty() => {}
            found => drop(found.map_err(Unfit::NoTrial)?),
        }
    }
    Ok(course)
}

fn check_machine(cx: Cx<'_>, new: &Toplevel, running: &Toplevel) -> Result<(), Unfit> {
    let machine = facts::nix_system(&uname().machine().to_string_lossy());
    let says = |system: &Toplevel| cx.paths.line(&format!("{system}/system"));
    let built = says(new);
    // A 64-bit kernel may run a 32-bit system: what runs now says that it does.
    if built.is_empty() || built == machine || built == says(running) {
        return Ok(());
    }
    Err(Unfit::OtherMachine { built, machine })
}

fn check_space(cx: Cx<'_>, new: &Toplevel) -> Result<(), Unfit> {
    for (folder, what, needed) in [
        ("/nix/store", GENERATION, LINKS),
        ("/var/lib/phoenix", RUN, RECORD),
    ] {
        let free = facts::space(cx, folder).map_or(u64::MAX, |space| space.free);
        enough(folder, what, needed, free)?;
    }
    match boot_space::wanted(cx, new) {
        Some(wanted) => enough(&wanted.folder, IMAGES, wanted.needed, wanted.free),
        None => Ok(()),
    }
}

fn enough(folder: &str, what: &'static str, needed: u64, free: u64) -> Result<(), Unfit> {
    if free >= needed {
        return Ok(());
    }
    Err(Unfit::Space {
        folder: folder.to_owned(),
        what,
        needed,
        free,
    })
}

/// A size for people: `7.5 MiB`.
fn mebibytes(bytes: u64) -> String {
    // Tenths, rounded up: what is missing must not look as if it were there.
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_tenths_of_mebibytes() {
        for (bytes, text) in [(0, "0.0 MiB"), (1, "0.1 MiB"), (8 << 20, "8.0 MiB")] {
            assert_eq!(mebibytes(bytes), text);
        }
        assert!(enough("/boot", IMAGES, 5, 5).is_ok());
        let error = enough("/boot", IMAGES, 3 << 20, 1 << 20).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/boot has 1.0 MiB free, the kernel and the initrd of the new system need 3.0 MiB"
        );
    }
}
