//! Decides whether a host's key is the one we expect.

mod known_hosts;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::known_hosts::Marker;
use russh::keys::{Algorithm, Certificate, EcdsaCurve, HashAlg, PublicKey, PublicKeyOrCertificate};

pub(super) use known_hosts::KnownKey;
use known_hosts::{entry_name, lookup};

/// A key that was expected, and the file and line that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedKey {
    /// `SHA256:…`.
    pub fingerprint: String,
    /// The file that holds it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// Why a host's key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Distrust {
    /// No file says anything about the host.
    Unknown,
    /// The files say something else.
    Changed { expected: Vec<ExpectedKey> },
    /// The key, or the authority that vouches for it, is marked as revoked.
    Revoked { mark: ExpectedKey },
    /// The host shows a certificate that does not hold.
    Certificate { reason: String },
}

/// All that is known about a host's key before the first byte is exchanged.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Name that a certificate must be for.
    host: String,
    /// Seconds since 1970.
    now: u64,
    keys: Vec<KnownKey>,
    authorities: Vec<KnownKey>,
    revoked: Vec<KnownKey>,
    /// Keys known for the bare name when the port is not 22: good enough to accept, not to
    /// call another key changed.
    without_port: Vec<KnownKey>,
    /// Keys an operator has just compared: they count where nothing else is known.
    accepted: Vec<PublicKey>,
}

/// Where trust in a host comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustFiles {
    /// When one of these exists, only keys in these count.
    pub(super) pinned: Vec<PathBuf>,
    pub(super) known_hosts: Vec<PathBuf>,
    /// Lines of `.pub` files that count when no file knows the host.
    pub(super) accepted: Vec<String>,
}

impl Trust {
    /// Reads the files. `host` is the name or alias whose keys are looked up.
    ///
    /// # Errors
    /// The file that is there and cannot be read, or pins something that is no public key.
    pub(super) fn read(
        files: &TrustFiles,
        host: &str,
        port: u16,
        now: u64,
    ) -> Result<Self, (PathBuf, std::io::Error)> {
        let mut trust = Self {
            host: host.to_lowercase(),
            now,
            ..Self::default()
        };
        // What is no key was shown by no host: it can match none.
        let accepted = files.accepted.iter();
        trust
            .accepted
            .extend(accepted.filter_map(|line| PublicKey::from_openssh(line).ok()));
        for file in &files.pinned {
            if let Some(text) = read_if_there(file)? {
                trust.keys.extend(pinned(&text, file)?);
            }
        }
        if !trust.keys.is_empty() {
            return Ok(trust);
        }
        for file in &files.known_hosts {
            let Some(text) = read_if_there(file)? else {
                continue;
            };
            trust.add(lookup(&text, file, &entry_name(host, port)));
            if port != 22 {
                let (marked, plain) = lookup(&text, file, &entry_name(host, 22))
                    .into_iter()
                    .partition(|key: &KnownKey| key.marker.is_some());
                trust.add(marked);
                trust.without_port.extend::<Vec<_>>(plain);
            }
        }
        Ok(trust)
    }

    fn add(&mut self, found: Vec<KnownKey>) {
        for key in found {
            match key.marker {
                None => self.keys.push(key),
                Some(Marker::CertAuthority) => self.authorities.push(key),
                Some(Marker::Revoked) => self.revoked.push(key),
            }
        }
    }

    /// Host key algorithms in the order to ask for them: first those whose keys are known, so
    /// that a host with several keys shows the one that can be checked.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let known = |algorithm: &Algorithm| {
            let keys = if self.keys.is_empty() {
                &self.without_port
            } else {
                &self.keys
            };
            keys.iter()
                .map(|known| &known.key)
                .chain(&self.accepted)
                .any(|key| same_kind(&key.algorithm(), algorithm))
        };
        let (mut first, rest): (Vec<_>, Vec<_>) = ALGORITHMS.into_iter().partition(known);
        first.extend(rest);
        first
    }

    /// Algorithms of host certificates to ask for: none unless an authority is known.
    pub(super) fn certificate_algorithms(&self) -> Vec<Algorithm> {
        if self.authorities.is_empty() {
            Vec::new()
        } else {
            ALGORITHMS.to_vec()
        }
    }

    /// Judges what the host shows.
    pub(super) fn judge(&self, offered: &PublicKeyOrCertificate) -> Result<(), Distrust> {
        let key = offered.public_key();
        let certified = offered
            .certificate()
            .map(|certificate| self.certificate(certificate));
        match (certified, self.key(&key)) {
            (Some(Ok(())), Err(Distrust::Revoked { mark })) => Err(Distrust::Revoked { mark }),
            (Some(Ok(())), _) | (_, Ok(())) => Ok(()),
            (Some(Err(distrust)), _) | (None, Err(distrust)) => Err(distrust),
        }
    }

    fn key(&self, offered: &PublicKey) -> Result<(), Distrust> {
        self.not_revoked(offered)?;
        if self.keys.iter().any(|known| same_key(&known.key, offered)) {
            return Ok(());
        }
        if !self.keys.is_empty() {
            return Err(Distrust::Changed {
                expected: self.keys.iter().map(expected).collect(),
            });
        }
        if self
            .without_port
            .iter()
            .any(|known| same_key(&known.key, offered))
        {
            return Ok(());
        }
        if self.accepted.iter().any(|key| same_key(key, offered)) {
            return Ok(());
        }
        Err(Distrust::Unknown)
    }

    // Rules: PROTOCOL.certkeys of OpenSSH.
    fn certificate(&self, certificate: &Certificate) -> Result<(), Distrust> {
        let refuse = |reason: String| Err(Distrust::Certificate { reason });
        let authority = PublicKey::from(certificate.signature_key().clone());
        self.not_revoked(&authority)?;
        let fingerprint = authority.fingerprint(HashAlg::Sha256);
        if !self
            .authorities
            .iter()
            .any(|known| same_key(&known.key, &authority))
        {
            return refuse(format!(
                "it is signed by {fingerprint}, which is no authority for this host"
            ));
        }
        if certificate.cert_type() != CertType::Host {
            return refuse("it is a user's certificate".to_owned());
        }
        if self.now < certificate.valid_after() || self.now >= certificate.valid_before() {
            return refuse("it is not valid at this time".to_owned());
        }
        let principals = certificate.valid_principals();
        if !principals.is_empty()
            && !principals
                .iter()
                .any(|name| super::pattern::matches(name, &self.host))
        {
            return refuse(format!(
                "it is for {}, not for {}",
                principals.join(", "),
                self.host
            ));
        }
        if certificate.critical_options().iter().next().is_some() {
            return refuse("it holds a critical option, and none is known for hosts".to_owned());
        }
        if matches!(
            certificate.signature().algorithm(),
            Algorithm::Rsa { hash: None } | Algorithm::Dsa
        ) {
            return refuse("it is signed with SHA-1".to_owned());
        }
        match certificate.validate_at(self.now, [&fingerprint]) {
            Ok(()) => Ok(()),
            Err(_) => refuse("its signature is wrong".to_owned()),
        }
    }

    fn not_revoked(&self, key: &PublicKey) -> Result<(), Distrust> {
        match self.revoked.iter().find(|known| same_key(&known.key, key)) {
            Some(known) => Err(Distrust::Revoked {
                mark: expected(known),
            }),
            None => Ok(()),
        }
    }
}

/// The fingerprint that ssh and ssh-keygen show.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];

// A key of RSA serves all its signature algorithms.
fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    matches!((one, other), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. })) || one == other
}

// Comments differ between files; they are no part of the key.
fn same_key(one: &PublicKey, other: &PublicKey) -> bool {
    one.key_data() == other.key_data()
}

fn expected(known: &KnownKey) -> ExpectedKey {
    ExpectedKey {
        fingerprint: fingerprint(&known.key),
        file: known.file.clone(),
        line: known.line,
    }
}

fn read_if_there(file: &Path) -> Result<Option<String>, (PathBuf, std::io::Error)> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err((file.to_owned(), error)),
    }
}

// A pin that cannot be read must not fall back to known_hosts.
fn pinned(text: &str, file: &Path) -> Result<Vec<KnownKey>, (PathBuf, std::io::Error)> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let keys: Vec<KnownKey> = lines
        .map(|(index, line)| {
            let key = PublicKey::from_openssh(line.trim())
                .map_err(|error| (file.to_owned(), invalid(error)))?;
            Ok(KnownKey {
                marker: None,
                key,
                file: file.to_owned(),
                line: index + 1,
            })
        })
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err((file.to_owned(), invalid("it holds no public key")));
    }
    Ok(keys)
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, error)
}
