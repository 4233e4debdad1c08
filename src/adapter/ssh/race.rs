//! Several ways to one goal: each gets a head start, the first to arrive wins.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::sleep;

/// Tries ways in order. The next one starts when those before have failed, or after
/// `head_start` unless one of those under way is `close` to its goal. The first `Some` wins
/// and drops all others; `None` when every way has failed.
pub(super) async fn first<'a, I, T, F>(
    ways: &'a [I],
    head_start: Duration,
    close: impl Fn(&I) -> bool,
    start: impl Fn(&'a I) -> F,
) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let mut running = FuturesUnordered::new();
    let mut waiting = ways.iter();
    running.extend(waiting.next().map(&start));
    loop {
        tokio::select! {
            biased;
            arrived = running.next() => match arrived {
                Some(Some(winner)) => return Some(winner),
                Some(None) => running.extend(waiting.next().map(&start)),
                None => return None,
            },
            () = sleep(head_start), if waiting.len() > 0 => {
                let under_way = &ways[..ways.len() - waiting.len()];
                if !under_way.iter().any(&close) {
                    running.extend(waiting.next().map(&start));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::first;

    /// Each way: seconds until it ends, and whether it arrives. Answers with the winner and when.
    async fn run(ways: &[(u64, bool)], close: &[usize]) -> (Option<usize>, u64) {
        let numbered: Vec<(usize, (u64, bool))> = ways.iter().copied().enumerate().collect();
        let begin = Instant::now();
        let winner = first(
            &numbered,
            Duration::from_secs(2),
            |(index, _)| close.contains(index),
            |(index, (seconds, arrives))| async move {
                sleep(Duration::from_secs(*seconds)).await;
                arrives.then_some(*index)
            },
        );
        (winner.await, begin.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_way_costs_its_head_start_only() {
        assert_eq!(run(&[(100, false), (1, true)], &[]).await, (Some(1), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_way_makes_room_at_once() {
        assert_eq!(run(&[(0, false), (1, true)], &[]).await, (Some(1), 1));
        assert_eq!(
            run(&[(9, false), (0, false), (1, true)], &[]).await,
            (Some(2), 3)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_arrive_wins_and_a_slow_one_may() {
        assert_eq!(run(&[(3, true), (2, true)], &[]).await, (Some(0), 3));
        assert_eq!(run(&[(3, true), (0, true)], &[]).await, (Some(1), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_way_close_to_its_goal_is_waited_for() {
        assert_eq!(run(&[(9, true), (0, true)], &[0]).await, (Some(0), 9));
    }

    #[tokio::test(start_paused = true)]
    async fn all_may_fail() {
        assert_eq!(run(&[(1, false), (1, false)], &[]).await, (None, 2));
        assert_eq!(run(&[], &[]).await, (None, 0));
    }
}
