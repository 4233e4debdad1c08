//! Reads fleet.toml and sets the real world up for it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::args::Global;
use super::edge::Edge;
use super::error::{CliError, INVALID, USAGE};
use crate::fleet::{self, Fleet, FleetErrors, ParseContext};
use crate::model::{HostName, Identity};

/// Finds and reads the fleet.
pub(super) fn fleet(global: &Global, edge: &Edge) -> Result<Fleet, CliError> {
    match &global.fleet {
        Some(file) => from(edge, &edge.folder.join(file)),
        None => from(edge, &search(&edge.folder)?),
    }
}

/// Reads the fleet of this file.
pub(super) fn from(edge: &Edge, file: &Path) -> Result<Fleet, CliError> {
    let text = fs::read_to_string(file).map_err(|error| {
        let mut told = CliError::new(INVALID, format!("could not read {}", file.display()));
        told.problem.causes.push(error.to_string());
        told
    })?;
    tracing::debug!(file = %file.display(), "reading the fleet");
    let mut fleet = parse(edge, file, &text).map_err(CliError::faults)?;
    for spec in fleet.hosts.values_mut() {
        spec.identity = identity(edge, &fleet.folder, &spec.name)?;
    }
    Ok(fleet)
}

/// Reads the text of a fleet.toml, which need not be there yet.
pub(super) fn parse(edge: &Edge, file: &Path, text: &str) -> Result<Fleet, FleetErrors> {
    let base = file.parent().unwrap_or(Path::new("/")).to_owned();
    let pinned = |host: &HostName| pinned_keys(&base.join("hosts").join(host.as_str()));
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let cx = ParseContext {
        base_dir: base.clone(),
        home: edge.home.clone(),
        pinned: &pinned,
        cpus,
    };
    let shown = file.strip_prefix(&edge.folder).unwrap_or(file);
    fleet::parse(shown, text, &cx)
}

/// Which machine a host is, from `hosts/<name>/identity.toml`.
fn identity(edge: &Edge, base: &Path, host: &HostName) -> Result<Option<Identity>, CliError> {
    let file = base.join("hosts").join(host.as_str()).join("identity.toml");
    let shown = file.strip_prefix(&edge.folder).unwrap_or(&file);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let mut told = CliError::new(INVALID, format!("could not read {}", shown.display()));
            told.problem.causes.push(error.to_string());
            return Err(told);
        }
    };
    fleet::identity(shown, &text)
        .map(Some)
        .map_err(CliError::faults)
}

/// The first fleet.toml from `folder` upwards.
fn search(folder: &Path) -> Result<PathBuf, CliError> {
    folder
        .ancestors()
        .map(|folder| folder.join("fleet.toml"))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            CliError::new(
                INVALID,
                format!("no fleet.toml in {} or above it", folder.display()),
            )
            .hint("go to the fleet's folder, or name the file with --fleet FILE")
        })
}

/// `ssh_host_*_key.pub` files of a host's folder, in the order of their names.
fn pinned_keys(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_key = |path: &PathBuf| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        name.starts_with("ssh_host_") && name.ends_with("_key.pub")
    };
    let mut keys: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(is_key)
        .collect();
    keys.sort();
    keys
}

/// The password file's first line. Others must not be able to read the file.
pub(super) fn sudo_password(global: &Global) -> Result<Option<Zeroizing<String>>, CliError> {
    use std::os::unix::fs::PermissionsExt;
    let Some(file) = &global.sudo_password_file else {
        return Ok(None);
    };
    let failed = |error: std::io::Error| {
        let mut told = CliError::new(
            USAGE,
            format!("could not read the password file {}", file.display()),
        );
        told.problem.causes.push(error.to_string());
        told
    };
    let mode = fs::metadata(file).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(CliError::new(
            USAGE,
            format!("others can read the password file {}", file.display()),
        )
        .hint(format!("chmod 600 {}", file.display())));
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(failed)?);
    Ok(Some(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    )))
}
