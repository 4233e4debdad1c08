//! What the operator saw, without what differs from one run to the next.

use super::bench::Bench;
use crate::command::Ran;

/// Words to put in place of others.
pub(super) struct Words {
    pairs: Vec<(String, &'static str)>,
}

/// A cause that is told only if phoenix tried in vain just before: a matter of moments.
const CHANCE: &str = "cause: no new connection could prove it";
/// How many paths a full store refuses depends on how many were under way.
const UNTAKEN: &str = " paths were not taken";
/// How contact was lost is told between these; it depends on what the network said first.
const HOW: (&str, &str) = ("contact was lost during activation (", "; asking again");
/// Told of a host that was not booted since its kernel came: it depends on the cells before.
const NOTE: &str = " a reboot is needed to run its kernel";
/// How long a run may still take is told after this.
const LEFT: &str = "unless it is confirmed within ";

impl Words {
    /// The words of one run.
    pub(super) fn new(bench: &Bench<'_>, run: Option<&str>, old: &str, new: &str) -> Self {
        let mut pairs = Vec::new();
        for (system, word) in [(new, "NEW"), (old, "OLD")] {
            let name = system.trim_start_matches("/nix/store/");
            let Some((hash, rest)) = name.split_once('-') else {
                continue;
            };
            let short = hash.get(..8).unwrap_or(hash);
            let version = rest.trim_start_matches(&format!("nixos-system-{}-", bench.host));
            let version = version.trim_start_matches("nixos-system-");
            pairs.push((system.to_owned(), word));
            pairs.push((format!("{short}-{rest}"), word));
            pairs.push((format!("{short}-{version}"), word));
        }
        pairs.extend(run.map(|run| (run.to_owned(), "RUN")));
        pairs.push((bench.address.to_string(), "ADDRESS"));
        pairs.push((format!("lab-{}.service", bench.profile), "lab-page.service"));
        pairs.push((bench.host.clone(), "HOST"));
        Self { pairs }
    }

    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, instead) in &self.pairs {
            text = text.replace(word, instead);
        }
        if let Some((before, rest)) = text.split_once(HOW.0)
            && let Some((_, after)) = rest.split_once(HOW.1)
        {
            text = format!("{before}{}…){}{after}", HOW.0, HOW.1);
        }
        let mut last = "";
        let words = text.split_whitespace().map(|word| {
            let plain = plain_word(word, last);
            last = word;
            plain
        });
        let plain = words.collect::<Vec<_>>().join(" ");
        match plain.split_once(LEFT) {
            Some((before, after)) => {
                let rest = after.find(';').map_or("", |end| &after[end..]);
                format!("{before}{LEFT}N s{rest}")
            }
            None => plain,
        }
    }

    /// What a run told: the notices, then the error with its causes and hint, or the host's line of the summary.
    pub(super) fn told(&self, ran: &Ran, host: &str) -> String {
        let kinds = ["error: ", "cause: ", "hint: ", "note: "];
        let is_said = |line: &&str| kinds.iter().any(|kind| line.starts_with(kind));
        let errors: Vec<String> = ran
            .stderr
            .lines()
            .map(str::trim_start)
            .filter(is_said)
            .filter(|line| !line.starts_with(CHANCE) && !line.ends_with(UNTAKEN))
            .map(|line| self.plain(line))
            .collect();
        let is_notice = |line: &&str| {
            line.strip_prefix(host)
                .is_some_and(|rest| rest.starts_with(':'))
        };
        let notices = ran
            .stderr
            .lines()
            .filter(is_notice)
            .map(|line| self.plain(line));
        let mut said: Vec<String> = notices.collect();
        if errors.is_empty() {
            said.push(self.row(&ran.stdout, host));
        }
        said.extend(errors);
        said.join("; ")
    }

    /// The host's row of a table, without the time.
    pub(super) fn row(&self, table: &str, host: &str) -> String {
        let mut rows = table.lines().filter(|line| line.starts_with(host));
        let row = self.plain(rows.next_back().unwrap_or_default());
        let row = row.replace(NOTE, "");
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let words = row.split(' ').filter_map(|word| match word {
            _ if !is_number(word) => Some(word),
            time if time.ends_with('s') => None,
            _ => Some("N"),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Whether a word is a figure that another run, or a lab with other addresses, has otherwise.
fn is_chance(word: &str, last: &str) -> bool {
    let is_figure = word
        .trim_start_matches('(')
        .starts_with(|c: char| c.is_ascii_digit());
    let is_time = word.len() == 8 && word.matches(':').count() == 2;
    let before = ["generation", "(from", "since", "has"];
    let is_age = word.starts_with('(') && last == "UTC";
    is_figure && (is_time || is_age || before.contains(&last))
}

/// A word without what only one run has; `last` is the word before it.
fn plain_word(word: &str, last: &str) -> String {
    let is_hash = |hash: &str| hash.len() == 8 && hash.chars().all(|c| c.is_ascii_alphanumeric());
    let parts: Vec<&str> = word.splitn(3, '-').collect();
    match parts.as_slice() {
        _ if word.contains('@') => "WHO".to_owned(),
        _ if is_chance(word, last) => {
            let (start, end) = (
                word.trim_start_matches('('),
                word.trim_end_matches([')', ';']),
            );
            let (open, close) = (word.len() - start.len(), end.len());
            format!("{}N{}", &word[..open], &word[close..])
        }
        [day, time, _] if is_hash(day) && time.len() == 6 && time.parse::<u32>().is_ok() => {
            "RUN".to_owned()
        }
        // The alphabet of Nix's hashes lacks e, o, t and u; an English word of eight letters does not.
        [hash, ..] if is_hash(hash) && !hash.contains(['e', 'o', 't', 'u']) => "ANOTHER".to_owned(),
        _ => word.to_owned(),
    }
}
