//! Colours, when they are wanted, and text made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// What `--color` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Colours on a terminal, unless the environment speaks against it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the environment says about colours; read by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColorWishes {
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set and not `0` (bixense.com/clicolors).
    pub force: bool,
    /// `TERM` is `dumb`.
    pub dumb: bool,
}

impl ColorChoice {
    /// Whether to colour a stream. `--color` outweighs the environment, and not wanting
    /// colours outweighs forcing them.
    #[must_use]
    pub fn decide(self, wishes: ColorWishes, is_terminal: bool) -> Paint {
        Paint(match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => !wishes.no_color && (wishes.force || (is_terminal && !wishes.dumb)),
        })
    }
}

/// A meaning that has a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Reached what was wanted.
    Good,
    /// Not wanted, but under control.
    Careful,
    /// Went wrong.
    Bad,
    /// Less important.
    Faint,
    /// A heading.
    Strong,
}

/// Colours text, or leaves it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// Never colours.
    pub const OFF: Self = Self(false);
    /// Always colours.
    pub const ON: Self = Self(true);

    /// The text in the colour of its meaning (ANSI SGR, the eight colours every terminal has).
    #[must_use]
    pub fn tone<'a>(self, tone: Tone, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let text = text.into();
        let code = match tone {
            Tone::Plain => return text,
            Tone::Good => "32",
            Tone::Careful => "33",
            Tone::Bad => "1;31",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        if self.0 && !text.is_empty() {
            Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
        } else {
            text
        }
    }
}

/// One line of a log without anything that could steer a terminal: logs come from builders and
/// hosts, and may hold colours, cursor movements and bells.
#[must_use]
pub fn clean(line: &str) -> String {
    let line = line.trim_end();
    // Programs draw over a line with carriage returns; its last state is what they meant.
    visible(line.rsplit('\r').next().unwrap_or_default())
}

/// Foreign text in one line, with nothing that could steer a terminal, and nothing left out that
/// could be meant to mislead: what somebody wrote into a configuration is no log.
pub(super) fn visible(text: &str) -> String {
    let shown = console::strip_ansi_codes(text);
    let mut text = String::with_capacity(shown.len());
    for letter in shown.chars() {
        match letter {
            '\t' => text.push_str("    "),
            '\n' => text.push(' '),
            // Direction overrides can make a line read as something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() => {
                let _ = write!(text, "{}", letter.escape_default());
            }
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_terminal_or_force() {
        use ColorChoice::{Always, Auto, Never};
        let wishes = |no_color, force, dumb| ColorWishes {
            no_color,
            force,
            dumb,
        };
        for (choice, wishes, is_terminal, expected) in [
            (Auto, wishes(false, false, false), true, true),
            (Auto, wishes(false, false, false), false, false),
            (Auto, wishes(true, false, false), true, false),
            (Auto, wishes(true, true, false), true, false),
            (Auto, wishes(false, true, false), false, true),
            (Auto, wishes(false, false, true), true, false),
            (Always, wishes(true, false, false), false, true),
            (Never, wishes(false, true, false), true, false),
        ] {
            let found = choice.decide(wishes, is_terminal);
            assert_eq!(
                found,
                Paint(expected),
                "{choice:?} {wishes:?} {is_terminal}"
            );
        }
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        for (line, expected) in [
            ("plain  text \n", "plain  text"),
            ("\x1b[31mred\x1b[0m and \x1b[2Jcleared", "red and cleared"),
            ("10%\r50%\rdone", "done"),
            ("a\tb\x07", "a    b\\u{7}"),
            ("user\u{202e}gnp.exe", "usergnp.exe"),
        ] {
            assert_eq!(clean(line), expected);
        }
        // What was written into a configuration is not drawn over.
        assert_eq!(visible("bad\rgood"), "bad\\rgood");
    }
}
