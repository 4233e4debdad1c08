//! A client's conversation with a daemon: which bytes to send, and what the bytes that come
//! back mean. Whoever holds it moves them.

use std::collections::VecDeque;

use thiserror::Error;

use super::answer::{Heard, Said, Shape, take_answer, take_greeting, take_message};
use super::question::{Question, put_greeting};
use crate::model::StorePath;
use crate::wire::atom::{AtomError, Taker};

/// A daemon said something that does not belong into the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConversationError(String);

/// A conversation. Questions may be asked at any time and are answered in their order.
#[derive(Debug)]
pub struct Conversation {
    /// What arrived and is not understood yet.
    arrived: Vec<u8>,
    /// How much of it was.
    taken: usize,
    open: VecDeque<Open>,
}

/// A question without an answer.
#[derive(Debug)]
struct Open {
    expects: Expects,
    /// The daemon has said that the answer comes next.
    comes_next: bool,
}

#[derive(Debug)]
enum Expects {
    Greeting,
    /// The messages after the greeting.
    Start,
    Answer(Shape, Option<StorePath>),
}

impl Open {
    fn new(expects: Expects) -> Self {
        Self {
            expects,
            comes_next: false,
        }
    }
}

impl Conversation {
    /// A conversation that begins, and the bytes it begins with. Questions may follow them at
    /// once.
    #[must_use]
    pub fn begin() -> (Self, Vec<u8>) {
        let mut bytes = Vec::new();
        put_greeting(&mut bytes);
        let open = [Expects::Greeting, Expects::Start].map(Open::new);
        let conversation = Self {
            arrived: Vec::new(),
            taken: 0,
            open: VecDeque::from(open),
        };
        (conversation, bytes)
    }

    /// Appends the bytes of a question, which is answered after all that were asked before.
    pub fn ask(&mut self, question: Question<'_>, out: &mut Vec<u8>) {
        question.put(out);
        self.expect(question);
    }

    /// Expects the answer to a question whose bytes are sent by somebody else.
    pub fn expect(&mut self, question: Question<'_>) {
        let (shape, about) = match question {
            Question::IsValid(_) => (Shape::Flag, None),
            Question::Protect(_) => (Shape::One, None),
            Question::Valid { .. } => (Shape::Paths, None),
            Question::Info(path) => (Shape::Info, Some(path.clone())),
            Question::Add { .. } => (Shape::Nothing, None),
        };
        self.open
            .push_back(Open::new(Expects::Answer(shape, about)));
    }

    /// How many questions have no answer yet.
    #[must_use]
    pub fn open(&self) -> usize {
        let answers = |open: &&Open| matches!(open.expects, Expects::Answer(..));
        self.open.iter().filter(answers).count()
    }

    /// Takes bytes that arrived.
    pub fn arrived(&mut self, bytes: &[u8]) {
        self.arrived.drain(..self.taken);
        self.taken = 0;
        self.arrived.extend_from_slice(bytes);
    }

    /// The next thing the daemon said; `None` until more bytes arrive.
    ///
    /// # Errors
    /// [`ConversationError`] when the bytes belong into no such conversation; it is over then.
    pub fn hear(&mut self) -> Result<Option<Heard>, ConversationError> {
        loop {
            let Some(open) = self.open.front_mut() else {
                return match self.arrived.len() - self.taken {
                    0 => Ok(None),
                    more => Err(ConversationError(format!(
                        "the daemon says {more} bytes that nobody asked for"
                    ))),
                };
            };
            let mut taker = Taker::new(&self.arrived[self.taken..]);
            let step = match open.take(&mut taker) {
                Ok(step) => step,
                Err(AtomError::Short) => return Ok(None),
                Err(AtomError::Malformed(what)) => return Err(ConversationError(what)),
            };
            self.taken = self.arrived.len() - taker.rest().len();
            let heard = match step {
                Step::Over(heard) => {
                    self.open.pop_front();
                    heard
                }
                Step::Within(heard) => heard,
            };
            if heard.is_some() {
                return Ok(heard);
            }
        }
    }
}

/// What a piece of the conversation came to.
enum Step {
    /// The question at its front is answered.
    Over(Option<Heard>),
    /// It is not.
    Within(Option<Heard>),
}

impl Open {
    fn take(&mut self, taker: &mut Taker<'_>) -> Result<Step, AtomError> {
        if let Expects::Greeting = self.expects {
            let greeting = take_greeting(taker)?;
            return Ok(Step::Over(Some(Heard::Greeting(greeting))));
        }
        if self.comes_next {
            return self.take_answer(taker);
        }
        match take_message(taker)? {
            Said::Last => {
                self.comes_next = true;
                Ok(Step::Within(None))
            }
            Said::Error(error) => match self.expects {
                Expects::Answer(..) => {
                    let answer = super::Answer::Failed(error);
                    Ok(Step::Over(Some(Heard::Answer(answer))))
                }
                _ => Err(AtomError::Malformed(error.message)),
            },
            Said::Log(line) => Ok(Step::Within(Some(Heard::Log(line)))),
            Said::Nothing => Ok(Step::Within(None)),
        }
    }

    fn take_answer(&self, taker: &mut Taker<'_>) -> Result<Step, AtomError> {
        match &self.expects {
            Expects::Answer(shape, about) => {
                let answer = take_answer(taker, *shape, about.as_ref())?;
                Ok(Step::Over(Some(Heard::Answer(answer))))
            }
            _ => Ok(Step::Over(None)),
        }
    }
}
