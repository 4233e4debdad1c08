//! What the operator and machines see of what was written.

use serde_json::json;

use super::admin::Keys;
use super::inventory::{self, Entry, LeftOut};
use super::place::{Folder, Written};
use super::{Init, admin, adopt, next, parts};
use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::output;
use crate::model::HostName;
use crate::ui::{self, Table};

/// Tells of a new fleet.
pub(super) fn started(
    global: &Global,
    edge: &Edge,
    folder: &Folder,
    (args, keys): (&Init, Option<&Keys>),
    written: &Written,
) {
    if global.json {
        let told = json!({
            "folder": folder.path.display().to_string(),
            "host": args.host,
            "user": args.user,
            "ssh_key": keys.map(|keys| keys.file.display().to_string()),
            "written": written.new,
            "unchanged": written.same,
            "next": commands(folder, &args.host),
        });
        return ui::out(&format!("{told}\n"));
    }
    let shown = folder.name();
    if written.new.is_empty() {
        ui::out(&format!("all of it is in {shown} already\n"));
    } else {
        ui::out(&format!(
            "a new fleet is in {shown}\n{}",
            columns(&parts::parts(args, keys))
        ));
    }
    if keys.is_none() {
        let note = admin::missing(folder, &args.user);
        ui::err(&ui::error::note(&note, output::look(global, edge).err));
    }
    tell_next(folder, &args.host);
}

/// Tells of a flake whose hosts are listed now.
pub(super) fn adopted(
    global: &Global,
    edge: &Edge,
    folder: &Folder,
    (entries, left_out): (&[Entry], &[LeftOut]),
) {
    let Some(first) = inventory::first(entries) else {
        return;
    };
    if global.json {
        let told = json!({
            "folder": folder.path.display().to_string(),
            "written": [adopt::FILE],
            "hosts": entries,
            "left_out": left_out,
            "next": commands(folder, first),
        });
        return ui::out(&format!("{told}\n"));
    }
    let look = output::look(global, edge);
    let hosts = ui::words::hosts(entries.len());
    let place = folder.file(adopt::FILE);
    ui::out(&format!("{} is written: {hosts}\n", place.display()));
    let mut table = Table::new(&["host", "system", "address"]);
    for entry in entries {
        let or_dash = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
        table.row([
            entry.name.as_str().into(),
            or_dash(&entry.system).into(),
            entry
                .address
                .as_deref()
                .unwrap_or(entry.name.as_str())
                .into(),
        ]);
    }
    ui::out(&table.render(look.width, look.out));
    let noted = entries.iter().flat_map(|entry| {
        entry
            .notes
            .iter()
            .map(|note| format!("{}: {note}", entry.name))
    });
    let lost = left_out.iter().map(|one| format!("left out: {}", one.why));
    for note in noted.chain(lost) {
        ui::err(&ui::error::note(&note, look.err));
    }
    tell_next(folder, first);
}

fn tell_next(folder: &Folder, host: &HostName) {
    let steps = next::steps(folder, host).into_iter();
    let steps: Vec<_> = steps.map(|(step, why)| (step, why.to_owned())).collect();
    ui::out(&format!("next:\n{}", columns(&steps)));
}

fn commands(folder: &Folder, host: &HostName) -> Vec<String> {
    let steps = next::steps(folder, host).into_iter();
    steps.map(|(step, _)| step).collect()
}

/// Two columns, the second of which may be empty.
fn columns(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(first, _)| first.chars().count()).max();
    let width = width.unwrap_or_default();
    let row = |(first, second): &(String, String)| {
        let line = format!("  {first:width$}  {second}");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(row).collect()
}
