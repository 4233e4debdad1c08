//! `phoenix adopt`: shows which machine each host is, and records it once the operator agrees.

mod face;
mod key;
mod meet;
mod record;
mod show;
mod verdict;

use std::io::IsTerminal;

use clap::Args;

use super::args::Global;
use super::edge::{self, Edge};
use super::error::{CliError, USAGE};
use super::{load, output, select, world};
use crate::adapter::ssh::Connection;
use crate::fleet::{Fleet, HostSpec};
use crate::model::{Identity, Problem, Toplevel};
use crate::ui;
use meet::Met;
use show::{Row, Teller};

#[derive(Debug, Args)]
pub(super) struct Adopt {
    #[command(flatten)]
    pub(super) selection: select::Selection,
    /// Record what is shown without asking; an unknown host key is still asked about
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Accept this host key where none is known; may be given several times
    #[arg(long, value_name = "SHA256:…", value_parser = key::fingerprint)]
    pub(super) accept_key: Vec<String>,
    /// Record a host anew that was adopted as another machine, or a machine that was another host
    #[arg(long)]
    pub(super) replace: bool,
}

/// What is to be recorded of a host that was met.
struct Adoption {
    identity: Identity,
    system: Toplevel,
}

/// What became of a host.
enum End {
    Adopted { files: Vec<String> },
    Unchanged,
    Declined,
    Failed(Problem),
}

pub(super) async fn adopt(global: &Global, edge: &Edge, args: &Adopt) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::required(&args.selection, &fleet)?;
    let asks = !global.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !args.yes && !asks {
        return Err(CliError::new(
            USAGE,
            "nothing can be adopted: there is no terminal to ask on",
        )
        .hint("add --yes to record what the hosts show without asking"));
    }
    let links = world::links(global, edge, ui::Prompt::default())?;
    let specs: Vec<&HostSpec> = hosts.iter().map(|host| &fleet.hosts[host]).collect();
    let keys = key::Keys {
        accepted: &args.accept_key,
        asks,
        look: output::look(global, edge),
    };
    let met = meet::all(&links, &specs, fleet.parallel.connect, &keys).await;
    let teller = Teller {
        json: global.json,
        look: output::look(global, edge),
    };
    let judged = verdict::all(&fleet, met, args.replace);
    teller.show(&judged);
    let wanted = judged.iter().filter(|(_, end)| end.is_ok()).count();
    let agreed = args.yes || wanted == 0 || confirmed(wanted);
    let mut rows = Vec::new();
    for (met, end) in judged {
        let (met, end) = carry_out(edge, &fleet, met, end, agreed).await;
        rows.push(Row::new(met, end));
    }
    teller.tell(&rows);
    Ok(show::exit_status(&rows))
}

fn confirmed(count: usize) -> bool {
    let question = format!("Adopt {}?", ui::words::hosts(count));
    ui::ask(&question) == Some(true)
}

/// Records one host, unless something speaks against it.
async fn carry_out<'a>(
    edge: &Edge,
    fleet: &Fleet,
    mut met: Met<'a>,
    verdict: Result<Adoption, End>,
    agreed: bool,
) -> (Met<'a>, End) {
    let end = match verdict {
        Err(end) => end,
        Ok(_) if !agreed => End::Declined,
        Ok(adoption) => match keep(edge, fleet, &mut met, &adoption).await {
            Ok(files) => End::Adopted { files },
            Err(problem) => End::Failed(problem),
        },
    };
    (met, end)
}

/// The host first: what is written here says that it has agreed.
async fn keep(
    edge: &Edge,
    fleet: &Fleet,
    met: &mut Met<'_>,
    adoption: &Adoption,
) -> Result<Vec<String>, Problem> {
    let who = edge.who();
    let link = met.link.as_mut().map_err(|problem| problem.clone())?;
    link.adopt(&met.spec.name, &who, &adoption.system).await?;
    let pin = met
        .spec
        .reach
        .pinned_keys
        .is_empty()
        .then(|| pin(link.connection()));
    let remark = format!("adopted by {who} on {}", edge::new_run().day());
    record::write(fleet, &met.spec.name, &adoption.identity, &remark, pin)
}

/// Name and content of the file that pins the key which the host has just shown.
fn pin(connection: &Connection) -> (String, String) {
    (
        connection.host_key_file(),
        format!("{}\n", connection.host_key()),
    )
}
