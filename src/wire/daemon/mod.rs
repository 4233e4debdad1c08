//! The protocol of the Nix daemon, from the client's side: what phoenix says to
//! `nix-daemon --stdio` on a host, and to the daemon of the workstation.
//!
//! Nobody specifies it; the source is Nix's code, `src/libstore/worker-protocol*` and
//! `daemon.cc`. phoenix declares version 1.35, the oldest that Lix takes and the newest that
//! copying gains from: every daemon from 2.8 on answers it in the same layouts. With it nothing that
//! the client says depends on what the daemon says, so a whole conversation may be under way
//! before its first byte is answered. See docs/design/0011-copy-engine.md.

mod answer;
mod conversation;
mod question;
#[cfg(test)]
mod tests;

pub use answer::{Answer, DaemonError, Greeting, Heard};
pub use conversation::{Conversation, ConversationError};
pub use question::{Question, end_frames, frame_header};

/// The version that phoenix declares: 1.35.
const VERSION: u64 = (1 << 8) | 35;
