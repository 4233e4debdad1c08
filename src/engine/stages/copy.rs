//! Brings the closure to the host.

use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::End;
use crate::engine::stage::stage;
use crate::event::ProgressEvent;
use crate::model::{HostName, Stage};
use crate::world::{Built, Host, World};

/// Copies the closure of `built`; what arrived stays protected while `link` lives.
pub(in crate::engine) async fn copy<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &mut W::Host,
    built: &Built,
) -> Result<(), End> {
    let progress = |copied| {
        cx.desk.progress(ProgressEvent::Copy {
            host: host.clone(),
            copied,
        });
    };
    let work = async {
        let _permit = cx
            .copying
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let copied = link.copy(built, &progress).await?;
        let note = format!("{} paths", copied.paths);
        Ok((
            (),
            Note {
                note: Some(note),
                copied: Some(copied),
            },
        ))
    };
    stage(cx, host, Stage::Copy, work).await
}
