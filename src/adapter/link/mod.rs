//! A connected host: one SSH connection, the agent on it, and a way for `nix copy` through it.

mod agent;
mod elevate;
mod probe;
mod send;
mod session;
mod tunnel;

pub use elevate::SudoPassword;

use std::sync::Arc;
use std::time::Duration;

use crate::adapter::agents::Agents;
use crate::adapter::copy::{Depot, Held, Share, SigningKeys, Total};
use crate::adapter::nix::Nix;
use crate::adapter::page;
use crate::adapter::ssh::{Connection, SshContext};
use crate::adapter::store::LocalStore;
use crate::model::{
    AskedFrom, Copied, CopyEngine, CopySettings, Facts, Gate, Hold, HostName, LockHolder,
    Observation, Order, Problem, ProblemKind, Proof, Reach, RunId, RunSummary, Story, Toplevel,
    Verdict,
};
use crate::wire::agent::{Reply, Request};
use crate::world::{Activated, Built, Evaluated, Host};
use elevate::Elevator;
use probe::Spare;
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
    /// The workstation's Nix; what neither builds nor copies goes without.
    pub nix: Option<Nix>,
    /// The workstation's store, for what is copied without Nix.
    pub store: LocalStore,
    /// What is read from it to be copied.
    pub depot: Arc<Depot>,
    /// What copying to all hosts together is held to.
    pub total: Option<Arc<Total>>,
    /// What signs paths for hosts that want it.
    pub keys: SigningKeys,
}

impl LinkContext {
    /// The workstation's Nix, for what needs it.
    ///
    /// # Errors
    /// A [`Problem`] where the command was set up without.
    pub fn nix(&self) -> Result<&Nix, Problem> {
        self.nix.as_ref().ok_or_else(|| {
            Problem::new(
                ProblemKind::Failed,
                "this command was started without the workstation's Nix",
            )
        })
    }
}

/// A connected host.
pub struct Link<'a> {
    cx: &'a LinkContext,
    copy: &'a CopySettings,
    elevator: Elevator<'a>,
    session: Session,
    facts: Facts,
    connection: Connection,
    /// Further sessions, for what is asked while another question waits for its answer.
    spare: Spare,
    /// Daemons of finished copies: while they live, what they received stays protected.
    held: Vec<Held>,
    ahead: send::Ahead,
    /// What the host has of the bandwidth.
    share: Arc<Share>,
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
        cx.depot.expect_host();
        let connection = Connection::open(reach, &cx.ssh, &|_| {})
            .await
            .map_err(|error| error.problem())?;
        Self::over(cx, reach, copy, connection).await
    }

    /// Does the same over a connection that is open.
    ///
    /// # Errors
    /// A [`Problem`] of kind refused or lost.
    pub async fn over(
        cx: &'a LinkContext,
        reach: &'a Reach,
        copy: &'a CopySettings,
        connection: Connection,
    ) -> Result<Self, Problem> {
        let elevator = Elevator::new(reach, &cx.password);
        let (session, facts) = agent::start(&connection, &elevator, &cx.agents).await?;
        Ok(Self {
            cx,
            copy,
            elevator,
            session,
            facts,
            connection,
            spare: Spare::default(),
            held: Vec::new(),
            ahead: send::Ahead::default(),
            share: Arc::new(Share::new(copy.bandwidth, cx.total.as_ref())),
        })
    }

    /// The connection that everything goes over.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Has the host remember the system it runs as one that `host` is meant to run.
    ///
    /// # Errors
    /// A [`Problem`] when it runs another system by now, a run is under way, or contact is lost.
    pub async fn adopt(
        &mut self,
        host: &HostName,
        who: &str,
        system: &Toplevel,
    ) -> Result<(), Problem> {
        let request = Request::Adopt {
            host: host.clone(),
            who: who.to_owned(),
            system: system.clone(),
        };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Facts { facts } => {
                self.facts = facts;
                Ok(())
            }
            Reply::Error { problem } | Reply::Refused { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }
}

impl Link<'_> {
    /// Asks what became of a run, whoever began it.
    ///
    /// # Errors
    /// A [`Problem`] when the host does not answer, or cannot read the run's record.
    pub async fn verdict(&mut self, run: &RunId) -> Result<Verdict, Problem> {
        let request = Request::Verdict { run: run.clone() };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Ended { summary } => Ok(Verdict::Ended { summary }),
            Reply::Refused { problem } => Ok(Verdict::Refused { problem }),
            Reply::UnknownRun { known } => Ok(Verdict::Unknown { known }),
            Reply::Error { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks for the whole story of a run. `Err` holds the runs the host knows when this is none.
    ///
    /// # Errors
    /// A [`Problem`] when the host does not answer, or cannot read the run's record.
    pub async fn story(&mut self, run: &RunId) -> Result<Result<Story, Vec<RunId>>, Problem> {
        let request = Request::Story { run: run.clone() };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Story { story } => Ok(Ok(*story)),
            Reply::UnknownRun { known } => Ok(Err(known)),
            Reply::Refused { problem } | Reply::Error { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }

    /// Keeps everybody from activating the host; also tells of a run that goes on beside it.
    ///
    /// # Errors
    /// A [`Problem`] when somebody else holds the host, or the hold cannot be written.
    pub async fn hold(&mut self, wish: HoldWish) -> Result<(Hold, Option<LockHolder>), Problem> {
        let request = Request::Hold {
            who: wish.who,
            reason: wish.reason,
            seconds: wish.seconds,
            force: wish.force,
        };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Held { hold, lock } => Ok((hold, lock)),
            Reply::Refused { problem } | Reply::Error { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends a hold, and says which.
    ///
    /// # Errors
    /// A [`Problem`] when it is somebody else's, or its file cannot be removed.
    pub async fn release(&mut self, who: &str, force: bool) -> Result<Option<Hold>, Problem> {
        let request = Request::Release {
            who: who.to_owned(),
            force,
        };
        match self.session.ask(&request, ANSWER, &mut |_| {}).await? {
            Reply::Released { hold } => Ok(hold),
            Reply::Refused { problem } | Reply::Error { problem } => Err(problem),
            other => Err(unexpected(&other)),
        }
    }
}

/// A hold as an operator wishes it.
#[derive(Clone, Debug)]
pub struct HoldWish {
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Why, in one line.
    pub reason: String,
    /// How long, in seconds; until released otherwise.
    pub seconds: Option<u64>,
    /// Take the place of somebody else's hold.
    pub force: bool,
}

impl Host for Link<'_> {
    fn address(&self) -> &str {
        self.connection.reached()
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn copy_ahead(&mut self, evaluated: &Evaluated, progress: &dyn Fn(Copied)) -> bool {
        if self.copy.engine == CopyEngine::Nix {
            return false;
        }
        let brought = send::ahead(self, evaluated, progress).await;
        brought.unwrap_or_else(|problem| {
            tracing::debug!(?problem, "something was in the way of copying ahead");
            false
        })
    }

    async fn copy(&mut self, built: &Built, progress: &dyn Fn(Copied)) -> Result<Copied, Problem> {
        let (sent, held) = match self.copy.engine {
            CopyEngine::Nix => tunnel::copy(self, built, progress).await?,
            CopyEngine::Phoenix => send::copy(self, built, progress).await?,
        };
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

    async fn probe(&self, gate: &Gate, run: Option<&RunId>) -> Result<Observation, Problem> {
        let gate = gate.at(self.address());
        match gate.kind.from() {
            AskedFrom::Workstation => Ok(page::look(&gate).await),
            AskedFrom::Host => probe::ask_host(self, gate, run).await,
        }
    }

    async fn renew(&self, order: &Order) -> Result<(), Problem> {
        probe::renew(self, order).await
    }

    async fn decide(&mut self, order: &Order, doubt: Option<&str>) -> Result<RunSummary, Problem> {
        let request = Request::Decide {
            run: order.run.clone(),
            nonce: order.nonce.clone(),
            keep: doubt.is_none(),
            why: doubt.map(str::to_owned),
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
