//! Which path goes next, and on which lane: each after all that it needs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{PathInfo, StorePath};

/// Paths that are looked at for one that costs nothing.
const LOOK: usize = 256;

/// The lane on which the host fetches paths from its own binary caches.
const CACHES: usize = usize::MAX;

/// The paths that a host lacks, and how far each is.
#[derive(Debug)]
pub(super) struct Schedule {
    items: Vec<Item>,
    /// Before it, nothing waits.
    first: usize,
    open: usize,
}

#[derive(Debug)]
struct Item {
    info: Arc<PathInfo>,
    /// Those of the missing paths that must be there before it.
    needs: Vec<usize>,
    state: State,
    /// It was sent before all that it needs was there, behind it on the same lane.
    relied: bool,
    /// The host may have it from its own binary caches.
    may_fetch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// On its way, on this lane.
    Sent(usize),
    There,
    /// It, or something that it needs, was not taken.
    Lost,
}

/// What a refused path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It goes again as it was: what it needs was refused before it.
    Again,
    /// It goes again, in another form.
    Otherwise,
    /// It was refused because of a path before it.
    Follows,
    /// It is lost, and all that needs it.
    Final,
}

impl Schedule {
    /// A schedule of paths, each after what it needs, and which of them the host may fetch.
    pub(super) fn new(missing: Vec<Arc<PathInfo>>, may_fetch: impl Fn(&PathInfo) -> bool) -> Self {
        let numbers: HashMap<StorePath, usize> = missing
            .iter()
            .enumerate()
            .map(|(number, info)| (info.path.clone(), number))
            .collect();
        let item = |info: Arc<PathInfo>| Item {
            needs: info
                .needs()
                .filter_map(|path| numbers.get(path).copied())
                .collect(),
            may_fetch: may_fetch(&info),
            info,
            state: State::Waiting,
            relied: false,
        };
        Self {
            open: missing.len(),
            items: missing.into_iter().map(item).collect(),
            first: 0,
        }
    }

    /// A path that may go on this lane now: of those that come next, the first that costs
    /// nothing, or else the first. What is under way on the same lane is there before it: a lane
    /// is worked off in order. What the host may fetch comes last, from its end, and only if
    /// `is_sooner` sent.
    pub(super) fn next(
        &mut self,
        lane: usize,
        costs_nothing: impl Fn(&PathInfo) -> bool,
        is_sooner: impl Fn(&PathInfo, u64) -> bool,
    ) -> Option<(usize, Arc<PathInfo>)> {
        while self.waits(self.first) == Some(false) {
            self.first += 1;
        }
        let mut ready = Vec::new();
        for number in self.first..self.items.len() {
            if ready.len() == LOOK {
                break;
            }
            if !self.items[number].may_fetch && self.is_ready(number, lane) {
                ready.push(number);
            }
        }
        let free = |number: &&usize| costs_nothing(&self.items[**number].info);
        let next = ready.iter().find(free).or(ready.first()).copied();
        let next = next.or_else(|| {
            let waiting = self.fetchable().map(|info| info.nar_size).sum();
            let mut numbers = (self.first..self.items.len()).rev();
            numbers.find(|number| {
                let item = &self.items[*number];
                item.may_fetch && is_sooner(&item.info, waiting) && self.is_ready(*number, lane)
            })
        });
        next.map(|number| self.send(number, lane))
    }

    /// The next path that the host may fetch, together with those that it is fetching.
    pub(super) fn next_to_fetch(&mut self) -> Option<(usize, Arc<PathInfo>)> {
        let mut numbers = self.first..self.items.len();
        let next = numbers
            .find(|number| self.items[*number].may_fetch && self.is_ready(*number, CACHES))?;
        Some(self.send(next, CACHES))
    }

    fn send(&mut self, number: usize, lane: usize) -> (usize, Arc<PathInfo>) {
        let mut needs = self.items[number].needs.iter();
        let relied = needs.any(|need| self.items[*need].state != State::There);
        let item = &mut self.items[number];
        item.relied = relied;
        item.state = State::Sent(lane);
        (number, Arc::clone(&item.info))
    }

    /// The paths that wait and that the host may fetch.
    fn fetchable(&self) -> impl Iterator<Item = &PathInfo> {
        let waiting = self.items[self.first..].iter();
        let waiting = waiting.filter(|item| item.may_fetch && item.state == State::Waiting);
        waiting.map(|item| &*item.info)
    }

    /// Whether a path waits that the host may fetch.
    pub(super) fn has_fetchable(&self) -> bool {
        self.fetchable().next().is_some()
    }

    /// Whether nothing is under way but what the host is fetching.
    pub(super) fn is_only_fetching(&self) -> bool {
        let is_sent = |item: &Item| matches!(item.state, State::Sent(lane) if lane != CACHES);
        !self.items.iter().any(is_sent)
    }

    /// The host's binary caches do not have a path.
    pub(super) fn not_fetched(&mut self, number: usize) {
        self.items[number].may_fetch = false;
        self.wait(number);
    }

    /// Nothing more is fetched.
    pub(super) fn fetch_no_more(&mut self) {
        for number in 0..self.items.len() {
            let item = &mut self.items[number];
            item.may_fetch = false;
            if item.state == State::Sent(CACHES) {
                self.wait(number);
            }
        }
    }

    /// Whether a path waits and may go. One that needs a lost path is lost itself.
    fn is_ready(&mut self, number: usize, lane: usize) -> bool {
        if self.items[number].state != State::Waiting {
            return false;
        }
        let states = self.items[number].needs.iter();
        let states: Vec<State> = states.map(|need| self.items[*need].state).collect();
        if states.contains(&State::Lost) {
            self.close(number, State::Lost);
            return false;
        }
        let may_go = [State::There, State::Sent(lane)];
        states.iter().all(|state| may_go.contains(state))
    }

    fn waits(&self, number: usize) -> Option<bool> {
        let item = self.items.get(number)?;
        Some(item.state == State::Waiting)
    }

    /// What is known of a path.
    pub(super) fn info(&self, number: usize) -> Arc<PathInfo> {
        Arc::clone(&self.items[number].info)
    }

    /// The host has a path.
    pub(super) fn there(&mut self, number: usize) -> &PathInfo {
        self.close(number, State::There);
        &self.items[number].info
    }

    /// The host did not take a path; `worth` says whether it may go once more in another form.
    pub(super) fn refused(&mut self, number: usize, worth: bool) -> Refusal {
        let mut needs = self.items[number].needs.iter();
        if needs.any(|need| self.items[*need].state == State::Lost) {
            self.close(number, State::Lost);
            return Refusal::Follows;
        }
        // What it relied on may have been refused, and be there by now: that says nothing of itself.
        let relied = self.items[number].relied;
        if !relied && !worth {
            self.close(number, State::Lost);
            return Refusal::Final;
        }
        self.wait(number);
        match relied {
            true => Refusal::Again,
            false => Refusal::Otherwise,
        }
    }

    /// A lane is lost: what was under way on it goes on another.
    pub(super) fn lane_lost(&mut self, lane: usize) {
        for number in 0..self.items.len() {
            if self.items[number].state == State::Sent(lane) {
                self.wait(number);
            }
        }
    }

    fn wait(&mut self, number: usize) {
        self.items[number].state = State::Waiting;
        self.first = self.first.min(number);
    }

    fn close(&mut self, number: usize, state: State) {
        self.items[number].state = state;
        self.open -= 1;
    }

    /// Whether nothing waits or is under way any more.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(graph: &[(&str, &[&str])]) -> Schedule {
        let info = |(name, needs): &(&str, &[&str])| Arc::new(PathInfo::sample(name, needs));
        Schedule::new(graph.iter().map(info).collect(), |_| false)
    }

    fn name(next: Option<(usize, Arc<PathInfo>)>) -> Option<String> {
        next.map(|(_, info)| info.path.name().to_owned())
    }

    fn next(schedule: &mut Schedule, lane: usize) -> Option<String> {
        name(schedule.next(lane, |_| false, |_, _| false))
    }

    #[test]
    fn a_lane_takes_chains_at_once_and_another_waits_until_they_are_there() {
        let mut schedule = schedule(&[("a", &["a", "old"]), ("b", &["a"]), ("c", &[])]);
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("a"));
        assert_eq!(next(&mut schedule, 1).as_deref(), Some("c"));
        assert_eq!(next(&mut schedule, 1), None);
        schedule.there(0);
        assert_eq!(next(&mut schedule, 1).as_deref(), Some("b"));
        schedule.there(2);
        assert!(!schedule.is_over());
        schedule.there(1);
        assert!(schedule.is_over());
    }

    #[test]
    fn what_costs_nothing_goes_first_if_it_may() {
        let mut schedule = schedule(&[("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["c"])]);
        let free = |info: &PathInfo| ["c", "d"].contains(&info.path.name());
        let order: Vec<String> = std::iter::from_fn(|| schedule.next(0, free, |_, _| false))
            .map(|(_, info)| info.path.name().to_owned())
            .collect();
        assert_eq!(order, ["c", "d", "a", "b"]);
    }

    #[test]
    fn what_needs_a_lost_path_is_lost_without_news() {
        let mut schedule = schedule(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("a"));
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("b"));
        assert_eq!(schedule.refused(0, false), Refusal::Final);
        assert_eq!(schedule.refused(1, false), Refusal::Follows);
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("d"));
        schedule.there(3);
        assert!(schedule.is_over());
    }

    #[test]
    fn a_path_may_go_again_with_those_that_came_after_it() {
        let mut schedule = schedule(&[("a", &[]), ("b", &["a"])]);
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("a"));
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("b"));
        assert_eq!(schedule.refused(0, true), Refusal::Otherwise);
        // Also when what it needs has come by another lane before this is heard.
        assert_eq!(next(&mut schedule, 1).as_deref(), Some("a"));
        schedule.there(0);
        assert_eq!(schedule.refused(1, true), Refusal::Again);
        assert_eq!(next(&mut schedule, 0).as_deref(), Some("b"));
        schedule.lane_lost(0);
        assert_eq!(next(&mut schedule, 1).as_deref(), Some("b"));
        assert_eq!(schedule.refused(1, false), Refusal::Final);
        assert!(schedule.is_over());
    }

    #[test]
    fn what_a_host_may_fetch_is_sent_last_and_what_it_cannot_fetch_is_sent() {
        let graph: &[(&str, &[&str])] = &[
            ("a", &[]),
            ("b", &["a"]),
            ("own", &["a"]),
            ("c", &[]),
            ("d", &["c"]),
        ];
        let info = |(name, needs): &(&str, &[&str])| Arc::new(PathInfo::sample(name, needs));
        let may_fetch = |info: &PathInfo| info.path.name() != "own";
        let mut schedule = Schedule::new(graph.iter().map(info).collect(), may_fetch);
        assert_eq!(next(&mut schedule, 0), None, "a is fetched first");
        for path in ["a", "b"] {
            assert_eq!(name(schedule.next_to_fetch()).as_deref(), Some(path));
        }
        // Two of one byte still wait.
        assert_eq!(name(schedule.next(0, |_| false, |_, left| left > 2)), None);
        let sent = schedule.next(0, |_| false, |_, left| left == 2);
        assert_eq!(name(sent).as_deref(), Some("c"), "d needs it");
        let sent = schedule.next(0, |_| false, |_, left| left == 1);
        assert_eq!(name(sent).as_deref(), Some("d"));
        assert!(!schedule.has_fetchable() && schedule.next_to_fetch().is_none());
        assert!(!schedule.is_only_fetching());
        schedule.there(3);
        schedule.there(4);
        assert!(schedule.is_only_fetching(), "own waits for a");
        schedule.not_fetched(1);
        schedule.fetch_no_more();
        let order: Vec<String> = std::iter::from_fn(|| next(&mut schedule, 0)).collect();
        assert_eq!(order, ["a", "b", "own"]);
    }
}
