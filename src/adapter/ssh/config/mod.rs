//! What `~/.ssh/config` says about a host.

mod lines;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ssh2_config::{ParseRule, SshConfig, SshParserError};
use thiserror::Error;

use lines::{Line, Reader};

/// Why an SSH configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("{} cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line makes no sense.
    #[error("line {line} of {} makes no sense", file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: SshParserError,
    },
    /// Files include each other without end.
    #[error("`Include` goes more than 16 files deep")]
    TooDeep,
    /// Jump hosts lead to each other without end.
    #[error("`ProxyJump` leads in a circle at {0}")]
    JumpCircle(String),
    /// A jump host that is no `[user@]host[:port]`.
    #[error("`{0}` is no jump host: write `[user@]host[:port]`")]
    Jump(String),
}

/// Parsed configuration files, the first value of each option winning.
#[derive(Debug, Default)]
pub(super) struct Config {
    files: Vec<SshConfig>,
}

/// What the files say about one host; `None` and empty where they say nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HostConfig {
    pub(super) host_name: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) identity_files: Vec<PathBuf>,
    pub(super) identities_only: bool,
    pub(super) certificate: Option<PathBuf>,
    /// `None`: not said; empty: `none`.
    pub(super) jump: Option<Vec<String>>,
    pub(super) known_hosts: Option<Vec<String>>,
    pub(super) global_known_hosts: Option<Vec<String>>,
    pub(super) agent: Option<String>,
    pub(super) host_key_alias: Option<String>,
}

impl Config {
    /// Reads files in the order in which they count; those that do not exist count as empty.
    pub(super) fn read(files: &[&Path], home: Option<&Path>) -> Result<Self, ConfigError> {
        files
            .iter()
            .map(|file| read_one(file, home))
            .collect::<Result<_, _>>()
            .map(|files| Self { files })
    }

    /// What is said about a host, by the name that was asked for.
    pub(super) fn host(&self, name: &str) -> HostConfig {
        let mut found = HostConfig::default();
        for file in &self.files {
            let params = file.query(name);
            let other = |option: &str| params.unsupported_fields.get(option);
            found.host_name = found.host_name.or(params.host_name.clone());
            found.port = found.port.or(params.port);
            found.user = found.user.or(params.user.clone());
            found.certificate = found.certificate.or(params.certificate_file.clone());
            found.jump = found.jump.or(params.proxy_jump.clone().map(without_none));
            let files = params
                .identity_file
                .iter()
                .flatten()
                .filter(|file| file.as_os_str() != "none");
            found.identity_files.extend(files.cloned());
            found.identities_only |=
                first(other("identitiesonly")).is_some_and(|word| word.eq_ignore_ascii_case("yes"));
            found.known_hosts = found.known_hosts.or(words(other("userknownhostsfile")));
            found.global_known_hosts = found
                .global_known_hosts
                .or(words(other("globalknownhostsfile")));
            found.agent = found.agent.or(first(other("identityagent")));
            found.host_key_alias = found.host_key_alias.or(first(other("hostkeyalias")));
        }
        found
    }
}

fn read_one(file: &Path, home: Option<&Path>) -> Result<SshConfig, ConfigError> {
    let mut reader = Reader::new(home, file.parent().unwrap_or(Path::new("/")));
    reader.read(file, 0)?;
    let text: Vec<&str> = reader.lines.iter().map(|line| line.text.as_str()).collect();
    parse(&text.join("\n"), home).map_err(|source| locate(&reader.lines, home, file, source))
}

fn parse(text: &str, home: Option<&Path>) -> Result<SshConfig, SshParserError> {
    let mut config = SshConfig::default();
    if let Some(home) = home {
        config = config.home_dir(home);
    }
    let rule = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
    config.parse(&mut text.as_bytes(), rule)
}

// The parser does not say where an error is. Each line can be judged alone, so the first
// that fails alone is the one.
fn locate(lines: &[Line], home: Option<&Path>, file: &Path, source: SshParserError) -> ConfigError {
    let culprit = lines.iter().find(|line| parse(&line.text, home).is_err());
    ConfigError::Parse {
        file: culprit.map_or(file, |line| &line.file).to_owned(),
        line: culprit.map_or(0, |line| line.number),
        source,
    }
}

fn without_none(hops: Vec<String>) -> Vec<String> {
    hops.into_iter()
        .filter(|hop| !hop.eq_ignore_ascii_case("none") && !hop.is_empty())
        .collect()
}

fn first(words: Option<&Vec<String>>) -> Option<String> {
    words?.first().map(|word| word.trim_matches('"').to_owned())
}

fn words(words: Option<&Vec<String>>) -> Option<Vec<String>> {
    let plain = |word: &String| word.trim_matches('"').to_owned();
    words.map(|words| words.iter().map(plain).collect())
}
