//! The parts of the catalogue that show errors as they are printed.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;

use phoenix::model::{Hint, Problem, ProblemKind};
use phoenix::ui::{self, Paint};

/// All errors of one kind.
pub(crate) struct Section {
    title: &'static str,
    about: &'static str,
    pub(crate) entries: Vec<Entry>,
}

/// One error as it is printed.
pub(crate) struct Entry {
    /// Name of the variant, or when it happens.
    pub(crate) name: String,
    /// Whether the kind says something: errors that end a command have a status instead.
    has_kind: bool,
    pub(crate) problem: Problem,
}

/// The names of an enum's variants: that of a value, and all of them.
pub(crate) struct Variants<E> {
    pub(crate) name: fn(&E) -> &'static str,
    pub(crate) all: &'static [&'static str],
}

/// Names every variant of an enum; the compiler sees to it that none is missing.
macro_rules! variants {
    ($type:ident: $($variant:ident)*) => {
        $crate::errors::page::Variants {
            name: |error: &$type| match error {
                $($type::$variant { .. } => stringify!($variant),)*
            },
            all: &[$(stringify!($variant)),*],
        }
    };
}
pub(crate) use variants;

impl Section {
    pub(crate) fn new(title: &'static str, about: &'static str) -> Self {
        Self {
            title,
            about,
            entries: Vec::new(),
        }
    }

    /// Adds samples of an enum. At least one of each variant must be there.
    pub(crate) fn with<E>(
        mut self,
        variants: &Variants<E>,
        samples: &[E],
        mut entry: impl FnMut(&'static str, &E) -> Entry,
    ) -> Self {
        let named = |error: &E| (variants.name)(error);
        let shown: BTreeSet<_> = samples.iter().map(named).collect();
        for name in variants.all {
            assert!(shown.contains(name), "{}: no sample of {name}", self.title);
        }
        let entries = samples.iter().map(|error| entry(named(error), error));
        self.entries.extend(entries);
        self
    }

    /// Adds one error.
    pub(crate) fn and(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Appends the section to a document.
    pub(crate) fn write(&self, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}\n\n{}\n", self.title, self.about);
        let mut before = "";
        for entry in &self.entries {
            if before != entry.name {
                let _ = write!(text, "\n### {}\n", entry.name);
            }
            before = &entry.name;
            let kind = if entry.has_kind {
                format!("[{}]\n", word(entry.problem.kind))
            } else {
                String::new()
            };
            let shown = ui::error::problem(&entry.problem, Paint::OFF);
            let _ = write!(text, "\n```text\n{kind}{shown}```\n");
        }
    }
}

impl Entry {
    /// A problem of a host.
    pub(crate) fn host(name: impl Into<String>, problem: Problem) -> Self {
        Self {
            name: name.into(),
            has_kind: true,
            problem,
        }
    }

    /// An error that ends a command.
    pub(crate) fn command(
        name: impl Into<String>,
        error: &(dyn Error + 'static),
        hint: Option<Hint>,
    ) -> Self {
        let mut problem = Problem::from_error(ProblemKind::Failed, error);
        problem.hint = hint;
        Self {
            name: name.into(),
            has_kind: false,
            problem,
        }
    }
}

/// The kind as JSON has it.
pub(crate) fn word(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreachable => "unreachable",
        ProblemKind::Refused => "refused",
        ProblemKind::Lost => "lost",
        ProblemKind::Failed => "failed",
    }
}
