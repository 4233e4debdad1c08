//! `phoenix completions` and `phoenix man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use std::fs;

use clap::CommandFactory;

use super::args::Cli;
use super::error::{CliError, USAGE};
use crate::ui;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder; made when it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) folder: PathBuf,
}

pub(super) fn completions(args: &Completions) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "phoenix", &mut script);
    ui::out(&String::from_utf8_lossy(&script));
}

pub(super) fn man(args: &Man) -> Result<(), CliError> {
    let failed = |error: std::io::Error| {
        let mut told = CliError::new(
            USAGE,
            format!(
                "could not write manual pages into {}",
                args.folder.display()
            ),
        );
        told.problem.causes.push(error.to_string());
        told
    };
    fs::create_dir_all(&args.folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(failed)
}
