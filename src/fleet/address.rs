//! Addresses and jump hosts, as people write them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::model::Address;

use super::value::{Kind, Refusal, user};

pub(super) const ADDRESS: Kind<'static, Address> = Kind {
    expected: "a string",
    plural: "strings such as [\"10.0.0.11\", \"web1.example.org:2222\"]",
    read: &address,
};

pub(super) const JUMP: Kind<'static, String> = Kind {
    expected: "a string such as \"user@host:port\"",
    plural: "strings such as \"user@host:port\"",
    read: &jump,
};

/// Reads `name`, `10.0.0.11`, `fd00::1`, with a port as `name:2222` or `[fd00::1]:2222`.
pub(super) fn address(text: &str) -> Result<Address, Refusal> {
    if let Some((_, host)) = text.split_once('@') {
        return Err(Refusal::new(format!("`{text}` holds a user"))
            .hint(format!("write \"{host}\", and the user as `ssh.user`")));
    }
    if let Some((host, port)) = bracketed(text)? {
        check_ipv6(host, text)?;
        return built(host, port);
    }
    match text.matches(':').count() {
        0 => {
            check_name(text, text)?;
            built(text, None)
        }
        1 => {
            let (host, port) = text.split_once(':').expect("one colon was counted");
            check_name(host, text)?;
            built(host, Some(port))
        }
        _ => {
            check_ipv6(text, text)?;
            built(text, None)
        }
    }
}

/// Whether fleet.toml takes this text as an address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    address(text).is_ok()
}

/// Reads `[user@]host[:port]` and gives it back as it was.
fn jump(text: &str) -> Result<String, Refusal> {
    if text.contains(',') {
        return Err(Refusal::new(format!("`{text}` holds several jump hosts"))
            .hint("write them as a list, the first one nearest to you"));
    }
    let host = match text.split_once('@') {
        None => text,
        Some((name, host)) => {
            user(name)?;
            host
        }
    };
    address(host)?;
    Ok(text.to_owned())
}

/// Splits `[host]` and `[host]:port`.
fn bracketed(text: &str) -> Result<Option<(&str, Option<&str>)>, Refusal> {
    let Some(inner) = text.strip_prefix('[') else {
        return Ok(None);
    };
    let refusal = || Refusal::new(format!("`{text}` is not an address in brackets"));
    let (host, rest) = inner.split_once(']').ok_or_else(refusal)?;
    match (rest, rest.strip_prefix(':')) {
        ("", _) => Ok(Some((host, None))),
        (_, Some(port)) => Ok(Some((host, Some(port)))),
        _ => Err(refusal()),
    }
}

fn built(host: &str, port: Option<&str>) -> Result<Address, Refusal> {
    Ok(Address {
        host: host.to_owned(),
        port: port.map(read_port).transpose()?,
    })
}

fn read_port(text: &str) -> Result<u16, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or_else(|| Refusal::new(format!("`{text}` is not a port from 1 to 65535")))
}

fn check_ipv6(host: &str, text: &str) -> Result<(), Refusal> {
    // A link-local address names its interface: fe80::1%eth0.
    let (number, zone) = host.split_once('%').unwrap_or((host, "lo"));
    let zone_fits = !zone.is_empty() && zone.bytes().all(is_name_byte);
    if number.parse::<Ipv6Addr>().is_err() || !zone_fits {
        return Err(Refusal::new(format!("`{text}` is not an IPv6 address"))
            .hint("as in \"fd00::1\", or \"[fd00::1]:22\" with a port"));
    }
    Ok(())
}

fn check_name(host: &str, text: &str) -> Result<(), Refusal> {
    if host.is_empty() || host.len() > 253 || host.starts_with(['-', '.']) {
        return Err(Refusal::new(format!("`{text}` has no host name")));
    }
    if let Some(found) = host
        .chars()
        .find(|c| !c.is_ascii() || !is_name_byte(*c as u8))
    {
        return Err(Refusal::new(format!("`{text}` may not hold `{found}`"))
            .hint("an address is a name or an IP address, and may end in :port"));
    }
    let looks_numeric = host.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    if looks_numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(Refusal::new(format!("`{host}` is not an IPv4 address")));
    }
    Ok(())
}

fn is_name_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-_.".contains(&c)
}
