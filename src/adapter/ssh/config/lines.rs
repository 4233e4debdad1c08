//! Reads ssh_config files into the lines that the parser can judge.
//!
//! The parser refuses a whole file for a value it does not know (`AddKeysToAgent confirm`),
//! gives the options below `Match` to the `Host` above, and takes the last value of a block
//! where ssh takes the first. So only lines with options that matter here reach it, `Match`
//! is put into terms of `Host`, and files named by `Include` are read in place.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::pattern;
use super::ConfigError;

/// Options that are looked at; all others never reach the parser.
const OPTIONS: [&str; 12] = [
    "certificatefile",
    "globalknownhostsfile",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "port",
    "proxyjump",
    "user",
    "userknownhostsfile",
    "pubkeyauthentication",
];

/// OpenSSH's own bound for files that include files.
const MAX_DEPTH: usize = 16;

/// One line for the parser, and where it stands.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) file: PathBuf,
    pub(super) number: usize,
}

/// Gathers the lines of a file and of all files it includes.
pub(super) struct Reader<'a> {
    /// Where `~` points to.
    pub(super) home: Option<&'a Path>,
    /// Where a relative `Include` is looked for.
    pub(super) folder: &'a Path,
    pub(super) lines: Vec<Line>,
    /// The `Host` line that governs what comes next.
    block: String,
    seen: HashSet<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(home: Option<&'a Path>, folder: &'a Path) -> Self {
        Self {
            home,
            folder,
            lines: Vec::new(),
            block: "Host *".to_owned(),
            seen: HashSet::new(),
        }
    }

    /// Reads a file. One that does not exist is as good as an empty one.
    pub(super) fn read(&mut self, file: &Path, depth: usize) -> Result<(), ConfigError> {
        if depth > MAX_DEPTH {
            return Err(ConfigError::TooDeep);
        }
        let text = match std::fs::read(file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(ConfigError::Read {
                    file: file.to_owned(),
                    source,
                });
            }
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keyword, arguments) = split_keyword(line);
            match keyword.to_ascii_lowercase().as_str() {
                "host" => self.begin(line.to_owned(), file, index + 1),
                "match" => self.begin(match_as_host(arguments), file, index + 1),
                "include" => self.include(arguments, file, (index + 1, depth))?,
                option => self.option(option, line, file, index + 1),
            }
        }
        Ok(())
    }

    fn begin(&mut self, block: String, file: &Path, number: usize) {
        self.block.clone_from(&block);
        self.seen.clear();
        self.push(block, file, number);
    }

    fn option(&mut self, option: &str, line: &str, file: &Path, number: usize) {
        let wanted = OPTIONS.contains(&option);
        if wanted && (option == "identityfile" || self.seen.insert(option.to_owned())) {
            self.push(line.to_owned(), file, number);
        }
    }

    fn push(&mut self, text: String, file: &Path, number: usize) {
        self.lines.push(Line {
            text,
            file: file.to_owned(),
            number,
        });
    }

    // A `Host` in a file that is included below another `Host` narrows that one in OpenSSH;
    // here it stands for itself, which comes to the same for patterns that lie inside.
    fn include(
        &mut self,
        arguments: &str,
        from: &Path,
        (number, depth): (usize, usize),
    ) -> Result<(), ConfigError> {
        let block = self.block.clone();
        for argument in arguments.split_whitespace() {
            for file in self.files(argument.trim_matches('"')) {
                self.read(&file, depth + 1)?;
            }
        }
        if self.block != block {
            self.begin(block, from, number);
        }
        Ok(())
    }

    /// Files that an argument of `Include` names, sorted; wildcards stand in the last part only.
    fn files(&self, argument: &str) -> Vec<PathBuf> {
        let path = match (argument.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.folder.join(argument),
        };
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let (Some(name), Some(folder)) = (name, path.parent()) else {
            return Vec::new();
        };
        if !name.contains(['*', '?']) {
            return vec![path];
        }
        let fits = |entry: &PathBuf| {
            let found = entry.file_name().unwrap_or_default().to_string_lossy();
            !found.starts_with('.') && pattern::matches(&name, &found)
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
        files.sort();
        files
    }
}

fn split_keyword(line: &str) -> (&str, &str) {
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    (
        keyword,
        rest.trim_start_matches(|c: char| c.is_whitespace() || c == '='),
    )
}

// What cannot be told from the name of the host alone (`exec`, `user`, `final` …) never matches:
// an option too few ends in a clear refusal, one too many in a login nobody wanted.
fn match_as_host(arguments: &str) -> String {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    match words.as_slice() {
        [all] if all.eq_ignore_ascii_case("all") => "Host *".to_owned(),
        [criterion, list]
            if criterion.eq_ignore_ascii_case("host")
                || criterion.eq_ignore_ascii_case("originalhost") =>
        {
            format!("Host {}", list.trim_matches('"').replace(',', " "))
        }
        _ => "Host !*".to_owned(),
    }
}
