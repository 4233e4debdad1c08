//! One host: its own words over those of its tags over those of all hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{
    ActivateSettings, Address, CopyEngine, CopySettings, Elevation, HostName, OnInhibitor,
    OnStranded, Reach, Tag,
};

use super::address::ADDRESS;
use super::error::{Fault, Log};
use super::layer::{Clash, Layer};
use super::parse::ParseContext;
use super::spec::{HostSpec, Offline};
use super::table::{At, Table};
use super::value::{PROFILE, Refusal, TAG};

/// What holds for more than one host.
pub(super) struct Shared {
    /// Tags of every host.
    pub(super) tags: Vec<Tag>,
    /// Settings of every host.
    pub(super) defaults: Layer,
    /// Settings of hosts that carry a tag.
    pub(super) by_tag: BTreeMap<Tag, Layer>,
}

/// Reads `[hosts.<name>]`.
pub(super) fn read(
    name: &HostName,
    table: &Table<'_>,
    shared: &Shared,
    cx: &ParseContext<'_>,
    log: &mut Log<'_>,
) -> HostSpec {
    let own = Layer::read(table, cx, log);
    let written = table.list("tags", &TAG, log);
    let mut tags: BTreeSet<Tag> = shared.tags.iter().cloned().collect();
    tags.extend(written.into_iter().flat_map(|tags| tags.value));
    let addresses = addresses(name, table, log);
    let profile = table.read("profile", &PROFILE, log).map(|it| it.value);
    let mut layer = settle(name, &tags, own, shared, log);
    let copy = CopySettings {
        engine: or(layer.engine.clone(), CopyEngine::Phoenix),
        substitute: or(layer.substitute.clone(), false),
        limit: or(layer.copy_limit.clone(), Duration::from_secs(3600)),
        bandwidth: layer.bandwidth.as_ref().map(|it| it.value),
        signing_key: layer.signing_key.as_ref().map(|it| it.value.clone()),
    };
    if let (CopyEngine::Nix, Some(key)) = (copy.engine, &layer.signing_key) {
        refuse_signing(name, table, key, log);
    }
    HostSpec {
        name: name.clone(),
        profile,
        tags,
        offline: or(layer.offline.clone(), Offline::Fail),
        identity: None,
        copy,
        activate: ActivateSettings {
            limit: or(layer.activate_limit.clone(), Duration::from_secs(5 * 60)),
            confirm_limit: or(layer.confirm_limit.clone(), Duration::from_secs(30)),
            on_inhibitor: or(layer.on_inhibitor.clone(), OnInhibitor::Fail),
            on_stranded: or(layer.on_stranded.clone(), OnStranded::Reboot),
        },
        health: std::mem::take(&mut layer.health).settled(),
        reach: reach(name, addresses, layer, cx),
    }
}

fn or<T>(written: Option<At<T>>, default: T) -> T {
    written.map_or(default, |written| written.value)
}

fn addresses(name: &HostName, table: &Table<'_>, log: &mut Log<'_>) -> Vec<Address> {
    let written = table.list("addresses", &ADDRESS, log);
    if let Some(none) = written.as_ref().filter(|list| list.value.is_empty()) {
        let why = Refusal::new("there must be at least one");
        let hint = format!("leave the key out to use the name `{name}` as address");
        table.refuse("addresses", why.hint(hint), &none.span, log);
    }
    written.map_or_else(
        || {
            vec![Address {
                host: name.as_str().to_owned(),
                port: None,
            }]
        },
        |written| written.value,
    )
}

/// `nix copy` would send what nobody signed.
fn refuse_signing(name: &HostName, table: &Table<'_>, key: &At<PathBuf>, log: &mut Log<'_>) {
    let why = Refusal::new("the host has `engine = \"nix\"`, which signs nothing");
    let hint =
        format!("take one of both away, or set `engine = \"phoenix\"` in `copy` of host `{name}`");
    table.refuse("copy.signing_key", why.hint(hint), &key.span, log);
}

fn reach(name: &HostName, addresses: Vec<Address>, layer: Layer, cx: &ParseContext<'_>) -> Reach {
    let user = layer.user.map(|user| user.value);
    let usual = match user.as_deref() {
        Some("root") => Elevation::None,
        _ => Elevation::Sudo,
    };
    Reach {
        name: name.clone(),
        addresses,
        port: layer.port.map(|port| port.value),
        user,
        elevation: or(layer.elevation, usual),
        jump: layer.jump.map(|jump| jump.value),
        identity_files: or(layer.identity_files, Vec::new()),
        use_agent: or(layer.agent, true),
        pinned_keys: (cx.pinned)(name),
        accepted_keys: Vec::new(),
        connect_limit: or(layer.connect_limit, Duration::from_secs(10)),
    }
}

/// Lays the host's own settings over those of its tags over the defaults.
fn settle(
    name: &HostName,
    tags: &BTreeSet<Tag>,
    own: Layer,
    shared: &Shared,
    log: &mut Log<'_>,
) -> Layer {
    let carried: Vec<(&Tag, &Layer)> = tags
        .iter()
        .filter_map(|tag| shared.by_tag.get_key_value(tag))
        .collect();
    for (index, (first, layer)) in carried.iter().enumerate() {
        for (second, other) in &carried[index + 1..] {
            for clash in layer.clashes(other, &own) {
                report(name, (first, second), &clash, log);
            }
        }
    }
    let nearest = carried.iter().fold(own, |sum, (_, layer)| sum.over(layer));
    nearest.over(&shared.defaults)
}

fn report(host: &HostName, (first, second): (&Tag, &Tag), clash: &Clash, log: &mut Log<'_>) {
    let key = &clash.key;
    let hint = format!(
        "`{first}` sets it on line {}; set `{key}` in host `{host}` itself, or in one of the tags only",
        log.line(&clash.first)
    );
    let fault = Fault::TagClash {
        first: first.clone(),
        second: second.clone(),
        key: key.clone(),
        host: host.clone(),
    };
    log.add(&clash.second, fault, Some(hint));
}
