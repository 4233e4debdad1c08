//! `phoenix init`: starts a new fleet, or writes the fleet.toml of a flake that has hosts already.

mod admin;
mod adopt;
mod carried;
mod disk;
mod file;
mod inventory;
mod missing;
mod next;
mod parts;
mod place;
mod show;
mod starter;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::args::Global;
use super::edge::Edge;
use super::error::{CliError, USAGE};
use crate::model::{HostName, NameError};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The fleet's folder; made when it is missing
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
    /// Write only a fleet.toml, for a flake that has nixosConfigurations already
    #[arg(long, conflicts_with_all = ["host", "profile", "system", "disk", "user", "ssh_key"])]
    adopt: bool,
    /// The flake to adopt, as fleet.toml takes it, when it is not the one in DIR
    #[arg(long, value_name = "REF", requires = "adopt")]
    flake: Option<String>,
    /// Name of the first host
    #[arg(long, value_name = "NAME", default_value = "host1", value_parser = host_name)]
    host: HostName,
    /// Fleet profile of the first host
    #[arg(long, default_value = "server", value_parser = PossibleValuesParser::new(carried::profiles()))]
    profile: String,
    /// Kind of machine the first host is
    #[arg(long, default_value = "x86_64-linux", value_parser = ["x86_64-linux", "aarch64-linux"])]
    system: String,
    /// System disk of the first host, as in /dev/disk/by-id/…
    #[arg(long, value_name = "DEVICE", value_parser = disk::named)]
    disk: Option<String>,
    /// Who administers the hosts: the account that phoenix logs in as
    #[arg(long, value_name = "NAME", default_value = "admin", value_parser = admin::user)]
    user: String,
    /// File with the public SSH key of that account; without it the usual one in ~/.ssh
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ssh_key: Option<PathBuf>,
}

fn host_name(text: &str) -> Result<HostName, NameError> {
    HostName::new(text)
}

pub(super) async fn init(global: &Global, edge: &Edge, args: &Init) -> Result<u8, CliError> {
    if global.fleet.is_some() {
        return Err(
            CliError::new(USAGE, "`init` writes a new fleet.toml and reads none")
                .hint("name the folder that it shall be in: `phoenix init DIR`"),
        );
    }
    let folder = place::Folder::open(edge, &args.folder)?;
    if args.adopt {
        return adopt::adopt(global, edge, &folder, args.flake.as_deref()).await;
    }
    let keys = admin::keys(edge, args)?;
    let files = starter::files(args, keys.as_ref());
    let written = place::write(&folder, &files)?;
    show::started(global, edge, &folder, (args, keys.as_ref()), &written);
    Ok(0)
}
