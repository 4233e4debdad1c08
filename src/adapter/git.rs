//! Asks Git when a line was committed. What Git does not know is not known: nothing here fails.

use std::path::Path;
use std::time::Duration;

use super::process::{self, Command};
use crate::model::Day;

/// Limit for one question.
const LIMIT: Duration = Duration::from_secs(20);

/// The day on which a line of a file was committed as it is now. `file` is relative to
/// `folder`. `None` without Git, without a repository, and for a line that is not committed.
// Dropped here, Git is killed; it only reads.
pub async fn committed(folder: &Path, file: &str, line: u32) -> Option<Day> {
    let range = format!("{line},{line}");
    let words = ["blame", "--porcelain", "-L", &range, "--", file];
    let told = Blamed::read(&ask(folder, &words).await?)?;
    // In a shallow clone, all that is older seems to come from its first commit.
    if told.is_boundary && is_shallow(folder).await {
        return None;
    }
    Some(Day::at(told.seconds))
}

async fn is_shallow(folder: &Path) -> bool {
    let answer = ask(folder, &["rev-parse", "--is-shallow-repository"]).await;
    answer.is_none_or(|text| text.trim() != "false")
}

async fn ask(folder: &Path, words: &[&str]) -> Option<String> {
    // A list of commits to pass over that is not there would end the question.
    let command = Command::new("git", LIMIT)
        .args(["-C", folder.to_str()?, "-c", "blame.ignoreRevsFile="])
        .args(words.iter().copied());
    let output = process::run(&command).await.ok()?;
    Some(output.text())
}

/// What `git blame --porcelain` says of a line. Format: git-blame(1), "The porcelain format".
#[derive(Debug, PartialEq, Eq)]
struct Blamed {
    /// When it was committed, in seconds since 1970.
    seconds: u64,
    /// Whether the history ends there.
    is_boundary: bool,
}

impl Blamed {
    fn read(text: &str) -> Option<Self> {
        let commit = text.split(' ').next()?;
        // All zeros: not committed yet.
        if commit.bytes().all(|byte| byte == b'0') {
            return None;
        }
        // The line itself comes last, behind a tab.
        let headers = || {
            text.lines()
                .skip(1)
                .take_while(|line| !line.starts_with('\t'))
        };
        let time = headers().find_map(|line| line.strip_prefix("committer-time "));
        Some(Self {
            seconds: time?.parse().ok()?,
            is_boundary: headers().any(|line| line == "boundary"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "author A\nauthor-time 1790000000\nauthor-tz +0100\ncommitter A\n\
                        committer-time 1795380244\ncommitter-tz +0100\nsummary committer-time 5\n";

    #[test]
    fn the_time_of_the_commit_is_read() {
        let text = |commit: &str, more: &str| {
            format!("{commit} 3 3 1\n{HEAD}{more}filename a.nix\n\tboundary\n")
        };
        let read = |commit: &str, more: &str| Blamed::read(&text(commit, more));
        let blamed = |is_boundary| Blamed {
            seconds: 1_795_380_244,
            is_boundary,
        };
        let commit = "49a2".repeat(10);
        assert_eq!(read(&commit, ""), Some(blamed(false)));
        assert_eq!(read(&commit, "boundary\n"), Some(blamed(true)));
        assert_eq!(read(&"0".repeat(40), ""), None);
        assert_eq!(Blamed::read(""), None);
    }
}
