//! Answers a controller over standard input and output. Nothing of a run happens in this
//! process: it may be killed at any time.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use super::answer;
use super::begin;
use super::facts;
use super::hold;
use super::host::Cx;
use super::known;
use super::probe;
use super::story;
use crate::model::{Problem, ProblemKind};
use crate::wire::agent::{LINE_LIMIT, PROTOCOL, Reply, Request, from_line, to_line};

/// Greets and answers until the controller closes its side.
///
/// # Errors
/// When the controller's session is gone.
pub(super) fn serve(
    cx: Cx<'_>,
    nix: &Path,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut tell = |reply: Reply| {
        output.write_all(to_line(&reply).as_bytes())?;
        output.flush()
    };
    tell(Reply::Hello {
        protocol: PROTOCOL,
        facts: facts::facts(cx, nix),
    })?;
    while let Some(line) = read_line(input)? {
        let reply = match line {
            Ok(line) => match from_line(&line) {
                Ok(request) => answer(cx, nix, request, &mut tell)?,
                Err(error) => failed(Problem::from_error(ProblemKind::Failed, &error)),
            },
            Err(problem) => failed(problem),
        };
        tell(reply)?;
    }
    Ok(())
}

fn failed(problem: Problem) -> Reply {
    Reply::Error { problem }
}

fn answer(
    cx: Cx<'_>,
    nix: &Path,
    request: Request,
    tell: &mut dyn FnMut(Reply) -> io::Result<()>,
) -> io::Result<Reply> {
    let answered = match request {
        Request::Facts => Ok(Reply::Facts {
            facts: facts::facts(cx, nix),
        }),
        Request::Begin(order) => return begin::begin(cx, &order, tell),
        Request::Prove { run, nonce } => {
            answer::prove(cx, &run, &nonce).map(|proof| Reply::Proof { proof })
        }
        Request::Decide {
            run,
            nonce,
            keep,
            why,
        } => answer::decide(cx, (&run, &nonce), keep, why.as_deref())
            .map(|summary| Reply::Ended { summary }),
        Request::Probe { gate, run } => {
            probe::probe(cx, &gate, run.as_ref()).map(|seen| Reply::Probed { seen })
        }
        Request::Renew { run, nonce, span } => {
            answer::renew(cx, &run, &nonce, span).map(|span| Reply::Renewed { span })
        }
        Request::Adopt { host, who, system } => {
            known::adopt(cx, host, who, &system).map(|()| Reply::Facts {
                facts: facts::facts(cx, nix),
            })
        }
        Request::Verdict { run } => story::verdict(cx, &run),
        Request::Story { run } => story::story(cx, &run),
        Request::Hold {
            who,
            reason,
            seconds,
            force,
        } => Ok(hold::place(cx, who, &reason, seconds, force)),
        Request::Release { who, force } => Ok(hold::release(cx, &who, force)),
    };
    Ok(answered.unwrap_or_else(failed))
}

/// One line, `None` at the end. A line over the limit is passed over and is a problem.
fn read_line(input: &mut dyn BufRead) -> io::Result<Option<Result<String, Problem>>> {
    let mut line = Vec::new();
    if read_part(input, &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() <= LINE_LIMIT {
        return Ok(Some(Ok(String::from_utf8_lossy(&line).into_owned())));
    }
    while line.last() != Some(&b'\n') {
        line.clear();
        if read_part(input, &mut line)? == 0 {
            break;
        }
    }
    let message = format!("a line of the controller is longer than {LINE_LIMIT} bytes");
    Ok(Some(Err(Problem::new(ProblemKind::Failed, message))))
}

fn read_part(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    input.take(LINE_LIMIT as u64 + 1).read_until(b'\n', line)
}
