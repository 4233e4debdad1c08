//! Settings that can be given for all hosts, for a tag and for one host; the nearer one wins.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Bandwidth, CopyEngine, Elevation, OnInhibitor, OnStranded};

use super::address::JUMP;
use super::error::Log;
use super::health::Gates;
use super::parse::ParseContext;
use super::spec::Offline;
use super::table::{At, Table};
use super::value::{self, BANDWIDTH, DURATION, HOST_LIMIT, Kind, ON_INHIBITOR, USER};

/// A setting that two layers give different values.
pub(super) struct Clash {
    pub(super) key: String,
    pub(super) first: Range<usize>,
    pub(super) second: Range<usize>,
}

// One list of settings, so that a new one cannot be read but forgotten where layers meet.
macro_rules! layer {
    ($($field:ident: $type:ty = $key:literal,)*) => {
        /// The settings one table gives.
        #[derive(Clone, Debug, Default)]
        pub(super) struct Layer {
            $(pub(super) $field: Option<At<$type>>,)*
            /// Health gates by name.
            pub(super) health: Gates,
        }

        impl Layer {
            /// This layer, and `base` where it says nothing.
            pub(super) fn over(self, base: &Self) -> Self {
                Self {
                    $($field: self.$field.or_else(|| base.$field.clone()),)*
                    health: self.health.over(&base.health),
                }
            }

            /// Settings on which two layers differ and that `nearer` leaves open.
            pub(super) fn clashes(&self, other: &Self, nearer: &Self) -> Vec<Clash> {
                let mut clashes = Vec::new();
                $(
                    if let (Some(a), Some(b), None) = (&self.$field, &other.$field, &nearer.$field)
                        && a.value != b.value
                    {
                        clashes.push(Clash {
                            key: $key.to_owned(),
                            first: a.span.clone(),
                            second: b.span.clone(),
                        });
                    }
                )*
                clashes.extend(self.health.clashes(&other.health, &nearer.health));
                clashes
            }
        }
    };
}

layer! {
    offline: Offline = "offline",
    user: String = "ssh.user",
    port: u16 = "ssh.port",
    elevation: Elevation = "ssh.sudo",
    jump: Vec<String> = "ssh.jump",
    identity_files: Vec<PathBuf> = "ssh.identity_files",
    agent: bool = "ssh.agent",
    connect_limit: Duration = "ssh.connect_timeout",
    engine: CopyEngine = "copy.engine",
    substitute: bool = "copy.substitute",
    copy_limit: Duration = "copy.timeout",
    bandwidth: Bandwidth = "copy.bandwidth",
    signing_key: PathBuf = "copy.signing_key",
    activate_limit: Duration = "activate.timeout",
    confirm_limit: Duration = "activate.confirm_timeout",
    on_inhibitor: OnInhibitor = "activate.on_inhibitor",
    on_stranded: OnStranded = "activate.on_stranded",
}

const OFFLINE: [(&str, Offline); 2] = [("fail", Offline::Fail), ("defer", Offline::Defer)];
const ELEVATION: [(&str, Elevation); 3] = [
    ("none", Elevation::None),
    ("sudo", Elevation::Sudo),
    ("doas", Elevation::Doas),
];
const ON_STRANDED: [(&str, OnStranded); 2] =
    [("reboot", OnStranded::Reboot), ("stay", OnStranded::Stay)];
const ENGINE: [(&str, CopyEngine); 2] =
    [("nix", CopyEngine::Nix), ("phoenix", CopyEngine::Phoenix)];

impl Layer {
    /// Reads `[defaults]`, a tag's or a host's table.
    pub(super) fn read(table: &Table<'_>, cx: &ParseContext<'_>, log: &mut Log<'_>) -> Self {
        let ssh = table.table("ssh", log);
        let copy = table.table("copy", log);
        let activate = table.table("activate", log);
        let file = Kind {
            expected: "a string",
            plural: "strings such as \"~/.ssh/id_ed25519\"",
            read: &|text: &str| value::path(text, cx),
        };
        Self {
            offline: table.word("offline", &OFFLINE, log),
            user: ssh.read("user", &USER, log),
            port: ssh.number("port", u16::MAX.into(), log),
            elevation: ssh.word("sudo", &ELEVATION, log),
            jump: ssh.one_or_many("jump", &JUMP, log),
            identity_files: ssh.list("identity_files", &file, log),
            agent: ssh.flag("agent", log),
            connect_limit: ssh.read("connect_timeout", &DURATION, log),
            engine: copy.word("engine", &ENGINE, log),
            substitute: copy.flag("substitute", log),
            copy_limit: copy.read("timeout", &DURATION, log),
            bandwidth: copy.read("bandwidth", &BANDWIDTH, log),
            signing_key: copy.read("signing_key", &file, log),
            activate_limit: activate.read("timeout", &HOST_LIMIT, log),
            confirm_limit: activate.read("confirm_timeout", &HOST_LIMIT, log),
            on_inhibitor: activate.read("on_inhibitor", &ON_INHIBITOR, log),
            on_stranded: activate.word("on_stranded", &ON_STRANDED, log),
            health: Gates::read(table, log),
        }
    }
}
