//! `phoenix list`.

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::{load, output, select};
use crate::fleet::HostSpec;
use crate::model::Elevation;
use crate::ui::{self, Table};

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) scope: select::Scope,
}

/// A host as machines read it.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    profile: Option<&'a str>,
    tags: Vec<&'a str>,
    addresses: Vec<String>,
    user: Option<&'a str>,
    sudo: &'static str,
}

pub(super) fn list(global: &Global, edge: &Edge, args: &List) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::looked_at(&args.scope, &fleet)?;
    let rows: Vec<Row<'_>> = hosts.iter().map(|host| row(&fleet.hosts[host])).collect();
    if global.json {
        for row in &rows {
            ui::out(&(serde_json::to_string(row).expect("text and lists always serialise") + "\n"));
        }
        return Ok(0);
    }
    let look = output::look(global, edge);
    let mut table = Table::new(&["host", "profile", "tags", "addresses", "user"]);
    for row in rows {
        table.row([
            row.name.into(),
            row.profile.unwrap_or("-").into(),
            row.tags.join(" ").into(),
            row.addresses.join(" ").into(),
            row.user.unwrap_or("-").into(),
        ]);
    }
    ui::out(&table.render(look.width, look.out));
    Ok(0)
}

fn row(spec: &HostSpec) -> Row<'_> {
    Row {
        name: spec.name.as_str(),
        profile: spec.profile.as_deref(),
        tags: spec.tags.iter().map(crate::model::Tag::as_str).collect(),
        addresses: spec
            .reach
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect(),
        user: spec.reach.user.as_deref(),
        sudo: match spec.reach.elevation {
            Elevation::None => "none",
            Elevation::Sudo => "sudo",
            Elevation::Doas => "doas",
        },
    }
}
