//! Tokens → choice. `not` binds first, then `and`, then `or`; words side by side are a union.

use super::error::SelectError;
use super::glob::Glob;
use super::lex::{Token, tokens};
use super::{Choice, Subject, Term};

/// Parentheses and `not` may be nested so deep; the limit keeps the stack small.
const DEEPEST: usize = 32;

/// Reads the words of a command line.
pub(super) fn choice(words: &[String]) -> Result<Choice, SelectError> {
    let tokens = tokens(words);
    if tokens.is_empty() {
        return Err(SelectError::Nothing);
    }
    let mut reader = Reader {
        tokens: &tokens,
        text: words.join(" "),
        depth: 0,
    };
    let choice = reader.union()?;
    match reader.tokens {
        [] => Ok(choice),
        _ => Err(reader.wrong("`)` without `(`")),
    }
}

struct Reader<'t, 'w> {
    tokens: &'t [Token<'w>],
    text: String,
    depth: usize,
}

impl<'w> Reader<'_, 'w> {
    fn peek(&self) -> Option<Token<'w>> {
        self.tokens.first().copied()
    }

    fn accept(&mut self, token: Token<'_>) -> bool {
        let there = self.peek() == Some(token);
        if there {
            self.tokens = &self.tokens[1..];
        }
        there
    }

    fn wrong(&self, why: &'static str) -> SelectError {
        SelectError::Syntax {
            text: self.text.clone(),
            why,
        }
    }

    /// Choices joined with `or`, or just written side by side.
    fn union(&mut self) -> Result<Choice, SelectError> {
        let (first, mut plain) = self.intersection()?;
        let mut choices = vec![first];
        let mut side_by_side = false;
        loop {
            let joined = self.accept(Token::Or);
            if !joined && matches!(self.peek(), None | Some(Token::Close)) {
                break;
            }
            side_by_side |= !joined;
            let (next, is_plain) = self.intersection()?;
            choices.push(next);
            plain &= is_plain;
        }
        // `@web not web3` and `a b and @eu` mean one thing to the grammar and another to many
        // people. A guess could deploy to hosts nobody meant.
        if side_by_side && !plain {
            return Err(SelectError::Ambiguous {
                text: self.text.clone(),
            });
        }
        Ok(one_or(choices, Choice::Or))
    }

    /// Choices joined with `and`; also says whether it is one without `and` and `not`.
    fn intersection(&mut self) -> Result<(Choice, bool), SelectError> {
        let negated = self.peek() == Some(Token::Not);
        let mut choices = vec![self.negation()?];
        while self.accept(Token::And) {
            choices.push(self.negation()?);
        }
        let plain = !negated && choices.len() == 1;
        Ok((one_or(choices, Choice::And), plain))
    }

    fn negation(&mut self) -> Result<Choice, SelectError> {
        let mut negated = false;
        while self.accept(Token::Not) {
            negated = !negated;
        }
        let choice = self.atom()?;
        Ok(if negated {
            Choice::Not(Box::new(choice))
        } else {
            choice
        })
    }

    fn atom(&mut self) -> Result<Choice, SelectError> {
        match self.peek() {
            Some(Token::Term(text)) => {
                self.tokens = &self.tokens[1..];
                self.term(text)
            }
            Some(Token::Open) => self.group(),
            Some(Token::Close) => Err(self.wrong("a name is missing before `)`")),
            Some(Token::And | Token::Or | Token::Not) => {
                Err(self.wrong("a name is missing beside `and` or `or`"))
            }
            None => Err(self.wrong("a name is missing at the end")),
        }
    }

    fn group(&mut self) -> Result<Choice, SelectError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("parentheses are nested too deep"));
        }
        self.accept(Token::Open);
        let choice = self.union()?;
        if !self.accept(Token::Close) {
            return Err(self.wrong("`(` without `)`"));
        }
        self.depth -= 1;
        Ok(choice)
    }

    fn term(&self, text: &str) -> Result<Choice, SelectError> {
        let (subject, pattern) = if let Some(tag) = text.strip_prefix('@') {
            (Subject::Tag, tag)
        } else if let Some(profile) = text.strip_prefix("profile:") {
            (Subject::Profile, profile)
        } else {
            (Subject::Name, text)
        };
        let glob = Glob::new(pattern).map_err(|why| self.wrong(why))?;
        Ok(Choice::Term(Term { subject, glob }))
    }
}

fn one_or(mut choices: Vec<Choice>, many: fn(Vec<Choice>) -> Choice) -> Choice {
    match choices.len() {
        1 => choices.remove(0),
        _ => many(choices),
    }
}
