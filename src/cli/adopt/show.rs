//! What the operator and machines see of an adoption.

use serde::Serialize;

use super::End;
use super::face;
use super::meet::Met;
use super::verdict::Judged;
use crate::model::{Facts, HostName, Problem, ProblemKind};
use crate::ui::{self, Look};

/// A host as machines read it.
#[derive(Serialize)]
pub(super) struct Row {
    host: HostName,
    /// `adopted`, `unchanged`, `declined` or `failed`.
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl Row {
    pub(super) fn new(met: Met<'_>, end: End) -> Self {
        let (result, files, problem) = match end {
            End::Adopted { files } => ("adopted", files, None),
            End::Unchanged => ("unchanged", Vec::new(), None),
            End::Declined => ("declined", Vec::new(), None),
            End::Failed(problem) => ("failed", Vec::new(), Some(problem)),
        };
        let connection = met.link.as_ref().ok().map(|link| link.connection());
        Self {
            host: met.name().clone(),
            result,
            address: connection.map(|connection| connection.address().to_string()),
            host_key: connection.map(|connection| connection.host_key_fingerprint().to_owned()),
            facts: met.facts().cloned(),
            files,
            problem,
        }
    }
}

/// Tells it in one form or the other.
pub(super) struct Teller {
    pub(super) json: bool,
    pub(super) look: Look,
}

impl Teller {
    /// Shows the hosts that are to be adopted.
    pub(super) fn show(&self, judged: &[Judged<'_>]) {
        if self.json {
            return;
        }
        for (met, verdict) in judged {
            if let (Ok(_), Some(facts)) = (verdict, met.facts()) {
                let card = ui::card(met.name().as_str(), &face::lines(met, facts), self.look.out);
                ui::out(&card);
            }
        }
    }

    /// Tells what became of each host.
    pub(super) fn tell(&self, rows: &[Row]) {
        if self.json {
            for row in rows {
                let line = serde_json::to_string(row).expect("text and lists always serialise");
                ui::out(&(line + "\n"));
            }
            return;
        }
        for row in rows {
            match &row.problem {
                Some(problem) => {
                    let mut told = problem.clone();
                    told.message = format!("{}: {}", row.host, told.message);
                    ui::err(&ui::error::problem(&told, self.look.err));
                }
                None => ui::out(&format!("{}\n", sentence(row))),
            }
        }
        if rows.iter().any(|row| row.result == "adopted") {
            let hint = "commit the folder `hosts`: everybody who deploys then checks the same";
            ui::err(&ui::error::note(hint, self.look.err));
        }
    }
}

fn sentence(row: &Row) -> String {
    let host = &row.host;
    match row.result {
        "adopted" => format!("{host} is adopted: {}", row.files.join(", ")),
        "unchanged" => format!("{host} was adopted before, and nothing has changed"),
        _ => format!("{host} was left as it is"),
    }
}

/// 0: all are adopted. 5: some are unreachable, nothing worse. 1: anything else.
pub(super) fn exit_status(rows: &[Row]) -> u8 {
    let failed = |row: &&Row| matches!(row.result, "failed" | "declined");
    let unreachable = |row: &Row| {
        let problem = row.problem.as_ref();
        problem.is_some_and(|problem| problem.kind == ProblemKind::Unreachable)
    };
    let mut failed = rows.iter().filter(failed).peekable();
    if failed.peek().is_none() {
        0
    } else if failed.all(unreachable) {
        ui::exit::UNREACHABLE
    } else {
        1
    }
}
