//! Addresses of pages that health gates ask for.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::health::HOST_PLACE;

/// `http://` or `https://`, a host, perhaps a port, and what follows (RFC 3986, RFC 9110 4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpUrl {
    tls: bool,
    /// Name or IP address without brackets, or [`HOST_PLACE`].
    host: String,
    port: Option<u16>,
    /// Path and query; begins with `/`.
    target: String,
}

/// Why a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// It begins otherwise.
    #[error("`{0}` does not begin with http:// or https://")]
    Scheme(String),
    /// It holds a user, and so perhaps a password.
    #[error("`{0}` holds a user name")]
    User(String),
    /// No host, or one that is none.
    #[error("`{0}` names no host")]
    Host(String),
    /// A port that is none.
    #[error("`{0}` has a port that is not a number from 1 to 65535")]
    Port(String),
    /// A character that must be written otherwise.
    #[error("`{text}` may not hold `{found}`")]
    Character {
        /// The whole text.
        text: String,
        /// The character at fault.
        found: char,
    },
}

impl HttpUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`UrlError`] when the text has another form.
    pub fn new(text: impl AsRef<str>) -> Result<Self, UrlError> {
        let text = text.as_ref();
        let whole = || text.to_owned();
        let (tls, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(UrlError::Scheme(whole())),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::User(whole()));
        }
        let strange = |c: &char| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(*c);
        if let Some(found) = target.chars().find(strange) {
            let text = whole();
            return Err(UrlError::Character { text, found });
        }
        let (host, port) = split(authority).ok_or_else(|| UrlError::Host(whole()))?;
        let port = match port {
            None => None,
            Some(port) => Some(read_port(port).ok_or_else(|| UrlError::Port(whole()))?),
        };
        if !is_host(host) {
            return Err(UrlError::Host(whole()));
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            target: format!("{slash}{target}"),
        })
    }

    /// The same page on a host, where this one leaves the host open.
    #[must_use]
    pub fn at(&self, address: &str) -> Self {
        let mut url = self.clone();
        if url.host == HOST_PLACE {
            address.clone_into(&mut url.host);
        }
        url
    }

    /// Whether it is asked for through TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Name or IP address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, written or usual.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls { 443 } else { 80 })
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Host and port as the `Host` header has them.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

/// Splits a host and the port that may follow it.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    let Some(inner) = authority.strip_prefix('[') else {
        return Some(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    };
    let (host, rest) = inner.split_once(']')?;
    // A link-local address names its interface: fe80::1%eth0.
    let number = host.split_once('%').map_or(host, |(number, _)| number);
    number.parse::<std::net::Ipv6Addr>().ok()?;
    match (rest, rest.strip_prefix(':')) {
        ("", _) => Some((host, None)),
        (_, port) => Some((host, Some(port?))),
    }
}

fn read_port(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}

fn is_host(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.:%".contains(&c);
    text == HOST_PLACE
        || (!text.is_empty() && !text.starts_with(['-', '.']) && text.bytes().all(allowed))
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        Self::new(text)
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_and_written() {
        for (text, host, port, target, shown) in [
            ("http://a", "a", 80, "/", "http://a/"),
            (
                "https://a.b/c?d=1",
                "a.b",
                443,
                "/c?d=1",
                "https://a.b/c?d=1",
            ),
            (
                "http://{host}:8080/x",
                "{host}",
                8080,
                "/x",
                "http://{host}:8080/x",
            ),
            (
                "http://[fd00::1]:81?q",
                "fd00::1",
                81,
                "/?q",
                "http://[fd00::1]:81/?q",
            ),
        ] {
            let url = HttpUrl::new(text).unwrap();
            assert_eq!((url.host(), url.port(), url.target()), (host, port, target));
            assert_eq!(url.to_string(), shown);
            assert_eq!(HttpUrl::new(shown).unwrap(), url);
        }
    }

    #[test]
    fn the_place_of_the_host_is_filled_with_brackets_where_needed() {
        let url = HttpUrl::new("http://{host}:8080/x").unwrap();
        assert_eq!(url.at("10.0.0.1").to_string(), "http://10.0.0.1:8080/x");
        assert_eq!(url.at("fd00::1").to_string(), "http://[fd00::1]:8080/x");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "a",
            "ftp://a",
            "http://",
            "http:///x",
            "http://a:0",
            "http://a:+1",
            "http://a:b",
            "http://u:p@a/",
            "http://[a]/",
            "http://[fd00::1]x",
            "http://a b/",
            "http://a/é",
            "http://a/#x",
            "http://a/{host}",
            "http://-o/",
            "http://a\n/",
        ] {
            assert!(HttpUrl::new(text).is_err(), "{text}");
        }
    }
}
