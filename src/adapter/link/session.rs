//! The conversation with a running agent: one JSON object a line.

use std::future::Future;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::elevate::lost;
use crate::adapter::ssh::{Events, Output, Program, Stdin};
use crate::model::{Facts, Problem, ProblemKind};
use crate::wire::agent::{LINE_LIMIT, PROTOCOL, Reply, Request, from_line, to_line};

/// Lines of standard error kept for the message when the agent ends.
const KEPT: usize = 4096;

/// How long the last of what an ended program said may take, where something holds its output.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running `phoenix-agent serve`.
pub(super) struct Session {
    stdin: Stdin,
    events: Events,
    /// Bytes read and not yet given out as lines.
    out: Vec<u8>,
    /// The end of standard error.
    err: Vec<u8>,
}

impl Session {
    pub(super) fn new(root: Program) -> Self {
        Self {
            stdin: root.stdin,
            events: root.events,
            out: root.rest,
            err: Vec::new(),
        }
    }

    /// Reads the agent's greeting.
    pub(super) fn hello(&self, line: &str) -> Result<Facts, Problem> {
        match read(line)? {
            Reply::Hello {
                protocol: PROTOCOL,
                facts,
            } => Ok(facts),
            Reply::Hello { protocol, .. } => Err(Problem::new(
                ProblemKind::Refused,
                format!("the agent speaks version {protocol}, phoenix speaks {PROTOCOL}"),
            )
            .with_hint(
                "the agent beside phoenix is of another build: install both from one release",
            )),
            Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
            _ => {
                Err(Problem::new(ProblemKind::Lost, "the agent did not greet").because(line.trim()))
            }
        }
    }

    /// Sends a request and returns the closing reply, within `limit`; replies before it go to
    /// `on_way`.
    // Dropped half-way, the conversation is out of step: drop the session with it.
    pub(super) async fn ask(
        &mut self,
        request: &Request,
        limit: Duration,
        on_way: &mut dyn FnMut(Reply),
    ) -> Result<Reply, Problem> {
        within(limit, "the agent", self.converse(request, on_way)).await
    }

    async fn converse(
        &mut self,
        request: &Request,
        on_way: &mut dyn FnMut(Reply),
    ) -> Result<Reply, Problem> {
        let line = to_line(request);
        let sent = self.stdin.write_all(line.as_bytes()).await;
        sent.map_err(|error| lost(&error.to_string()))?;
        self.stdin
            .flush()
            .await
            .map_err(|error| lost(&error.to_string()))?;
        loop {
            let reply: Reply = read(&self.line().await?)?;
            if reply.closes() {
                return Ok(reply);
            }
            on_way(reply);
        }
    }

    /// The next line of standard output. The caller bounds the wait: an agent that hangs keeps
    /// its connection alive.
    pub(super) async fn line(&mut self) -> Result<String, Problem> {
        // How it ended may be told before the last of what it said (RFC 4254, section 6.10).
        let mut end: Option<String> = None;
        loop {
            if let Some(end) = self.out.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.out.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.out.len() > LINE_LIMIT {
                return Err(lost("the agent sent a line without end"));
            }
            let next = match &end {
                None => self.events.next().await,
                Some(_) => timeout(LAST_WORDS, self.events.next())
                    .await
                    .unwrap_or(Ok(None)),
            };
            match next.map_err(|error| error.problem())? {
                Some(Output::Stdout(bytes)) => self.out.extend_from_slice(&bytes),
                Some(Output::Stderr(bytes)) => self.hear(&bytes),
                Some(Output::Exit { status }) => {
                    end = Some(format!("the agent exited with status {status}"));
                }
                Some(Output::Signal(signal)) => {
                    end = Some(format!("the agent was ended by signal {signal}"));
                }
                None => {
                    return Err(self.ended(end.as_deref().unwrap_or("the host closed the channel")));
                }
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.err.extend_from_slice(bytes);
        let excess = self.err.len().saturating_sub(KEPT);
        self.err.drain(..excess);
    }

    fn ended(&self, why: &str) -> Problem {
        let said = String::from_utf8_lossy(&self.err)
            .lines()
            .map(str::to_owned)
            .collect();
        lost(why).with_log(said)
    }
}

/// Gives up on `who` after `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    who: &str,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let done = timeout(limit, work).await;
    done.unwrap_or_else(|_| {
        Err(lost(&format!(
            "{who} gave no answer within {} s",
            limit.as_secs()
        )))
    })
}

fn read(line: &str) -> Result<Reply, Problem> {
    from_line(line).map_err(|error| Problem::from_error(ProblemKind::Lost, &error))
}
