//! A program that was started: its end within a limit, and its output.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use super::host::Ended;
use super::watchdog::Watchdog;

/// Most bytes read of what a program wrote.
const OUTPUT_BYTES: u64 = 4 << 20;

/// Waits for a child; at the limit its whole process group is killed and nothing is returned.
pub(super) fn wait(
    child: &mut Child,
    limit: Duration,
    watchdog: &Watchdog,
) -> io::Result<Option<Ended>> {
    let start = Instant::now();
    let mut nap = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.into()));
        }
        watchdog.live();
        if start.elapsed() >= limit {
            kill_group(child);
            return Ok(None);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(10));
    }
}

fn kill_group(child: &mut Child) {
    let group = child.id().try_into().ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself this very moment.
        let _ = kill_process_group(group, Signal::KILL);
    }
    // A process in uninterruptible sleep cannot be waited for; PID 1 will reap it.
    let _ = child.try_wait();
}

/// A file for output that is in memory alone.
pub(super) fn memory_file() -> io::Result<File> {
    Ok(memfd_create("phoenix-output", MemfdFlags::CLOEXEC)?.into())
}

/// What a file holds, up to a limit.
pub(super) fn content(mut file: File) -> String {
    let mut bytes = Vec::new();
    // What cannot be read back is missing from a log, no more.
    let _ = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(OUTPUT_BYTES).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
