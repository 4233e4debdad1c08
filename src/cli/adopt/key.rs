//! A host key that no file knows: shown, compared, and accepted or not.

use crate::adapter::ssh::SshError;
use crate::fleet::HostSpec;
use crate::model::{Problem, ProblemKind};
use crate::ui::{self, Look};

/// What the operator says about unknown keys.
pub(super) struct Keys<'a> {
    /// Fingerprints given on the command line.
    pub(super) accepted: &'a [String],
    /// Whether there is somebody to ask.
    pub(super) asks: bool,
    pub(super) look: Look,
}

/// A key that a host shows and no file knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    address: String,
    fingerprint: String,
    /// As a line of a `.pub` file.
    key: String,
}

/// The keys that are the only reason why a host was not reached. None where an address of it
/// shows a key that is known to be wrong.
pub(super) fn unknown(error: &SshError) -> Vec<Shown> {
    match error {
        SshError::UnknownHostKey {
            address,
            offered,
            key,
            pin: Some(_),
            ..
        } => vec![Shown {
            address: address.clone(),
            fingerprint: offered.clone(),
            key: key.to_string(),
        }],
        SshError::NoAddress { tried, .. } => {
            let is_wrong = |(_, error): &(String, SshError)| {
                matches!(
                    error,
                    SshError::ChangedHostKey { .. }
                        | SshError::RevokedHostKey { .. }
                        | SshError::HostCertificate { .. }
                )
            };
            if tried.iter().any(is_wrong) {
                return Vec::new();
            }
            tried.iter().flat_map(|(_, error)| unknown(error)).collect()
        }
        _ => Vec::new(),
    }
}

impl Keys<'_> {
    /// The keys of `shown` that are accepted, as lines of `.pub` files.
    ///
    /// # Errors
    /// A [`Problem`] with what was shown when none is.
    pub(super) fn accept(&self, spec: &HostSpec, shown: &[Shown]) -> Result<Vec<String>, Problem> {
        let given = |key: &&Shown| self.accepted.contains(&key.fingerprint);
        let mut lines: Vec<String> = shown.iter().filter(given).map(|k| k.key.clone()).collect();
        if lines.is_empty() && self.asks && self.accepted.is_empty() {
            lines = self.ask(spec, shown);
        }
        if !lines.is_empty() {
            return Ok(lines);
        }
        let message = format!("the host key of `{}` is not accepted", spec.name);
        let mut problem = Problem::new(ProblemKind::Refused, message);
        problem.causes = shown
            .iter()
            .map(|key| format!("{} shows {}", key.address, key.fingerprint))
            .collect();
        Err(problem.with_hint(
            "compare it with the host's own (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` \
             there), then add --accept-key and the fingerprint",
        ))
    }

    fn ask(&self, spec: &HostSpec, shown: &[Shown]) -> Vec<String> {
        let mut keys: Vec<Shown> = shown.to_vec();
        keys.dedup_by(|one, other| one.key == other.key);
        let accepted = keys.into_iter().filter(|key| {
            let text = format!(
                "{} shows a host key that no file knows: {}; compare it with what `ssh-keygen -lf \
                 /etc/ssh/ssh_host_*_key.pub` says on the host itself",
                key.address, key.fingerprint
            );
            ui::err(&ui::error::note(&text, self.look.err));
            ui::ask(&format!("Is that the key of {}?", spec.name)) == Some(true)
        });
        accepted.map(|key| key.key).collect()
    }
}

/// Reads a fingerprint as ssh shows it.
pub(super) fn fingerprint(text: &str) -> Result<String, String> {
    let digest = text.strip_prefix("SHA256:").unwrap_or_default();
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/".contains(&c);
    if digest.len() == 43 && digest.bytes().all(is_base64) {
        return Ok(text.to_owned());
    }
    Err("a fingerprint is SHA256: and 43 characters, as `ssh-keygen -lf` shows it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_whole_or_refused() {
        let good = "SHA256:4KkkqmrPf4NoQZ2t1ZvZUh0T5CkPOLTyx6GJUv0gFGM";
        assert_eq!(fingerprint(good), Ok(good.to_owned()));
        for wrong in ["", "SHA256:", &good[..20], &good[7..], "MD5:aa:bb"] {
            assert!(fingerprint(wrong).is_err(), "{wrong}");
        }
    }

    fn unknown_key(address: &str) -> SshError {
        SshError::UnknownHostKey {
            host: "web1".to_owned(),
            address: address.to_owned(),
            offered: "SHA256:x".to_owned(),
            key: "ssh-ed25519 AAAA".into(),
            pin: Some("hosts/web1/ssh_host_ed25519_key.pub".into()),
        }
    }

    #[test]
    fn a_key_is_offered_only_where_no_address_shows_a_wrong_one() {
        let changed = SshError::ChangedHostKey {
            host: "web1".to_owned(),
            address: "b".to_owned(),
            offered: "SHA256:y".to_owned(),
            expected: Vec::new(),
        };
        assert!(unknown(&changed).is_empty());
        let both = |second| SshError::NoAddress {
            host: crate::model::HostName::new("web1").unwrap(),
            tried: vec![("a".to_owned(), unknown_key("a")), ("b".to_owned(), second)],
        };
        assert_eq!(unknown(&both(unknown_key("b"))).len(), 2);
        assert!(unknown(&both(changed)).is_empty());
    }
}
