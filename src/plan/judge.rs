//! When a health gate has passed, when it has failed, and when to look again. No clock: the
//! times are passed in.

use std::time::Duration;

use crate::model::Gate;

/// Follows the looks at one gate.
#[derive(Clone, Debug)]
pub struct Judge {
    /// How late the condition may come true.
    patience: Duration,
    stable_for: Duration,
    interval: Duration,
    /// When the first of the looks began that have passed without a break.
    since: Option<Duration>,
}

/// What follows from a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again after this pause.
    Look(Duration),
    /// The condition held for long enough.
    Passed,
    /// It cannot hold for long enough any more.
    Failed,
}

impl Judge {
    /// A judge that has seen nothing yet.
    #[must_use]
    pub fn new(gate: &Gate) -> Self {
        Self {
            patience: gate.deadline.saturating_sub(gate.stable_for),
            stable_for: gate.stable_for,
            interval: gate.interval,
            since: None,
        }
    }

    /// Takes in a look that `began` and `ended` at these times since the gate was first looked
    /// at. A condition that came true in time may be seen out, so the last look may come later
    /// than the deadline by as long as looking takes.
    pub fn seen(&mut self, passed: bool, began: Duration, ended: Duration) -> Next {
        if !passed {
            self.since = None;
            return if ended >= self.patience {
                Next::Failed
            } else {
                // The last look is at the last moment.
                Next::Look(self.interval.min(self.patience - ended))
            };
        }
        let since = *self.since.get_or_insert(began);
        if began - since >= self.stable_for {
            return Next::Passed;
        }
        let rest = (since + self.stable_for).saturating_sub(ended);
        Next::Look(self.interval.min(rest))
    }

    /// How long the condition has held without a break, by the end of a look.
    #[must_use]
    pub fn held(&self, ended: Duration) -> Duration {
        self.since.map_or(Duration::ZERO, |since| ended - since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Looks that take a second each and pass while `holds` says so; says how and when it ended.
    fn judged((deadline, stable_for): (u64, u64), holds: impl Fn(u64) -> bool) -> (Next, u64) {
        let mut judge = Judge::new(&Gate {
            deadline: s(deadline),
            stable_for: s(stable_for),
            interval: s(4),
            ..Gate::systemd()
        });
        let mut now = s(0);
        loop {
            let began = now;
            now += s(1);
            match judge.seen(holds(began.as_secs()), began, now) {
                Next::Look(pause) => now += pause,
                end => return (end, now.as_secs()),
            }
        }
    }

    #[test]
    fn the_first_good_look_passes_a_gate_without_stability() {
        assert_eq!(judged((30, 0), |_| true), (Next::Passed, 1));
        assert_eq!(judged((30, 0), |at| at >= 7), (Next::Passed, 11));
    }

    #[test]
    fn without_patience_the_first_look_decides() {
        assert_eq!(judged((0, 0), |_| false), (Next::Failed, 1));
        assert_eq!(judged((0, 0), |_| true), (Next::Passed, 1));
        assert_eq!(judged((10, 10), |at| at > 0), (Next::Failed, 1));
    }

    #[test]
    fn the_last_look_is_at_the_last_moment() {
        assert_eq!(judged((12, 0), |_| false), (Next::Failed, 13));
        assert_eq!(judged((12, 0), |at| at >= 12), (Next::Passed, 13));
    }

    #[test]
    fn a_condition_must_hold_without_a_break() {
        assert_eq!(judged((30, 10), |_| true), (Next::Passed, 11));
        // Broken at the third look: the wait begins anew.
        assert_eq!(judged((60, 10), |at| at != 10), (Next::Passed, 26));
        // Broken every second time, until it is too late.
        let flaps = |at: u64| (at / 5).is_multiple_of(2);
        assert!(matches!(judged((40, 10), flaps), (Next::Failed, 30..=41)));
    }

    #[test]
    fn what_came_true_in_time_is_seen_out() {
        assert_eq!(judged((30, 10), |at| at >= 20), (Next::Passed, 31));
        assert_eq!(judged((30, 10), |at| at > 20), (Next::Failed, 21));
    }
}
