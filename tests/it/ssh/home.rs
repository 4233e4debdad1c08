//! A home folder with keys, known hosts and a person at the terminal.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phoenix::adapter::ssh::{Connection, Prompts, SshContext, SshError};
use phoenix::model::{Address, Elevation, HostName, Reach};
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use zeroize::Zeroizing;

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn ed25519() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
}

/// A home, and the context of a run in it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) cx: SshContext,
    /// The default key of the user.
    pub(crate) key: PrivateKey,
    person: Arc<Person>,
}

/// Knows one passphrase.
struct Person(AtomicUsize);

impl Prompts for Person {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Some(Zeroizing::new("secret".to_owned()))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let person = Arc::new(Person(AtomicUsize::new(0)));
        let prompts: Arc<dyn Prompts> = Arc::clone(&person) as _;
        let mut cx = SshContext::new(
            Some(folder.path().to_owned()),
            "ada".to_owned(),
            prompts,
            || NOW,
        );
        cx.system_config = folder.path().join("none");
        cx.system_known_hosts = Vec::new();
        let home = Self {
            folder,
            cx,
            key: ed25519(),
            person,
        };
        home.write(
            ".ssh/id_ed25519",
            &home.key.to_openssh(LineEnding::LF).unwrap(),
        );
        home
    }

    /// Writes a file below the home, and answers with its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Makes host keys known, each for `127.0.0.1` and a port.
    pub(crate) fn know(&self, keys: &[(&PrivateKey, u16)]) {
        let line = |(key, port): &(&PrivateKey, u16)| {
            format!(
                "[127.0.0.1]:{port} {}\n",
                key.public_key().to_openssh().unwrap()
            )
        };
        self.write(
            ".ssh/known_hosts",
            &keys.iter().map(line).collect::<String>(),
        );
    }

    pub(crate) async fn open(&self, reach: &Reach) -> Result<Connection, SshError> {
        let said = Mutex::new(Vec::new());
        let connection =
            Connection::open(reach, &self.cx, &|text| said.lock().unwrap().push(text)).await;
        assert!(said.lock().unwrap()[0].starts_with("connecting to "));
        connection
    }

    /// How often somebody was asked for a passphrase.
    pub(crate) fn questions(&self) -> usize {
        self.person.0.load(Ordering::SeqCst)
    }
}

/// A host that answers at these ports.
pub(crate) fn reach(ports: &[u16]) -> Reach {
    let address = |port: &u16| Address {
        host: "127.0.0.1".to_owned(),
        port: Some(*port),
    };
    Reach {
        name: HostName::new("web1").unwrap(),
        addresses: ports.iter().map(address).collect(),
        port: None,
        user: Some("root".to_owned()),
        elevation: Elevation::None,
        jump: None,
        identity_files: Vec::new(),
        use_agent: true,
        pinned_keys: Vec::new(),
        accepted_keys: Vec::new(),
        connect_limit: Duration::from_secs(20),
    }
}
