//! `phoenix build`.

use clap::Args;

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::run::{Run, run};
use super::{load, select};
use crate::model::{Mode, Stage};
use crate::plan::{Goal, Waived};

#[derive(Debug, Args)]
pub(super) struct Build {
    #[command(flatten)]
    pub(super) selection: select::Selection,
}

pub(super) async fn build(global: &Global, edge: &Edge, args: &Build) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::required(&args.selection, &fleet)?;
    let goal = Goal::Deploy {
        until: Stage::Build,
    };
    run(
        global,
        edge,
        &fleet,
        Run {
            command: "build",
            goal,
            mode: Mode::Test,
            hosts,
            yes: true,
            waived: Waived::default(),
            fail_fast: false,
            despite_hold: false,
        },
    )
    .await
}
