//! Reaches a host and reads what it says about itself.

use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::End;
use crate::engine::stage::stage;
use crate::model::{Outcome, ProblemKind, Stage};
use crate::plan::Target;
use crate::world::{Host, World};

/// Opens the run's connection to a host. A host that may be offline is deferred when no
/// address of it answers.
pub(in crate::engine) async fn connect<W: World>(
    cx: &Context<'_, W>,
    target: &Target,
) -> Result<W::Host, End> {
    let host = &target.host;
    let work = async {
        let _permit = cx
            .connecting
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let link = cx.world.connect(host).await?;
        let running = link
            .facts()
            .running
            .as_ref()
            .map(|toplevel| toplevel.path().short());
        Ok((
            link,
            Note {
                note: running,
                copied: None,
            },
        ))
    };
    stage(cx, host, Stage::Connect, work).await.map_err(|end| {
        let offline = end
            .problem
            .as_ref()
            .is_some_and(|problem| problem.kind == ProblemKind::Unreachable);
        if offline && target.may_be_offline {
            End {
                outcome: Outcome::Deferred,
                ..end
            }
        } else {
            end
        }
    })
}
