//! Store paths as streams of bytes: what both programs do with NARs and files.

mod dump;
mod pack;

pub use dump::{Dump, DumpError};
pub use pack::{Packer, Unpacker};
