//! `phoenix explain`: what makes the value of an option of a host. Reads the flake, not hosts.

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::args::Global;
use super::edge::Edge;
use super::error::{CliError, NOT_BUILT, USAGE};
use super::hosts::json_line;
use super::{load, output, select, world};
use crate::fleet::Fleet;
use crate::model::{Explained, ExplainedOption, HostName, OptionPath, PathFault};
use crate::ui;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The host
    #[arg(value_name = "HOST")]
    pub(super) host: String,
    /// The option, as services.openssh.enable or services.nginx.virtualHosts."example.org".root;
    /// of a set of options, what is in it is listed
    #[arg(value_name = "OPTION")]
    pub(super) option: String,
}

/// An option of a host as machines read it.
#[derive(Serialize)]
struct Told<'a> {
    host: &'a HostName,
    #[serde(flatten)]
    option: &'a ExplainedOption,
}

pub(super) async fn explain(global: &Global, edge: &Edge, args: &Explain) -> Result<u8, CliError> {
    let path = path(&args.option)?;
    let fleet = load::fleet(global, edge)?;
    let host = host(&fleet, &args.host)?;
    let nix = world::nix(&fleet).await?;
    let explained = nix
        .explain(&world::job(&fleet), &host, &path)
        .await
        .map_err(|problem| CliError::of(NOT_BUILT, problem))?;
    let look = output::look(global, edge);
    match explained {
        Explained::Unknown {
            unknown,
            suggestions,
        } => return Err(no_option(&host, &unknown, &suggestions)),
        Explained::Set { children } if global.json => {
            json_line(&json!({"host": host, "option": path.to_string(), "children": children}))?;
        }
        Explained::Option(option) if global.json => {
            let option = &option;
            json_line(&Told {
                host: &host,
                option,
            })?;
        }
        Explained::Set { children } => {
            ui::out(&ui::option::children(&path, &children));
            let note = format!("`{path}` is a set of options; ask for one of them");
            ui::err(&ui::error::note(&note, look.err));
        }
        Explained::Option(option) => {
            ui::out(&ui::option::render(&host, &option, look.width, look.out));
        }
    }
    Ok(0)
}

/// The one host that is named.
fn host(fleet: &Fleet, word: &str) -> Result<HostName, CliError> {
    let hosts = select::named_or_all(&[word.to_owned()], fleet)?;
    match <[HostName; 1]>::try_from(hosts) {
        Ok([host]) => Ok(host),
        Err(hosts) => Err(
            CliError::new(USAGE, format!("`{word}` selects {} hosts", hosts.len()))
                .hint("explain takes the name of one host"),
        ),
    }
}

fn path(text: &str) -> Result<OptionPath, CliError> {
    OptionPath::parse(text).map_err(|fault| {
        let error = CliError::new(USAGE, format!("`{text}` is not the path of an option"));
        match fault {
            PathFault::Empty => error.hint("a part of it is empty"),
            PathFault::Gap => error.hint("put a name of yours where the manual has a gap"),
            PathFault::Quote | PathFault::Character(_) => error.hint(
                "a name with other characters stands in quotes, which the shell must leave: 'services.nginx.virtualHosts.\"example.org\".root'",
            ),
        }
    })
}

fn no_option(host: &HostName, unknown: &str, suggestions: &[String]) -> CliError {
    let error = CliError::new(USAGE, format!("{host} has no option `{unknown}`"));
    if suggestions.is_empty() {
        return error.hint("https://search.nixos.org/options has the options of NixOS");
    }
    let names: Vec<String> = suggestions.iter().map(|name| format!("`{name}`")).collect();
    error.hint(format!("did you mean {}?", names.join(", ")))
}
