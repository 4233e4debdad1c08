//! Deals hosts out to evaluators, within the workers and the memory there are.

use std::path::Path;

use crate::model::{EvalSettings, HostName};

/// Memory an evaluator takes for its first NixOS host, in bytes: an estimate, on the safe side.
const FIRST: u64 = 3 << 29;

/// What each further host adds in the same evaluator, in bytes: an estimate.
const FURTHER: u64 = 1 << 29;

/// How many evaluators run at once, and which hosts each gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Groups {
    /// Evaluators at once.
    pub(super) workers: usize,
    /// Hosts of each evaluator, in order.
    pub(super) groups: Vec<Vec<HostName>>,
}

/// Deals `hosts` out. As many evaluators as there are workers, none of them so many hosts
/// that memory runs out; more groups than workers if memory asks for it.
pub(super) fn deal(hosts: &[HostName], settings: &EvalSettings, free: Option<u64>) -> Groups {
    let memory = settings.memory.or(free).unwrap_or(u64::MAX);
    let fitting = usize::try_from(memory / FIRST).unwrap_or(usize::MAX);
    let workers = settings.workers.min(fitting).min(hosts.len()).max(1);
    let each = memory / workers as u64;
    let most = 1 + usize::try_from(each.saturating_sub(FIRST) / FURTHER).unwrap_or(usize::MAX - 1);
    let count = hosts.len().div_ceil(most).max(workers);
    Groups {
        workers,
        groups: spread(hosts, count),
    }
}

/// Cuts a list into `count` runs whose lengths differ by one at most; none is empty.
fn spread(hosts: &[HostName], count: usize) -> Vec<Vec<HostName>> {
    let bound = |index| index * hosts.len() / count;
    (0..count)
        .map(|index| hosts[bound(index)..bound(index + 1)].to_vec())
        .filter(|group| !group.is_empty())
        .collect()
}

/// Bytes a new program can use without swapping, where the kernel says so (Linux).
pub(super) fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string(Path::new("/proc/meminfo")).ok()?;
    available(&text)
}

/// `MemAvailable` of `/proc/meminfo`. Format: proc_meminfo(5).
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GIB: u64 = 1 << 30;

    fn sizes(hosts: usize, workers: usize, memory: Option<u64>) -> (usize, Vec<usize>) {
        let hosts: Vec<HostName> = (0..hosts)
            .map(|number| HostName::new(format!("h{number}")).unwrap())
            .collect();
        let settings = EvalSettings {
            workers,
            memory,
            limit: Duration::from_secs(1),
        };
        let dealt = deal(&hosts, &settings, Some(64 * GIB));
        assert_eq!(dealt.groups.concat(), hosts);
        (dealt.workers, dealt.groups.iter().map(Vec::len).collect())
    }

    #[test]
    fn work_is_spread_over_the_workers() {
        assert_eq!(sizes(10, 4, None), (4, vec![2, 3, 2, 3]));
        assert_eq!(sizes(2, 8, None), (2, vec![1, 1]));
        assert_eq!(sizes(1, 0, None), (1, vec![1]));
        assert_eq!(sizes(0, 4, None), (1, vec![]));
    }

    #[test]
    fn little_memory_means_fewer_evaluators_and_smaller_groups() {
        assert_eq!(sizes(6, 4, Some(GIB)), (1, vec![1; 6]));
        assert_eq!(sizes(6, 4, Some(2 * GIB)), (1, vec![2; 3]));
        assert_eq!(sizes(6, 4, Some(3 * GIB)), (2, vec![1; 6]));
        assert_eq!(sizes(6, 4, Some(5 * GIB)), (3, vec![1; 6]));
        let (_, groups) = sizes(100, 2, Some(8 * GIB));
        assert_eq!((groups.len(), groups.iter().max()), (17, Some(&6)));
    }

    #[test]
    fn free_memory_is_read_from_the_kernel() {
        let text = "MemTotal:       24619132 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(available(text), Some(2 << 20));
        assert_eq!(available("MemTotal: 1 kB"), None);
    }
}
