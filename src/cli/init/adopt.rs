//! `phoenix init --adopt`: asks the flake which hosts it has, and lists them.

use std::path::Path;

use super::file::NewFile;
use super::inventory::{self, Entry};
use super::place::{self, Folder};
use super::{missing, show};
use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::{CliError, NOT_BUILT, USAGE};
use crate::cli::{load, world};
use crate::fleet::Fleet;
use crate::model::Hint;

/// The one file that is written.
pub(super) const FILE: &str = "fleet.toml";

pub(super) async fn adopt(
    global: &Global,
    edge: &Edge,
    folder: &Folder,
    flake: Option<&str>,
) -> Result<u8, CliError> {
    let file = folder.path.join(FILE);
    if file.symlink_metadata().is_ok() {
        return missing::tell(global, edge, &file, flake).await;
    }
    // Whatever fleet.toml says of the flake holds for this look at it, too.
    let fleet = draft(edge, &file, flake)?;
    let (entries, left_out) = entries(&fleet).await?;
    let text = inventory::text(flake, &entries, &left_out);
    load::parse(edge, &file, &text).map_err(CliError::faults)?;
    let new = NewFile {
        path: FILE.to_owned(),
        text,
    };
    place::write(folder, &[new])?;
    show::adopted(global, edge, folder, (&entries, &left_out));
    Ok(0)
}

/// The file as it will be, with a host that is never asked about.
fn draft(edge: &Edge, file: &Path, flake: Option<&str>) -> Result<Fleet, CliError> {
    let text = format!("{}[hosts.draft]\n", inventory::head(flake));
    load::parse(edge, file, &text).map_err(|faults| {
        let message = format!(
            "fleet.toml cannot name the flake `{}`",
            flake.unwrap_or(".")
        );
        let mut told = CliError::new(USAGE, message);
        for fault in faults.iter() {
            told.problem.causes.push(fault.fault.to_string());
            told.problem.hint = fault.hint.clone();
        }
        told
    })
}

async fn entries(fleet: &Fleet) -> Result<(Vec<Entry>, Vec<inventory::LeftOut>), CliError> {
    let nix = world::nix(fleet).await?.without_locking();
    let mut job = world::job(fleet);
    let names = nix
        .hosts_of_flake(&job)
        .await
        .map_err(|problem| CliError::of(NOT_BUILT, problem))?;
    let (hosts, left_out) = inventory::sort(names);
    if hosts.is_empty() {
        let message = format!(
            "{} has no host that fleet.toml could list",
            fleet.flake.reference
        );
        let mut told = CliError::new(NOT_BUILT, message);
        told.problem.causes = left_out.into_iter().map(|one| one.why).collect();
        told.problem.hint = Some(Hint::new("`phoenix init DIR` starts a new fleet"));
        return Err(told);
    }
    job.hosts = hosts;
    let found = nix.survey(&job).await;
    let entry = |(name, found)| Entry::new(name, found);
    Ok((found.into_iter().map(entry).collect(), left_out))
}
