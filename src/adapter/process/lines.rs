//! Cuts what a program says into lines and keeps the last ones.

use std::collections::VecDeque;

/// Longest line, in bytes; what goes beyond begins a new one.
const LINE_LIMIT: usize = 1 << 20;

/// Bytes in, lines out.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Takes bytes and hands over each line that is complete.
    pub(super) fn push(&mut self, bytes: &[u8], line: &mut dyn FnMut(&str)) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.rest.extend_from_slice(part);
            if parts.peek().is_some() || self.rest.len() > LINE_LIMIT {
                self.hand_over(line);
            }
        }
    }

    /// Hands over a last line that had no newline.
    pub(super) fn finish(mut self, line: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            self.hand_over(line);
        }
    }

    fn hand_over(&mut self, line: &mut dyn FnMut(&str)) {
        line(String::from_utf8_lossy(&self.rest).trim_end_matches('\r'));
        self.rest.clear();
    }
}

/// The last lines of something long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    most: usize,
}

impl Tail {
    /// Keeps the last `most` lines.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            most,
        }
    }

    /// Adds a line and forgets the oldest if there are too many.
    pub(crate) fn push(&mut self, line: &str) {
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }
}

impl IntoIterator for Tail {
    type Item = String;
    type IntoIter = std::collections::vec_deque::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        self.lines.into_iter()
    }
}
