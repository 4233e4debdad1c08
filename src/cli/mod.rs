//! Arguments, wiring, exit codes.

mod adopt;
mod args;
mod build;
mod check;
mod deploy;
mod drive;
mod edge;
mod error;
mod explain;
mod health;
mod hosts;
mod init;
mod list;
mod load;
mod lock;
mod man;
mod output;
mod posture;
mod rollback;
mod run;
mod select;
mod show;
mod status;
mod watch;
mod world;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use args::{Cli, Command, Global};
use edge::Edge;
use error::CliError;

use crate::ui;

/// The program: reads the command line, does what it says, returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render().ansi().to_string();
            let plain = error.render().to_string();
            return usage(&error, &text, &plain);
        }
    };
    ExitCode::from(run(&cli))
}

/// Help and version go to standard output and are no error; wrong words are.
fn usage(error: &clap::Error, coloured: &str, plain: &str) -> ExitCode {
    use std::io::IsTerminal;
    if error.use_stderr() {
        ui::err(if std::io::stderr().is_terminal() {
            coloured
        } else {
            plain
        });
        return ExitCode::from(error::USAGE);
    }
    ui::out(if std::io::stdout().is_terminal() {
        coloured
    } else {
        plain
    });
    ExitCode::SUCCESS
}

/// The command line as clap knows it, for generated documents.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn log(global: &Global, look: ui::Look) {
    let level = match global.verbose {
        0 => return,
        1 => "phoenix=debug,russh=info",
        _ => "phoenix=trace,russh=debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(look.err == ui::Paint::ON)
        .init();
}

fn run(cli: &Cli) -> u8 {
    let edge = match Edge::read() {
        Ok(edge) => edge,
        Err(error) => return tell(&error, ui::Paint::OFF),
    };
    let look = output::look(&cli.global, &edge);
    let paint = look.err;
    log(&cli.global, look);
    // SSH encrypts on worker threads; the engine itself stays on this one.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return tell(&CliError::from_error(1, &error), paint),
    };
    let result = runtime.block_on(dispatch(cli, &edge));
    // A question may still wait for a key on a thread of its own.
    runtime.shutdown_background();
    let status = result.unwrap_or_else(|error| tell(&error, paint));
    // A script must not take half a result for a whole one.
    if status == 0 && ui::is_lost() {
        1
    } else {
        status
    }
}

/// Says why the command ended, and returns its exit status.
fn tell(error: &CliError, paint: ui::Paint) -> u8 {
    ui::err(&error.render(paint));
    error.status
}

async fn dispatch(cli: &Cli, edge: &Edge) -> Result<u8, CliError> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(args) => init::init(global, edge, args).await,
        Command::Adopt(args) => adopt::adopt(global, edge, args).await,
        Command::Deploy(args) => deploy::deploy(global, edge, args).await,
        Command::Build(args) => build::build(global, edge, args).await,
        Command::Rollback(args) => rollback::rollback(global, edge, args).await,
        Command::List(args) => list::list(global, edge, args),
        Command::Status(args) => status::status(global, edge, args).await,
        Command::Health(args) => health::health(global, edge, args).await,
        Command::Show(args) => show::show(global, edge, args).await,
        Command::Lock(args) => lock::lock(global, edge, args).await,
        Command::Posture(args) => posture::posture(global, edge, args).await,
        Command::Explain(args) => explain::explain(global, edge, args).await,
        Command::Check(args) => check::check(global, edge, args).await,
        Command::Completions(args) => {
            man::completions(args);
            Ok(0)
        }
        Command::Man(args) => man::man(args).map(|()| 0),
    }
}
