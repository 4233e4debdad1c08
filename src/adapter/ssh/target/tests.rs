//! Who wins: fleet.toml, then `~/.ssh/config`, then the defaults.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::Prompts;
use super::*;
use crate::model::{Elevation, HostName};

struct Nobody;

impl Prompts for Nobody {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}

fn reach(address: &str) -> Reach {
    Reach {
        name: HostName::new("web1").unwrap(),
        addresses: vec![Address {
            host: address.to_owned(),
            port: None,
        }],
        port: None,
        user: None,
        elevation: Elevation::None,
        jump: None,
        identity_files: Vec::new(),
        use_agent: true,
        pinned_keys: Vec::new(),
        accepted_keys: Vec::new(),
        connect_limit: Duration::from_secs(10),
    }
}

/// The target of a host with this `~/.ssh/config`.
fn target(config: &str, reach: &Reach) -> Result<Target, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, config).unwrap();
    let home = PathBuf::from("/home/ada");
    let config = Config::read(&[&file], Some(&home)).unwrap();
    let mut cx = SshContext::new(Some(home), "ada".to_owned(), Arc::new(Nobody), || 0);
    cx.agent_socket = Some(PathBuf::from("/run/agent"));
    Target::of(reach, &reach.addresses[0], &cx, &config)
}

fn names(targets: &[Target]) -> Vec<String> {
    targets
        .iter()
        .map(|hop| format!("{}@{}", hop.user, hop.place()))
        .collect()
}

#[test]
fn defaults_fill_what_nobody_says() {
    let target = target("", &reach("web1.example.org")).unwrap();
    assert_eq!(
        (target.host.as_str(), target.port, target.user.as_str()),
        ("web1.example.org", 22, "ada")
    );
    let keys =
        ["id_ed25519", "id_ecdsa", "id_rsa"].map(|name| PathBuf::from("/home/ada/.ssh").join(name));
    assert_eq!(target.login.identities, keys);
    assert!(!target.login.named && !target.login.only_named);
    assert_eq!(target.login.agent, Some(PathBuf::from("/run/agent")));
    assert_eq!(
        target.trust.known_hosts[0],
        PathBuf::from("/home/ada/.ssh/known_hosts")
    );
    assert_eq!(
        target.trust.known_hosts[2],
        PathBuf::from("/etc/ssh/ssh_known_hosts")
    );
    assert!(target.jumps.is_empty());
}

#[test]
fn the_config_comes_before_the_defaults() {
    let config = "Host web1\n HostName %h.internal\n Port 2222\n User root\n IdentityFile ~/.ssh/%h_%r\n IdentitiesOnly yes\n \
                  IdentityAgent %d/agent\n UserKnownHostsFile ~/a %d/b\n GlobalKnownHostsFile none\n HostKeyAlias web\n";
    let target = target(config, &reach("web1")).unwrap();
    assert_eq!(
        (target.host.as_str(), target.port, target.user.as_str()),
        ("web1.internal", 2222, "root")
    );
    assert_eq!(
        target.login.identities,
        [PathBuf::from("/home/ada/.ssh/web1.internal_root")]
    );
    assert!(target.login.named && target.login.only_named);
    assert_eq!(target.login.agent, Some(PathBuf::from("/home/ada/agent")));
    assert_eq!(
        target.trust.known_hosts,
        ["/home/ada/a", "/home/ada/b"].map(PathBuf::from)
    );
    assert_eq!(target.key_name, "web");
    assert_eq!(
        (target.name.as_str(), target.place()),
        ("web1", "web1.internal:2222".to_owned())
    );
}

#[test]
fn fleet_toml_comes_before_the_config() {
    let config = "Host *\n Port 2222\n User root\n IdentityFile /config/key\n ProxyJump bastion\n";
    let mut reach = reach("web1");
    reach.port = Some(23);
    reach.user = Some("deploy".to_owned());
    reach.identity_files = vec![PathBuf::from("/fleet/key")];
    reach.jump = Some(Vec::new());
    reach.use_agent = false;
    let found = target(config, &reach).unwrap();
    assert_eq!((found.port, found.user.as_str()), (23, "deploy"));
    assert_eq!(
        found.login.identities,
        ["/fleet/key", "/config/key"].map(PathBuf::from)
    );
    assert_eq!(found.login.agent, None);
    assert!(found.jumps.is_empty());
    reach.addresses[0].port = Some(24);
    assert_eq!(target(config, &reach).unwrap().port, 24);
}

#[test]
fn jump_hosts_have_their_own_settings_and_their_own_way() {
    let config = "Host web1\n ProxyJump inner\nHost inner\n HostName 10.0.0.1\n User hop\n ProxyJump root@outer:2200\nHost outer\n HostName 192.0.2.1\n";
    let found = target(config, &reach("web1")).unwrap();
    assert_eq!(
        names(&found.jumps),
        ["root@192.0.2.1:2200", "hop@10.0.0.1:22"]
    );
    let mut from_fleet = reach("web1");
    from_fleet.jump = Some(vec!["outer".to_owned(), "x@[2001:db8::1]:99".to_owned()]);
    from_fleet.identity_files = vec![PathBuf::from("/fleet/key")];
    let found = target(config, &from_fleet).unwrap();
    assert_eq!(
        names(&found.jumps),
        ["ada@192.0.2.1:22", "x@[2001:db8::1]:99"]
    );
    assert_eq!(
        found.jumps[0].login.identities,
        [PathBuf::from("/fleet/key")]
    );
    assert!(!found.jumps[0].in_fleet);
}

#[test]
fn jump_hosts_that_make_no_sense_are_errors() {
    assert!(
        matches!(target("Host *\n ProxyJump a\n", &reach("web1")), Err(ConfigError::JumpCircle(hop)) if hop == "a")
    );
    for wrong in ["a:ssh", "@", "root@:22"] {
        let mut reach = reach("web1");
        reach.jump = Some(vec![wrong.to_owned()]);
        assert!(
            matches!(target("", &reach), Err(ConfigError::Jump(_))),
            "{wrong}"
        );
    }
}
