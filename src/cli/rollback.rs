//! `phoenix rollback`.

use clap::Args;

use super::args::Global;
use super::edge::Edge;
use super::error::{CliError, USAGE};
use super::run::{Run, run};
use super::{load, select};
use crate::model::Mode;
use crate::plan::{Goal, Waived};

#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The host
    #[arg(value_name = "HOST")]
    pub(super) host: String,
    /// Go back to this generation instead of the one before the present
    #[arg(long, value_name = "GENERATION")]
    pub(super) to: Option<u64>,
    /// Activate although an operator holds the host (see `phoenix lock`)
    #[arg(long)]
    pub(super) despite_hold: bool,
    /// Carry the plan out without asking
    #[arg(short, long)]
    pub(super) yes: bool,
}

pub(super) async fn rollback(
    global: &Global,
    edge: &Edge,
    args: &Rollback,
) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::named_or_all(std::slice::from_ref(&args.host), &fleet)?;
    if hosts.len() != 1 {
        return Err(CliError::new(
            USAGE,
            format!("`{}` selects {} hosts", args.host, hosts.len()),
        )
        .hint("rollback takes the name of one host"));
    }
    let goal = Goal::Rollback { to: args.to };
    run(
        global,
        edge,
        &fleet,
        Run {
            command: "rollback",
            goal,
            mode: Mode::Test,
            hosts,
            yes: args.yes,
            waived: Waived::default(),
            fail_fast: false,
            despite_hold: args.despite_hold,
        },
    )
    .await
}
