//! Turns an argument vector into the one line that a login shell receives.

/// Quotes words for a POSIX shell and joins them with spaces.
///
/// SSH hands a command over as one string to the user's login shell; this is the only place
/// where such a string is made. The result means the same to fish: a backslash is always
/// written outside of single quotes, because fish gives it a meaning inside.
#[must_use]
pub fn quote(words: &[&str]) -> String {
    let mut line = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        if is_plain(word, index == 0) {
            line.push_str(word);
        } else {
            push_quoted(&mut line, word);
        }
    }
    line
}

// `A=b` as first word would be an assignment, and zsh expands a word that begins with `=`.
fn is_plain(word: &str, first: bool) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+:,./-_=".contains(c);
    let special = word.is_empty() || word.starts_with('=');
    let special_here = first && word.contains(['=', '%']);
    word.chars().all(plain) && !special && !special_here
}

fn push_quoted(line: &mut String, word: &str) {
    line.push('\'');
    for c in word.chars() {
        match c {
            '\'' => line.push_str(r"'\''"),
            '\\' => line.push_str(r"'\\'"),
            _ => line.push(c),
        }
    }
    line.push('\'');
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(
            quote(&["/run/a-b_c.d", "--x=1", "a,b:c@d%e+f", "42"]),
            "/run/a-b_c.d --x=1 a,b:c@d%e+f 42"
        );
    }

    #[test]
    fn everything_else_is_quoted() {
        for (words, line) in [
            (&["a", ""][..], "a ''"),
            (&["echo", "a b"], "echo 'a b'"),
            (&["echo", "$HOME", "`id`"], "echo '$HOME' '`id`'"),
            (&["echo", "it's"], r"echo 'it'\''s'"),
            (&["echo", "\"", "a\nb"], "echo '\"' 'a\nb'"),
            (&["echo", r"a\n"], r"echo 'a'\\'n'"),
            (&["A=b", "x"], "'A=b' x"),
            (&["x", "=ls", "~", "*", "ä"], "x '=ls' '~' '*' 'ä'"),
            (
                &["a;b", "c&d", "e|f", "#", "!"],
                "'a;b' 'c&d' 'e|f' '#' '!'",
            ),
        ] {
            assert_eq!(quote(words), line);
        }
    }
}
