//! Store paths as streams of bytes: what both programs do with NARs and files.

mod dump;

pub use dump::{Dump, DumpError};
