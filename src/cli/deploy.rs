//! `phoenix deploy`.

use clap::{Args, ValueEnum};

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::run::{Run, run};
use super::{load, select};
use crate::model::{Mode, Stage};
use crate::plan::{Goal, Waived};

#[derive(Debug, Args)]
pub(super) struct Deploy {
    #[command(flatten)]
    pub(super) selection: select::Selection,
    /// End after this stage
    #[arg(long, value_name = "STAGE", value_enum)]
    pub(super) until: Option<Until>,
    /// Activate nothing; have the next boot try the new system once, while later boots bring the old one
    ///
    /// Once the host was rebooted and runs it, the next deploy proves and keeps it.
    #[arg(long, conflicts_with = "until")]
    pub(super) boot: bool,
    /// Activate nothing; make the new system what every boot brings, without any proof that it boots
    #[arg(long, conflicts_with_all = ["until", "boot"])]
    pub(super) boot_unproven: bool,
    /// Begin no further activation once a host has failed; those under way are finished
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Activate although an operator holds the host (see `phoenix lock`)
    #[arg(long)]
    pub(super) despite_hold: bool,
    /// Carry the plan out without asking
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Deploy over a system that phoenix never deployed, and to a machine last deployed as another host
    #[arg(long)]
    pub(super) replace_unknown: bool,
    /// Deploy a system that is named for another host
    #[arg(long)]
    pub(super) rename: bool,
}

/// The stages a deploy may end after.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Until {
    /// Evaluate only
    Eval,
    /// Evaluate and build
    Build,
    /// Evaluate, build and copy
    Copy,
}

impl From<Until> for Stage {
    fn from(until: Until) -> Self {
        match until {
            Until::Eval => Self::Eval,
            Until::Build => Self::Build,
            Until::Copy => Self::Copy,
        }
    }
}

pub(super) async fn deploy(global: &Global, edge: &Edge, args: &Deploy) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let until = args.until.map_or(Stage::Confirm, Stage::from);
    let hosts = select::required(&args.selection, &fleet)?;
    run(
        global,
        edge,
        &fleet,
        Run {
            command: "deploy",
            goal: Goal::Deploy { until },
            mode: mode(args),
            hosts,
            yes: args.yes,
            waived: Waived {
                unknown: args.replace_unknown,
                name: args.rename,
            },
            fail_fast: args.fail_fast,
            despite_hold: args.despite_hold,
        },
    )
    .await
}

fn mode(args: &Deploy) -> Mode {
    match (args.boot, args.boot_unproven) {
        (true, _) => Mode::Boot,
        (_, true) => Mode::BootUnproven,
        _ => Mode::Test,
    }
}
