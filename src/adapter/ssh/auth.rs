//! Logs in with public keys: which to offer, in which order, and who signs.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Certificate, HashAlg, PublicKey, signature::Signer as _};
use russh::{MethodKind, MethodSet};
use thiserror::Error;
use tokio::net::UnixStream;

use super::error::{KeyVerdict, OfferedKey, SshError};
use super::host_key::fingerprint;
use super::keyring::{KeyError, Keyring, beside};
use super::session::Client;
use super::target::{Login, Target};

type Agent = AgentClient<UnixStream>;

/// A key to offer.
struct Candidate {
    public: PublicKey,
    certificate: Option<Certificate>,
    /// The file that holds the private half; `None` leaves signing to the agent.
    file: Option<PathBuf>,
    name: String,
}

/// Keys to offer, in order, and those that cannot be offered.
struct Offer<'a> {
    login: &'a Login,
    held: Vec<AgentIdentity>,
    candidates: Vec<Candidate>,
    skipped: Vec<String>,
}

/// Logs in, or says what was tried.
pub(super) async fn log_in(
    handle: &mut Handle<Client>,
    target: &Target,
    keyring: &Keyring,
) -> Result<(), SshError> {
    let mut offer = Offer::new(&target.login);
    let mut agent = offer.ask_agent(handle).await;
    offer.gather(keyring).await;
    let (mut offered, mut methods, mut hash) = (Vec::new(), MethodSet::empty(), None);
    for candidate in &offer.candidates {
        if hash.is_none() && candidate.public.algorithm().is_rsa() {
            hash = Some(rsa_hash(handle).await);
        }
        let mut signer = match (&candidate.file, &mut agent) {
            (Some(file), _) => Signer::File(keyring, file),
            (None, Some(agent)) => {
                Signer::Agent(agent, Box::new(agent_identity(candidate, &offer.held)))
            }
            (None, None) => continue,
        };
        let result = attempt(handle, &target.user, candidate, hash.flatten(), &mut signer).await;
        match verdict(result, &mut methods) {
            None => return Ok(()),
            Some(verdict) => offered.push(OfferedKey {
                name: candidate.name.clone(),
                verdict,
            }),
        }
        let takes_keys = methods.is_empty() || methods.contains(&MethodKind::PublicKey);
        if handle.is_closed() || !takes_keys {
            break;
        }
    }
    if offered.is_empty() {
        // To learn what the host would take; one that takes nothing lets us in by this.
        let result = handle.authenticate_none(&target.user).await;
        if verdict(result, &mut methods).is_none() {
            return Ok(());
        }
    }
    Err(SshError::Auth {
        user: target.user.clone(),
        address: target.place(),
        hung_up: handle.is_closed(),
        offered,
        skipped: offer.skipped,
        methods: methods.iter().map(String::from).collect(),
    })
}

/// What became of a key; `None` when it opened the door.
fn verdict<E: Display>(
    result: Result<AuthResult, E>,
    methods: &mut MethodSet,
) -> Option<KeyVerdict> {
    match result {
        Ok(AuthResult::Success) => None,
        Ok(AuthResult::Failure {
            partial_success,
            remaining_methods,
        }) => {
            *methods = remaining_methods;
            Some(if partial_success {
                KeyVerdict::NotEnough
            } else {
                KeyVerdict::Refused
            })
        }
        Err(error) => Some(KeyVerdict::Unusable(error.to_string())),
    }
}

async fn attempt(
    handle: &mut Handle<Client>,
    user: &str,
    candidate: &Candidate,
    hash: Option<HashAlg>,
    signer: &mut Signer<'_>,
) -> Result<AuthResult, SignError> {
    let hash = hash.filter(|_| candidate.public.algorithm().is_rsa());
    match &candidate.certificate {
        Some(certificate) => {
            handle
                .authenticate_certificate_with(user, certificate.clone(), hash, signer)
                .await
        }
        None => {
            handle
                .authenticate_publickey_with(user, candidate.public.clone(), hash, signer)
                .await
        }
    }
}

// Servers that do not say what they take are old; those that still exist take SHA-256.
async fn rsa_hash(handle: &Handle<Client>) -> Option<HashAlg> {
    match handle.best_supported_rsa_hash().await {
        Ok(Some(hash)) => hash,
        _ => Some(HashAlg::Sha256),
    }
}

impl<'a> Offer<'a> {
    fn new(login: &'a Login) -> Self {
        Self {
            login,
            held: Vec::new(),
            candidates: Vec::new(),
            skipped: Vec::new(),
        }
    }

    async fn ask_agent(&mut self, handle: &Handle<Client>) -> Option<Agent> {
        let socket = self.login.agent.as_ref()?;
        match identities(socket, handle).await {
            Ok((agent, held)) => {
                self.held = held;
                Some(agent)
            }
            Err(error) => {
                self.skipped.push(format!(
                    "keys of the agent at {}: {error}",
                    socket.display()
                ));
                None
            }
        }
    }

    // Named keys come first, because a host hangs up after a few wrong ones.
    async fn gather(&mut self, keyring: &Keyring) {
        if self.login.named || self.login.only_named {
            self.add_files(keyring).await;
        }
        if !self.login.only_named {
            for identity in self.held.clone() {
                let (key, comment) = (
                    identity.public_key().into_owned(),
                    identity.comment().to_owned(),
                );
                let certificate = match identity {
                    AgentIdentity::Certificate { certificate, .. } => Some(certificate),
                    AgentIdentity::PublicKey { .. } => None,
                };
                self.push(key, certificate, None, &format!("{comment} of the agent"));
            }
        }
        if !self.login.named && !self.login.only_named {
            self.add_files(keyring).await;
        }
    }

    async fn add_files(&mut self, keyring: &Keyring) {
        for file in &self.login.identities {
            match keyring.public(file).await {
                Ok(key) => self.add_file(file, key),
                Err(KeyError::Missing) if !self.login.named => {}
                Err(error) => self.skipped.push(format!("{}: {error}", file.display())),
            }
        }
    }

    fn add_file(&mut self, file: &Path, key: PublicKey) {
        // What the agent holds needs no passphrase.
        let by_agent = self
            .held
            .iter()
            .any(|held| held.public_key().key_data() == key.key_data());
        let signer = (!by_agent).then(|| file.to_owned());
        // The public half may be named in place of the private one.
        let stem = match file.extension() {
            Some(end) if end == "pub" => file.with_extension(""),
            _ => file.to_owned(),
        };
        let beside = beside(&stem, "-cert.pub");
        for path in [Some(&beside), self.login.certificate.as_ref()]
            .into_iter()
            .flatten()
        {
            let certificate = Certificate::read_file(path).ok();
            if let Some(certificate) =
                certificate.filter(|found| found.public_key() == key.key_data())
            {
                self.push(
                    key.clone(),
                    Some(certificate),
                    signer.clone(),
                    &path.display().to_string(),
                );
            }
        }
        self.push(key, None, signer, &file.display().to_string());
    }

    fn push(
        &mut self,
        public: PublicKey,
        certificate: Option<Certificate>,
        file: Option<PathBuf>,
        name: &str,
    ) {
        let same = |known: &Candidate| {
            known.public.key_data() == public.key_data() && known.certificate == certificate
        };
        if !self.candidates.iter().any(same) {
            let name = format!("{name} ({})", fingerprint(&public));
            self.candidates.push(Candidate {
                public,
                certificate,
                file,
                name,
            });
        }
    }
}

async fn identities(
    socket: &Path,
    handle: &Handle<Client>,
) -> Result<(Agent, Vec<AgentIdentity>), russh::keys::Error> {
    let mut agent = AgentClient::connect_uds(socket).await?;
    // Keys that are bound to hosts are usable only after this; old agents do not know it.
    if let Some(binding) = handle.agent_session_binding() {
        let _ = agent.bind_session(binding, false).await;
    }
    let held = agent.request_identities().await?;
    Ok((agent, held))
}

// An agent knows a certificate as an identity of its own; one from a file it does not know,
// but the key below it.
fn agent_identity(candidate: &Candidate, held: &[AgentIdentity]) -> AgentIdentity {
    let plain = AgentIdentity::from(candidate.public.clone());
    let holds_key = held.iter().any(|known| {
        matches!(known, AgentIdentity::PublicKey { key, .. } if key.key_data() == candidate.public.key_data())
    });
    match &candidate.certificate {
        Some(certificate) if !holds_key => AgentIdentity::from(certificate.clone()),
        _ => plain,
    }
}

/// Who signs. A locked key is unlocked only here: after the host has said it would take it.
enum Signer<'a> {
    File(&'a Keyring, &'a Path),
    Agent(&'a mut Agent, Box<AgentIdentity>),
}

#[derive(Debug, Error)]
enum SignError {
    #[error("the connection was lost")]
    Lost(#[from] russh::SendError),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("the agent does not sign: {0}")]
    Agent(russh::keys::Error),
    #[error("the key does not sign: {0}")]
    Sign(String),
}

impl russh::Signer for Signer<'_> {
    type Error = SignError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Agent(agent, identity) => agent
                .sign_request(identity, hash, data)
                .await
                .map_err(SignError::Agent),
            Self::File(keyring, file) => {
                let key = keyring.private(file).await?;
                sign(key.key_data(), hash, data)
            }
        }
    }
}

// russh expects the signed data with the signature, as a string of the SSH protocol, behind it.
fn sign(key: &KeypairData, hash: Option<HashAlg>, mut data: Vec<u8>) -> Result<Vec<u8>, SignError> {
    let signature = match key {
        KeypairData::Rsa(rsa) => (rsa, hash).try_sign(&data),
        other => other.try_sign(&data),
    };
    let signature = signature.map_err(|error| SignError::Sign(error.to_string()))?;
    signature
        .encode_prefixed(&mut data)
        .map_err(|error| SignError::Sign(error.to_string()))?;
    Ok(data)
}
