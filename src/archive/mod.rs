//! Store paths as streams of bytes: what both programs do with NARs and files.

mod after;
mod dump;
mod pack;

#[cfg(all(test, feature = "controller"))]
pub(crate) use after::noise;
pub use after::{SEGMENT, WINDOW, Window, pack_after, part, unpack_after};
pub use dump::{Dump, DumpError};
pub use pack::{Packer, Unpacker};
