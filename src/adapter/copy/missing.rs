//! What a host lacks of a closure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::SendJob;
use super::lane::{Lane, refused};
use crate::model::{PathInfo, Problem, StorePath};
use crate::wire::daemon::{Answer, Question};

/// The paths that the host lacks, each after what it needs. Those that it has are protected
/// from its garbage collector for as long as the lane lives, before they are asked about: what
/// it says stays true.
pub(super) async fn missing(lane: &Lane, job: &SendJob<'_>) -> Result<Vec<Arc<PathInfo>>, Problem> {
    let all = job.closure.paths();
    let known = match job.runs {
        // What the host runs is there with all that it refers to, and protected as one.
        Some(runs) => {
            let known: BTreeSet<&StorePath> = runs.paths().iter().map(|info| &info.path).collect();
            let root = runs.paths().last().map(|info| &info.path);
            root.map(|root| (root, known))
        }
        None => None,
    };
    if let Some((root, known)) = known {
        let is_new = |info: &&Arc<PathInfo>| !known.contains(&info.path);
        let new: Vec<&StorePath> = all.iter().filter(is_new).map(|info| &info.path).collect();
        let asked: Vec<&StorePath> = [root].into_iter().chain(new).collect();
        let valid = ask(lane, &asked, false).await?;
        if valid.contains(root) {
            let lacks = |info: &&Arc<PathInfo>| is_new(info) && !valid.contains(&info.path);
            return Ok(all.iter().filter(lacks).cloned().collect());
        }
    }
    let asked: Vec<&StorePath> = all.iter().map(|info| &info.path).collect();
    let valid = ask(lane, &asked, false).await?;
    let lacks = |info: &&Arc<PathInfo>| !valid.contains(&info.path);
    Ok(all.iter().filter(lacks).cloned().collect())
}

/// Which of these the host has, perhaps once it has fetched what its binary caches have; all of
/// them are protected from now on.
pub(super) async fn ask(
    lane: &Lane,
    paths: &[&StorePath],
    substitute: bool,
) -> Result<BTreeSet<StorePath>, Problem> {
    let protect = paths.iter().map(|path| Question::Protect(path));
    let valid = Question::Valid { paths, substitute };
    let questions: Vec<Question<'_>> = protect.chain([valid]).collect();
    let mut valid = BTreeSet::new();
    for answer in lane.ask(&questions).await? {
        match answer {
            Answer::Valid(paths) => valid = paths,
            Answer::Failed(error) => return Err(refused(&error)),
            _ => {}
        }
    }
    Ok(valid)
}
