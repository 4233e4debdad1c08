//! Who administers a new fleet: a name and a public SSH key.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Init;
use super::place::Folder;
use crate::adapter::ssh;
use crate::cli::edge::Edge;
use crate::cli::error::{CliError, USAGE};

/// The keys that OpenSSH makes without being told a name, the best first.
const USUAL: [&str; 4] = [
    "id_ed25519.pub",
    "id_ed25519_sk.pub",
    "id_ecdsa.pub",
    "id_rsa.pub",
];

/// Longest file of public keys, in bytes: one key of RSA with 16384 bits has below 3,000.
const LONGEST: u64 = 16 * 1024;

/// Words that are no names in Nix. Format: Nix manual, "Identifiers".
const KEYWORDS: [&str; 9] = [
    "assert", "else", "if", "in", "inherit", "let", "rec", "then", "with",
];

/// Public keys and where they were found.
pub(super) struct Keys {
    pub(super) file: PathBuf,
    pub(super) lines: Vec<String>,
}

/// Reads `--user`: a name that NixOS and every `useradd` take.
pub(super) fn user(text: &str) -> Result<String, String> {
    let mut rest = text.chars();
    let starts = rest
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let goes_on = rest.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    if KEYWORDS.contains(&text) {
        return Err(
            "it is a word of the Nix language, which files of the fleet could not name".to_owned(),
        );
    }
    if text == "root" {
        return Err("root is not let in over SSH: name the account of a person".to_owned());
    }
    if starts && goes_on && text.len() <= 31 {
        return Ok(text.to_owned());
    }
    Err("it begins with a small letter and goes on with small letters, digits, `-` and `_`, 31 in all".to_owned())
}

/// The keys in the file that was named, or the usual one of whoever starts the fleet.
///
/// # Errors
/// When the file that was named holds no public key.
pub(super) fn keys(edge: &Edge, args: &Init) -> Result<Option<Keys>, CliError> {
    if let Some(file) = &args.ssh_key {
        let text = read(&edge.folder.join(file)).map_err(|error| {
            let mut told = CliError::new(USAGE, format!("{} cannot be read", file.display()));
            told.problem.causes.push(error.to_string());
            told
        })?;
        let lines = ssh::public_keys(&text).ok_or_else(|| no_key(file, &text))?;
        let file = file.clone();
        return Ok(Some(Keys { file, lines }));
    }
    let Some(home) = &edge.home else {
        return Ok(None);
    };
    Ok(USUAL.iter().find_map(|name| {
        let file = home.join(".ssh").join(name);
        let lines = ssh::public_keys(&read(&file).ok()?)?;
        Some(Keys { file, lines })
    }))
}

/// May be a private key by mistake.
fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let wrong = |why: &str| Err(io::Error::new(ErrorKind::InvalidInput, why));
    // Before it is opened: a pipe would be waited for.
    if !fs::metadata(path)?.is_file() {
        return wrong("it is no file");
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    let mut file = File::open(path)?.take(LONGEST + 1);
    if file.read_to_string(&mut text)? as u64 > LONGEST {
        return wrong("it is longer than 16 KiB");
    }
    Ok(text)
}

fn no_key(file: &Path, text: &str) -> CliError {
    let shown = file.display();
    if text.starts_with("-----BEGIN") {
        CliError::new(USAGE, format!("{shown} is a private key"))
            .hint(format!("name its public half: `--ssh-key {shown}.pub`"))
    } else {
        CliError::new(USAGE, format!("{shown} holds no public SSH key"))
            .hint("name a file such as ~/.ssh/id_ed25519.pub; `ssh-keygen -t ed25519` makes one")
    }
}

/// What to say when nobody may log in yet.
pub(super) fn missing(folder: &Folder, user: &str) -> String {
    let file = folder.file("profiles/all.nix");
    format!(
        "nobody may log in yet: ~/.ssh has no public key of a usual name; write the one of {user} into {}",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_plain_names() {
        for good in ["admin", "_x", "a-b_9"] {
            assert_eq!(user(good).as_deref(), Ok(good));
        }
        let long = "a".repeat(32);
        for bad in [
            "", "root", "let", "with", "Admin", "9a", "a.b", "a b", "a\"", "-a", &long,
        ] {
            assert!(user(bad).is_err(), "{bad}");
        }
    }
}
