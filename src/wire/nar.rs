//! NAR, the serialisation of a store path: which files, which are executable, what they hold.
//! No owners, no times.
//!
//! Source: Nix manual, "Nix Archive (NAR) format", version `nix-archive-1`.

use super::atom::{padding, put_number, put_string};

/// A piece of a NAR. In the order of a walk through the path they make up the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Comes first.
    Start,
    /// A file; its `size` bytes come next as they are, and then [`Piece::EndFile`].
    File {
        /// Whether its owner may execute it.
        is_executable: bool,
        /// Its size in bytes.
        size: u64,
    },
    /// After the bytes of a file.
    EndFile {
        /// The file's size in bytes.
        size: u64,
    },
    /// A symbolic link, whole.
    Link {
        /// Where it points.
        target: &'a [u8],
    },
    /// A folder; its entries come next, and then [`Piece::EndFolder`].
    Folder,
    /// An entry of a folder; what it is comes next, and then [`Piece::EndEntry`]. The names of
    /// a folder go up by their bytes.
    Entry {
        /// Its name.
        name: &'a [u8],
    },
    /// After an entry.
    EndEntry,
    /// After the last entry of a folder.
    EndFolder,
}

impl Piece<'_> {
    /// Appends the piece's bytes.
    pub fn put(self, out: &mut Vec<u8>) {
        let mut words = |words: &[&[u8]]| words.iter().for_each(|word| put_string(out, word));
        match self {
            Self::Start => words(&[b"nix-archive-1"]),
            Self::File {
                is_executable,
                size,
            } => {
                words(&[b"(", b"type", b"regular"]);
                if is_executable {
                    words(&[b"executable", b""]);
                }
                words(&[b"contents"]);
                put_number(out, size);
            }
            Self::EndFile { size } => {
                out.extend_from_slice(padding(size));
                put_string(out, ")");
            }
            Self::Link { target } => words(&[b"(", b"type", b"symlink", b"target", target, b")"]),
            Self::Folder => words(&[b"(", b"type", b"directory"]),
            Self::Entry { name } => words(&[b"entry", b"(", b"name", name, b"node"]),
            Self::EndEntry | Self::EndFolder => words(&[b")"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `nix-store --dump` of a folder with an executable `a` that holds "hi" and a link `b` to it.
    const RECORDED: &[u8] = include_bytes!("../../tests/fixtures/nar/folder.nar");

    #[test]
    fn pieces_are_what_nix_writes() {
        let mut out = Vec::new();
        let file = Piece::File {
            is_executable: true,
            size: 2,
        };
        let mut put = |piece: Piece<'_>| piece.put(&mut out);
        put(Piece::Start);
        put(Piece::Folder);
        put(Piece::Entry { name: b"a" });
        put(file);
        out.extend_from_slice(b"hi");
        let mut put = |piece: Piece<'_>| piece.put(&mut out);
        put(Piece::EndFile { size: 2 });
        put(Piece::EndEntry);
        put(Piece::Entry { name: b"b" });
        put(Piece::Link { target: b"a" });
        put(Piece::EndEntry);
        put(Piece::EndFolder);
        assert_eq!(out, RECORDED);
    }
}
