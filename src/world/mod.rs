//! The outside as the engine sees it, in the host's words: evaluate, build, connect, copy,
//! activate, prove, decide. Knows nothing of SSH, Nix's command line or processes.
//!
//! [`fake`] imitates it for all scenarios; `adapter` is the real one.

pub mod fake;

use std::future::Future;

use crate::model::{
    Copied, Derivation, Facts, Gate, HostName, Observation, Order, Problem, Proof, RunId,
    RunSummary, Toplevel,
};

/// What evaluation says about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// The derivation of the toplevel.
    pub derivation: Derivation,
    /// Where the toplevel will be once built.
    pub toplevel: Toplevel,
    /// Nix's word for the machine it is built for: `x86_64-linux`.
    pub system: String,
    /// What its configuration warns of, each in one line.
    pub warnings: Vec<String>,
}

/// A system that is in the workstation's store and held by a garbage collector root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Built {
    /// The system.
    pub toplevel: Toplevel,
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildProgress {
    /// Derivations built, of those known so far.
    Count {
        /// Finished.
        done: u64,
        /// Known so far.
        expected: u64,
        /// Name of one being built.
        current: Option<String>,
    },
    /// A line of a builder's log.
    Log(String),
}

/// How `activate` came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activated {
    /// The new system is active and waits for the proof.
    Waiting {
        /// Exit status of `switch-to-configuration test`: 0 or 4.
        exit: i32,
    },
    /// The host decided by itself already: it went back, or could not.
    Ended(RunSummary),
    /// The connection broke after the order was sent. The host acts by itself; ask it again
    /// over a new connection.
    LostContact(Problem),
}

/// Where each host's result goes as soon as it is there.
pub type Found<'a, T> = &'a dyn Fn(&HostName, Result<T, Problem>);

/// The workstation: evaluates, builds, and reaches hosts.
pub trait World {
    /// A host over a connection that is open and logged in.
    type Host: Host;

    /// Evaluates hosts and gives each its result, exactly once. One host's error never
    /// costs another its result.
    fn evaluate(&self, hosts: &[HostName], found: Found<'_, Evaluated>)
    -> impl Future<Output = ()>;

    /// Builds what was evaluated and gives each host its result, exactly once.
    fn build(
        &self,
        wanted: &[(HostName, Evaluated)],
        progress: &dyn Fn(BuildProgress),
        found: Found<'_, Built>,
    ) -> impl Future<Output = ()>;

    /// Opens a new connection to a host: new TCP connection, key exchange and login, host key
    /// checked, agent running, facts read. Never reuses an open one.
    fn connect(&self, host: &HostName) -> impl Future<Output = Result<Self::Host, Problem>>;
}

/// A connected host.
pub trait Host {
    /// The address that answered.
    fn address(&self) -> &str;

    /// What it said about itself when the connection was opened.
    fn facts(&self) -> &Facts;

    /// Brings what is finished by now of a system that is still being built, as far as the host
    /// will most likely need it, and says whether that was anything. What goes wrong is told by
    /// the copy, which begins anew then.
    // Dropped half-way, what arrived whole stays.
    fn copy_ahead(
        &mut self,
        evaluated: &Evaluated,
        progress: &dyn Fn(Copied),
    ) -> impl Future<Output = bool>;

    /// Brings a closure to the host, and says what was sent, also ahead of it; what arrived stays protected while this value lives.
    fn copy(
        &mut self,
        built: &Built,
        progress: &dyn Fn(Copied),
    ) -> impl Future<Output = Result<Copied, Problem>>;

    /// Begins the transaction: lock, armed timer, `test`. `Err` means nothing was changed.
    // Dropped half-way, the host's timer brings it back.
    fn activate(
        &mut self,
        order: &Order,
        log: &dyn Fn(String),
    ) -> impl Future<Output = Result<Activated, Problem>>;

    /// Asks, over this connection, how the host stands.
    fn prove(&mut self, order: &Order) -> impl Future<Output = Result<Proof, Problem>>;

    /// Looks once at a health gate, from the host or from the workstation. Within a run, units
    /// that had failed before it do not count.
    // Dropped, the look may go on for its own limit; it changes nothing.
    fn probe(
        &self,
        gate: &Gate,
        run: Option<&RunId>,
    ) -> impl Future<Output = Result<Observation, Problem>>;

    /// Has the host wait for its decision a whole limit from now. `Err` when it does not wait
    /// any more, or cannot be reached.
    fn renew(&self, order: &Order) -> impl Future<Output = Result<(), Problem>>;

    /// Keeps the new system or, where there is a doubt about it, goes back; answers with the
    /// verdict, whoever decided first.
    fn decide(
        &mut self,
        order: &Order,
        doubt: Option<&str>,
    ) -> impl Future<Output = Result<RunSummary, Problem>>;
}
