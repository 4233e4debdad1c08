//! Store paths as streams of bytes: what both programs do with NARs and files.

mod after;
mod dump;
mod pack;

pub use after::{SEGMENT, WINDOW, Window, pack_after, part, unpack_after};
pub use dump::{Dump, DumpError};
pub use pack::{Packer, Unpacker};
