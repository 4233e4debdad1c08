//! Finds a host's lines in known_hosts files. Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::PublicKey;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use sha1::Sha1;

use super::super::pattern;

/// A key that some file holds for a host.
#[derive(Clone, Debug)]
pub(in super::super) struct KnownKey {
    pub(in super::super) marker: Option<Marker>,
    pub(in super::super) key: PublicKey,
    pub(in super::super) file: PathBuf,
    /// From 1.
    pub(in super::super) line: usize,
}

/// The name under which a host's keys are kept: the bare name for port 22.
pub(in super::super) fn entry_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// The keys that a file's text holds for a name. A line that makes no sense concerns nobody.
pub(in super::super) fn lookup(text: &str, file: &Path, name: &str) -> Vec<KnownKey> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            // Any white space may stand between the fields; the parser wants one space.
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.first().is_none_or(|first| first.starts_with('#')) {
                return None;
            }
            let entry: Entry = fields.join(" ").parse().ok()?;
            names(entry.host_patterns(), name).then(|| KnownKey {
                marker: entry.marker().copied(),
                key: entry.public_key().clone(),
                file: file.to_owned(),
                line: index + 1,
            })
        })
        .collect()
}

fn names(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::Patterns(list) => {
            pattern::list_matches(list.iter().map(String::as_str), name)
        }
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
            .is_ok_and(|mac| mac.chain_update(name.as_bytes()).verify_slice(hash).is_ok()),
    }
}
