//! Patterns: `*` any text, `?` one character, `{a,b}` one of several.

/// More alternatives than this are a slip of the hand.
const MOST: usize = 256;

/// A pattern whose braces have been written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<String>);

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with its braces.
    pub(super) fn new(text: &str) -> Result<Self, &'static str> {
        let mut done: Vec<String> = vec![String::new()];
        let mut rest = text;
        while let Some((before, inside)) = rest.split_once('{') {
            let (inside, after) = inside.split_once('}').ok_or("`{` without `}`")?;
            if inside.contains('{') || before.contains('}') {
                return Err("braces inside braces, or `}` without `{`");
            }
            let alternatives: Vec<&str> = inside.split(',').collect();
            if done.len() * alternatives.len() > MOST {
                return Err("too many alternatives in braces");
            }
            let extend = |start: &String| -> Vec<String> {
                let with = |alternative| format!("{start}{before}{alternative}");
                alternatives.iter().map(with).collect()
            };
            done = done.iter().flat_map(extend).collect();
            rest = after;
        }
        if rest.contains('}') {
            return Err("`}` without `{`");
        }
        for pattern in &mut done {
            pattern.push_str(rest);
        }
        if done.iter().any(String::is_empty) {
            return Err("a name is missing");
        }
        Ok(Self(done))
    }

    /// The patterns, free of braces and never empty.
    pub(super) fn patterns(&self) -> &[String] {
        &self.0
    }
}

/// Whether a pattern without braces fits the whole text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it has swallowed: only the last one ever
    // needs another try.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, swallowed)) = star else {
                    return false;
                };
                star = Some((at, swallowed + 1));
                p = at + 1;
                t = swallowed + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a word is a pattern and not just a name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_whole_texts() {
        for (pattern, text, expected) in [
            ("web*", "web1", true),
            ("web*", "web", true),
            ("web?", "web", false),
            ("web?", "web12", false),
            ("*a*b", "xaxbab", true),
            ("*a*b", "xaxba", false),
            ("**", "", true),
            ("web1", "web10", false),
            ("W*", "web", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn long_patterns_stay_fast() {
        let text = "a".repeat(60);
        assert!(!matches(&format!("{}b", "*a".repeat(30)), &text));
    }

    #[test]
    fn writes_braces_out() {
        let glob = Glob::new("{web,db}-{a,b}*").unwrap();
        assert_eq!(glob.patterns(), ["web-a*", "web-b*", "db-a*", "db-b*"]);
        for bad in ["{a", "a}", "{a,{b}}", "}a{b}", "{,}", "", "{a,}"] {
            assert!(Glob::new(bad).is_err(), "{bad}");
        }
        assert!(Glob::new(&"{a,b,c,d,e,f,g,h}".repeat(4)).is_err());
    }
}
