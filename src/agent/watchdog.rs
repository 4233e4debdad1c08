//! Tells PID 1 that this process lives, for units that PID 1 watches.
//!
//! Protocol: sd_notify(3), a datagram `WATCHDOG=1` to the socket in `NOTIFY_SOCKET`.

use std::cell::Cell;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often PID 1 is told; a few times in what the unit allows.
pub(super) const SPAN: Duration = Duration::from_secs(2);

/// The way to PID 1, where it watches this process.
pub(super) struct Watchdog {
    socket: Option<PathBuf>,
    told: Cell<Option<Instant>>,
}

impl Watchdog {
    /// What the service manager said to this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the protocol of sd_notify(3) begins in the environment"
    )]
    pub(super) fn find() -> Self {
        Self {
            socket: std::env::var_os("NOTIFY_SOCKET").map(PathBuf::from),
            told: Cell::default(),
        }
    }

    /// Says that this process lives, unless it was said just now.
    pub(super) fn live(&self) {
        let Some(socket) = &self.socket else {
            return;
        };
        if self.told.get().is_some_and(|told| told.elapsed() < SPAN) {
            return;
        }
        self.told.set(Some(Instant::now()));
        // A PID 1 that is re-executing itself hears the next one.
        let _ = UnixDatagram::unbound().and_then(|from| from.send_to(b"WATCHDOG=1", socket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_is_told_once_a_span() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let watchdog = Watchdog {
            socket: Some(path),
            told: Cell::default(),
        };
        watchdog.live();
        watchdog.live();
        let mut said = [0; 64];
        let count = manager.recv(&mut said).unwrap();
        assert_eq!(&said[..count], b"WATCHDOG=1");
        assert!(manager.recv(&mut said).is_err());
    }
}
