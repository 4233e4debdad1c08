//! Puts together what fleet.toml, `~/.ssh/config` and the defaults say about reaching a host.

use std::path::{Path, PathBuf};

use crate::model::{Address, Reach};

use super::SshContext;
use super::config::{Config, ConfigError, HostConfig};
use super::host_key::TrustFiles;

/// A server to connect to and log in at, all questions answered.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// What messages call it: the host's name in fleet.toml, or the jump host as written.
    pub(super) name: String,
    /// The address as written in fleet.toml; for a jump host its own.
    pub(super) address: Address,
    /// Name or IP address to connect to.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) login: Login,
    /// The name whose host keys count.
    pub(super) key_name: String,
    pub(super) trust: TrustFiles,
    /// Whether the host belongs to the fleet, and so has a place for a pinned key.
    pub(super) in_fleet: bool,
    /// Servers on the way, first hop first.
    pub(super) jumps: Vec<Target>,
}

/// What to show at the door.
#[derive(Clone, Debug, Default)]
pub(super) struct Login {
    pub(super) identities: Vec<PathBuf>,
    /// Whether a person named the identities; a missing one is then worth a word.
    pub(super) named: bool,
    pub(super) certificate: Option<PathBuf>,
    /// `None`: the agent is not asked.
    pub(super) agent: Option<PathBuf>,
    /// Only those keys of the agent that are among `identities`.
    pub(super) only_named: bool,
}

/// More hops than this are a circle.
const MAX_HOPS: usize = 8;

impl Target {
    /// The target behind one address of a host.
    pub(super) fn of(
        reach: &Reach,
        address: &Address,
        cx: &SshContext,
        config: &Config,
    ) -> Result<Self, ConfigError> {
        let said = config.host(&address.host);
        let mut target = Self::plain(address, reach.port, reach.user.as_deref(), &said, cx);
        target.name = reach.name.to_string();
        target.in_fleet = true;
        target.trust.pinned.clone_from(&reach.pinned_keys);
        target.trust.accepted.clone_from(&reach.accepted_keys);
        target.login = login(reach, &said, cx, &target);
        let hops = reach
            .jump
            .as_deref()
            .or(said.jump.as_deref())
            .unwrap_or_default();
        target.jumps = jumps(hops, reach, cx, config)?;
        Ok(target)
    }

    fn plain(
        address: &Address,
        port: Option<u16>,
        user: Option<&str>,
        said: &HostConfig,
        cx: &SshContext,
    ) -> Self {
        let host = match &said.host_name {
            Some(name) => name.replace("%h", &address.host).replace("%%", "%"),
            None => address.host.clone(),
        };
        let mut target = Self {
            name: address.to_string(),
            address: address.clone(),
            key_name: said.host_key_alias.clone().unwrap_or_else(|| host.clone()),
            host,
            port: address.port.or(port).or(said.port).unwrap_or(22),
            user: user
                .or(said.user.as_deref())
                .unwrap_or(&cx.local_user)
                .to_owned(),
            login: Login::default(),
            trust: TrustFiles::default(),
            in_fleet: false,
            jumps: Vec::new(),
        };
        target.trust.known_hosts = known_hosts(said, cx, &target);
        target
    }

    /// `user@host:port`, as messages show it.
    pub(super) fn place(&self) -> String {
        Address {
            host: self.host.clone(),
            port: Some(self.port),
        }
        .to_string()
    }

    /// Replaces the tokens of ssh_config(5) and a leading `~`.
    fn expand(&self, text: &str, cx: &SshContext) -> PathBuf {
        let home = cx
            .home
            .as_deref()
            .map(Path::to_string_lossy)
            .unwrap_or_default();
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match (c, (c == '%').then(|| chars.next()).flatten()) {
                ('%', Some('d')) => out.push_str(&home),
                ('%', Some('h')) => out.push_str(&self.host),
                ('%', Some('k')) => out.push_str(&self.key_name),
                ('%', Some('n')) => out.push_str(&self.address.host),
                ('%', Some('p')) => out.push_str(&self.port.to_string()),
                ('%', Some('r')) => out.push_str(&self.user),
                ('%', Some('u')) => out.push_str(&cx.local_user),
                ('%', Some('%')) => out.push('%'),
                ('%', Some(other)) => out.extend(['%', other]),
                _ => out.push(c),
            }
        }
        match out.strip_prefix("~/") {
            Some(rest) => Path::new(home.as_ref()).join(rest),
            None => PathBuf::from(out),
        }
    }
}

fn login(reach: &Reach, said: &HostConfig, cx: &SshContext, target: &Target) -> Login {
    let from_config = said
        .identity_files
        .iter()
        .map(|file| target.expand(&file.to_string_lossy(), cx));
    let mut identities = reach.identity_files.clone();
    identities.extend(from_config);
    let named = !identities.is_empty();
    if let (false, Some(home)) = (named, &cx.home) {
        identities = ["id_ed25519", "id_ecdsa", "id_rsa"]
            .map(|name| home.join(".ssh").join(name))
            .to_vec();
    }
    let agent = match said.agent.as_deref() {
        Some("none") => None,
        None | Some("SSH_AUTH_SOCK") => cx.agent_socket.clone(),
        Some(path) => Some(target.expand(path, cx)),
    };
    Login {
        identities,
        named,
        certificate: said
            .certificate
            .as_ref()
            .map(|file| target.expand(&file.to_string_lossy(), cx)),
        agent: agent.filter(|_| reach.use_agent),
        only_named: said.identities_only,
    }
}

fn known_hosts(said: &HostConfig, cx: &SshContext, target: &Target) -> Vec<PathBuf> {
    let expand = |list: &Vec<String>| -> Vec<PathBuf> {
        let files = list
            .iter()
            .filter(|file| !file.eq_ignore_ascii_case("none"));
        files.map(|file| target.expand(file, cx)).collect()
    };
    let own = || match &cx.home {
        Some(home) => ["known_hosts", "known_hosts2"]
            .map(|name| home.join(".ssh").join(name))
            .to_vec(),
        None => Vec::new(),
    };
    let mut files = said.known_hosts.as_ref().map_or_else(own, expand);
    files.extend(
        said.global_known_hosts
            .as_ref()
            .map_or_else(|| cx.system_known_hosts.clone(), expand),
    );
    files
}

// As in ssh: the first hop's own `ProxyJump` counts, those of later hops do not. A hop is
// logged in to with its own keys by the config, else with those that fleet.toml names.
fn jumps(
    hops: &[String],
    reach: &Reach,
    cx: &SshContext,
    config: &Config,
) -> Result<Vec<Target>, ConfigError> {
    let mut hops: Vec<String> = hops.to_vec();
    while let Some(first) = hops.first() {
        let (_, address) = parse_hop(first)?;
        let before = config.host(&address.host).jump.unwrap_or_default();
        if before.is_empty() {
            break;
        }
        if hops.len() + before.len() > MAX_HOPS {
            return Err(ConfigError::JumpCircle(first.clone()));
        }
        hops.splice(0..0, before);
    }
    hops.iter()
        .map(|hop| {
            let (user, address) = parse_hop(hop)?;
            let said = config.host(&address.host);
            let mut target = Target::plain(&address, None, user.as_deref(), &said, cx);
            let named = Reach {
                identity_files: Vec::new(),
                ..reach.clone()
            };
            let own = if said.identity_files.is_empty() {
                reach
            } else {
                &named
            };
            target.login = login(own, &said, cx, &target);
            Ok(target)
        })
        .collect()
}

/// Reads `[user@]host[:port]`, also with `ssh://` before it and with `[::1]:port`.
fn parse_hop(text: &str) -> Result<(Option<String>, Address), ConfigError> {
    let wrong = || ConfigError::Jump(text.to_owned());
    let rest = text
        .strip_prefix("ssh://")
        .unwrap_or(text)
        .trim_end_matches('/');
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, rest),
    };
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None if rest.matches(':').count() > 1 => (rest, None),
        None => rest
            .split_once(':')
            .map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
    if host.is_empty() {
        return Err(wrong());
    }
    Ok((
        user,
        Address {
            host: host.to_owned(),
            port,
        },
    ))
}

#[cfg(test)]
mod tests;
