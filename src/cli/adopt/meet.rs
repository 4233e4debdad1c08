//! Reaches the hosts to adopt, each with the key it shows.

use futures::stream::{self, StreamExt};

use super::key::{self, Keys, Shown};
use crate::adapter::link::{Link, LinkContext};
use crate::adapter::ssh::Connection;
use crate::fleet::HostSpec;
use crate::model::{Facts, HostName, Problem, ProblemKind, Reach};
use crate::world::Host;

/// A host, and the connection to it if there is one.
pub(super) struct Met<'a> {
    pub(super) spec: &'a HostSpec,
    pub(super) link: Result<Link<'a>, Problem>,
}

impl Met<'_> {
    pub(super) fn name(&self) -> &HostName {
        &self.spec.name
    }

    pub(super) fn facts(&self) -> Option<&Facts> {
        self.link.as_ref().ok().map(Host::facts)
    }
}

/// Why there is no connection yet.
enum Missed {
    /// It shows keys that nobody has vouched for.
    Unknown(Vec<Shown>),
    Problem(Problem),
}

/// Reaches all hosts side by side, then asks about unknown keys, one host after the other.
pub(super) async fn all<'a>(
    links: &'a LinkContext,
    specs: &[&'a HostSpec],
    at_once: usize,
    keys: &Keys<'_>,
) -> Vec<Met<'a>> {
    let tried: Vec<_> = stream::iter(specs.iter().copied())
        .map(|spec| async move { (spec, connect(links, spec, &spec.reach).await) })
        .buffered(at_once.max(1))
        .collect()
        .await;
    let mut met = Vec::new();
    for (spec, result) in tried {
        let link = match result {
            Ok(link) => Ok(link),
            Err(Missed::Problem(problem)) => Err(problem),
            Err(Missed::Unknown(shown)) => accepted(links, spec, keys, &shown).await,
        };
        met.push(Met { spec, link });
    }
    met
}

async fn connect<'a>(
    links: &'a LinkContext,
    spec: &'a HostSpec,
    reach: &Reach,
) -> Result<Link<'a>, Missed> {
    let connection = Connection::open(reach, &links.ssh, &|_| {})
        .await
        .map_err(|error| {
            let unknown = key::unknown(&error);
            if unknown.is_empty() {
                Missed::Problem(error.problem())
            } else {
                Missed::Unknown(unknown)
            }
        })?;
    Link::over(links, &spec.reach, &spec.copy, connection)
        .await
        .map_err(Missed::Problem)
}

async fn accepted<'a>(
    links: &'a LinkContext,
    spec: &'a HostSpec,
    keys: &Keys<'_>,
    shown: &[Shown],
) -> Result<Link<'a>, Problem> {
    let reach = Reach {
        accepted_keys: keys.accept(spec, shown)?,
        ..spec.reach.clone()
    };
    match connect(links, spec, &reach).await {
        Ok(link) => Ok(link),
        Err(Missed::Problem(problem)) => Err(problem),
        // It shows another key than a moment ago.
        Err(Missed::Unknown(shown)) => {
            let nobody = Keys {
                accepted: &[],
                asks: false,
                look: keys.look,
            };
            Err(nobody.accept(spec, &shown).err().unwrap_or_else(|| {
                Problem::new(
                    ProblemKind::Refused,
                    "the host shows another key than a moment ago",
                )
            }))
        }
    }
}
