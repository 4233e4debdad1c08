//! A client's conversation with a daemon: which bytes to send, and what the bytes that come
//! back mean. Whoever holds it moves them.

use std::collections::{BTreeSet, VecDeque};

use thiserror::Error;

use super::answer::{Answer, Heard, Said, Shape};
use super::answer::{take_answer, take_greeting, take_message, take_path};
use super::question::{Question, put_greeting};
use crate::model::StorePath;
use crate::wire::atom::{AtomError, Taker, malformed};

/// Most bytes of a message that is not complete. No daemon that means well comes near.
const MESSAGE_LIMIT: usize = 32 << 20;

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
    Paths(Paths),
}

/// An answer of many paths. Each is taken when it comes: lists are long, and would be read again
/// from their beginning with every piece that arrives.
#[derive(Debug)]
struct Paths {
    /// How many there may be.
    most: usize,
    /// How many are still to come, once that is known.
    left: Option<u64>,
    found: BTreeSet<StorePath>,
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
        let expects = match question {
            Question::IsValid(_) => Expects::Answer(Shape::Flag, None),
            Question::Protect(_) => Expects::Answer(Shape::One, None),
            Question::Valid { paths, .. } => Expects::Paths(Paths {
                most: paths.len(),
                left: None,
                found: BTreeSet::new(),
            }),
            Question::Info(path) => Expects::Answer(Shape::Info, Some(path.clone())),
            Question::Add { .. } => Expects::Answer(Shape::Nothing, None),
        };
        self.open.push_back(Open::new(expects));
    }

    /// How many questions have no answer yet.
    #[must_use]
    pub fn open(&self) -> usize {
        let answers = |open: &&Open| open.is_question();
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
                Err(AtomError::Short) => return self.wait(),
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

    /// More has to arrive before anything is understood.
    fn wait(&self) -> Result<Option<Heard>, ConversationError> {
        if self.arrived.len() - self.taken > MESSAGE_LIMIT {
            return Err(ConversationError(format!(
                "the daemon says more than {MESSAGE_LIMIT} bytes at once"
            )));
        }
        Ok(None)
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
    fn is_question(&self) -> bool {
        matches!(self.expects, Expects::Answer(..) | Expects::Paths(_))
    }

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
            Said::Error(error) if self.is_question() => {
                Ok(Step::Over(Some(Heard::Answer(Answer::Failed(error)))))
            }
            Said::Error(error) => Err(AtomError::Malformed(error.message)),
            Said::Log(line) => Ok(Step::Within(Some(Heard::Log(line)))),
            Said::Nothing => Ok(Step::Within(None)),
        }
    }

    fn take_answer(&mut self, taker: &mut Taker<'_>) -> Result<Step, AtomError> {
        let answer = match &mut self.expects {
            Expects::Answer(shape, about) => take_answer(taker, *shape, about.as_ref())?,
            Expects::Paths(paths) => match paths.take(taker)? {
                true => Answer::Valid(std::mem::take(&mut paths.found)),
                false => return Ok(Step::Within(None)),
            },
            Expects::Greeting | Expects::Start => return Ok(Step::Over(None)),
        };
        Ok(Step::Over(Some(Heard::Answer(answer))))
    }
}

impl Paths {
    /// Takes the next piece of the list; true when it was the last.
    fn take(&mut self, taker: &mut Taker<'_>) -> Result<bool, AtomError> {
        let left = match self.left {
            None => taker.number()?,
            Some(left) => {
                self.found.insert(take_path(taker)?);
                left - 1
            }
        };
        if left > self.most as u64 {
            return Err(malformed(format!(
                "{left} paths came where at most {} were asked for",
                self.most
            )));
        }
        self.left = Some(left);
        Ok(left == 0)
    }
}
