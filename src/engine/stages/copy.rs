//! Brings the closure to the host.

use crate::engine::Context;
use crate::engine::desk::Note;
use crate::engine::end::End;
use crate::engine::stage::stage;
use crate::event::ProgressEvent;
use crate::model::{Copied, HostName, Stage};
use crate::world::{Built, Host, World};

/// Tells how far a host's copy is.
pub(super) fn tell<W: World>(cx: &Context<'_, W>, host: &HostName) -> impl Fn(Copied) {
    |copied| {
        cx.desk.progress(ProgressEvent::Copy {
            host: host.clone(),
            copied,
        });
    }
}

/// What was copied, in a few words.
fn note(copied: &Copied) -> String {
    let mut note = format!("{} paths", copied.paths);
    if copied.ahead > 0 {
        note.push_str(&format!(", {} while it was built", copied.ahead));
    }
    if copied.fetched > 0 {
        note.push_str(&format!(", {} from its caches", copied.fetched));
    }
    note
}

/// Copies the closure of `built`; what arrived stays protected while `link` lives.
pub(in crate::engine) async fn copy<W: World>(
    cx: &Context<'_, W>,
    host: &HostName,
    link: &mut W::Host,
    built: &Built,
) -> Result<(), End> {
    let progress = tell(cx, host);
    let work = async {
        let _permit = cx
            .copying
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let copied = link.copy(built, &progress).await?;
        Ok((
            (),
            Note {
                note: Some(note(&copied)),
                copied: Some(copied),
            },
        ))
    };
    stage(cx, host, Stage::Copy, work).await
}
