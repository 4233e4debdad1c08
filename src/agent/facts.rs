//! What a host says about itself, in a few milliseconds.

use std::path::Path;
use std::time::Duration;

use rustix::fs::statvfs;
use rustix::system::uname;

use super::hold;
use super::host::{Cx, Program, chain};
use super::lock;
use super::reconcile;
use super::record::{self, Record};
use super::switching;
use super::{inhibit, known};
use super::{root_device, staging};
use crate::model::{DiskSpace, Facts, Origin, RunState, Toplevel};

const NIX_LIMIT: Duration = Duration::from_secs(2);

/// Reads the facts. What cannot be read is missing, never an error.
pub(super) fn facts(cx: Cx<'_>, nix: &Path) -> Facts {
    let name = uname();
    let runs = runs(cx);
    let running = cx.paths.running();
    let known = known::known(cx);
    Facts {
        host_name: name.nodename().to_string_lossy().into_owned(),
        system: nix_system(&name.machine().to_string_lossy()),
        machine_id: cx.paths.line("/etc/machine-id"),
        root_device: root_device::root_device(cx.paths),
        boot_id: cx.paths.boot_id(),
        origin: running
            .as_ref()
            .map_or_else(Origin::default, |system| known.origin(system)),
        deployed_as: known.host().cloned(),
        running,
        booted: cx.paths.booted(),
        profile: cx.paths.profile(),
        generations: cx.paths.generations(),
        nix: nix_version(cx, nix),
        failed_units: switching::broken_units(cx).unwrap_or_else(|error| {
            cx.host.note(&chain(&error));
            Vec::new()
        }),
        space: ["/nix/store", "/var/lib/phoenix", "/boot"]
            .into_iter()
            .filter_map(|folder| space(cx, folder))
            .collect(),
        lock: lock::holder(cx),
        last_run: runs.first().map(Record::summary),
        trial: staging::trial(cx, &runs).map(Record::summary),
        not_booting: not_booting(&runs),
        needs_reboot: cx
            .paths
            .running()
            .is_some_and(|running| inhibit::needs_reboot(cx, &running)),
        hold: hold::current(cx),
        made: cx.paths.made(),
        unreadable_runs: record::unreadable(cx),
    }
}

/// The runs that began, newest first, after those that a reboot cut off were given their
/// verdict.
fn runs(cx: Cx<'_>) -> Vec<Record> {
    let runs = record::all(cx).into_iter();
    let runs = runs.map(|record| reconcile::reconcile(cx, record));
    runs.filter(|record| record.refusal.is_none()).collect()
}

/// The system whose boot entry the last run that came to writing one could not write. Preparing
/// a boot writes them too.
fn not_booting(runs: &[Record]) -> Option<Toplevel> {
    let writes = |run: &&Record| {
        matches!(
            run.state,
            RunState::Committed | RunState::CommittedNotBoot | RunState::Staged
        )
    };
    let last = runs.iter().find(writes)?;
    (last.state == RunState::CommittedNotBoot).then(|| last.new.clone())
}

/// Free space of the file system a folder is on, or would be on.
pub(super) fn space(cx: Cx<'_>, folder: &str) -> Option<DiskSpace> {
    let path = cx.paths.at(folder);
    // The state folder appears with the first run; a host without /boot has none to fill.
    let path = if folder.starts_with("/var") {
        path.ancestors().find(|path| path.exists())?
    } else {
        &path
    };
    let found = statvfs(path).ok()?;
    Some(DiskSpace {
        path: folder.to_owned(),
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// Nix's word for a Linux machine.
pub(super) fn nix_system(machine: &str) -> String {
    let machine = match machine {
        "i386" | "i486" | "i586" => "i686",
        other => other,
    };
    format!("{machine}-linux")
}

/// The version of Nix: from the store path of its program, which costs nothing, or by asking it.
fn nix_version(cx: Cx<'_>, nix: &Path) -> Option<String> {
    if let Some(version) = version_in_path(&nix.canonicalize().ok()?) {
        return Some(version);
    }
    let said = cx
        .host
        .run(&Program::new(nix, ["--version"], NIX_LIMIT))
        .ok()?;
    said.split_whitespace().next_back().map(str::to_owned)
}

/// `/nix/store/<hash>-nix-2.26.3/bin/nix` → `2.26.3`.
fn version_in_path(program: &Path) -> Option<String> {
    let package = program.strip_prefix("/nix/store").ok()?.iter().next()?;
    package
        .to_str()?
        .split('-')
        .skip(1)
        .find(|part| part.starts_with(|first: char| first.is_ascii_digit()) && part.contains('.'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nix_tells_its_version_by_its_path() {
        let store = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-";
        for (package, version) in [
            ("nix-2.26.3/bin/nix", Some("2.26.3")),
            ("nix-cli-2.34.1/bin/nix", Some("2.34.1")),
            ("lix-2.92.0/bin/nix", Some("2.92.0")),
            ("nix/bin/nix", None),
        ] {
            let path = format!("{store}{package}");
            assert_eq!(version_in_path(Path::new(&path)).as_deref(), version);
        }
        assert_eq!(version_in_path(Path::new("/usr/bin/nix")), None);
    }

    #[test]
    fn machines_in_the_words_of_nix() {
        assert_eq!(nix_system("x86_64"), "x86_64-linux");
        assert_eq!(nix_system("i586"), "i686-linux");
    }
}
