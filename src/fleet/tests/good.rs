//! What right files come to: defaults, precedence, every key once.

use std::path::Path;
use std::time::Duration;

use super::{fleet, read};
use crate::fleet::schema::{FILE, GATE, HOST, Schema, TAG};
use crate::fleet::{Finding, HostSpec, Offline, against_flake, against_outline};
use crate::model::{Bandwidth, CopyEngine, Elevation, HostName, Parallel};

const FULL: &str = include_str!("full.toml");
const REFERENCE: &str = include_str!("../../../docs/reference/fleet-toml.md");

fn host(text: &str, name: &str) -> HostSpec {
    fleet(text).hosts[&HostName::new(name).unwrap()].clone()
}

#[test]
fn a_host_needs_nothing_but_a_name() {
    let fleet = fleet("[hosts.web1]");
    assert_eq!(fleet.flake.reference, "/fleets/a");
    assert_eq!(
        fleet
            .flake
            .attribute
            .path(&HostName::new("web1").unwrap())
            .join("/"),
        "nixosConfigurations/web1/config/system/build/toplevel"
    );
    assert_eq!(fleet.eval.workers, 4);
    assert_eq!(fleet.eval.limit, Duration::from_secs(600));
    assert_eq!(fleet.build.limit, Duration::from_secs(6 * 3600));
    assert_eq!(
        fleet.parallel,
        Parallel {
            connect: 32,
            copy: 8,
            activate: 16
        }
    );
    let web1 = fleet.hosts.values().next().unwrap();
    assert_eq!(web1.offline, Offline::Fail);
    assert_eq!(web1.reach.addresses[0].to_string(), "web1");
    assert_eq!(web1.reach.elevation, Elevation::Sudo);
    assert_eq!(web1.reach.jump, None);
    assert!(web1.reach.use_agent);
    assert_eq!(web1.reach.connect_limit, Duration::from_secs(10));
    assert_eq!(web1.copy.engine, CopyEngine::Phoenix);
    assert_eq!((web1.copy.bandwidth, fleet.bandwidth), (None, None));
    assert_eq!(web1.activate.limit, Duration::from_secs(300));
    assert_eq!(web1.activate.confirm_limit, Duration::from_secs(30));
}

#[test]
fn every_key_is_read() {
    let fleet = fleet(FULL);
    assert_eq!(fleet.name.as_deref(), Some("the fleet"));
    assert_eq!(fleet.flake.reference, "/fleets/flake?dir=sub");
    assert_eq!(fleet.flake.attribute.before, ["hosts", "a.b"]);
    assert_eq!(fleet.flake.attribute.after, ["toplevel"]);
    assert_eq!(fleet.nix_options["sandbox"], "false");
    assert_eq!(fleet.nix_options["cores"], "2");
    assert_eq!(fleet.eval.workers, 2);
    assert_eq!(fleet.eval.memory, Some(4 << 30));
    assert_eq!(fleet.eval.limit, Duration::from_secs(90 * 60));
    assert_eq!(fleet.parallel.activate, 3);
    assert_eq!(fleet.bandwidth, Bandwidth::new(25_000_000));
    let web1 = &fleet.hosts[&HostName::new("web1").unwrap()];
    let addresses: Vec<String> = web1.reach.addresses.iter().map(|a| a.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "10.0.0.11",
            "web1.example.org:2222",
            "[fd00::1]:22",
            "fe80::1%eth0"
        ]
    );
    assert_eq!(web1.profile.as_deref(), Some("web"));
    assert_eq!(web1.offline, Offline::Defer);
    let tags: Vec<&str> = web1.tags.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(tags, ["all", "eu", "web"]);
    let reach = &web1.reach;
    assert_eq!(reach.user.as_deref(), Some("admin"));
    assert_eq!(reach.port, Some(2200));
    assert_eq!(reach.elevation, Elevation::Doas);
    assert_eq!(reach.jump.as_deref(), Some(&["op@gate:22".to_owned()][..]));
    let files: Vec<&str> = reach
        .identity_files
        .iter()
        .map(|f| f.to_str().unwrap())
        .collect();
    assert_eq!(files, ["/home/op/.ssh/id", "/fleets/a/keys/id", "/etc/id"]);
    assert!(!reach.use_agent);
    assert_eq!(reach.connect_limit, Duration::from_millis(2500));
    assert!(web1.copy.substitute);
    assert_eq!(web1.copy.limit, Duration::from_secs(7200));
    assert_eq!(web1.copy.bandwidth, Bandwidth::new(20_000_000));
    let key = web1.copy.signing_key.as_deref();
    assert_eq!(key, Some(Path::new("/fleets/a/keys/deploy")));
    assert_eq!(web1.copy.engine, CopyEngine::Phoenix);
    assert_eq!(web1.activate.limit, Duration::from_secs(60));
    assert_eq!(web1.activate.confirm_limit, Duration::from_secs(20));
}

#[test]
fn the_nearer_word_wins() {
    let text = r#"
        defaults.ssh = { user = "all", port = 1, agent = false, jump = "gate" }
        tags.t.ssh = { user = "tag", port = 2 }
        hosts.own = { tags = ["t"], ssh = { user = "own", jump = [] } }
        hosts.tagged = { tags = ["t"] }
        hosts.plain = {}
    "#;
    for (name, user, port, jumps) in [
        ("own", "own", 2, 0),
        ("tagged", "tag", 2, 1),
        ("plain", "all", 1, 1),
    ] {
        let reach = host(text, name).reach;
        assert_eq!(reach.user.as_deref(), Some(user), "{name}");
        assert_eq!(reach.port, Some(port), "{name}");
        assert_eq!(reach.jump.map(|jump| jump.len()), Some(jumps), "{name}");
        assert!(!reach.use_agent, "{name}");
    }
}

#[test]
fn tags_may_disagree_where_the_host_decides_or_they_agree() {
    let tags = "tags.a.ssh = {port = 1, user = 'u'}\ntags.b.ssh = {port = 2, user = 'u'}\n";
    let own = format!("{tags}hosts.x = {{ tags = ['a', 'b'], ssh.port = 3 }}");
    assert_eq!(host(&own, "x").reach.port, Some(3));
    let apart = format!("{tags}hosts.x.tags = ['a']\nhosts.y.tags = ['b']");
    assert_eq!(host(&apart, "y").reach.port, Some(2));
    let clash = format!("{tags}hosts.x.tags = ['a', 'b']");
    assert!(read(&clash).is_err());
}

#[test]
fn root_needs_no_sudo_unless_told() {
    for (ssh, expected) in [
        ("user = 'root'", Elevation::None),
        ("user = 'root', sudo = 'doas'", Elevation::Doas),
        ("user = 'x'", Elevation::Sudo),
        ("user = 'x', sudo = 'none'", Elevation::None),
    ] {
        let text = format!("hosts.a.ssh = {{ {ssh} }}");
        assert_eq!(host(&text, "a").reach.elevation, expected, "{ssh}");
    }
}

#[test]
fn pinned_keys_are_found_by_host() {
    let text = "[hosts.pinned]\n[hosts.other]";
    assert_eq!(host(text, "pinned").reach.pinned_keys.len(), 1);
    assert!(host(text, "other").reach.pinned_keys.is_empty());
}

#[test]
fn flake_references_are_relative_to_the_file() {
    for (written, expected) in [
        (".", "/fleets/a"),
        ("./x/../y", "/fleets/a/y"),
        ("..?dir=z", "/fleets?dir=z"),
        ("~/infra", "/home/op/infra"),
        ("path:./x", "path:/fleets/a/x"),
        ("git+file:.", "git+file:/fleets/a"),
        ("/abs", "/abs"),
        ("github:o/r", "github:o/r"),
        ("infra", "infra"),
    ] {
        let text = format!("fleet.flake = '{written}'\n[hosts.a]");
        assert_eq!(fleet(&text).flake.reference, expected, "{written}");
    }
}

#[test]
fn the_reference_document_names_every_key() {
    fn check(schema: &Schema) {
        for key in schema.all() {
            assert!(
                REFERENCE.contains(&format!("`{key}`")),
                "`{key}` is not described"
            );
        }
        for (_, table) in schema.tables {
            check(table);
        }
    }
    [&FILE, &HOST, &TAG, &GATE].into_iter().for_each(check);
}

#[test]
fn the_reference_document_shows_files_that_are_right() {
    let blocks = REFERENCE.split("```toml\n").skip(1);
    let mut shown = 0;
    for block in blocks {
        let text = block.split("```").next().unwrap();
        fleet(text);
        shown += 1;
    }
    assert!(shown > 0);
}

#[test]
fn bandwidths_are_read_in_bytes_and_in_bits() {
    for (written, bytes) in [
        ("1kB/s", 1000),
        ("20 MB/s", 20_000_000),
        ("2 GB/s", 2_000_000_000),
        ("8 kbit/s", 1000),
        (" 200Mbit/s ", 25_000_000),
        ("1 Gbit/s", 125_000_000),
        ("1234567 B/s", 1_234_567),
    ] {
        let text = format!("hosts.a.copy.bandwidth = '{written}'");
        assert_eq!(host(&text, "a").copy.bandwidth, Bandwidth::new(bytes));
    }
}

#[test]
fn fleet_profiles_that_are_not_there_are_found() {
    let fleet = fleet("[hosts.a]\nprofile = \"sever\"\n[hosts.b]\nprofile = \"web\"\n[hosts.c]");
    let profiles = ["server", "web"].map(str::to_owned);
    let found = against_outline(&fleet, &profiles, &[]);
    let told: Vec<String> = found
        .iter()
        .map(|it| format!("{it}; {}", it.hint()))
        .collect();
    assert_eq!(
        told,
        [
            "host `a` has the fleet profile `sever`, which is not there; did you mean `server`? there are server, web"
        ]
    );
}

#[test]
fn hosts_only_one_side_knows_are_found() {
    let fleet = fleet("[hosts.web1]\n[hosts.web2]\n[hosts.dbx]");
    let theirs = ["web1", "wbe2", "iso"].map(str::to_owned);
    let found: Vec<String> = against_flake(&fleet, &theirs)
        .iter()
        .map(|finding| format!("{}: {finding}; {}", finding.is_error(), finding.hint()))
        .collect();
    assert_eq!(
        found,
        [
            "true: host `dbx` has no configuration in the flake; add it to the flake, or remove it from fleet.toml",
            "true: host `web2` has no configuration in the flake; did you mean `wbe2`? add it to the flake, or remove it from fleet.toml",
            "false: the flake configures `iso`, which fleet.toml does not have; add [hosts.\"iso\"] to fleet.toml if it is to be deployed",
            "false: the flake configures `wbe2`, which fleet.toml does not have; did you mean `web2`? add [hosts.\"wbe2\"] to fleet.toml if it is to be deployed",
        ]
    );
    let none: [Finding; 0] = [];
    let made = |profiles: &[&str], undescribed: &[&str]| {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let found = against_outline(&fleet, &owned(profiles), &owned(undescribed));
        let told = found
            .iter()
            .map(|it| format!("{}: {it}; {}", it.is_error(), it.hint()));
        told.collect::<Vec<_>>()
    };
    assert!(made(&[], &["iso"]).is_empty());
    assert_eq!(
        made(&[], &["web2"]),
        [
            "true: host `web2` has no hosts/web2/default.nix that Nix sees; write it, and `git add hosts/web2` where Git keeps the folder"
        ]
    );
    assert_eq!(
        against_flake(&fleet, &["dbx", "web1", "web2"].map(str::to_owned)),
        none
    );
}
