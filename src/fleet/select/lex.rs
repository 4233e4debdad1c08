//! Words of a command line → tokens of a selector.

/// A piece of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'w> {
    /// A name, pattern, `@tag` or `profile:word`.
    Term(&'w str),
    Not,
    And,
    Or,
    Open,
    Close,
}

/// Splits words. A word that holds several pieces is taken as one, as if in parentheses: the
/// shell's quotes around it said so.
pub(super) fn tokens<'w>(words: &'w [String]) -> Vec<Token<'w>> {
    let mut all = Vec::new();
    for word in words {
        let grouped = word.trim().contains(char::is_whitespace);
        if grouped {
            all.push(Token::Open);
        }
        split(word, &mut all);
        if grouped {
            all.push(Token::Close);
        }
    }
    all
}

fn split<'w>(word: &'w str, all: &mut Vec<Token<'w>>) {
    let mut start = None;
    let mut in_braces = false;
    for (at, c) in word.char_indices() {
        let sign = match c {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '!' => Some(Token::Not),
            _ => None,
        };
        in_braces = c == '{' || (in_braces && c != '}' && !c.is_whitespace());
        let ends = sign.is_some() || c.is_whitespace() || (c == ',' && !in_braces);
        if !ends {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            all.push(term(&word[from..at]));
        }
        all.extend(sign);
    }
    if let Some(from) = start {
        all.push(term(&word[from..]));
    }
}

fn term(text: &str) -> Token<'_> {
    match text {
        "not" => Token::Not,
        "and" => Token::And,
        "or" => Token::Or,
        text => Token::Term(text),
    }
}
