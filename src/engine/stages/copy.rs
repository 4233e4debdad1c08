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
    let progress = |now: crate::world::CopyProgress| {
        cx.desk.progress(ProgressEvent::Copy {
            host: host.clone(),
            bytes: now.bytes,
            paths: now.paths,
            expected_paths: now.expected_paths,
        });
    };
    let work = async {
        let _permit = cx
            .copying
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let sent = link.copy(built, &progress).await?;
        let note = format!("{} paths", sent.paths);
        Ok((
            (),
            Note {
                note: Some(note),
                bytes: Some(sent.bytes),
            },
        ))
    };
    stage(cx, host, Stage::Copy, work).await
}
