//! What can go wrong between the workstation and a host.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use phoenix::adapter::ssh::{ConfigError, ExpectedKey, KeyVerdict, OfferedKey, SshError};
use phoenix::model::HostName;

use super::page::{Entry, Section, variants};

const OFFERED: &str = "SHA256:4KkkqmrPf4NoQZ2t1ZvZUh0T5CkPOLTyx6GJUv0gFGM";
const EXPECTED: &str = "SHA256:jTeFc7eC9Yc8UUqvNmFz1NhYo2fPuSYKCrBLhg0mJzM";

pub(super) fn sections() -> Vec<Section> {
    let mut samples = network();
    samples.extend(keys());
    samples.extend(login());
    samples.extend(commands());
    samples.extend(config().map(SshError::Config));
    let ssh = Section::new(
        "SSH",
        "The kind decides: hosts that are only *unreachable* make exit status 5, anything else 1.",
    )
    .with(
        &variants!(
            SshError: NoAddress Resolve Connect Timeout Handshake UnknownHostKey ChangedHostKey
                RevokedHostKey HostCertificate Auth Jump Forward Channel Command Lost Config Key
        ),
        &samples,
        |name, error| Entry::host(name, error.problem()),
    );
    let config = Section::new("SSH configuration", "The causes of `Config` above.").with(
        &variants!(ConfigError: Read Parse TooDeep JumpCircle Jump),
        &config(),
        |name, error| Entry::command(name, error, None),
    );
    vec![ssh, config]
}

fn address() -> String {
    "10.0.0.11:22".to_owned()
}

fn refused() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionRefused)
}

fn connect() -> SshError {
    SshError::Connect {
        address: address(),
        source: refused(),
    }
}

fn timeout() -> SshError {
    SshError::Timeout {
        what: "the login on [fd00::11]:22".to_owned(),
        limit: Duration::from_secs(10),
    }
}

fn network() -> Vec<SshError> {
    let tried = [
        (address(), connect()),
        ("[fd00::11]:22".to_owned(), timeout()),
    ];
    vec![
        SshError::NoAddress {
            host: HostName::new("web1").expect("it is a name"),
            tried: tried.into(),
        },
        SshError::Resolve {
            name: "web1.example.org".to_owned(),
            source: io::Error::other(
                "failed to lookup address information: Name or service not known",
            ),
        },
        connect(),
        timeout(),
        SshError::Handshake {
            address: address(),
            source: Box::new(russh::Error::KexInit),
        },
    ]
}

fn keys() -> Vec<SshError> {
    let host = || "web1".to_owned();
    let expected = || ExpectedKey {
        fingerprint: EXPECTED.to_owned(),
        file: PathBuf::from("hosts/web1/ssh_host_ed25519_key.pub"),
        line: 1,
    };
    let unknown = |pin: Option<&str>| SshError::UnknownHostKey {
        host: host(),
        address: address(),
        offered: OFFERED.to_owned(),
        key: "ssh-ed25519 AAAA".into(),
        pin: pin.map(PathBuf::from),
    };
    vec![
        unknown(Some("hosts/web1/ssh_host_ed25519_key.pub")),
        unknown(None),
        SshError::ChangedHostKey {
            host: host(),
            address: address(),
            offered: OFFERED.to_owned(),
            expected: vec![expected()],
        },
        SshError::RevokedHostKey {
            host: host(),
            address: address(),
            offered: OFFERED.to_owned(),
            mark: Box::new(expected()),
        },
        SshError::HostCertificate {
            host: host(),
            address: address(),
            offered: OFFERED.to_owned(),
            reason: "it is for other names than web1".to_owned(),
        },
    ]
}

fn login() -> Vec<SshError> {
    let auth = |offered: &[&KeyVerdict], skipped: &[&str], hung_up| SshError::Auth {
        user: "root".to_owned(),
        address: address(),
        offered: offered
            .iter()
            .map(|verdict| OfferedKey {
                name: "ssh/id_ed25519".to_owned(),
                verdict: (*verdict).clone(),
            })
            .collect(),
        skipped: skipped.iter().map(ToString::to_string).collect(),
        methods: Box::new(["publickey".to_owned()]),
        hung_up,
    };
    let unusable = KeyVerdict::Unusable("the passphrase is wrong".to_owned());
    let verdicts = [KeyVerdict::Refused, KeyVerdict::NotEnough, unusable];
    let named = variants!(KeyVerdict: Refused NotEnough Unusable);
    let mut errors: Vec<SshError> = named
        .all
        .iter()
        .map(|name| {
            let verdict = verdicts.iter().find(|one| (named.name)(one) == *name);
            auth(
                verdict.as_slice(),
                &["ssh/id_rsa: it does not exist"],
                false,
            )
        })
        .collect();
    errors.push(auth(&[], &[], false));
    errors.push(auth(&[&KeyVerdict::Refused], &[], true));
    errors
}

fn commands() -> Vec<SshError> {
    let hop = || "bastion:22".to_owned();
    let command = || "/bin/sh".to_owned();
    vec![
        SshError::Jump {
            hop: hop(),
            source: Box::new(connect()),
        },
        SshError::Forward {
            hop: hop(),
            address: address(),
            source: Box::new(russh::Error::ChannelOpenFailure(
                russh::ChannelOpenFailure::AdministrativelyProhibited,
            )),
        },
        SshError::Channel {
            command: command(),
            address: address(),
            source: Box::new(russh::Error::Disconnect),
        },
        SshError::Command {
            command: command(),
            address: address(),
            what: "ended without a status",
        },
        SshError::Lost {
            address: address(),
            reason: "no answer within 45 s".to_owned(),
        },
        SshError::Key {
            file: PathBuf::from("hosts/web1/ssh_host_ed25519_key.pub"),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        },
    ]
}

fn config() -> [ConfigError; 5] {
    let file = || PathBuf::from("ssh/config");
    [
        ConfigError::Read {
            file: file(),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        },
        ConfigError::Parse {
            file: file(),
            line: 3,
            source: ssh2_config::SshParserError::ExpectedUnsigned,
        },
        ConfigError::TooDeep,
        ConfigError::JumpCircle("bastion".to_owned()),
        ConfigError::Jump("bastion:ssh".to_owned()),
    ]
}
