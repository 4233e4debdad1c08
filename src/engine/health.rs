//! Looks at health gates until each has passed or failed.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::desk::millis;
use crate::model::{Gate, GateResult, Observation, Problem, RunId};
use crate::plan::{Judge, Next};
use crate::world::Host;

/// Runs all gates of a connected host side by side, outside of a run, and says how each ended,
/// in their order.
///
/// # Errors
/// When the host was lost meanwhile.
pub async fn health<H: Host>(link: &H, gates: &[Gate]) -> Result<Vec<GateResult>, Problem> {
    let began = Instant::now();
    let looks = gates.iter().enumerate().map(|(place, gate)| async move {
        let watch = Watch {
            link,
            gate,
            run: None,
            began,
        };
        watch.run(None, &|_| {}).await.map(|result| (place, result))
    });
    let mut running: FuturesUnordered<_> = looks.collect();
    let mut results = Vec::new();
    while let Some(result) = running.next().await {
        results.push(result?);
    }
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// One gate of one host.
pub(super) struct Watch<'a, H> {
    pub(super) link: &'a H,
    pub(super) gate: &'a Gate,
    pub(super) run: Option<&'a RunId>,
    /// When the gate's deadline began to run.
    pub(super) began: Instant,
}

impl<H: Host> Watch<'_, H> {
    /// Looks until the gate has passed or failed. `known` is what a first look has found
    /// already; `bad` is told of each look that did not pass.
    pub(super) async fn run(
        &self,
        known: Option<Observation>,
        bad: &dyn Fn(&Observation),
    ) -> Result<GateResult, Problem> {
        let start = Instant::now();
        let mut judge = Judge::new(self.gate);
        let mut known = known;
        let mut looks = 0_u32;
        loop {
            let looked = self.began.elapsed();
            let seen = match known.take() {
                Some(seen) => seen,
                None => self.link.probe(self.gate, self.run).await?,
            };
            looks += 1;
            let ended = self.began.elapsed();
            let passed = match judge.seen(seen.passed, looked, ended) {
                Next::Look(pause) => {
                    if !seen.passed {
                        bad(&seen);
                    }
                    sleep(pause).await;
                    continue;
                }
                Next::Passed => true,
                Next::Failed => false,
            };
            return Ok(self.result(passed, seen, (looks, millis(start))));
        }
    }

    fn result(&self, passed: bool, seen: Observation, (looks, millis): (u32, u64)) -> GateResult {
        let mut detail = seen.detail;
        if passed && !self.gate.stable_for.is_zero() {
            detail.push_str(&format!(" for {} s", self.gate.stable_for.as_secs_f64()));
        } else if !passed && looks > 1 {
            let seconds = self.began.elapsed().as_secs();
            detail.push_str(&format!(", after {looks} looks in {seconds} s"));
        }
        GateResult {
            name: self.gate.name.clone(),
            level: self.gate.level,
            passed,
            detail,
            log: seen.log,
            hint: seen.hint,
            millis,
        }
    }
}
