//! Public keys as text.

use russh::keys::PublicKey;

/// The public keys in a text of the form of authorized_keys (sshd(8)) without options, one line each: kind, key, and the
/// comment if it is of plain characters. `None` when a line is something else, or there is none.
pub fn public_keys(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<String> = lines.map(public_key).collect::<Option<_>>()?;
    (!keys.is_empty()).then_some(keys)
}

fn public_key(line: &str) -> Option<String> {
    let mut key = PublicKey::from_openssh(line).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-:/ ".contains(c);
    if !key.comment().as_str_lossy().chars().all(plain) {
        key.set_comment("");
    }
    key.to_openssh().ok().map(|line| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e";

    #[test]
    fn keys_are_taken_with_plain_comments_only() {
        let kept = format!("{KEY} me@home");
        for (text, keys) in [
            (format!("{kept}\n"), vec![kept.clone()]),
            (
                format!("# mine\n\n{kept}\n{KEY}\n"),
                vec![kept.clone(), KEY.to_owned()],
            ),
            (format!("{KEY} \"${{x}}\""), vec![KEY.to_owned()]),
        ] {
            assert_eq!(public_keys(&text), Some(keys), "{text}");
        }
        for text in [
            "",
            "# none",
            "ssh-ed25519 AAAA",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            assert_eq!(public_keys(text), None, "{text}");
        }
        assert_eq!(public_keys(&format!("{KEY}\nrubbish\n")), None);
    }
}
