//! Signs paths for hosts that take nothing without a signature by a key that they trust.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use ed25519_dalek::{KEYPAIR_LENGTH, PUBLIC_KEY_LENGTH, Signer, SigningKey as Pair};
use zeroize::Zeroizing;

use crate::model::{PathInfo, Problem, ProblemKind};

/// More than any key has.
const LONGEST: u64 = 4096;

/// A secret key of Nix. Its bytes are overwritten when it is dropped, and nothing shows them.
pub struct SigningKey {
    name: String,
    pair: Pair,
}

/// The keys of a run, by the files they are in.
#[derive(Default)]
pub struct SigningKeys(BTreeMap<PathBuf, SigningKey>);

impl SigningKeys {
    /// Reads the keys in these files.
    ///
    /// # Errors
    /// A [`Problem`] that names the file of the first that is none, or that others may read.
    pub fn read<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Result<Self, Problem> {
        let mut keys = BTreeMap::new();
        for file in files {
            if !keys.contains_key(file) {
                keys.insert(file.clone(), SigningKey::read(file)?);
            }
        }
        Ok(Self(keys))
    }

    /// The key in a file.
    ///
    /// # Errors
    /// A [`Problem`] where the command was set up without: nothing goes out unsigned instead.
    pub fn of(&self, file: &Path) -> Result<&SigningKey, Problem> {
        self.0.get(file).ok_or_else(|| {
            let message = format!("the signing key {} was not read", file.display());
            Problem::new(ProblemKind::Failed, message)
        })
    }
}

impl SigningKey {
    fn read(file: &Path) -> Result<Self, Problem> {
        let shown = file.display();
        let unread = |error: io::Error| {
            let message = format!("the signing key {shown} cannot be read");
            Problem::new(ProblemKind::Failed, message).because(error.to_string())
        };
        let opened = File::open(file).map_err(unread)?;
        let about = opened.metadata().map_err(unread)?;
        if about.is_file() && about.mode() & 0o077 != 0 {
            let message = format!("the signing key {shown} is open to other accounts");
            return Err(Problem::new(ProblemKind::Failed, message)
                .because(format!("its mode is {:03o}", about.mode() & 0o777))
                .with_hint(format!("chmod 600 {shown}")));
        }
        // Room for all of it: what grows leaves its bytes behind.
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
        opened
            .take(LONGEST)
            .read_to_end(&mut text)
            .map_err(unread)?;
        Self::parse(&text).map_err(|why| {
            let message = format!("{shown} is not a secret key of Nix");
            Problem::new(ProblemKind::Failed, message)
                .because(why)
                .with_hint(format!(
                    "make one: `nix-store --generate-binary-cache-key NAME {shown} PUBLIC`"
                ))
        })
    }

    /// Reads `name:base64`, of 64 bytes: the seed and the public key.
    fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let text = text.trim_ascii();
        let colon = text.iter().position(|byte| *byte == b':');
        let colon = colon.ok_or("it is not of the form `name:base64`")?;
        let name = str::from_utf8(&text[..colon]).ok();
        let is_name = |name: &&str| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let name = name.filter(is_name).ok_or("it has no name before `:`")?;
        let bytes = BASE64.decode(&text[colon + 1..]).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| "what comes after its name is not base64")?;
        let pair: &[u8; KEYPAIR_LENGTH] = match bytes.as_slice().try_into() {
            Ok(pair) => pair,
            Err(_) if bytes.len() == PUBLIC_KEY_LENGTH => {
                return Err("it is the public key, which signs nothing");
            }
            Err(_) => return Err("it does not have 64 bytes"),
        };
        let pair = Pair::from_keypair_bytes(pair);
        Ok(Self {
            name: name.to_owned(),
            pair: pair.map_err(|_| "its public half is not that of its secret half")?,
        })
    }

    /// The public key, in the form of `trusted-public-keys`.
    pub(super) fn public(&self) -> String {
        self.line(self.pair.verifying_key().as_bytes())
    }

    /// What is known of a path, with a signature by this key.
    pub(super) fn sign(&self, info: &PathInfo) -> PathInfo {
        let mut info = info.clone();
        // What a path is named after vouches for it.
        if info.content_address.is_none() {
            let signature = self.pair.sign(info.fingerprint().as_bytes());
            let line = self.line(&signature.to_bytes());
            // One of the same name may be of a key that was there before this one.
            if !info.signatures.contains(&line) {
                info.signatures.push(line);
            }
        }
        info
    }

    fn line(&self, bytes: &[u8]) -> String {
        format!("{}:{}", self.name, BASE64.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::model::{NarHash, StorePath};

    /// Made by Nix, and what Nix signed with it.
    const SECRET: &str = "phoenix-test-1:gP7TgyfIryenQl3nwOwMUS694Fomb5/uYFV7BGossV0FW0UkIE7x8KSGyVLsPmPcltNd00nQ771/VAFH/RymWw==";
    const PUBLIC: &str = "phoenix-test-1:BVtFJCBO8fCkhslS7D5j3JbTXdNJ0O+9f1QBR/0cpls=";
    const SIGNATURE: &str = "phoenix-test-1:vgcuQvPysh5FDX2hlH+a1/XzSVA+NvDV1U9zsFa0O0Bjk6Eu3g+zw6dhJsGr8RAz5Zq3i2V7QOiV5dHZ1R70Cw==";
    const HASH: &str = "kWBENhGEKhdS/3xOK5cxbljau1bRcwKtXGG1ps9IyFs=";

    fn info() -> PathInfo {
        let path = |name: &str| StorePath::new(format!("/nix/store/{name}")).unwrap();
        let own = path("bxqkwgzcrc7az9i2q7cpdcdg01pyj76s-signed-sample");
        let references = [
            path("rs91w3vqypj02y9jdfqa6n8qa2pk2q5i-zz-dep"),
            path("q8bkdap0414z59varcifs4wl0gqdjsvh-aa-dep"),
            own.clone(),
        ];
        let hash = BASE64.decode(HASH.as_bytes()).unwrap();
        PathInfo {
            path: own,
            nar_hash: NarHash::new(hash.try_into().unwrap()),
            nar_size: 272,
            references: references.into(),
            ..PathInfo::sample("x", &[])
        }
    }

    #[test]
    fn signatures_are_those_that_nix_makes() {
        let key = SigningKey::parse(SECRET.as_bytes()).unwrap();
        assert_eq!(key.public(), PUBLIC);
        let signed = key.sign(&info());
        assert_eq!(signed.signatures, [SIGNATURE]);
        assert_eq!(key.sign(&signed), signed);
        let other = PathInfo {
            signatures: vec!["phoenix-test-1:AAAA".to_owned()],
            ..info()
        };
        assert_eq!(key.sign(&other).signatures.len(), 2);
        let fixed = PathInfo {
            content_address: Some("text:sha256:x".to_owned()),
            ..info()
        };
        assert_eq!(key.sign(&fixed), fixed);
    }

    #[test]
    fn what_is_no_secret_key_says_why() {
        let of = |bytes: &[u8]| format!("k:{}", BASE64.encode(bytes));
        for (text, why) in [
            ("", "form"),
            ("ssh-ed25519 AAAA", "form"),
            (":AAAA", "name"),
            ("a b:AAAA", "name"),
            ("k:AAA", "base64"),
            (&of(&[0; 63]), "64 bytes"),
            (&of(&[1; 64]), "half"),
            (PUBLIC, "public"),
        ] {
            let said = SigningKey::parse(text.as_bytes()).err().unwrap();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert!(SigningKey::parse(format!("{SECRET}\n").as_bytes()).is_ok());
    }

    #[test]
    fn files_are_named_and_have_to_be_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let read = || SigningKeys::read([&file]).err();
        let told = |problem: Option<Problem>| {
            let problem = problem.unwrap();
            let hint = problem.hint.clone().map(|hint| hint.0);
            format!("{} {}", problem.in_one_line(), hint.unwrap_or_default())
        };
        assert!(told(read()).contains("No such file"));
        fs::write(&file, SECRET).unwrap();
        for mode in [0o640, 0o604, 0o610] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let told = told(read());
            let hint = format!("chmod 600 {}", file.display());
            assert!(told.contains(&hint), "{told}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let keys = SigningKeys::read([&file, &file]).ok().unwrap();
        assert_eq!(keys.of(&file).ok().unwrap().public(), PUBLIC);
        assert!(keys.of(folder.path()).is_err());
        fs::write(&file, PUBLIC).unwrap();
        assert!(told(read()).contains(&format!("{}", file.display())));
        assert!(SigningKeys::read([&folder.path().to_owned()]).is_err());
    }
}
