//! The `[fleet]` table: where configurations come from, and how much happens at once.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use crate::model::{Bandwidth, BuildSettings, EvalSettings, Parallel};

use super::error::Log;
use super::flake;
use super::parse::ParseContext;
use super::spec::FlakeSource;
use super::table::{At, Table};
use super::value::{BANDWIDTH, DURATION, Kind, LINE, Refusal, SIZE};

const ATTRIBUTE: &str = "nixosConfigurations.{host}.config.system.build.toplevel";
/// More than this at once is a slip of the hand.
const MOST: u32 = 1024;

/// What `[fleet]` says.
pub(super) struct Header {
    pub(super) name: Option<String>,
    pub(super) flake: FlakeSource,
    pub(super) nix_options: BTreeMap<String, String>,
    pub(super) eval: EvalSettings,
    pub(super) build: BuildSettings,
    pub(super) parallel: Parallel,
    pub(super) bandwidth: Option<Bandwidth>,
}

impl Header {
    pub(super) fn read(file: &Table<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> Self {
        let fleet = file.table("fleet", log);
        let parallel = fleet.table("parallel", log);
        let bandwidth = parallel.read("bandwidth", &BANDWIDTH, log);
        Self {
            name: fleet.read("name", &LINE, log).map(|name| name.value),
            flake: flake_source(&fleet, cx, log),
            nix_options: options(&fleet.table("nix", log).table("options", log), log),
            eval: eval(&fleet.table("eval", log), cx, log),
            build: build(&fleet.table("build", log), log),
            parallel: at_once(&parallel, log),
            bandwidth: bandwidth.map(|it| it.value),
        }
    }
}

fn or<T>(written: Option<At<T>>, default: T) -> T {
    written.map_or(default, |written| written.value)
}

fn flake_source(fleet: &Table<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> FlakeSource {
    let reference = Kind {
        expected: "a string",
        plural: "strings",
        read: &|text: &str| flake::reference(text, cx),
    };
    let attribute = Kind {
        expected: "a string",
        plural: "strings",
        read: &flake::attribute,
    };
    let written = fleet.read("flake", &reference, log).map(|it| it.value);
    let here = || {
        flake::reference(".", cx).unwrap_or_else(|why| {
            fleet.refuse("flake", why, &(0..0), log);
            String::new()
        })
    };
    let reference = written.unwrap_or_else(here);
    let usual = flake::attribute(ATTRIBUTE).expect("the default pattern is well formed");
    FlakeSource {
        reference,
        attribute: or(fleet.read("attribute", &attribute, log), usual),
    }
}

fn options(table: &Table<'_>, log: &mut Log<'_>) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    for (key, value) in table.entries() {
        let name = key.get_ref().as_ref();
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_".contains(&c);
        if name.is_empty() || name.starts_with('-') || !name.bytes().all(allowed) {
            let why = Refusal::new("it is not the name of a Nix setting");
            table.refuse(name, why, &key.span(), log);
            continue;
        }
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
            _ => {
                table.refuse_type(name, "a string", value, log);
                continue;
            }
        };
        options.insert(name.to_owned(), text);
    }
    options
}

fn eval(table: &Table<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> EvalSettings {
    EvalSettings {
        workers: or(table.number("workers", MOST, log), cx.cpus.max(1)),
        memory: table.read("memory", &SIZE, log).map(|size| size.value),
        limit: or(
            table.read("timeout", &DURATION, log),
            Duration::from_secs(10 * 60),
        ),
    }
}

fn build(table: &Table<'_>, log: &mut Log<'_>) -> BuildSettings {
    BuildSettings {
        limit: or(
            table.read("timeout", &DURATION, log),
            Duration::from_secs(6 * 3600),
        ),
    }
}

fn at_once(table: &Table<'_>, log: &mut Log<'_>) -> Parallel {
    Parallel {
        connect: or(table.number("connect", MOST, log), 32),
        copy: or(table.number("copy", MOST, log), 8),
        activate: or(table.number("activate", MOST, log), 16),
    }
}
