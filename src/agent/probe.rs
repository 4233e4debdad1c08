//! One look at a health gate, from the host. Looking changes nothing; how often and how long is
//! the controller's business, so one that is gone looks no more.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::follow;
use super::host::{Cx, Program, ProgramError, chain, seconds};
use super::switching;
use crate::model::{Gate, GateKind, HttpUrl, Observation, Problem, RunId};

/// Most bytes of a page that are looked at; the memory of the host is not the gate's to fill.
const PAGE_BYTES: u64 = 2 << 20;
/// What a program gets beyond its own limit before it is killed.
const SLACK: Duration = Duration::from_secs(2);

/// Looks once. Not being able to look is a look that did not pass.
///
/// # Errors
/// When the host does not know the run.
pub(super) fn probe(cx: Cx<'_>, gate: &Gate, run: Option<&RunId>) -> Result<Observation, Problem> {
    Ok(match &gate.kind {
        GateKind::Systemd {
            newly_failed,
            units,
        } => return systemd(cx, *newly_failed, units, run),
        GateKind::Command { command } => by_command(cx, command, gate.timeout),
        GateKind::Http {
            url,
            status,
            contains,
            ..
        } => page(cx, url, (status, contains.as_deref()), gate.timeout),
        GateKind::Tcp { address, port, .. } => tcp((address, *port), gate.timeout),
    })
}

fn systemd(
    cx: Cx<'_>,
    newly_failed: bool,
    units: &[String],
    run: Option<&RunId>,
) -> Result<Observation, Problem> {
    let record = run.map(|run| follow::load(cx, run)).transpose()?;
    let since = record.as_ref().map_or(0, super::record::Record::began);
    if newly_failed {
        let broken = match &record {
            Some(record) => switching::newly_failed(cx, record),
            None => switching::broken_units(cx),
        };
        let broken = match broken {
            Ok(broken) => broken,
            Err(error) => return Ok(unknown(&error)),
        };
        if !broken.is_empty() {
            let log = cx.host.journal(&broken, since);
            return Ok(Observation::bad(failed_units(&broken, record.is_some())).with_log(log));
        }
    }
    Ok(match cx.host.unit_states(units) {
        Err(error) => unknown(&error),
        Ok(states) => active(cx, units, &states, since),
    })
}

/// What failed units are called, in a run and outside of one.
fn failed_units(units: &[String], in_run: bool) -> String {
    let units = units.join(", ");
    if in_run {
        format!("units failed after activation: {units}")
    } else {
        format!("failed units: {units}")
    }
}

fn active(cx: Cx<'_>, units: &[String], states: &[String], since: u64) -> Observation {
    let is_good = |state: &str| matches!(state, "active" | "reloading");
    let all = units.iter().zip(states);
    let (names, told): (Vec<String>, Vec<String>) = all
        .filter(|(_, state)| !is_good(state))
        .map(|(unit, state)| (unit.clone(), format!("{unit} is {state}")))
        .unzip();
    match (names.is_empty(), units) {
        (true, []) => Observation::good("no failed units"),
        (true, _) => Observation::good(format!("active: {}", units.join(", "))),
        (false, _) => Observation::bad(told.join(", ")).with_log(cx.host.journal(&names, since)),
    }
}

fn unknown(error: &ProgramError) -> Observation {
    Observation::bad(chain(error)).with_log(error.log().to_vec())
}

fn by_command(cx: Cx<'_>, command: &[String], limit: Duration) -> Observation {
    let Some((program, arguments)) = command.split_first() else {
        return Observation::bad("the gate has no command");
    };
    match cx.host.run(&Program::new(program, arguments, limit)) {
        Ok(_) => Observation::good("exited with status 0"),
        Err(error @ ProgramError::Start { .. }) => unknown(&error).with_hint(
            "write the whole path of a program that is not in the host's system profile",
        ),
        Err(error) => unknown(&error),
    }
}

/// Asks with the host's own `curl`: TLS and its certificates are the host's business.
/// Words: curl(1).
fn page(
    cx: Cx<'_>,
    url: &HttpUrl,
    (status, contains): (&[u16], Option<&str>),
    limit: Duration,
) -> Observation {
    let words = curl_words(url, limit);
    match cx.host.run(&Program::new("curl", words, limit + SLACK)) {
        Ok(said) => match read_answer(&said) {
            Some((code, body)) => Observation::of_page((status, code), (contains, body.as_bytes())),
            None => Observation::bad("`curl` did not say which status it got"),
        },
        Err(ProgramError::Start { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Observation::bad("the host has no `curl` to ask for the page with").with_hint(
                "add curl to the host's environment.systemPackages, or set from = \"workstation\"",
            )
        }
        Err(error) => {
            // Its own words say more than its status.
            let detail = error.log().last().cloned();
            Observation::bad(detail.unwrap_or_else(|| chain(&error)))
        }
    }
}

fn curl_words(url: &HttpUrl, limit: Duration) -> Vec<String> {
    let fixed = [
        // As the first word it keeps root's own ~/.curlrc out.
        "--disable",
        "--silent",
        "--show-error",
        "--globoff",
        "--write-out",
        "\n%{http_code}\n",
    ];
    let limits = [
        ("--max-time", format!("{:.3}", limit.as_secs_f64())),
        ("--max-filesize", PAGE_BYTES.to_string()),
        ("--url", url.to_string()),
    ];
    let limits = limits
        .into_iter()
        .flat_map(|(word, value)| [word.to_owned(), value]);
    fixed.into_iter().map(str::to_owned).chain(limits).collect()
}

/// The status code, which follows the page on a line of its own, and the page.
fn read_answer(said: &str) -> Option<(u16, &str)> {
    let (body, code) = said.strip_suffix('\n')?.rsplit_once('\n')?;
    Some((code.parse().ok()?, body))
}

/// Whether a port takes connections, at any of the name's addresses.
fn tcp((address, port): (&str, u16), limit: Duration) -> Observation {
    let until = Instant::now() + limit;
    let found = match (address, port).to_socket_addrs() {
        Ok(found) => found,
        Err(error) => return Observation::bad(format!("{address} has no address: {error}")),
    };
    let mut last = format!("{address} has no address");
    for one in found {
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            last = format!("no answer within {}", seconds(limit));
            break;
        }
        match TcpStream::connect_timeout(&one, rest) {
            Ok(_) => return Observation::good(format!("{one} takes connections")),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                last = format!("{one} gave no answer within {}", seconds(limit));
            }
            Err(error) => last = format!("{one}: {error}"),
        }
    }
    Observation::bad(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_the_page() {
        assert_eq!(read_answer("one\ntwo\n\n200\n"), Some((200, "one\ntwo\n")));
        assert_eq!(read_answer("\n000\n"), Some((0, "")));
        assert_eq!(read_answer("rubbish"), None);
    }

    #[test]
    fn a_port_takes_connections_or_not() {
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = open.local_addr().unwrap().port();
        let limit = Duration::from_secs(5);
        assert!(tcp(("127.0.0.1", port), limit).passed);
        drop(open);
        let closed = tcp(("127.0.0.1", port), limit);
        assert!(!closed.passed);
        assert!(closed.detail.contains("refused"), "{}", closed.detail);
    }
}
