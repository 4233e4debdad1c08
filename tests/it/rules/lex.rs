//! Rust text as tokens, without comments and the contents of literals: enough to see paths,
//! braces and attributes for what they are.

/// A token and the line it begins on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// A word, one character of punctuation, or `""` for any text or character literal.
    pub(crate) text: String,
    /// Its line.
    pub(crate) line: usize,
    /// What a text literal holds, as written; empty for everything else.
    pub(crate) literal: String,
}

/// Splits Rust text.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(first) = lexer.rest.chars().next() {
        let (line, before) = (lexer.line, lexer.rest);
        if let Some(text) = lexer.one(first) {
            let literal = if text.is_empty() {
                inside(&before[..before.len() - lexer.rest.len()])
            } else {
                String::new()
            };
            found.push(Token {
                text,
                line,
                literal,
            });
        }
    }
    found
}

/// The same without what stands behind `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if matches(&tokens[at..], &MARK) {
            at = end_of_item(tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Whether the tokens begin with these texts.
pub(crate) fn matches<T: AsRef<str>>(tokens: &[Token], texts: &[T]) -> bool {
    tokens.len() >= texts.len()
        && tokens
            .iter()
            .zip(texts)
            .all(|(token, text)| token.text == text.as_ref())
}

/// The index behind the item that begins at `at`: behind its `;`, or its closing brace.
pub(crate) fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => return closing(tokens, at) + 1,
            ";" => return at + 1,
            "[" | "(" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    at
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().saturating_sub(1)
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    /// Takes one token, or something that is none.
    fn one(&mut self, first: char) -> Option<String> {
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            return None;
        }
        if self.rest.starts_with("/*") {
            self.take(comment(self.rest));
            return None;
        }
        if let Some(length) = raw_text(self.rest) {
            self.take(length);
            return Some(String::new());
        }
        if first == '"' || self.rest.starts_with("b\"") {
            self.take(text(self.rest));
            return Some(String::new());
        }
        if let Some(length) = character(self.rest) {
            self.take(length);
            return Some(String::new());
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match self.rest.find(|c: char| !is_word(c)) {
            Some(0) => first.len_utf8(),
            Some(length) => length,
            None => self.rest.len(),
        };
        let taken = self.take(length);
        (!taken.trim().is_empty()).then_some(taken)
    }

    fn take(&mut self, length: usize) -> String {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken.to_owned()
    }
}

/// What stands between the quotes of a text literal; a character literal has none.
fn inside(literal: &str) -> String {
    let from = literal.find('"').map_or(literal.len(), |quote| quote + 1);
    let to = literal.rfind('"').unwrap_or(from).max(from);
    literal[from..to].to_owned()
}

/// Length of the block comment, which may hold others.
fn comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of the raw text literal that `rest` begins with.
fn raw_text(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix)
            .is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..]
        .chars()
        .take_while(|c| *c == '#')
        .count();
    let start = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        rest[start..]
            .find(&end)
            .map_or(rest.len(), |at| start + at + end.len()),
    )
}

/// Length of the text literal that `rest` begins with.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    let start = rest.find('"').map_or(0, |quote| quote + 1);
    for (at, c) in rest.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of the character literal that `rest` begins with; lifetimes are none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest
        .strip_prefix("b'")
        .or_else(|| rest.strip_prefix('\''))?;
    let start = rest.len() - inner.len();
    if let Some(escape) = inner.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return escape[first..]
            .find('\'')
            .map(|at| start + 1 + first + at + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..]
        .starts_with('\'')
        .then_some(start + first + 1)
}

#[test]
fn literals_and_comments_hold_no_tokens() {
    let source = r####"
        // crate::ui
        /* crate::ui /* nested */ crate::ui */
        let a = "crate::ui \" crate::ui";
        let b = r##"crate::ui "# "##;
        let c: &'static str = b"x"; let d = ['{', '\'', b'}', '\u{7b}'];
        crate::model"####;
    let words: Vec<String> = tokens(source).into_iter().map(|token| token.text).collect();
    let text = words.join(" ");
    assert_eq!(
        text,
        "let a =  ; let b =  ; let c : & ' static str =  ; let d = [  ,  ,  ,  ] ; crate : : model"
    );
    assert_eq!(tokens(source).last().map(|token| token.line), Some(7));
    let literals: Vec<String> = tokens(source)
        .into_iter()
        .map(|token| token.literal)
        .filter(|literal| !literal.is_empty())
        .collect();
    assert_eq!(
        literals,
        [r#"crate::ui \" crate::ui"#, r##"crate::ui "# "##, "x"]
    );
}

#[test]
fn test_modules_can_be_left_out() {
    let source = "fn a() {} #[cfg(test)] mod tests { fn b() {} } #[cfg(test)] mod c; fn d() {}";
    let kept = without_tests(&tokens(source));
    let names: Vec<&str> = kept
        .windows(2)
        .filter(|pair| pair[0].text == "fn")
        .map(|pair| pair[1].text.as_str())
        .collect();
    assert_eq!(names, ["a", "d"]);
}
