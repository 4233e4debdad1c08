//! What a fleet.toml that is there already lacks of its flake.

use std::path::Path;

use serde_json::json;

use super::inventory::{self, LeftOut};
use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::{CliError, NOT_BUILT, USAGE};
use crate::cli::{load, output, world};
use crate::fleet::Fleet;
use crate::model::HostName;
use crate::ui;

pub(super) async fn tell(
    global: &Global,
    edge: &Edge,
    file: &Path,
    flake: Option<&str>,
) -> Result<u8, CliError> {
    let fleet = load::from(edge, file)?;
    let shown = fleet.file.display();
    if flake.is_some() {
        return Err(CliError::new(
            USAGE,
            format!("{shown} is there already, and names its flake"),
        )
        .hint("do it without --flake to see which hosts of its flake it lacks"));
    }
    let (hosts, left_out) = missing(&fleet).await?;
    let lost = left_out.iter().map(|one| format!("left out: {}", one.why));
    let look = output::look(global, edge);
    if global.json {
        ui::out(&format!(
            "{}\n",
            json!({"file": shown.to_string(), "missing": hosts, "left_out": left_out})
        ));
    } else if hosts.is_empty() {
        let that = if left_out.is_empty() {
            "every host of the flake"
        } else {
            "every host of the flake that it can hold"
        };
        ui::out(&format!("{shown} is there already, and has {that}\n"));
        for note in lost {
            ui::err(&ui::error::note(&note, look.err));
        }
    } else {
        let count = ui::words::hosts(hosts.len());
        let message = format!("{shown} is there already, and lacks {count} of the flake");
        let mut told = CliError::new(1, message)
            .hint("write what is to be deployed into it by hand; nothing was changed");
        let table = |host: &HostName| format!("[hosts.{}]", inventory::key(host));
        told.problem.causes = hosts.iter().map(table).chain(lost).collect();
        return Err(told);
    }
    Ok(u8::from(!hosts.is_empty()))
}

async fn missing(fleet: &Fleet) -> Result<(Vec<HostName>, Vec<LeftOut>), CliError> {
    let nix = world::nix(fleet).await?.without_locking();
    let names = nix
        .hosts_of_flake(&world::job(fleet))
        .await
        .map_err(|problem| CliError::of(NOT_BUILT, problem))?;
    let (mut hosts, left_out) = inventory::sort(names);
    hosts.retain(|host| !fleet.hosts.contains_key(host));
    Ok((hosts, left_out))
}
