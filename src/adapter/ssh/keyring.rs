//! Private keys: read from their files, and unlocked once a run.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::{PrivateKey, PublicKey, decode_secret_key};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

/// Asks the person at the terminal.
pub trait Prompts: Send + Sync {
    /// Asks for something that must not be shown while it is typed. It may block; it is
    /// called on a thread of its own. `None` when there is nobody to ask.
    fn secret(&self, question: &str) -> Option<Zeroizing<String>>;
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, Error)]
pub(super) enum KeyError {
    #[error("it does not exist")]
    Missing,
    #[error("it cannot be read: {0}")]
    Read(Arc<io::Error>),
    #[error("it holds no private key that is understood")]
    NotAKey,
    #[error("it holds only the public half, and the agent does not have the other")]
    PublicOnly,
    #[error("it needs a passphrase, and there is no terminal to ask for it")]
    NobodyToAsk,
    #[error("the passphrase is wrong")]
    WrongPassphrase,
}

/// As often as ssh asks.
const TRIES: usize = 3;

type Opened = Result<Arc<PrivateKey>, KeyError>;

/// All private keys of a run.
pub(super) struct Keyring {
    prompts: Arc<dyn Prompts>,
    /// What became of each locked key. Held while a question is open, so that there is one
    /// question at a time, and one for each key however many hosts want it.
    unlocked: tokio::sync::Mutex<HashMap<PathBuf, Opened>>,
    asked: Arc<Mutex<Asked>>,
}

/// Time spent on waiting for a person.
#[derive(Default)]
struct Asked {
    total: Duration,
    since: Option<Instant>,
}

impl Keyring {
    pub(super) fn new(prompts: Arc<dyn Prompts>) -> Self {
        Self {
            prompts,
            unlocked: tokio::sync::Mutex::default(),
            asked: Arc::default(),
        }
    }

    /// The public half of a key, without a question wherever the file shows it.
    pub(super) async fn public(&self, file: &Path) -> Result<PublicKey, KeyError> {
        let text = read(file)?;
        if let Ok(key) = PublicKey::from_openssh(text.trim()) {
            return Ok(key);
        }
        if let Ok(key) = PrivateKey::from_openssh(text.as_str()) {
            return Ok(key.public_key().clone());
        }
        if let Some(key) = read(&beside(file, ".pub"))
            .ok()
            .and_then(|text| PublicKey::from_openssh(text.trim()).ok())
        {
            return Ok(key);
        }
        self.private(file).await.map(|key| key.public_key().clone())
    }

    /// A private key, ready for use.
    // Dropped here, an open question stays on the terminal until it is answered; nobody
    // hears the answer.
    pub(super) async fn private(&self, file: &Path) -> Opened {
        let text = read(file)?;
        if PublicKey::from_openssh(text.trim()).is_ok() {
            return Err(KeyError::PublicOnly);
        }
        match decode_secret_key(&text, None) {
            Ok(key) if !key.is_encrypted() => return Ok(Arc::new(key)),
            Err(error) if !is_locked(&text, &error) => return Err(KeyError::NotAKey),
            _ => {}
        }
        let mut unlocked = self.unlocked.lock().await;
        if let Some(known) = unlocked.get(file) {
            return known.clone();
        }
        let opened = self.unlock(file, text).await;
        unlocked.insert(file.to_owned(), opened.clone());
        opened
    }

    // A thread of its own: a question blocks, and so does the derivation of the key from the
    // passphrase, which is slow on purpose. It is no task, so that a question nobody
    // answers cannot hold up the end of the program.
    async fn unlock(&self, file: &Path, text: Zeroizing<String>) -> Opened {
        let (answer, answered) = oneshot::channel();
        let (prompts, asked) = (Arc::clone(&self.prompts), Arc::clone(&self.asked));
        let name = file.display().to_string();
        asked.lock().unwrap_or_else(PoisonError::into_inner).since = Some(Instant::now());
        std::thread::spawn(move || {
            let _ = answer.send(ask(prompts.as_ref(), &name, &text));
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(since) = asked.since.take() {
                asked.total += since.elapsed();
            }
        });
        answered.await.unwrap_or(Err(KeyError::NobodyToAsk))
    }

    /// Ends after a time in which nobody was asked anything: a person who looks for a
    /// passphrase is no host that does not answer.
    pub(super) async fn expired(&self, limit: Duration) {
        let (start, before) = (Instant::now(), self.asked());
        loop {
            let waited = start
                .elapsed()
                .saturating_sub(self.asked().saturating_sub(before));
            match limit.saturating_sub(waited) {
                Duration::ZERO => return,
                rest => sleep(rest.max(Duration::from_millis(50))).await,
            }
        }
    }

    fn asked(&self) -> Duration {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.total + asked.since.map(|since| since.elapsed()).unwrap_or_default()
    }
}

/// The path with something added to its last part: `id_rsa` and `.pub` make `id_rsa.pub`.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn read(file: &Path) -> Result<Zeroizing<String>, KeyError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyError::NotAKey),
        Err(error) => Err(KeyError::Read(Arc::new(error))),
    }
}

fn is_locked(text: &str, error: &russh::keys::Error) -> bool {
    matches!(error, russh::keys::Error::KeyIsEncrypted) || text.contains("ENCRYPTED")
}

fn ask(prompts: &dyn Prompts, name: &str, text: &str) -> Opened {
    for _ in 0..TRIES {
        let question = format!("passphrase for {name}: ");
        let passphrase = prompts.secret(&question).ok_or(KeyError::NobodyToAsk)?;
        if let Ok(key) = decode_secret_key(text, Some(&passphrase)) {
            return Ok(Arc::new(key));
        }
    }
    Err(KeyError::WrongPassphrase)
}

#[cfg(test)]
mod tests;
