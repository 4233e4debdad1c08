//! Asks the workstation's Nix daemon, where the database may not be read.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::model::{PathInfo, Problem, ProblemKind, StorePath};
use crate::wire::daemon::{Answer, Conversation, ConversationError, Heard, Question};

/// All that is known of a closure; nothing when the store does not hold its root.
pub(super) async fn closure(
    socket: &Path,
    root: &StorePath,
    limit: Duration,
) -> Result<Vec<PathInfo>, Problem> {
    let asked = timeout(limit, ask(socket, root)).await;
    asked.unwrap_or_else(|_| Err(failed(&format!("no answer within {} s", limit.as_secs()))))
}

async fn ask(socket: &Path, root: &StorePath) -> Result<Vec<PathInfo>, Problem> {
    let mut stream = UnixStream::connect(socket)
        .await
        .map_err(|error| failed(&format!("{}: {error}", socket.display())))?;
    let (mut reader, mut writer) = stream.split();
    let (conversation, out) = Conversation::begin();
    let mut walk = Walk {
        conversation,
        out,
        found: BTreeMap::new(),
    };
    walk.ask(root);
    let mut bytes = vec![0; 64 * 1024];
    while walk.conversation.open() > 0 {
        // Both at once: a daemon whose answers nobody reads takes no more questions.
        tokio::select! {
            written = writer.write(&walk.out), if !walk.out.is_empty() => {
                let count = written.map_err(|error| failed(&error.to_string()))?;
                walk.out.drain(..count);
            }
            read = reader.read(&mut bytes) => {
                match read.map_err(|error| failed(&error.to_string()))? {
                    0 => return Err(failed("it closed the connection")),
                    count => walk.hear(&bytes[..count])?,
                }
            }
        }
    }
    Ok(walk.found.into_values().flatten().collect())
}

/// A walk through a closure: each path is asked about as soon as an answer brings it up.
struct Walk {
    conversation: Conversation,
    /// Bytes to send.
    out: Vec<u8>,
    /// The paths asked about, and what is known of them.
    found: BTreeMap<StorePath, Option<PathInfo>>,
}

impl Walk {
    fn ask(&mut self, path: &StorePath) {
        if !self.found.contains_key(path) {
            self.found.insert(path.clone(), None);
            let question = Question::Info(path);
            self.conversation.ask(question, &mut self.out);
        }
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.conversation.arrived(bytes);
        let wrong = |error: ConversationError| failed(&error.to_string());
        while let Some(heard) = self.conversation.hear().map_err(wrong)? {
            match heard {
                Heard::Answer(Answer::Info(Some(info))) => {
                    info.references.iter().for_each(|path| self.ask(path));
                    self.found.insert(info.path.clone(), Some(*info));
                }
                Heard::Answer(Answer::Failed(error)) => return Err(failed(&error.to_string())),
                _ => {}
            }
        }
        Ok(())
    }
}

fn failed(why: &str) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "could not ask this workstation's Nix daemon about its store",
    )
    .because(why)
}
