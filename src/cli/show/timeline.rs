//! A run as this workstation recorded it.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::runs::end;
use crate::journal::{Entry, Past, PastHost};
use crate::model::clock::utc;
use crate::ui::{self, Look, Tone, clean, units, words};

/// The run and each of its hosts.
pub(super) fn run(past: &Past, is_under_way: bool, look: Look) -> String {
    let how = match past.took {
        Some(millis) => format!("took {}", units::took(Duration::from_millis(millis))),
        None if is_under_way => "is under way".to_owned(),
        None => "was cut off: its phoenix was ended".to_owned(),
    };
    let title = format!(
        "run {}: {} of {} by {}, began {}, {how}",
        past.run,
        clean(&past.command),
        words::hosts(past.hosts.len()),
        clean(&past.who),
        utc(past.began / 1000)
    );
    let mut text = format!("{}\n", look.out.tone(Tone::Strong, title));
    for host in &past.hosts {
        text.push_str(&one(past, host, is_under_way, look));
    }
    text
}

fn one(past: &Past, host: &PastHost, is_under_way: bool, look: Look) -> String {
    let goes_on = is_under_way && host.result.is_none();
    let name = look.out.tone(Tone::Strong, host.host.as_str());
    let end = if goes_on { "under way" } else { end(host) };
    let mut text = format!("\n{name}: {end}\n");
    let after = |at: u64| {
        let millis = at.saturating_sub(past.began);
        format!("+{}", units::took(Duration::from_millis(millis)))
    };
    // Writing to a String cannot fail.
    let mut line = |at: u64, what: &str| {
        let _ = writeln!(text, "  {:>7}  {}", after(at), what.trim_end());
    };
    for stage in &host.stages {
        let took = stage.took.map_or_else(
            || if goes_on { "goes on" } else { "did not end" }.to_owned(),
            |millis| units::took(Duration::from_millis(millis)),
        );
        let bytes = words::sent(stage.bytes, stage.nar_bytes);
        let note = stage.note.as_deref().map(clean);
        let rest: Vec<String> = bytes.into_iter().chain(note).collect();
        let what = format!("{:8}  {took:>5}  {}", stage.stage, rest.join("  "));
        line(stage.at, &what);
    }
    for (at, message) in &host.notices {
        line(*at, &format!("note: {}", clean(message)));
    }
    if let Some((at, verdict)) = &host.verdict {
        let told = words::verdict(&host.host, verdict);
        line(*at, &format!("asked later: {}", clean(&told)));
    }
    if let Some(result) = &host.result {
        let change = words::change(&host.host, result.from.as_ref(), result.to.as_ref());
        if !change.is_empty() {
            let _ = writeln!(text, "  {change}");
        }
        let block = ui::error::host(&host.host, result, look.out);
        text.push_str(&block.unwrap_or_default());
    }
    text
}

/// An entry as it stands in the journal.
pub(super) fn json(entry: &Entry) -> Value {
    match entry {
        Entry::Unknown(value) => value.clone(),
        Entry::Known { number, at, event } => {
            let mut value = json!(event);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("n".to_owned(), json!(number));
                fields.insert("at".to_owned(), json!(at));
            }
            value
        }
    }
}
