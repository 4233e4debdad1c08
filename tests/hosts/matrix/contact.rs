//! Whether a host serves, as anybody on the network sees it: sshd greets, and the page tells its version.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// Between two looks. Each costs the host a process of sshd.
const PAUSE: Duration = Duration::from_millis(200);
/// Limit for a connection, which the host's kernel makes, however busy the host is.
const CONNECT_LIMIT: Duration = Duration::from_millis(700);
/// Limit for an answer, which its programs give.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// One look.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    /// The version that is served, if the host can be logged in to as well.
    version: Option<String>,
}

/// Looks at a host until it is asked what it saw.
pub(super) struct Watch<'scope> {
    handle: ScopedJoinHandle<'scope, Vec<Look>>,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// From when on the version was served without a break.
    pub(super) since: Instant,
    /// How long nothing was served just before that.
    pub(super) away: Duration,
}

impl<'scope> Watch<'scope> {
    /// Begins to look, until `is_over`.
    pub(super) fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        address: IpAddr,
        port: u16,
        is_over: &'scope AtomicBool,
    ) -> Self {
        let handle = scope.spawn(move || {
            let mut looks = Vec::new();
            loop {
                // Known before the look: the last one begins when all is over.
                let is_last = is_over.load(Ordering::Relaxed);
                looks.push(Look {
                    at: Instant::now(),
                    version: version(address, port),
                });
                if is_last {
                    return looks;
                }
                thread::sleep(PAUSE);
            }
        });
        Self { handle }
    }

    /// When the last uninterrupted time began in which `version` was served; `None` when it was
    /// not served at the end. Set `is_over` first.
    pub(super) fn served(self, version: &str) -> Option<Seen> {
        let looks = self.handle.join().expect("looking does not panic");
        seen(&looks, version)
    }
}

fn seen(looks: &[Look], version: &str) -> Option<Seen> {
    let is_served = |look: &&Look| look.version.as_deref() == Some(version);
    let count = looks.iter().rev().take_while(is_served).count();
    let begins = looks.len() - count;
    let since = looks.get(begins)?.at;
    let last = looks[..begins]
        .iter()
        .rev()
        .find(|look| look.version.is_some());
    Some(Seen {
        since,
        away: last.map_or(Duration::ZERO, |last| since - last.at),
    })
}

/// The version a host serves to somebody who can also log in there.
pub(super) fn version(address: IpAddr, port: u16) -> Option<String> {
    let greeting = ask(address, 22, b"")?;
    if !greeting.starts_with("SSH-") {
        return None;
    }
    let page = ask(address, port, b"GET / HTTP/1.0\r\n\r\n")?;
    page.split_whitespace().next_back().map(str::to_owned)
}

/// What a server says first, or to a request all that it says.
fn ask(address: IpAddr, port: u16, request: &[u8]) -> Option<String> {
    let mut stream =
        TcpStream::connect_timeout(&SocketAddr::new(address, port), CONNECT_LIMIT).ok()?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    let mut said = Vec::new();
    if request.is_empty() {
        let mut buffer = [0; 256];
        let count = stream.read(&mut buffer).ok()?;
        said.extend_from_slice(&buffer[..count]);
    } else {
        stream.write_all(request).ok()?;
        stream.read_to_end(&mut said).ok()?;
    }
    Some(String::from_utf8_lossy(&said).into_owned())
}
