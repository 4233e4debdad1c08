//! `phoenix lock`: holds that keep everybody from activating, and who deploys just now.

mod hold;
mod release;
mod status;

use clap::{Args, Subcommand};

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;

#[derive(Debug, Args)]
pub(super) struct Lock {
    #[command(subcommand)]
    pub(super) command: LockCommand,
}

/// What to do with holds.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Keep everybody's phoenix from activating hosts
    ///
    /// The hold is kept on each host and survives reboots. It ends with `lock release`, or when
    /// its time has passed. Build, copy, status and show go on; deploy and rollback are refused
    /// with the reason, unless they are given --despite-hold.
    Hold(hold::HoldArgs),
    /// End the hold of hosts
    Release(release::Release),
    /// Show which run and which operator holds hosts
    Status(status::LockStatus),
}

pub(super) async fn lock(global: &Global, edge: &Edge, args: &Lock) -> Result<u8, CliError> {
    match &args.command {
        LockCommand::Hold(args) => hold::hold(global, edge, args).await,
        LockCommand::Release(args) => release::release(global, edge, args).await,
        LockCommand::Status(args) => status::status(global, edge, args).await,
    }
}
