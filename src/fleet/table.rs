//! Reads values out of TOML tables, and records what is wrong with them and where.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{Fault, Log};
use super::near::suggest;
use super::schema::Schema;
use super::value::{Kind, Refusal};

/// A value with the place it was written at.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Which table it is, as messages call it.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File,
    Section(String),
    Host(String),
    HostPart(String, String),
}

impl Place {
    fn child(&self, key: &str) -> Self {
        match self {
            Self::File => Self::Section(key.to_owned()),
            Self::Section(path) => Self::Section(format!("{path}.{key}")),
            Self::Host(host) => Self::HostPart(key.to_owned(), host.clone()),
            Self::HostPart(path, host) => Self::HostPart(format!("{path}.{key}"), host.clone()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Section(path) => write!(f, "`[{path}]`"),
            Self::Host(host) => write!(f, "host `{host}`"),
            Self::HostPart(path, host) => write!(f, "`{path}` of host `{host}`"),
        }
    }
}

type Value<'t> = Spanned<DeValue<'t>>;
type Key<'t> = Spanned<DeString<'t>>;

/// One table; a missing one reads like an empty one.
pub(super) struct Table<'t> {
    entries: Option<&'t DeTable<'t>>,
    schema: &'static Schema,
    place: Place,
}

impl<'t> Table<'t> {
    /// The whole file. Records unknown keys.
    pub(super) fn file(
        entries: &'t DeTable<'t>,
        schema: &'static Schema,
        log: &mut Log<'_>,
    ) -> Self {
        let table = Self {
            entries: Some(entries),
            schema,
            place: Place::File,
        };
        table.check_keys(log);
        table
    }

    /// A table inside whose key is a name a person chose, as [`Table::entries`] gave it.
    /// Records a value that is no table, and unknown keys.
    pub(super) fn named(
        &self,
        place: Place,
        schema: &'static Schema,
        (key, value): (&'t Key<'t>, &'t Value<'t>),
        log: &mut Log<'_>,
    ) -> Table<'t> {
        let table = Table {
            entries: value.get_ref().as_table(),
            schema,
            place,
        };
        if table.entries.is_none() {
            self.refuse_type(key.get_ref(), "a table", value, log);
        }
        table.check_keys(log);
        table
    }

    /// A table inside. Records a value that is no table, and unknown keys.
    pub(super) fn table(&self, key: &str, log: &mut Log<'_>) -> Table<'t> {
        let schema = self.schema.table(key).expect("the schema names the table");
        let mut table = Table {
            entries: None,
            schema,
            place: self.place.child(key),
        };
        let Some(value) = self.get(key) else {
            return table;
        };
        table.entries = value.get_ref().as_table();
        if table.entries.is_none() {
            self.refuse_type(key, "a table", value, log);
        }
        table.check_keys(log);
        table
    }

    /// What messages call a table inside.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.place.child(key)
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All keys and values, in the order of the alphabet.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t Key<'t>, &'t Value<'t>)> + use<'t> {
        self.entries.into_iter().flatten()
    }

    /// A text of some kind.
    pub(super) fn read<T>(
        &self,
        key: &str,
        kind: &Kind<'_, T>,
        log: &mut Log<'_>,
    ) -> Option<At<T>> {
        let value = self.get(key)?;
        let read = self.element(key, kind, value, log)?;
        Some(at(value, read))
    }

    /// A list of texts of some kind.
    pub(super) fn list<T>(
        &self,
        key: &str,
        kind: &Kind<'_, T>,
        log: &mut Log<'_>,
    ) -> Option<At<Vec<T>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            let expected = format!("a list of {}", kind.plural);
            self.refuse_type(key, &expected, value, log);
            return None;
        };
        let read = items
            .iter()
            .filter_map(|item| self.element(key, kind, item, log))
            .collect();
        Some(at(value, read))
    }

    /// A list of texts of some kind, or one of them alone.
    pub(super) fn one_or_many<T>(
        &self,
        key: &str,
        kind: &Kind<'_, T>,
        log: &mut Log<'_>,
    ) -> Option<At<Vec<T>>> {
        if self.get(key)?.get_ref().is_str() {
            let one = self.read(key, kind, log)?;
            return Some(At {
                value: vec![one.value],
                span: one.span,
            });
        }
        self.list(key, kind, log)
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str, log: &mut Log<'_>) -> Option<At<bool>> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.refuse_type(key, "true or false", value, log);
        }
        flag.map(|flag| at(value, flag))
    }

    /// A whole number from 1 to `most`.
    pub(super) fn number<T: TryFrom<i128>>(
        &self,
        key: &str,
        most: u32,
        log: &mut Log<'_>,
    ) -> Option<At<T>> {
        let value = self.get(key)?;
        let read = self.one_number(key, most, value, log)?;
        Some(at(value, read))
    }

    fn one_number<T: TryFrom<i128>>(
        &self,
        key: &str,
        most: u32,
        value: &Value<'_>,
        log: &mut Log<'_>,
    ) -> Option<T> {
        let expected = format!("a whole number from 1 to {most}");
        let Some(number) = value.get_ref().as_integer() else {
            self.refuse_type(key, &expected, value, log);
            return None;
        };
        let found = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let fits = found.filter(|found| (1..=i128::from(most)).contains(found));
        let Some(read) = fits.and_then(|found| T::try_from(found).ok()) else {
            let why = Refusal::new(format!("{number} is not {expected}"));
            self.refuse(key, why, &value.span(), log);
            return None;
        };
        Some(read)
    }

    /// A list of whole numbers from 1 to `most`, or one of them alone.
    pub(super) fn numbers<T: TryFrom<i128>>(
        &self,
        key: &str,
        most: u32,
        log: &mut Log<'_>,
    ) -> Option<At<Vec<T>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            let one = self.number(key, most, log)?;
            return Some(at(value, vec![one.value]));
        };
        let read = items
            .iter()
            .filter_map(|item| self.one_number(key, most, item, log))
            .collect();
        Some(at(value, read))
    }

    /// One of a few words.
    pub(super) fn word<T: Clone>(
        &self,
        key: &str,
        words: &[(&str, T)],
        log: &mut Log<'_>,
    ) -> Option<At<T>> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let read = |text: &str| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| value.clone()).ok_or_else(|| {
                Refusal::new(format!("`{text}` is not a word it knows"))
                    .hint(suggest(text, "words", &names))
            })
        };
        let kind = Kind {
            expected: "a string",
            plural: "strings",
            read: &read,
        };
        self.read(key, &kind, log)
    }

    /// Records that a value makes no sense.
    pub(super) fn refuse(&self, key: &str, why: Refusal, span: &Range<usize>, log: &mut Log<'_>) {
        let fault = Fault::Value {
            key: key.to_owned(),
            place: self.place.to_string(),
            why: why.why,
        };
        log.add(span, fault, why.hint);
    }

    /// Records that a value has another type than its key takes.
    pub(super) fn refuse_type(
        &self,
        key: &str,
        expected: &str,
        value: &Value<'_>,
        log: &mut Log<'_>,
    ) {
        let fault = Fault::Type {
            key: key.to_owned(),
            place: self.place.to_string(),
            expected: expected.to_owned(),
            found: kind_of(value),
        };
        log.add(&value.span(), fault, None);
    }

    /// Where a key is written; the beginning of the file when it is not.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.entries().find(|(name, _)| name.get_ref() == key);
        found.map_or(0..0, |(name, _)| name.span())
    }

    /// Whether a table is missing or empty.
    pub(super) fn lacks(&self, key: &str) -> bool {
        self.get(key)
            .is_none_or(|value| value.get_ref().as_table().is_some_and(|t| t.is_empty()))
    }

    fn get(&self, key: &str) -> Option<&'t Value<'t>> {
        self.entries()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    fn element<T>(
        &self,
        key: &str,
        kind: &Kind<'_, T>,
        value: &Value<'t>,
        log: &mut Log<'_>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.refuse_type(key, kind.expected, value, log);
            return None;
        };
        match (kind.read)(text) {
            Ok(read) => Some(read),
            Err(why) => {
                self.refuse(key, why, &value.span(), log);
                None
            }
        }
    }

    fn check_keys(&self, log: &mut Log<'_>) {
        if self.schema.open {
            return;
        }
        let valid = self.schema.all();
        for (key, value) in self.entries() {
            if !valid.contains(&key.get_ref().as_ref()) {
                let fault = Fault::UnknownKey {
                    key: key.get_ref().to_string(),
                    place: self.place.to_string(),
                };
                log.add(&key.span(), fault, Some(self.advise(key, value)));
            }
        }
    }

    /// What to do about an unknown key.
    fn advise(&self, key: &Key<'_>, value: &Value<'_>) -> String {
        let key = key.get_ref();
        let owners = self.schema.owners(key);
        if !owners.is_empty() {
            let dotted: Vec<String> = owners.iter().map(|t| format!("`{t}.{key}`")).collect();
            return format!("write {}", dotted.join(" or "));
        }
        let hint = suggest(key, "keys", &self.schema.all());
        match &self.place {
            // `[hosts.web1.example.org]` is a table `example` in a table `web1`.
            Place::Host(host) if value.get_ref().is_table() && !hint.starts_with("did") => {
                let rest = self.dotted(key, value);
                format!("quote a name that has dots: [hosts.\"{host}.{rest}\"]; {hint}")
            }
            _ => hint,
        }
    }

    /// The rest of a name with dots that TOML took for tables inside tables.
    fn dotted(&self, key: &str, value: &Value<'_>) -> String {
        let mut name = key.to_owned();
        let mut table = value.get_ref().as_table();
        while let Some((key, value)) = table.filter(|t| t.len() == 1).and_then(|t| t.iter().next())
            && value.get_ref().is_table()
            && self.schema.table(key.get_ref()).is_none()
        {
            name = format!("{name}.{}", key.get_ref());
            table = value.get_ref().as_table();
        }
        name
    }
}

fn at<T>(value: &Value<'_>, read: T) -> At<T> {
    At {
        value: read,
        span: value.span(),
    }
}

fn kind_of(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
