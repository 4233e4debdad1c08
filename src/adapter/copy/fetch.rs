//! What the host fetches from its own binary caches, while other paths are sent to it.
//!
//! Whether a cache has a path, and how fast it gives it, is known when it has come. So
//! both begin: the host fetches in order, the workstation sends what no cache can have, and then, from the
//! other end, what would be there sooner than the host gets to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::lane::Lane;
use super::missing::ask;
use super::work::Work;
use crate::adapter::ssh::Program;
use crate::model::{PathInfo, Problem};

/// Paths, and bytes of them, that the host is asked to fetch at a time. A daemon fetches sixteen
/// at once, unless it is told otherwise.
const BATCH: usize = 32;
const BATCH_BYTES: u64 = 64 << 20;

/// Until it is known what the link carries, no larger path is sent that may be fetched.
const TRIAL: u64 = 1 << 20;

/// What is known of neither way so far may take this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the host may say nothing of what it fetches, once there is nothing else to do; and how
/// many times as long as sending the same it may take.
const SILENCE: Duration = Duration::from_secs(10);
const TIMES: f64 = 3.0;

/// How often it is looked at whether it takes too long.
const LOOK: Duration = Duration::from_secs(1);

/// Batches of which nothing came, after which no more is asked for.
const EMPTY: usize = 2;

/// How fetching goes.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    /// When the first batch was asked for.
    began: Option<Instant>,
    /// Bytes of NARs that came.
    came: u64,
    /// The batch that is under way: its bytes, and since when.
    batch: Option<(u64, Instant)>,
}

impl Fetching {
    /// Seconds until so many bytes more are fetched: as fast as those before, if all that is
    /// under way came now.
    fn seconds(&self, bytes: u64) -> f64 {
        let Some(began) = self.began else {
            return f64::INFINITY;
        };
        let under_way = self.batch.map_or(0, |(bytes, _)| bytes);
        let rate = (self.came + under_way) as f64 / began.elapsed().as_secs_f64();
        bytes as f64 / rate.max(1.0)
    }
}

/// Whether a binary cache may have a path: those sign what they hold, but for what proves itself.
pub(super) fn may_have(info: &PathInfo) -> bool {
    !info.signatures.is_empty() || info.content_address.is_some()
}

impl Work<'_> {
    /// Has the host fetch paths until none is left to be fetched, or nothing comes of it.
    pub(super) async fn fetch(&self, open: &impl AsyncFn() -> Result<Program, Problem>) {
        if !self.schedule.borrow().has_fetchable() {
            return;
        }
        let fetch = async {
            let lane = Lane::open(open().await?, self.share).await?;
            tokio::select! {
                fetched = self.batches(&lane) => fetched,
                () = self.takes_too_long(&lane) => Ok(()),
            }
        };
        let fetched = tokio::select! {
            fetched = fetch => fetched,
            () = self.over() => Ok(()),
        };
        if let Err(problem) = fetched {
            tracing::debug!(?problem, "the host fetches no more");
        }
        // All that is left is sent.
        self.schedule.borrow_mut().fetch_no_more();
        self.changed.notify_waiters();
    }

    async fn batches(&self, lane: &Lane) -> Result<(), Problem> {
        let mut empty = 0;
        while empty < EMPTY {
            let changed = self.changed.notified();
            let batch = self.batch();
            if batch.is_empty() {
                if !self.schedule.borrow().has_fetchable() {
                    return Ok(());
                }
                // Another path must be sent first.
                lane.wait(changed).await?;
                continue;
            }
            let paths: Vec<_> = batch.iter().map(|(_, info)| &info.path).collect();
            let came = ask(lane, &paths, true).await?;
            empty = if came.is_empty() { empty + 1 } else { 0 };
            for (number, info) in &batch {
                if came.contains(&info.path) {
                    self.fetching.borrow_mut().came += info.nar_size;
                    self.fetched(*number);
                } else {
                    self.schedule.borrow_mut().not_fetched(*number);
                }
            }
            self.fetching.borrow_mut().batch = None;
            self.changed.notify_waiters();
        }
        Ok(())
    }

    fn batch(&self) -> Vec<(usize, Arc<PathInfo>)> {
        let mut schedule = self.schedule.borrow_mut();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(next) = schedule.next_to_fetch() else {
                break;
            };
            bytes += next.1.nar_size;
            batch.push(next);
        }
        if !batch.is_empty() {
            let now = Instant::now();
            let mut fetching = self.fetching.borrow_mut();
            fetching.began.get_or_insert(now);
            fetching.batch = Some((bytes, now));
        }
        batch
    }

    /// Whether a path would be there sooner if it was sent, while so many bytes wait to be
    /// fetched, with itself as the last of them.
    pub(super) fn is_sooner(&self, info: &PathInfo, waiting: u64) -> bool {
        let fetching = self.fetching.borrow();
        if fetching
            .began
            .is_none_or(|began| began.elapsed() < PATIENCE)
        {
            return false;
        }
        match self.seconds_to_send(info.nar_size) {
            Some(seconds) => seconds < fetching.seconds(waiting),
            None => info.nar_size <= TRIAL,
        }
    }

    /// Returns once the host has fetched for too long what alone is left. Tells meanwhile who waits.
    async fn takes_too_long(&self, lane: &Lane) {
        loop {
            sleep(LOOK).await;
            // What is sooner by the other way changes with time.
            self.changed.notify_waiters();
            let Some((bytes, since)) = self.fetching.borrow().batch else {
                continue;
            };
            let silent = lane.heard().elapsed();
            let sending = self.seconds_to_send(bytes);
            if self.schedule.borrow().is_only_fetching()
                && gives_up(since.elapsed(), silent, sending)
            {
                return;
            }
        }
    }
}

/// Whether fetching is given up that has taken so long, of which nothing was heard for so
/// long, where sending takes so many seconds, if that is known.
fn gives_up(time: Duration, silent: Duration, sending: Option<f64>) -> bool {
    let is_slow = sending.is_some_and(|seconds| time.as_secs_f64() > TIMES * seconds);
    time > SILENCE && (silent > SILENCE || is_slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_cache_is_given_up_and_a_slow_one_where_sending_is_known_to_be_faster() {
        let given_up = |time, silent, sending| {
            gives_up(
                Duration::from_secs(time),
                Duration::from_secs(silent),
                sending,
            )
        };
        assert!(given_up(11, 11, None) && given_up(11, 11, Some(1e6)));
        assert!(!given_up(3600, 2, None) && !given_up(3600, 2, Some(1300.0)));
        assert!(given_up(3600, 2, Some(1100.0)));
        assert!(!given_up(9, 9, Some(0.1)), "it has only begun");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cache_is_as_fast_as_it_was_and_slower_while_nothing_comes() {
        let mut fetching = Fetching::default();
        assert!(fetching.seconds(1).is_infinite());
        let now = Instant::now();
        (fetching.began, fetching.batch) = (Some(now), Some((1000, now)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(fetching.seconds(1000), 2.0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(fetching.seconds(1000), 4.0);
        (fetching.came, fetching.batch) = (1000, None);
        assert_eq!(fetching.seconds(500), 2.0);
    }
}
