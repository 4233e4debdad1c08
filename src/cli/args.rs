//! The command line, as clap reads it. The doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::adopt::Adopt;
use super::build::Build;
use super::check::Check;
use super::deploy::Deploy;
use super::explain::Explain;
use super::health::Health;
use super::init::Init;
use super::list::List;
use super::lock::Lock;
use super::man::{Completions, Man};
use super::posture::Posture;
use super::rollback::Rollback;
use super::show::Show;
use super::status::Status;

/// Deploy fleets of NixOS hosts, with automatic rollback.
///
/// phoenix reads fleet.toml, evaluates and builds every selected host here, copies the
/// closures over SSH, activates them under a rollback timer that runs on the host, and keeps a
/// system only after a new connection has proven the host reachable.
#[derive(Debug, Parser)]
#[command(
    name = "phoenix",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = "\
Exit status:
    0  every host is confirmed, staged or up to date
    1  some host failed, was rolled back or is unknown, or the plan was declined
    2  the command line is wrong
    3  fleet.toml or the selection is not valid
    4  evaluation or build failed, nothing else
    5  some hosts could not be reached, nothing else
  130  interrupted")]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// Use this fleet.toml instead of the first one found from here upwards
    #[arg(short, long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) fleet: Option<PathBuf>,
    /// Print one JSON object a line for machines
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// Read the password that sudo asks for on hosts from this file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) sudo_password_file: Option<PathBuf>,
    /// Log what phoenix does to standard error; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring hosts to what the flake says
    ///
    /// Evaluates, builds, copies and activates. A host whose new system fails, or cannot be
    /// reached over a new connection, goes back to the system it ran before, by itself.
    Deploy(Deploy),
    /// Record which machine each host is, and take the system it runs as yours
    ///
    /// Shows the key and the identity of each host, and writes them to hosts/<name>/ beside
    /// fleet.toml once you agree. Later commands refuse any other machine. Nothing that the
    /// host runs is changed.
    Adopt(Adopt),
    /// Start a new fleet, or list the hosts of a flake that has some
    ///
    /// Writes the whole fleet into DIR: flake, modules, fleet profiles, and one host to begin
    /// with. With --adopt, writes only the fleet.toml of the flake in DIR, with every host of
    /// its nixosConfigurations. No file that is there is changed, and no host is asked.
    Init(Init),
    /// Evaluate and build hosts without touching them
    Build(Build),
    /// List the hosts of fleet.toml
    List(List),
    /// Ask hosts what they run and how the last run ended
    Status(Status),
    /// Look at the health gates of hosts, without a deployment
    Health(Health),
    /// Tell the whole story of a run, or list recent runs
    ///
    /// The story comes from the record of runs on this workstation, and from the host when one
    /// is named or the record does not know how it ended. A run of another workstation can be
    /// shown with its host's name.
    Show(Show),
    /// Keep everybody from activating hosts, and see who deploys just now
    Lock(Lock),
    /// Go back to an earlier generation, with the same safety as a deploy
    Rollback(Rollback),
    /// Show how hosts stand with their security controls, with every exception and its age
    ///
    /// Reads the flake, and asks no host. An exception counts from its `since`, else from the
    /// commit that brought it.
    Posture(Posture),
    /// Show what makes the value of a NixOS option on a host, layer by layer, with the files
    Explain(Explain),
    /// Check fleet.toml, also against the flake's hosts
    Check(Check),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Write the manual pages into a folder
    Man(Man),
}
