//! Sets the workstation up for the hosts of a command.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::args::Global;
use super::edge::{self, Edge};
use super::error::{CliError, INVALID, NOT_BUILT};
use super::load;
use crate::adapter::agents::Agents;
use crate::adapter::copy::{SigningKeys, Total};
use crate::adapter::link::{LinkContext, SudoPassword};
use crate::adapter::nix::{BuildJob, EvalJob, Nix};
use crate::adapter::ssh::{Prompts, SshContext};
use crate::adapter::store::LocalStore;
use crate::adapter::{HostSetup, Workstation};
use crate::fleet::Fleet;
use crate::model::HostName;
use crate::ui;

/// Limit for asking Nix its version.
const DETECT: Duration = Duration::from_secs(20);

/// Asks on the terminal, with the display out of the way.
struct Asker(ui::Prompt);

impl Prompts for Asker {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        self.0.secret(question).ok()
    }
}

/// What a command needs of the workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nix, and a place for what it builds.
    Nix,
    /// Nothing but the way to the hosts.
    Hosts,
}

/// The real world for `fleet`.
pub(super) async fn workstation(
    (global, edge): (&Global, &Edge),
    fleet: &Fleet,
    needs: Needs,
    prompt: ui::Prompt,
) -> Result<Workstation, CliError> {
    let mut links = links(global, edge, prompt)?;
    let total = fleet.bandwidth.map(Total::new);
    links.total = total.map(Arc::new);
    links.nix = match needs {
        Needs::Nix => Some(nix(fleet).await?),
        Needs::Hosts => None,
    };
    let hosts: BTreeMap<_, _> = fleet
        .hosts
        .values()
        .map(|spec| {
            (
                spec.name.clone(),
                HostSetup {
                    reach: spec.reach.clone(),
                    copy: spec.copy.clone(),
                },
            )
        })
        .collect();
    let build = BuildJob {
        // Nothing is built without Nix, and nothing is held then.
        roots: match needs {
            Needs::Nix => edge.state()?.join("gcroots"),
            Needs::Hosts => std::path::PathBuf::new(),
        },
        limit: fleet.build.limit,
    };
    Ok(Workstation {
        links,
        job: job(fleet),
        build,
        hosts,
    })
}

/// The keys that sign what these hosts get.
pub(super) fn signing_keys(fleet: &Fleet, hosts: &[HostName]) -> Result<SigningKeys, CliError> {
    let files = hosts
        .iter()
        .filter_map(|host| fleet.hosts[host].copy.signing_key.as_ref());
    SigningKeys::read(files).map_err(|problem| CliError::of(INVALID, problem))
}

/// What connections need, without Nix.
pub(super) fn links(
    global: &Global,
    edge: &Edge,
    prompt: ui::Prompt,
) -> Result<LinkContext, CliError> {
    let agents =
        Agents::find(&edge.agent_folders).map_err(|error| CliError::from_error(INVALID, &error))?;
    let prompts: Arc<dyn Prompts> = Arc::new(Asker(prompt));
    let password = SudoPassword::new(load::sudo_password(global)?, Arc::clone(&prompts));
    let mut ssh = SshContext::new(edge.home.clone(), edge.user.clone(), prompts, || {
        edge::now().as_secs()
    });
    ssh.agent_socket.clone_from(&edge.agent_socket);
    Ok(LinkContext {
        ssh,
        agents,
        password,
        nix: None,
        store: LocalStore::new(edge.nix_state.clone()),
        depot: Arc::default(),
        total: None,
        keys: SigningKeys::default(),
    })
}

/// The workstation's Nix.
pub(super) async fn nix(fleet: &Fleet) -> Result<Nix, CliError> {
    Nix::detect(fleet.nix_options.clone(), DETECT)
        .await
        .map_err(|error| CliError::of(NOT_BUILT, error.problem()))
}

/// What to evaluate, for hosts to be filled in.
pub(super) fn job(fleet: &Fleet) -> EvalJob {
    EvalJob {
        flake: fleet.flake.reference.clone(),
        before: fleet.flake.attribute.before.clone(),
        after: fleet.flake.attribute.after.clone(),
        hosts: Vec::new(),
        settings: fleet.eval.clone(),
    }
}
