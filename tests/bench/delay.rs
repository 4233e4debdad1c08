//! Carries TCP connections to hosts as a long line would: every chunk arrives a fixed time after it was sent, and a line
//! with a rate carries one chunk after another. tests/bench/copy compiles it with rustc, without cargo.
//!
//!     delay ONE-WAY-MILLISECONDS MBIT LISTEN=TARGET…
//!
//! MBIT 0 is no rate. Each LISTEN=TARGET is a line of its own, which all its connections share, and its two directions do
//! not hold each other up. What waits in a line is bounded by what the line itself would hold, so a sender is held back
//! by it and not by its own patience.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::exit;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes read at once: small, where a line with a rate is shared fairly only between chunks.
const CHUNK: usize = 16 << 10;
/// Bytes that may wait beside those which are on their way, as in a router's queue.
const QUEUE: usize = 1 << 20;
/// A line without a rate holds as much as one of 2 Gbit/s.
const UNLIMITED: u64 = 2_000_000_000;

/// One direction of a line.
struct Way {
    delay: Duration,
    /// Bits a second; 0 is no rate.
    rate: u64,
    /// When all that was given to the line so far has left it.
    free: Mutex<Instant>,
}

impl Way {
    fn new(delay: Duration, rate: u64) -> Arc<Self> {
        let free = Mutex::new(Instant::now());
        Arc::new(Self { delay, rate, free })
    }

    /// When a chunk that is given to the line now comes out of it.
    fn arrival(&self, bytes: usize) -> Instant {
        let now = Instant::now();
        if self.rate == 0 {
            return now + self.delay;
        }
        let mut free = hold(&self.free);
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / self.rate as f64);
        *free = (*free).max(now) + takes;
        *free + self.delay
    }

    /// Bytes of one connection that the line may hold.
    fn room(&self) -> usize {
        let rate = if self.rate == 0 { UNLIMITED } else { self.rate };
        QUEUE + (rate as f64 / 8.0 * self.delay.as_secs_f64()) as usize
    }
}

/// The chunks of one direction of one connection, with the time at which each arrives.
#[derive(Default)]
struct Flight {
    chunks: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    chunks: std::collections::VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// The reader of it is gone.
    broken: bool,
}

impl Flight {
    /// Whether the other end still takes something.
    fn put(&self, chunk: Vec<u8>, arrival: Instant, room: usize) -> bool {
        let mut waiting = hold(&self.chunks);
        while waiting.bytes >= room && !waiting.broken {
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        waiting.bytes += chunk.len();
        waiting.chunks.push_back((arrival, chunk));
        self.changed.notify_all();
        !waiting.broken
    }

    /// The next chunk, once it has arrived. It counts as on its way until then.
    fn take(&self) -> Vec<u8> {
        let mut waiting = hold(&self.chunks);
        loop {
            let Some((arrival, _)) = waiting.chunks.front() else {
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = arrival.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let chunk = waiting
                    .chunks
                    .pop_front()
                    .map(|(_, chunk)| chunk)
                    .unwrap_or_default();
                waiting.bytes -= chunk.len();
                self.changed.notify_all();
                return chunk;
            }
            drop(waiting);
            thread::sleep(left);
            waiting = hold(&self.chunks);
        }
    }

    fn break_off(&self) {
        hold(&self.chunks).broken = true;
        self.changed.notify_all();
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries one direction of a connection; an empty chunk is its end.
fn carry(mut from: TcpStream, mut to: TcpStream, way: Arc<Way>) {
    let flight = Arc::new(Flight::default());
    let arriving = Arc::clone(&flight);
    let writer = thread::spawn(move || {
        loop {
            let chunk = arriving.take();
            if chunk.is_empty() {
                _ = to.shutdown(Shutdown::Write);
                return;
            }
            if to.write_all(&chunk).is_err() {
                arriving.break_off();
                return;
            }
        }
    });
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let open = flight.put(buffer[..read].to_vec(), way.arrival(read), way.room());
        if read == 0 || !open {
            break;
        }
    }
    _ = writer.join();
    _ = from.shutdown(Shutdown::Read);
}

/// A connection through the line. Its greeting takes the round trip that the line's own would.
fn connect(
    client: TcpStream,
    target: &str,
    there: Arc<Way>,
    back: Arc<Way>,
) -> std::io::Result<()> {
    thread::sleep(there.delay + back.delay);
    let host = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    host.set_nodelay(true)?;
    let (client_too, host_too) = (client.try_clone()?, host.try_clone()?);
    thread::spawn(move || carry(client, host, there));
    carry(host_too, client_too, back);
    Ok(())
}

fn line(listener: &TcpListener, target: &str, delay: Duration, rate: u64) {
    let (there, back) = (Way::new(delay, rate), Way::new(delay, rate));
    for client in listener.incoming().flatten() {
        let (target, there, back) = (target.to_owned(), Arc::clone(&there), Arc::clone(&back));
        thread::spawn(move || {
            if let Err(error) = connect(client, &target, there, back) {
                eprintln!("delay: {target}: {error}");
            }
        });
    }
}

fn usage() -> ! {
    eprintln!("usage: delay ONE-WAY-MILLISECONDS MBIT LISTEN=TARGET…");
    exit(2)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|word| word.parse::<u64>().ok());
    let (Some(millis), Some(mbit)) = (number(), number()) else {
        usage()
    };
    let mut lines = Vec::new();
    for pair in arguments {
        let Some((listen, target)) = pair.split_once('=') else {
            usage()
        };
        let listener = TcpListener::bind(listen).unwrap_or_else(|error| {
            eprintln!("delay: {listen}: {error}");
            exit(1)
        });
        let target = target.to_owned();
        let delay = Duration::from_millis(millis);
        lines.push(thread::spawn(move || {
            line(&listener, &target, delay, mbit * 1_000_000)
        }));
    }
    println!("ready");
    for line in lines {
        _ = line.join();
    }
}
