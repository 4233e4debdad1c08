//! What makes the value of a NixOS option, for people.

use super::paint::{Paint, Tone, visible};
use super::table::{Cell, Table};
use crate::model::{ExplainedOption, HostName, Layer, OptionPath};

/// Columns of text where nobody knows how wide the reader's window is.
const LOG: usize = 100;

/// The value, what may be set, and the layers that say something.
#[must_use]
pub fn render(
    host: &HostName,
    explained: &ExplainedOption,
    width: Option<usize>,
    paint: Paint,
) -> String {
    let mut text = head(host, explained, paint);
    if let Some(kind) = &explained.kind {
        text.push_str(&format!(
            "  {} {}\n",
            paint.tone(Tone::Faint, "type"),
            visible(kind)
        ));
    }
    let about = explained.description.as_deref().unwrap_or_default().trim();
    if let Some(about) = about.split("\n\n").next().filter(|about| !about.is_empty()) {
        for line in wrapped(
            &without_roles(about),
            width.unwrap_or(LOG).saturating_sub(2),
        ) {
            text.push_str(&format!("  {}\n", paint.tone(Tone::Faint, line)));
        }
    }
    let mut table = Table::new(&["layer", "value", "file"]).whole(2);
    for layer in explained
        .layers
        .iter()
        .filter(|layer| says_something(layer))
    {
        rows(layer, &mut table);
    }
    if table.is_empty() {
        return text + "\nno layer says anything of it\n";
    }
    text + "\n" + &table.render(width, paint)
}

/// What can be asked for below a set of options, each on a line of its own.
#[must_use]
pub fn children(path: &OptionPath, names: &[String]) -> String {
    let below = |name: &String| visible(&path.below(name).to_string()) + "\n";
    names.iter().map(below).collect()
}

/// `web1: services.openssh.enable = true`; a long value below it.
fn head(host: &HostName, explained: &ExplainedOption, paint: Paint) -> String {
    let option = visible(&format!("{host}: {}", explained.option));
    let option = paint.tone(Tone::Strong, option);
    match explained.value.as_deref() {
        None => format!("{option} has no value\n"),
        Some(value) => {
            let value = tight(value);
            if !value.contains('\n') {
                return format!("{option} = {}\n", visible(&value));
            }
            let lines = value.lines().map(|line| format!("  {}", visible(line)));
            let lines = lines.map(|line| format!("{}\n", line.trim_end()));
            format!("{option} =\n{}", lines.collect::<String>())
        }
    }
}

/// A value that was broken into lines although it is short, in one line. Strings stay as they are.
fn tight(value: &str) -> String {
    const SHORT: usize = 60;
    let line: Vec<&str> = value.lines().map(str::trim).collect();
    let line = line.join(" ");
    if line.len() <= SHORT && !value.contains("''") {
        line
    } else {
        value.to_owned()
    }
}

/// Text without the marks that the manual of NixOS puts before words in backquotes.
fn without_roles(text: &str) -> String {
    let roles = [
        "{option}`",
        "{manpage}`",
        "{file}`",
        "{command}`",
        "{env}`",
        "{var}`",
    ];
    let plain = |text: String, role: &&str| text.replace(*role, "`");
    roles.iter().fold(text.to_owned(), plain)
}

/// Whether a layer is worth a row: it makes another value, or says the same again.
fn says_something(layer: &Layer) -> bool {
    layer.set && (layer.changed || !layer.definitions.is_empty())
}

/// The layer's value with its file; below it what each place says, where that is not the same.
fn rows(layer: &Layer, table: &mut Table) {
    let tone = if layer.changed {
        Tone::Plain
    } else {
        Tone::Faint
    };
    let mut add = |name: &str, value: &str, file: &str| {
        let mut lines = value.lines().map(visible);
        let first = lines.next().unwrap_or_default();
        let cell = |text: &str| Cell::toned(tone, visible(text));
        table.row([cell(name), Cell::toned(tone, first), cell(file)]);
        for line in lines {
            table.row([Cell::default(), Cell::toned(tone, line)]);
        }
    };
    let shown = |value: &Option<String>| match value {
        Some(value) => tight(value),
        None => "cannot be shown".to_owned(),
    };
    let value = shown(&layer.value);
    let is_same = |said: &Option<String>| said.is_none() || said == &layer.value;
    match layer.definitions.as_slice() {
        [one] if is_same(&one.value) => add(&layer.layer, &value, &one.file),
        definitions => {
            add(&layer.layer, &value, "");
            for one in definitions {
                let said = shown(&one.value);
                let said: Vec<String> = said.lines().map(|line| format!("  {line}")).collect();
                add("", &said.join("\n"), &one.file);
            }
        }
    }
}

/// A paragraph in lines of at most `width` columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(visible) {
        let room = |line: &String| console::measure_text_width(line) + 1 + word.len() <= width;
        match lines.last_mut().filter(|line| room(line)) {
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Definition;
    use crate::ui::sample::host;

    fn layer(name: &str, value: Option<&str>, changed: bool, said: &[(&str, &str)]) -> Layer {
        let definition = |(file, value): &(&str, &str)| Definition {
            file: (*file).to_owned(),
            value: Some((*value).to_owned()),
        };
        Layer {
            layer: name.to_owned(),
            set: value.is_some(),
            value: value.map(str::to_owned),
            definitions: said.iter().map(definition).collect(),
            changed,
        }
    }

    fn check(value: Option<&str>, layers: Vec<Layer>, expected: &str) {
        let explained = ExplainedOption {
            option: "services.openssh.ports".to_owned(),
            kind: Some("list of port".to_owned()),
            description: Some("Ports of {command}`sshd`\nto listen on.\n\nMore.".to_owned()),
            layers,
            value: value.map(str::to_owned),
        };
        let found = render(&host("web1"), &explained, Some(60), Paint::OFF);
        assert_eq!(found, expected, "\n{found}");
    }

    #[test]
    fn layers_that_say_something_are_shown_with_their_files() {
        check(
            Some("[ 22 2222 ]"),
            vec![
                layer("NixOS", Some("[\n  22\n]"), true, &[]),
                layer("phoenix defaults", Some("[ 22 ]"), false, &[]),
                layer(
                    "profile web",
                    Some("[ 22 ]"),
                    false,
                    &[("web.nix:3", "[ 22 ]")],
                ),
                layer(
                    "host",
                    Some("[ 22 2222 ]"),
                    true,
                    &[("a.nix:4", "[ 22 ]"), ("b.nix:5", "[ 2222 ]")],
                ),
            ],
            "\
web1: services.openssh.ports = [ 22 2222 ]
  type list of port
  Ports of `sshd` to listen on.

layer        value        file
NixOS        [ 22 ]
profile web  [ 22 ]       web.nix:3
host         [ 22 2222 ]
               [ 22 ]     a.nix:4
               [ 2222 ]   b.nix:5
",
        );
    }

    #[test]
    fn a_value_of_several_lines_is_indented() {
        let value = "''\n  one\n\n  two''";
        check(
            Some(value),
            vec![layer("host", Some(value), true, &[("a.nix", value)])],
            "\
web1: services.openssh.ports =
  ''
    one

    two''
  type list of port
  Ports of `sshd` to listen on.

layer  value    file
host   ''       a.nix
         one

         two''
",
        );
    }

    #[test]
    fn an_option_that_nobody_sets_is_told() {
        check(
            None,
            vec![layer("NixOS", None, false, &[])],
            "\
web1: services.openssh.ports has no value
  type list of port
  Ports of `sshd` to listen on.

no layer says anything of it
",
        );
    }
}
