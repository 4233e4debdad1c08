//! Limits under hosts of every kind.

use std::cell::RefCell;
use std::convert::Infallible;

use futures::future::join_all;
use tokio::time::advance;

use super::*;

const KILO: u64 = 1000;

fn rate(bytes: u64) -> Bandwidth {
    Bandwidth::new(bytes).unwrap()
}

/// What went, and when.
#[derive(Default)]
struct Sent(RefCell<Vec<(Instant, usize)>>);

impl Sent {
    /// Sends chunks of these lengths, over and over, for so long.
    async fn chunks(&self, share: &Share, lengths: &[usize], seconds: u64) {
        let send = async {
            for length in lengths.iter().cycle() {
                let bytes = Bytes::from(vec![0; *length]);
                let note = async |piece: Bytes| {
                    let mut sent = self.0.borrow_mut();
                    sent.push((Instant::now(), piece.len()));
                    Ok::<_, Infallible>(())
                };
                share.pass(bytes, note).await.unwrap();
            }
        };
        // Nobody is dropped before all have had so long.
        let _ = timeout(Duration::from_secs(seconds), send).await;
    }

    fn bytes(&self) -> usize {
        self.0.borrow().iter().map(|(_, bytes)| bytes).sum()
    }

    /// The most that went in any time beyond what the rate lets through in it.
    fn excess(&self, rate: u64) -> f64 {
        let (mut level, mut most) = (0.0_f64, 0.0_f64);
        let mut before = None;
        for (at, bytes) in self.0.borrow().iter() {
            let pause = before.map_or(Duration::ZERO, |before| *at - before);
            level = (level - pause.as_secs_f64() * rate as f64).max(0.0) + *bytes as f64;
            most = most.max(level);
            before = Some(*at);
        }
        most
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_has_more_than_its_bytes_and_a_burst() {
    for bytes in [KILO, 10 * KILO, 333 * KILO, 50_000 * KILO] {
        let share = Share::new(Some(rate(bytes)), None);
        let burst = (bytes / BURSTS).max(SMALLEST) as f64;
        let sent = Sent::default();
        let lengths = [1, 70_000, 5, 1_300_000, 4096, 12];
        sent.chunks(&share, &lengths, 60).await;
        // A pause gathers no more than a burst either.
        advance(Duration::from_secs(100)).await;
        sent.chunks(&share, &lengths, 60).await;
        assert!(sent.excess(bytes) <= burst + 2.0, "{bytes}");
        let full = 2.0 * (60 * bytes) as f64;
        assert!(sent.bytes() as f64 > full * 0.95 - burst, "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_get_the_same_whatever_they_send_and_however_many_lanes_they_have() {
    let total = Arc::new(Total::new(rate(1000 * KILO)));
    let shares = [(); 3].map(|()| Share::new(None, Some(&total)));
    let [small, large, lanes] = [(); 3].map(|()| Sent::default());
    tokio::join!(
        small.chunks(&shares[0], &[700], 30),
        large.chunks(&shares[1], &[1 << 20], 30),
        join_all((0..4).map(|_| lanes.chunks(&shares[2], &[65_536], 30))),
    );
    for sent in [&small, &large, &lanes] {
        let got = sent.bytes() as f64 / 10e6;
        assert!((0.97..1.03).contains(&got), "{got}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_limits_hold_and_what_one_host_leaves_others_get() {
    let total = Arc::new(Total::new(rate(1000 * KILO)));
    let slow = Share::new(Some(rate(100 * KILO)), Some(&total));
    let fast = Share::new(Some(rate(5000 * KILO)), Some(&total));
    let (one, other) = (Sent::default(), Sent::default());
    tokio::join!(
        one.chunks(&slow, &[300_000], 30),
        one.chunks(&slow, &[300_000], 30),
        other.chunks(&fast, &[300_000], 30),
    );
    assert!(one.excess(100 * KILO) <= 10_002.0);
    let got = [one.bytes() as f64 / 3e6, other.bytes() as f64 / 27e6];
    assert!(got.iter().all(|got| (0.95..1.05).contains(got)), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_stops_or_whose_link_takes_nothing_holds_up_no_other() {
    let total = Arc::new(Total::new(rate(KILO)));
    let shares = [(); 3].map(|()| Share::new(None, Some(&total)));
    let (sent, stops) = (Sent::default(), Sent::default());
    let stuck = shares[1].pass(Bytes::from_static(&[0; 9000]), async |_| {
        std::future::pending::<Result<(), Infallible>>().await
    });
    tokio::join!(
        sent.chunks(&shares[0], &[9000], 600),
        stops.chunks(&shares[2], &[9000], 7),
        async {
            let _ = timeout(Duration::from_secs(600), stuck).await;
        },
    );
    assert!(sent.bytes() > 580_000, "{}", sent.bytes());
}

#[tokio::test(start_paused = true)]
async fn who_waits_long_for_a_turn_says_something_every_few_seconds() {
    let total = Arc::new(Total::new(rate(KILO)));
    let shares: Vec<Share> = (0..20).map(|_| Share::new(None, Some(&total))).collect();
    let hosts: Vec<Sent> = (0..20).map(|_| Sent::default()).collect();
    let each = shares.iter().zip(&hosts);
    let others = join_all(each.map(|(share, sent)| sent.chunks(share, &[30_000], 900)));
    // What goes before its turn is what comes next.
    let bytes: Bytes = (0..9000_u16).map(|number| number as u8).collect();
    let mut arrived = Vec::new();
    let share = Share::new(None, Some(&total));
    let one = share.pass(bytes.clone(), async |piece| {
        arrived.extend_from_slice(&piece);
        Ok::<_, Infallible>(())
    });
    let (_, passed) = tokio::join!(others, one);
    assert!(passed.is_ok() && arrived == bytes);
    for sent in &hosts {
        let times: Vec<Instant> = sent.0.borrow().iter().map(|(at, _)| *at).collect();
        let longest = times.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        assert!(longest <= ALIVE + Duration::from_millis(2), "{longest:?}");
    }
    let all: usize = hosts.iter().map(Sent::bytes).sum();
    assert!(all < 910_000, "{all}");
}
