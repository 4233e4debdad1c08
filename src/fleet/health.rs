//! Health gates, as `[*.health.NAME]` gives them. A gate nearer to the host takes the place of
//! the farther one of the same name as a whole: half of one gate makes no sense with half of
//! another.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{
    AskedFrom, Gate, GateKind, GateName, HOST_PLACE, HttpUrl, Level, SSH, SYSTEMD, UrlError,
};

use super::address::ADDRESS;
use super::error::{Fault, Log};
use super::layer::Clash;
use super::schema::GATE;
use super::table::{At, Table};
use super::value::{DURATION, Kind, LINE, Refusal};

/// Longest deadline of a gate: as long as a host lets its lease be renewed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Highest status code of HTTP.
const LAST_STATUS: u32 = 599;

/// Gates by name; `None` takes the farther one of that name away.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates(BTreeMap<GateName, At<Option<Gate>>>);

impl Gates {
    /// Reads the table `health` of a layer.
    pub(super) fn read(layer: &Table<'_>, log: &mut Log<'_>) -> Self {
        let table = layer.table("health", log);
        let mut gates = BTreeMap::new();
        for (key, value) in table.entries() {
            let name = match GateName::new(key.get_ref()) {
                Ok(name) => name,
                Err(why) => {
                    let what = "name of a health gate";
                    log.add(&key.span(), Fault::Name { what, why }, None);
                    continue;
                }
            };
            if name.as_str() == SSH {
                let why = Refusal::new("this gate is the new connection itself")
                    .hint("every host has it, and nothing changes it; give yours another name");
                table.refuse(SSH, why, &key.span(), log);
                continue;
            }
            let inner = table.named(table.place_of(name.as_str()), &GATE, (key, value), log);
            let span = key.span();
            if let Some(value) = read(
                &name,
                &At {
                    value: inner,
                    span: span.clone(),
                },
                log,
            ) {
                gates.insert(name, At { value, span });
            }
        }
        Self(gates)
    }

    /// These gates, and those of `base` whose names are free.
    pub(super) fn over(mut self, base: &Self) -> Self {
        for (name, gate) in &base.0 {
            self.0.entry(name.clone()).or_insert_with(|| gate.clone());
        }
        self
    }

    /// Gates on which two layers differ and that `nearer` leaves open.
    pub(super) fn clashes(&self, other: &Self, nearer: &Self) -> Vec<Clash> {
        let both = self.0.iter().filter_map(|(name, gate)| {
            let other = other
                .0
                .get(name)
                .filter(|other| other.value != gate.value)?;
            (!nearer.0.contains_key(name)).then(|| Clash {
                key: format!("health.{name}"),
                first: gate.span.clone(),
                second: other.span.clone(),
            })
        });
        both.collect()
    }

    /// What holds for a host: with the gate every host has, and without those taken away.
    pub(super) fn settled(self) -> Vec<Gate> {
        let mut gates: BTreeMap<GateName, Option<Gate>> = self
            .0
            .into_iter()
            .map(|(name, gate)| (name, gate.value))
            .collect();
        let always = Gate::systemd();
        gates.entry(always.name.clone()).or_insert(Some(always));
        gates.into_values().flatten().collect()
    }
}

/// The kinds, as words, with the keys that only they take.
const KINDS: [(&str, &[&str]); 4] = [
    ("systemd", &["units"]),
    ("command", &["command"]),
    ("http", &["url", "status", "contains", "from"]),
    ("tcp", &["address", "port", "from"]),
];

/// Reads one gate; `None` for one at fault.
fn read(name: &GateName, at: &At<Table<'_>>, log: &mut Log<'_>) -> Option<Option<Gate>> {
    let (table, before) = (&at.value, log.count());
    let is_on = table.flag("enabled", log).is_none_or(|flag| flag.value);
    let is_usual = name.as_str() == SYSTEMD;
    if is_usual && !is_on {
        let why = Refusal::new("every host has this gate")
            .hint("set level = \"wanted\" for a gate that only tells");
        table.refuse("enabled", why, &table.key_span("enabled"), log);
        return None;
    }
    let words = KINDS.map(|(word, _)| (word, word));
    let kind = match table.word("kind", &words, log) {
        Some(kind) => kind.value,
        None if is_usual => "systemd",
        None if !is_on => return (log.count() == before).then_some(None),
        None => {
            let why =
                Refusal::new("it is missing").hint("kinds are systemd, command, http and tcp");
            table.refuse("kind", why, &at.span, log);
            return None;
        }
    };
    if is_usual && kind != "systemd" {
        let why = Refusal::new("the gate of this name is of the kind `systemd`")
            .hint("give yours another name");
        table.refuse("kind", why, &table.key_span("kind"), log);
        return None;
    }
    refuse_strangers(table, kind, log);
    let kind = condition(kind, is_usual, at, log);
    let gate = kind.and_then(|kind| timed(name, kind, table, log))?;
    (log.count() == before).then_some(is_on.then_some(gate))
}

/// Records keys that belong to other kinds.
fn refuse_strangers(table: &Table<'_>, kind: &str, log: &mut Log<'_>) {
    let own = KINDS.iter().find(|(word, _)| *word == kind);
    let own = own.map_or(&[][..], |(_, keys)| keys);
    for (_, keys) in KINDS {
        for key in keys
            .iter()
            .filter(|key| table.has(key) && !own.contains(key))
        {
            let why = Refusal::new(format!("a gate of the kind `{kind}` does not take it"))
                .hint(format!("it takes {}", own.join(", ")));
            table.refuse(key, why, &table.key_span(key), log);
        }
    }
}

fn condition(
    kind: &str,
    is_usual: bool,
    at: &At<Table<'_>>,
    log: &mut Log<'_>,
) -> Option<GateKind> {
    let table = &at.value;
    let missing = |key: &str, log: &mut Log<'_>| {
        if !table.has(key) {
            table.refuse(key, Refusal::new("it is missing"), &at.span, log);
        }
    };
    Some(match kind {
        "systemd" => units(is_usual, at, log),
        "command" => {
            missing("command", log);
            let command = table.list("command", &WORD, log)?;
            if command.value.first().is_none_or(String::is_empty) {
                let why = Refusal::new("it names no program")
                    .hint("as in [\"systemctl\", \"is-system-running\"]");
                table.refuse("command", why, &command.span, log);
            }
            GateKind::Command {
                command: command.value,
            }
        }
        "http" => {
            missing("url", log);
            GateKind::Http {
                url: table.read("url", &URL, log)?.value,
                from: asked_from(table, log),
                status: statuses(table, log),
                contains: table.read("contains", &LINE, log).map(|text| text.value),
            }
        }
        _ => {
            missing("port", log);
            GateKind::Tcp {
                address: table
                    .read("address", &PLACE, log)
                    .map_or_else(|| HOST_PLACE.to_owned(), |place| place.value),
                port: table.number("port", u16::MAX.into(), log)?.value,
                from: asked_from(table, log),
            }
        }
    })
}

fn statuses(table: &Table<'_>, log: &mut Log<'_>) -> Vec<u16> {
    let Some(status) = table.numbers("status", LAST_STATUS, log) else {
        return Vec::new();
    };
    if status.value.is_empty() {
        let why = Refusal::new("it names no status").hint("leave it out for 200 to 399");
        table.refuse("status", why, &status.span, log);
    }
    status.value
}

fn units(is_usual: bool, at: &At<Table<'_>>, log: &mut Log<'_>) -> GateKind {
    let units = at.value.list("units", &UNIT, log).map(|units| units.value);
    if !is_usual && units.as_ref().is_none_or(Vec::is_empty) {
        let why = Refusal::new("it names no unit")
            .hint("newly failed units are watched by the gate `systemd`, which every host has");
        at.value.refuse("units", why, &at.span, log);
    }
    GateKind::Systemd {
        newly_failed: is_usual,
        units: units.unwrap_or_default(),
    }
}

fn asked_from(table: &Table<'_>, log: &mut Log<'_>) -> AskedFrom {
    let words = [
        ("workstation", AskedFrom::Workstation),
        ("host", AskedFrom::Host),
    ];
    let from = table.word("from", &words, log);
    from.map_or(AskedFrom::Workstation, |from| from.value)
}

/// Gives a condition its level and times.
fn timed(name: &GateName, kind: GateKind, table: &Table<'_>, log: &mut Log<'_>) -> Option<Gate> {
    let levels = [("required", Level::Required), ("wanted", Level::Wanted)];
    let level = table.word("level", &levels, log);
    let time = |key: &str, log: &mut Log<'_>| {
        let read = table.read(key, &TIME, log);
        read.map(|time| time.value)
    };
    let stable_for = time("stable_for", log).unwrap_or_default();
    let deadline = time("deadline", log);
    let gate = Gate {
        name: name.clone(),
        level: level.map_or(Level::Required, |level| level.value),
        deadline: deadline.unwrap_or(stable_for + kind.patience()),
        interval: time("interval", log).unwrap_or(Duration::from_secs(2)),
        stable_for,
        timeout: time("timeout", log).unwrap_or(kind.timeout()),
        kind,
    };
    if gate.deadline > LONGEST {
        let why = Refusal::new("with the time a gate needs to begin to hold, it is over 24 hours")
            .hint("a host waits for its verdict for 24 hours at most");
        table.refuse("stable_for", why, &table.key_span("stable_for"), log);
        return None;
    }
    if gate.interval < SHORTEST_INTERVAL {
        let why =
            Refusal::new("it is shorter than 100 ms").hint("each look costs the host a process");
        table.refuse("interval", why, &table.key_span("interval"), log);
        return None;
    }
    if gate.deadline < gate.stable_for {
        let why = Refusal::new("it is shorter than `stable_for`, so the gate could never pass");
        table.refuse("deadline", why, &table.key_span("deadline"), log);
        return None;
    }
    Some(gate)
}

/// A gate that is looked at without a pause would keep its host busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

const TIME: Kind<'static, Duration> = Kind {
    expected: DURATION.expected,
    plural: DURATION.plural,
    read: &|text| match (DURATION.read)(text)? {
        time if time > LONGEST => Err(Refusal::new(format!("`{text}` is more than 24 hours"))),
        time => Ok(time),
    },
};

/// A unit's whole name: systemctl(1) would take `*` for many, and a word without a suffix for a
/// service.
const UNIT: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings such as [\"nginx.service\"]",
    read: &|text| {
        let suffixes = [
            ".service",
            ".socket",
            ".target",
            ".timer",
            ".mount",
            ".path",
            ".device",
            ".swap",
            ".automount",
            ".slice",
            ".scope",
        ];
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b":-_.\\@".contains(&c);
        let has_stem = suffixes.iter().any(|suffix| {
            text.strip_suffix(suffix)
                .is_some_and(|stem| !stem.is_empty())
        });
        if has_stem && text.bytes().all(allowed) {
            Ok(text.to_owned())
        } else {
            let refusal = Refusal::new(format!("`{text}` is not the whole name of a unit"));
            Err(refusal.hint("as in \"nginx.service\""))
        }
    },
};

const WORD: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings such as [\"systemctl\", \"is-system-running\"]",
    read: &|text| {
        if text.contains('\0') {
            Err(Refusal::new(
                "a word of a command cannot hold a null character",
            ))
        } else {
            Ok(text.to_owned())
        }
    },
};

const URL: Kind<'static, HttpUrl> = Kind {
    expected: "a string",
    plural: "strings",
    read: &|text| {
        HttpUrl::new(text).map_err(|error| {
            let refusal = Refusal::new(error.to_string());
            refusal.hint(match error {
                UrlError::User(_) => "a gate cannot log in; ask for a page that needs none",
                UrlError::Character { .. } => {
                    "write other characters as %XX, and leave out what follows `#`"
                }
                _ => "as in \"http://{host}:8080/health\"",
            })
        })
    },
};

const PLACE: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings",
    read: &|text| {
        if text == HOST_PLACE {
            return Ok(text.to_owned());
        }
        match (ADDRESS.read)(text)? {
            address if address.port.is_none() => Ok(address.host),
            _ => Err(Refusal::new(format!("`{text}` holds a port")).hint("write it as `port`")),
        }
    },
};
