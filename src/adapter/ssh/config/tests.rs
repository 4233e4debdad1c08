//! Cases for reading `~/.ssh/config`.

use super::*;

/// Writes `config` and other files into a home, and asks for a host.
fn ask(files: &[(&str, &str)], host: &str) -> Result<HostConfig, ConfigError> {
    let home = tempfile::tempdir().unwrap();
    let ssh = home.path().join(".ssh");
    for (name, text) in files {
        let path = ssh.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Config::read(&[&ssh.join("config")], Some(home.path())).map(|config| config.host(host))
}

fn check(config: &str, host: &str) -> HostConfig {
    ask(&[("config", config)], host).unwrap()
}

#[test]
fn no_file_says_nothing() {
    assert_eq!(ask(&[], "web1").unwrap(), HostConfig::default());
}

#[test]
fn the_first_value_wins_within_a_block_and_between_blocks() {
    let found = check(
        "Host web*\n  Port 2222\n  Port 3333\n  User=deploy\nHost *\n  Port 4444\n  HostName 10.0.0.1\n",
        "web1",
    );
    assert_eq!(found.port, Some(2222));
    assert_eq!(found.user.as_deref(), Some("deploy"));
    assert_eq!(found.host_name.as_deref(), Some("10.0.0.1"));
}

#[test]
fn identity_files_add_up_and_home_is_filled_in() {
    let found = check(
        "Host web1\n IdentityFile ~/.ssh/a\n IdentityFile \"/keys/b c\"\nHost *\n IdentityFile none\n IdentityFile /keys/d\n IdentitiesOnly yes\n",
        "web1",
    );
    let names: Vec<_> = found
        .identity_files
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b c", "d"]);
    assert!(found.identity_files[0].ends_with(".ssh/a") && found.identity_files[0].is_absolute());
    assert!(found.identities_only);
}

#[test]
fn options_and_values_it_does_not_know_are_no_error() {
    let found = check(
        "AddKeysToAgent confirm\nConnectTimeout 10s\nForwardAgent /x/y\nFooBar\nUseKeychain yes\nRemoteForward x\nPort 22\n",
        "web1",
    );
    assert_eq!(found.port, Some(22));
}

#[test]
fn a_broken_line_is_named() {
    let error = ask(
        &[
            ("config", "# hi\nInclude more\nUser x\n"),
            ("more", "Host *\n\nPort ssh\n"),
        ],
        "web1",
    )
    .unwrap_err();
    assert!(
        matches!(error, ConfigError::Parse { line: 3, ref file, .. } if file.ends_with("more")),
        "{error}"
    );
}

#[test]
fn options_below_match_do_not_fall_to_the_host_above() {
    let config = "Host web1\n Port 1\nMatch exec \"true\"\n User wrong\nMatch host db*,cache\n User dba\nMatch all\n IdentityAgent none\n";
    assert_eq!(check(config, "web1").user, None);
    assert_eq!(check(config, "db7").user.as_deref(), Some("dba"));
    assert_eq!(check(config, "web1").agent.as_deref(), Some("none"));
}

#[test]
fn included_files_are_read_in_place_and_end_where_they_end() {
    let files = [
        (
            "config",
            "Include conf.d/*.conf\nUser last\nHost web1\n Port 9\n",
        ),
        ("conf.d/a.conf", "Host web1\n  User first\n"),
        ("conf.d/b.conf", "Host db\n  User other\n"),
        ("conf.d/.hidden.conf", "Port ssh\n"),
    ];
    assert_eq!(ask(&files, "web1").unwrap().user.as_deref(), Some("first"));
    assert_eq!(ask(&files, "app").unwrap().user.as_deref(), Some("last"));
    assert_eq!(ask(&files, "app").unwrap().port, None);
}

#[test]
fn a_file_that_includes_itself_is_an_error() {
    assert!(matches!(
        ask(&[("config", "Include config\n")], "web1"),
        Err(ConfigError::TooDeep)
    ));
}

#[test]
fn jump_hosts_and_files_of_known_hosts() {
    let found = check(
        "Host web1\n ProxyJump a,root@b:2222\n UserKnownHostsFile ~/.ssh/k1 /k2\nHost *\n ProxyJump none\n HostKeyAlias x\n",
        "web1",
    );
    assert_eq!(
        found.jump,
        Some(vec!["a".to_owned(), "root@b:2222".to_owned()])
    );
    assert_eq!(
        found.known_hosts,
        Some(vec!["~/.ssh/k1".to_owned(), "/k2".to_owned()])
    );
    assert_eq!(found.host_key_alias.as_deref(), Some("x"));
    assert_eq!(check("ProxyJump none\n", "web1").jump, Some(Vec::new()));
}
