//! Tests of fleet.toml as a whole: defaults, precedence, faults, comparison with the flake.

mod faults;
mod good;
mod health;

use std::path::{Path, PathBuf};

use super::{Fleet, FleetErrors, ParseContext, parse};
use crate::model::HostName;

/// Parses as for a fleet in `/fleets/a`, an operator at home in `/home/op`, and four processors.
pub(super) fn read(text: &str) -> Result<Fleet, FleetErrors> {
    let pinned = |host: &HostName| match host.as_str() {
        "pinned" => vec![PathBuf::from(
            "/fleets/a/hosts/pinned/ssh_host_ed25519_key.pub",
        )],
        _ => Vec::new(),
    };
    let cx = ParseContext {
        base_dir: PathBuf::from("/fleets/a"),
        home: Some(PathBuf::from("/home/op")),
        pinned: &pinned,
        cpus: 4,
    };
    parse(Path::new("fleet.toml"), text, &cx)
}

/// Parses what must be right.
pub(super) fn fleet(text: &str) -> Fleet {
    read(text).unwrap_or_else(|errors| panic!("{}", errors.render()))
}
