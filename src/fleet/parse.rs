//! Text of a fleet.toml → checked `Fleet`, or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::model::{HostName, Tag};

use super::error::{Fault, FleetErrors, Log};
use super::header::Header;
use super::host::{self, Shared};
use super::layer::Layer;
use super::near::nearest;
use super::schema::{FILE, HOST, TAG};
use super::spec::{Fleet, HostSpec};
use super::table::{Place, Table};
use super::value;

/// What the text alone does not say; the caller does the input and output for it.
pub struct ParseContext<'a> {
    /// Folder that holds the file, absolute: relative paths in the file begin there.
    pub base_dir: PathBuf,
    /// Home folder of the operator, for paths that begin with `~/`.
    pub home: Option<PathBuf>,
    /// Lists `hosts/<name>/ssh_host_*_key.pub` of a host.
    pub pinned: &'a dyn Fn(&HostName) -> Vec<PathBuf>,
    /// Processors of the workstation, from which defaults follow.
    pub cpus: usize,
}

/// Reads a fleet.toml. `file` is its name for messages; nothing is opened.
///
/// # Errors
/// [`FleetErrors`] with every fault found. A text that is not TOML gets its syntax errors only,
/// since what follows from them would mislead.
pub fn parse(file: &Path, text: &str, cx: &ParseContext<'_>) -> Result<Fleet, FleetErrors> {
    let mut log = Log::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if syntax(&errors, &mut log) {
        return Err(log.into_errors());
    }
    let fleet = read(file, root.get_ref(), cx, &mut log);
    if log.count() == 0 {
        Ok(fleet)
    } else {
        Err(log.into_errors())
    }
}

/// Records TOML's own errors; says whether they make the rest meaningless.
pub(super) fn syntax(errors: &[toml::de::Error], log: &mut Log<'_>) -> bool {
    let mut broken = false;
    let mut last_line = 0;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        if error.message() == "duplicate key" {
            let key = log.slice(&span).to_owned();
            let hint = "keep one of them".to_owned();
            log.add(&span, Fault::Duplicate(key), Some(hint));
            continue;
        }
        broken = true;
        // The parser recovers inside a line; what it finds there next is mostly an echo.
        let line = log.line(&span);
        if line != last_line {
            log.add(&span, Fault::Syntax(error.message().to_owned()), None);
        }
        last_line = line;
    }
    broken
}

fn read(file: &Path, root: &DeTable<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> Fleet {
    let table = Table::file(root, &FILE, log);
    // Where `[host.web1]` was written, a missing `[hosts]` is no news.
    let misspelt = log.count() > 0;
    if table.lacks("hosts") && !misspelt {
        let hint = "add a table such as [hosts.web1]".to_owned();
        log.add(&table.key_span("hosts"), Fault::NoHosts, Some(hint));
    }
    let header = Header::read(&table, cx, log);
    let hosts = hosts(&table, cx, log);
    Fleet {
        file: file.to_owned(),
        folder: cx.base_dir.clone(),
        name: header.name,
        flake: header.flake,
        nix_options: header.nix_options,
        eval: header.eval,
        build: header.build,
        parallel: header.parallel,
        bandwidth: header.bandwidth,
        hosts,
    }
}

fn hosts(
    file: &Table<'_>,
    cx: &ParseContext<'_>,
    log: &mut Log<'_>,
) -> BTreeMap<HostName, HostSpec> {
    let tags = file.table("tags", log);
    let shared = shared(file, &tags, cx, log);
    let table = file.table("hosts", log);
    let mut hosts = BTreeMap::new();
    for (key, value) in table.entries() {
        let place = Place::Host(key.get_ref().to_string());
        let inner = table.named(place, &HOST, (key, value), log);
        match HostName::new(key.get_ref()) {
            Ok(name) => {
                let host = host::read(&name, &inner, &shared, cx, log);
                hosts.insert(name, host);
            }
            Err(why) => {
                let what = "host name";
                log.add(&key.span(), Fault::Name { what, why }, None);
            }
        }
    }
    // A faulty host may have lost tags.
    if log.count() == 0 {
        check_used(&tags, &hosts, log);
    }
    hosts
}

fn shared(file: &Table<'_>, tags: &Table<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> Shared {
    let defaults = file.table("defaults", log);
    let mut by_tag = BTreeMap::new();
    for (key, value) in tags.entries() {
        let place = Place::Section(format!("tags.{}", key.get_ref()));
        let inner = tags.named(place, &TAG, (key, value), log);
        match Tag::new(key.get_ref()) {
            Ok(tag) => {
                by_tag.insert(tag, Layer::read(&inner, cx, log));
            }
            Err(why) => log.add(&key.span(), Fault::Name { what: "tag", why }, None),
        }
    }
    Shared {
        tags: defaults
            .list("tags", &value::TAG, log)
            .map(|tags| tags.value)
            .unwrap_or_default(),
        defaults: Layer::read(&defaults, cx, log),
        by_tag,
    }
}

/// Records settings for tags that no host carries: a misspelt tag would lose them in silence.
fn check_used(tags: &Table<'_>, hosts: &BTreeMap<HostName, HostSpec>, log: &mut Log<'_>) {
    let carried: BTreeSet<&Tag> = hosts.values().flat_map(|host| &host.tags).collect();
    for (key, _) in tags.entries() {
        let Ok(tag) = Tag::new(key.get_ref()) else {
            continue;
        };
        if carried.contains(&tag) {
            continue;
        }
        let near = nearest(tag.as_str(), carried.iter().map(|tag| tag.as_str()));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give the tag to a host, or remove the table".to_owned(),
        };
        log.add(&key.span(), Fault::TagUnused(tag), Some(hint));
    }
}
