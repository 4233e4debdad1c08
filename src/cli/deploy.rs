//! `phoenix deploy`.

use clap::{Args, ValueEnum};

use super::args::{Global, Selection};
use super::edge::Edge;
use super::error::CliError;
use super::run::{Run, run};
use super::{load, select};
use crate::model::Stage;
use crate::plan::Goal;

#[derive(Debug, Args)]
pub(super) struct Deploy {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// End after this stage
    #[arg(long, value_name = "STAGE", value_enum)]
    pub(super) until: Option<Until>,
    /// Carry the plan out without asking
    #[arg(short, long)]
    pub(super) yes: bool,
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
            hosts,
            yes: args.yes,
        },
    )
    .await
}
