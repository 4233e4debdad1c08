//! A connected host: one SSH connection, the agent on it, and a way for `nix copy` through it.

mod agent;
mod elevate;
mod session;
mod tunnel;

pub use elevate::SudoPassword;

use std::time::Duration;

use crate::adapter::agents::Agents;
use crate::adapter::nix::Nix;
use crate::adapter::ssh::{Connection, SshContext};
use crate::model::{CopySettings, Facts, Order, Problem, ProblemKind, Proof, Reach, RunSummary};
use crate::wire::agent::{Reply, Request};
use crate::world::{Activated, Built, CopyProgress, Host};
use elevate::Elevator;
use session::Session;

/// Limit for what the agent answers from what it knows.
const ANSWER: Duration = Duration::from_secs(60);

/// What the host may need beyond the limit for activation, to go back twice and write it down.
/// A rollback has at least two minutes a try, however short that limit is.
const UNDOING: Duration = Duration::from_secs(270);

/// What every connection of a run shares.
pub struct LinkContext {
    /// Keys, configuration and prompts of the SSH side.
    pub ssh: SshContext,
    /// The agent programs.
    pub agents: Agents,
    /// The password `sudo` may ask for.
    pub password: SudoPassword,
    /// The workstation's Nix.
    pub nix: Nix,
}

/// A connected host.
pub struct Link<'a> {
    cx: &'a LinkContext,
    copy: &'a CopySettings,
    elevator: Elevator<'a>,
    session: Session,
    facts: Facts,
    connection: Connection,
    /// Daemons of finished copies: while they live, what they received stays protected.
    held: Vec<tunnel::Held>,
}

impl<'a> Link<'a> {
    /// Connects, brings the agent to the host if it is not there, and reads the facts.
    ///
    /// # Errors
    /// A [`Problem`] of kind unreachable, refused or lost.
    pub async fn open(
        cx: &'a LinkContext,
        reach: &'a Reach,
        copy: &'a CopySettings,
    ) -> Result<Self, Problem> {
        let connection = Connection::open(reach, &cx.ssh, &|_| {})
            .await
            .map_err(|error| error.problem())?;
        let elevator = Elevator::new(reach, &cx.password);
        let (session, facts) = agent::start(&connection, &elevator, &cx.agents).await?;
        Ok(Self {
            cx,
            copy,
            elevator,
            session,
            facts,
            connection,
            held: Vec::new(),
        })
    }
}

impl Host for Link<'_> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn copy(
        &mut self,
        built: &Built,
        progress: &dyn Fn(CopyProgress),
    ) -> Result<CopyProgress, Problem> {
        let (sent, held) = tunnel::copy(self, built, progress).await?;
        self.held.extend(held);
        Ok(sent)
    }

    async fn activate(
        &mut self,
        order: &Order,
        log: &dyn Fn(String),
    ) -> Result<Activated, Problem> {
        let mut begun = false;
        let limit = order.activate_limit * 3 + UNDOING;
        let closing = self
            .session
            .ask(
                &Request::Begin(order.clone()),
                limit,
                &mut |reply| match reply {
                    Reply::Log { line } => log(line),
                    Reply::State { .. } => begun = true,
                    _ => {}
                },
            )
            .await;
        match closing {
            Ok(Reply::Activated { exit }) => Ok(Activated::Waiting { exit }),
            Ok(Reply::Ended { summary }) => Ok(Activated::Ended(summary)),
            Ok(Reply::Refused { problem }) => Err(problem),
            Ok(Reply::Error { problem }) if begun => Ok(Activated::LostContact(problem)),
            Ok(Reply::Error { problem }) => Err(problem),
            Ok(other) => Ok(Activated::LostContact(unexpected(&other))),
            // The order may have arrived: only the host knows.
            Err(problem) => Ok(Activated::LostContact(problem)),
        }
    }

    async fn prove(&mut self, order: &Order) -> Result<Proof, Problem> {
        let request = Request::Prove {
            run: order.run.clone(),
            nonce: order.nonce.clone(),
        };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Proof { proof } => Ok(proof),
            Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }

    async fn decide(&mut self, order: &Order, keep: bool) -> Result<RunSummary, Problem> {
        let request = Request::Decide {
            run: order.run.clone(),
            nonce: order.nonce.clone(),
            keep,
        };
        let limit = order.activate_limit * 2 + UNDOING;
        ended(self.session.ask(&request, limit, &mut |_| {}).await?)
    }
}

fn ended(reply: Reply) -> Result<RunSummary, Problem> {
    match reply {
        Reply::Ended { summary } => Ok(summary),
        Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(reply: &Reply) -> Problem {
    let text = crate::wire::agent::to_line(reply);
    Problem::new(
        ProblemKind::Lost,
        "the agent gave an answer that does not belong to the question",
    )
    .because(text.trim().chars().take(120).collect::<String>())
}
