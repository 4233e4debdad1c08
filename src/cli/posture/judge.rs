//! Judges what a flake says of controls: today, and with the commits that brought exceptions.

use std::collections::BTreeMap;
use std::path::Path;

use futures::stream::{self, StreamExt};

use super::Answers;
use crate::adapter::git;
use crate::fleet::Fleet;
use crate::model::{Control, Day, HostName, Judged, NoDay, Problem, ProblemKind};

/// Files that Git is asked about at once.
const AT_ONCE: usize = 4;

/// `file:line` of an exception.
type Place<'a> = (&'a str, u32);

pub(super) async fn judge(
    fleet: &Fleet,
    asked: Vec<(HostName, Result<Vec<Control>, Problem>)>,
    today: Day,
) -> Answers {
    let controls = asked.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    let days = match fleet.flake.folder() {
        Some(folder) => committed(&folder, controls.flatten()).await,
        None => BTreeMap::new(),
    };
    let judged = |host: &HostName, controls: Vec<Control>| -> Result<Vec<Judged>, Problem> {
        let each = controls.into_iter().map(|control| {
            let day = undated(&control).and_then(|place| days.get(place).copied());
            control
                .judge(day, today)
                .map_err(|fault| no_day(host, &fault))
        });
        each.collect()
    };
    asked
        .into_iter()
        .map(|(host, answer)| {
            let answer = answer.and_then(|controls| judged(&host, controls));
            (host, answer)
        })
        .collect()
}

/// The place of an exception that does not say since when it stands.
fn undated(control: &Control) -> Option<&str> {
    let exception = control.exception.as_ref();
    let exception = exception.filter(|exception| exception.since.is_none());
    exception?.file.as_deref()
}

/// When the exceptions that do not say it were committed, by place; each place is asked for once.
async fn committed(
    folder: &Path,
    controls: impl Iterator<Item = &Control>,
) -> BTreeMap<String, Day> {
    let places: BTreeMap<&str, Place<'_>> = controls
        .filter_map(undated)
        .filter_map(|text| Some((text, place(text)?)))
        .collect();
    stream::iter(places)
        .map(|(text, (file, line))| async move {
            let day = git::committed(folder, file, line).await;
            day.map(|day| (text.to_owned(), day))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

fn place(text: &str) -> Option<Place<'_>> {
    let (file, line) = text.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

fn no_day(host: &HostName, fault: &NoDay) -> Problem {
    let (control, field) = (&fault.control, fault.field);
    Problem::new(
        ProblemKind::Failed,
        format!(
            "{host}: `{field}` of the exception for the control `{control}` is `{}`, which is no day",
            fault.text
        ),
    )
    .with_hint(format!(
        "write the day as YYYY-MM-DD, as in: phoenix.security.exceptions.{control}.{field} = \"2027-03-01\";"
    ))
}
