//! Whether the host can be reached the way the controller came: the address and port at which
//! its SSH server took the controller's connection.

use std::fs;
use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::host::{Cx, seconds};
use super::paths::Paths;
use super::record::Record;

/// How long the SSH server may take to come back with the old system.
const PATIENCE: Duration = Duration::from_secs(20);
/// Limit for one greeting.
const GREETING: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);
/// Most processes between this one and the SSH server's: a shell, sudo and its monitor.
const ANCESTORS: usize = 12;

/// Where a session of SSH came from and went to: the four words of `SSH_CONNECTION` (sshd(8)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SshConnection {
    /// The controller's end, as the host sees it.
    pub(super) client: SocketAddr,
    /// The host's end.
    pub(super) server: SocketAddr,
}

impl SshConnection {
    fn read(words: &str) -> Option<Self> {
        let words: Vec<&str> = words.split(' ').collect();
        let [client, client_port, server, server_port] = words.as_slice() else {
            return None;
        };
        let address = |ip: &str, port: &str| {
            // An address of one link names it: `fe80::1%eth0`.
            let ip: IpAddr = ip.split('%').next()?.parse().ok()?;
            Some(SocketAddr::new(ip, port.parse().ok()?))
        };
        Some(Self {
            client: address(client, client_port)?,
            server: address(server, server_port)?,
        })
    }
}

/// The address that the controller which talks to this process came from.
pub(super) fn controller(paths: &Paths) -> Option<String> {
    let connection = of_process(paths, std::process::id())?;
    Some(connection.client.ip().to_string())
}

/// Where the controller of process `pid` found the host's SSH server. An address that only
/// holds on one link is not kept: it does not say which.
pub(super) fn server_of(paths: &Paths, pid: u32) -> Option<SocketAddr> {
    let server = of_process(paths, pid)?.server;
    let is_local = matches!(server.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
    (!is_local).then_some(server)
}

/// The SSH session that process `pid` belongs to. `sudo` takes the variable away, so it is
/// looked for in the processes above.
pub(super) fn of_process(paths: &Paths, pid: u32) -> Option<SshConnection> {
    let mut pid = pid.to_string();
    for _ in 0..ANCESTORS {
        let environment = fs::read(paths.at(format!("/proc/{pid}/environ"))).unwrap_or_default();
        let found = environment
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(b"SSH_CONNECTION="));
        if let Some(found) = found {
            return SshConnection::read(&String::from_utf8_lossy(found));
        }
        pid = parent(&fs::read_to_string(paths.at(format!("/proc/{pid}/stat"))).ok()?)?;
    }
    None
}

/// The fourth field of `/proc/PID/stat` (proc(5)); the second may hold anything in brackets.
fn parent(stat: &str) -> Option<String> {
    let (_, rest) = stat.rsplit_once(')')?;
    let parent = rest.split_whitespace().nth(1)?;
    (parent != "0").then(|| parent.to_owned())
}

/// Why the host cannot be reached the way the controller came, if it cannot within a while.
pub(super) fn lost(cx: Cx<'_>, record: &Record) -> Option<String> {
    let server = record.contact?;
    let until = cx.host.uptime() + PATIENCE;
    while !cx.host.greets(server) {
        if cx.host.uptime() >= until {
            let limit = seconds(PATIENCE);
            return Some(format!("no SSH server greeted at {server} within {limit}"));
        }
        cx.host.pause(PAUSE);
    }
    None
}

/// Whether an SSH server greets (RFC 4253, section 4.2: other lines may come first).
pub(super) fn greets(server: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&server, GREETING) else {
        return false;
    };
    if stream.set_read_timeout(Some(GREETING)).is_err() {
        return false;
    }
    let mut said = Vec::new();
    let mut part = [0; 256];
    let begun = Instant::now();
    while begun.elapsed() < GREETING {
        match stream.read(&mut part) {
            Ok(count @ 1..) => said.extend_from_slice(&part[..count]),
            _ => return false,
        }
        if said
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(b"SSH-"))
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_session_is_found_above_sudo() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        for (pid, stat, environment) in [
            ("30", "30 (phoenix-agent) S 20 1", "PATH=/bin\0"),
            ("20", "20 (sudo (x) y) S 10 1", "TERM=xterm\0"),
            (
                "10",
                "10 (sh) S 1 1",
                "A=b\0SSH_CONNECTION=fe80::1%eth0 40022 10.0.0.9 2222\0",
            ),
        ] {
            let process = paths.at(format!("/proc/{pid}"));
            fs::create_dir_all(&process).unwrap();
            fs::write(process.join("stat"), stat).unwrap();
            fs::write(process.join("environ"), environment).unwrap();
        }
        let found = of_process(&paths, 30).unwrap();
        assert_eq!(found.server.to_string(), "10.0.0.9:2222");
        assert_eq!(found.client.to_string(), "[fe80::1]:40022");
        assert_eq!(server_of(&paths, 30), Some(found.server));
        assert_eq!(of_process(&paths, 7), None);
        for strange in ["10.0.0.1 22", "rm -rf 1 22", "1.2.3.4 a 1.2.3.4 22"] {
            assert_eq!(SshConnection::read(strange), None, "{strange}");
        }
    }

    #[test]
    fn only_a_greeting_of_ssh_counts() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            for said in ["Welcome\r\nSSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 400\r\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(said.as_bytes()).unwrap();
            }
        });
        assert!(greets(address));
        assert!(!greets(address));
        server.join().unwrap();
        assert!(!greets(address));
    }
}
