//! Cases for host keys: each is a known_hosts text, what the host shows, and the verdict.

use hmac::{KeyInit, Mac};
use russh::keys::PrivateKey;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::certificate::Builder;

use super::*;

const NOW: u64 = 1_800_000_000;

fn new_key(algorithm: Algorithm) -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), algorithm).unwrap()
}

fn ed25519() -> PrivateKey {
    new_key(Algorithm::Ed25519)
}

fn line(key: &PrivateKey) -> String {
    key.public_key().to_openssh().unwrap()
}

fn trust(text: &str, port: u16) -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    std::fs::write(&file, text).unwrap();
    let files = TrustFiles {
        pinned: vec![folder.path().join("absent.pub")],
        known_hosts: vec![file],
        accepted: Vec::new(),
    };
    Trust::read(&files, "Web1.example.org", port, NOW).unwrap()
}

fn judge(text: &str, port: u16, key: &PrivateKey) -> Result<(), Distrust> {
    trust(text, port).judge(&key.public_key().clone().into())
}

fn hashed(name: &str) -> String {
    use russh::keys::ssh_key::known_hosts::HostPatterns;
    let salt = b"twenty bytes of salt".to_vec();
    let mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(&salt)
        .unwrap()
        .chain_update(name);
    let hash = mac.finalize().into_bytes().into();
    HostPatterns::HashedName { salt, hash }.to_string()
}

#[test]
fn names_ports_wildcards_and_hashes() {
    let key = ed25519();
    let line = line(&key);
    for (name, port, known) in [
        ("web1.example.org", 22, true),
        ("other,WEB1.example.org", 22, true),
        ("[web1.example.org]:22", 22, false),
        ("[web1.example.org]:2222", 2222, true),
        ("[web1.example.org]:2222", 2223, false),
        // Known under the bare name is good enough for another port.
        ("web1.example.org", 2222, true),
        ("*.example.org", 22, true),
        ("*.example.org,!web1.example.org", 22, false),
        ("web?.example.org", 22, true),
        (&hashed("web1.example.org"), 22, true),
        (&hashed("[web1.example.org]:2222"), 2222, true),
        (&hashed("web2.example.org"), 22, false),
    ] {
        let verdict = judge(&format!("{name} {line} a comment\n"), port, &key);
        assert_eq!(verdict.is_ok(), known, "{name} {port}");
        assert!(known || matches!(verdict, Err(Distrust::Unknown)));
    }
}

#[test]
fn malformed_lines_spoil_nothing() {
    let key = ed25519();
    let text = format!(
        "# comment\n\nrubbish\nweb1.example.org ssh-ed25519 AAAA\n@nonsense a b c\n|1|x web1 y\n\tweb1.example.org\t {}\n",
        line(&key)
    );
    assert_eq!(judge(&text, 22, &key), Ok(()));
}

#[test]
fn a_changed_key_names_what_was_expected_and_where() {
    let (key, old) = (ed25519(), ed25519());
    let text = format!("# first\nweb1.example.org {}\n", line(&old));
    let Err(Distrust::Changed { expected }) = judge(&text, 22, &key) else {
        panic!()
    };
    assert_eq!(expected[0].fingerprint, fingerprint(old.public_key()));
    assert!(expected[0].file.ends_with("known_hosts"));
    assert_eq!(expected[0].line, 2);
    assert!(matches!(judge(&text, 2222, &key), Err(Distrust::Unknown)));
}

#[test]
fn a_revoked_key_is_refused_even_when_it_is_known() {
    let key = ed25519();
    let text = format!("web1.example.org {0}\n@revoked * {0}\n", line(&key));
    assert!(matches!(judge(&text, 22, &key), Err(Distrust::Revoked { mark }) if mark.line == 2));
    assert!(matches!(
        judge(&text, 2222, &key),
        Err(Distrust::Revoked { .. })
    ));
}

#[test]
fn known_algorithms_are_asked_for_first() {
    let ecdsa = new_key(Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    });
    let asked = trust(&format!("web1.example.org {}", line(&ecdsa)), 22).algorithms();
    assert_eq!(asked.len(), ALGORITHMS.len());
    assert_eq!(
        asked[0],
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256
        }
    );
    assert_eq!(trust("", 22).algorithms()[0], Algorithm::Ed25519);
    assert!(trust("", 22).certificate_algorithms().is_empty());
}

#[test]
fn a_pinned_key_is_the_only_one_that_counts() {
    let (pin, known) = (ed25519(), ed25519());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("known_hosts"), format!("web1 {}\n", line(&known))).unwrap();
    let files = TrustFiles {
        pinned: vec![path("pin.pub")],
        known_hosts: vec![path("known_hosts")],
        accepted: Vec::new(),
    };
    let judge = |key: &PrivateKey| {
        Trust::read(&files, "web1", 22, NOW)
            .map(|trust| trust.judge(&key.public_key().clone().into()))
    };
    assert_eq!(judge(&known).unwrap(), Ok(()));
    std::fs::write(path("pin.pub"), format!("{} root@web1\n", line(&pin))).unwrap();
    assert_eq!(judge(&pin).unwrap(), Ok(()));
    assert!(matches!(
        judge(&known).unwrap(),
        Err(Distrust::Changed { .. })
    ));
    for broken in ["", "rubbish"] {
        std::fs::write(path("pin.pub"), broken).unwrap();
        assert!(judge(&known).is_err_and(|(file, _)| file.ends_with("pin.pub")));
    }
}

#[test]
fn a_key_just_compared_counts_only_where_nothing_is_known() {
    let (compared, other) = (ed25519(), ed25519());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    let files = TrustFiles {
        pinned: Vec::new(),
        known_hosts: vec![file.clone()],
        accepted: vec!["rubbish".to_owned(), line(&compared)],
    };
    let judge = |key: &PrivateKey| {
        let trust = Trust::read(&files, "web1", 22, NOW).unwrap();
        trust.judge(&key.public_key().clone().into())
    };
    assert_eq!(judge(&compared), Ok(()));
    assert_eq!(judge(&other), Err(Distrust::Unknown));
    std::fs::write(&file, format!("web1 {}\n", line(&other))).unwrap();
    assert!(matches!(judge(&compared), Err(Distrust::Changed { .. })));
}

/// A certificate of `authority` for `principal`, changed by `change`.
fn certificate(
    authority: &PrivateKey,
    kind: CertType,
    principal: &str,
    change: impl FnOnce(&mut Builder),
) -> PublicKeyOrCertificate {
    let subject = ed25519().public_key().clone();
    let mut builder =
        Builder::new_with_random_nonce(&mut safe_rng(), subject, NOW - 10, NOW + 10).unwrap();
    builder.cert_type(kind).unwrap();
    builder.valid_principal(principal).unwrap();
    change(&mut builder);
    PublicKeyOrCertificate::Certificate(builder.sign(authority).unwrap())
}

fn host_certificate(authority: &PrivateKey, principal: &str) -> PublicKeyOrCertificate {
    certificate(authority, CertType::Host, principal, |_| {})
}

#[test]
fn certificates_of_an_authority_are_accepted() {
    let authority = ed25519();
    let text = format!("@cert-authority *.example.org {}\n", line(&authority));
    for port in [22, 2222] {
        let trust = trust(&text, port);
        for principal in ["web1.example.org", "*.example.org"] {
            assert_eq!(
                trust.judge(&host_certificate(&authority, principal)),
                Ok(())
            );
        }
        assert!(!trust.certificate_algorithms().is_empty());
    }
}

#[test]
fn certificates_that_do_not_hold_say_why() {
    let authority = ed25519();
    let text = format!("@cert-authority * {}\n", line(&authority));
    let reason = |text: &str, shown: &PublicKeyOrCertificate, now: u64| {
        let mut trust = trust(text, 22);
        trust.now = now;
        match trust.judge(shown) {
            Err(Distrust::Certificate { reason }) => reason,
            other => format!("{other:?}"),
        }
    };
    let good = host_certificate(&authority, "web1.example.org");
    assert!(reason(&text, &good, NOW + 10).contains("not valid at this time"));
    assert!(reason(&text, &good, NOW - 11).contains("not valid at this time"));
    assert!(reason("", &good, NOW).contains("no authority"));
    let other = host_certificate(&authority, "web2.example.org");
    assert!(reason(&text, &other, NOW).contains("for web2.example.org, not for"));
    let user = certificate(&authority, CertType::User, "web1.example.org", |_| {});
    assert!(reason(&text, &user, NOW).contains("user's certificate"));
    let critical = certificate(&authority, CertType::Host, "web1.example.org", |b| {
        b.critical_option("force-command", "x").unwrap();
    });
    assert!(reason(&text, &critical, NOW).contains("critical option"));
    let mut bytes = good.certificate().unwrap().to_bytes().unwrap();
    // A byte of the nonce, which follows the name of the algorithm.
    bytes[45] ^= 1;
    let forged = PublicKeyOrCertificate::Certificate(Certificate::from_bytes(&bytes).unwrap());
    assert!(reason(&text, &forged, NOW).contains("signature is wrong"));
    let revoked = format!("{text}@revoked * {}\n", line(&authority));
    assert!(reason(&revoked, &good, NOW).contains("Revoked"));
}

#[test]
fn a_key_that_is_known_counts_even_below_a_foreign_certificate() {
    let shown = host_certificate(&ed25519(), "web1.example.org");
    let text = format!(
        "web1.example.org {}\n",
        shown.public_key().to_openssh().unwrap()
    );
    assert_eq!(trust(&text, 22).judge(&shown), Ok(()));
}
