//! How much packing is worth, by what the links carry and the processor has to spare.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::encode::Form;
use crate::model::Bandwidth;

/// A link that carries so many bytes a second gains nothing from packing: it is not what is
/// waited for.
const FAST: f64 = 120e6;

/// Below these, stronger packing pays.
const MIDDLING: f64 = 25e6;
const MODEST: f64 = 15e6;
const SLOW: f64 = 5e6;

/// Before a link is measured: what a large path begins with, it keeps, and packing at this level
/// is faster than 1 Gbit/s.
const FIRST_FORM: Form = Form::Packed(3);

/// Bytes that say nothing about a link: they go into buffers on the way.
const BUFFERED: usize = 3 << 20;

/// What is measured at a time, and at first: what was packed for a fast link by then, was for
/// nothing.
const SPAN: Duration = Duration::from_millis(100);
const FIRST: Duration = Duration::from_millis(25);

/// With less of the processor's time unused, nothing can be spared for packing.
const IDLE: f64 = 0.15;

/// What packing for a modest link takes for itself: it is some times dearer than the next level.
const LEISURE: f64 = 0.5;

/// Before anybody looked at the processor, or where nobody can.
const UNKNOWN: f64 = 0.3;

/// How one host is sent to.
#[derive(Debug)]
pub(super) struct Pace {
    form: Form,
    buffered: usize,
    /// How long is measured now.
    span: Duration,
    since: Instant,
    bytes: usize,
    /// Time spent waiting for the link, and for bytes.
    sending: Duration,
    reading: Duration,
}

/// What all hosts of a run share.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    since: Option<Instant>,
    bytes: usize,
    rate: f64,
    processor: Option<(u64, u64)>,
    /// `None` before it is known.
    idle: Option<f64>,
}

impl Pace {
    /// Before anything is measured, it is known how fast a link with a limit is not.
    pub(super) fn new(limit: Option<Bandwidth>) -> Self {
        let rate = limit.map(|limit| limit.bytes() as f64);
        let slow = rate.filter(|rate| *rate < FAST);
        Self {
            form: slow.map_or(FIRST_FORM, |rate| for_link(rate, (rate, 1.0))),
            buffered: 0,
            span: FIRST,
            since: Instant::now(),
            bytes: 0,
            sending: Duration::ZERO,
            reading: Duration::ZERO,
        }
    }

    /// How the next path is sent.
    pub(super) fn form(&self) -> Form {
        self.form.clone()
    }

    /// Bytes were sent: how long the link took for them, and how long they were waited for.
    pub(super) fn sent(&mut self, bytes: usize, sending: Duration, reading: Duration, all: &Meter) {
        let all = all.sent(bytes);
        if self.buffered < BUFFERED {
            self.buffered += bytes;
            self.since = Instant::now();
            return;
        }
        self.bytes += bytes;
        self.sending += sending;
        self.reading += reading;
        let span = self.since.elapsed();
        if span < self.span {
            return;
        }
        self.span = SPAN;
        let rate = self.bytes as f64 / span.as_secs_f64();
        self.form = match self.sending > self.reading {
            true => for_link(rate, all),
            // Packing is what is waited for.
            false => self.form.weaker(),
        };
        tracing::debug!(rate, all = all.0, idle = all.1, form = ?self.form, "measured a link");
        self.since = Instant::now();
        self.bytes = 0;
        (self.sending, self.reading) = (Duration::ZERO, Duration::ZERO);
    }
}

/// For a link that is what is waited for: its rate, and of all hosts together the rate and the
/// part of the processor that is unused.
fn for_link(rate: f64, (all, idle): (f64, f64)) -> Form {
    let form = match rate {
        FAST.. => Form::Plain,
        MIDDLING.. => Form::Packed(1),
        MODEST.. => Form::Packed(3),
        SLOW.. if idle >= LEISURE => Form::Packed(6),
        SLOW.. => Form::Packed(3),
        _ => Form::Packed(9),
    };
    match idle < IDLE {
        true if all >= FAST => Form::Plain,
        // Whoever waits for a processor seems to wait for the link.
        true => form.weaker(),
        false => form,
    }
}

impl Meter {
    /// Counts bytes, and says what all links together carry and how much of the processor is
    /// unused.
    fn sent(&self, bytes: usize) -> (f64, f64) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.bytes += bytes;
        let since = *shared.since.get_or_insert_with(Instant::now);
        let span = since.elapsed();
        if span >= SPAN {
            shared.rate = shared.bytes as f64 / span.as_secs_f64();
            shared.bytes = 0;
            shared.since = Some(Instant::now());
            let now = processor();
            shared.idle = match (shared.processor, now) {
                (Some((idle, all)), Some(now)) if now.1 > all => {
                    Some(now.0.saturating_sub(idle) as f64 / (now.1 - all) as f64)
                }
                _ => None,
            };
            shared.processor = now;
        }
        (shared.rate, shared.idle.unwrap_or(UNKNOWN))
    }
}

/// Time that the processor was unused, and all its time, since the machine started (Linux:
/// proc_stat(5)).
fn processor() -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // User, nice, system, idle, waiting for disks; guests are in the first two.
    let times: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map_while(|time| time.parse().ok())
        .collect();
    let idle = times.get(3)? + times.get(4)?;
    Some((idle, times.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_links_get_stronger_packing_and_fast_ones_none() {
        let spare = |rate| for_link(rate, (rate, 0.9));
        assert_eq!(spare(1e6), Form::Packed(9));
        assert_eq!(spare(20e6), Form::Packed(3));
        assert_eq!(spare(10e6), Form::Packed(6));
        assert_eq!(spare(50e6), Form::Packed(1));
        assert_eq!(spare(200e6), Form::Plain);
    }

    #[test]
    fn a_busy_machine_packs_only_for_slow_links() {
        assert_eq!(for_link(30e6, (240e6, 0.0)), Form::Plain);
        assert_eq!(for_link(30e6, (60e6, 0.0)), Form::Plain);
        assert_eq!(for_link(10e6, (20e6, 0.0)), Form::Packed(1));
        assert_eq!(for_link(10e6, (20e6, UNKNOWN)), Form::Packed(3));
        assert_eq!(for_link(1e6, (8e6, 0.0)), Form::Packed(6));
    }

    #[tokio::test]
    async fn a_link_with_a_limit_is_packed_for_as_one_that_is_so_slow() {
        let form = |bytes| Pace::new(Bandwidth::new(bytes)).form();
        assert_eq!(form(2_000_000), Form::Packed(9));
        assert_eq!(form(20_000_000), Form::Packed(3));
        assert_eq!(form(1_000_000_000), FIRST_FORM);
    }

    #[tokio::test(start_paused = true)]
    async fn what_fills_buffers_says_nothing_and_what_waits_for_packing_packs_less() {
        let (mut pace, all) = (Pace::new(None), Meter::default());
        pace.sent(BUFFERED, Duration::from_secs(9), Duration::ZERO, &all);
        assert_eq!(pace.form(), FIRST_FORM);
        tokio::time::advance(FIRST).await;
        pace.sent(25_000, FIRST, Duration::ZERO, &all);
        assert_eq!(pace.form(), Form::Packed(9));
        tokio::time::advance(SPAN).await;
        pace.sent(100_000, Duration::ZERO, SPAN, &all);
        assert_eq!(pace.form(), Form::Packed(6));
    }
}
