//! Packs a stream with zstd, and unpacks it.

use std::io;

use zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

/// Bytes of room that are made at a time, and the most that is given at once.
const ROOM: usize = 64 * 1024;

/// Packs one stream.
pub struct Packer<'a>(Encoder<'a>);

impl Packer<'static> {
    /// A packer for a stream of so many bytes, at one of zstd's levels.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(level: i32, size: u64) -> io::Result<Self> {
        Self::by(Encoder::new(level)?, size)
    }
}

impl<'a> Packer<'a> {
    /// A packer with an encoder whose other parameters are set.
    pub(super) fn by(mut encoder: Encoder<'a>, size: u64) -> io::Result<Self> {
        // Small streams get small tables.
        encoder.set_pledged_src_size(Some(size))?;
        // The daemon checks a hash of the whole.
        encoder.set_parameter(CParameter::ChecksumFlag(false))?;
        Ok(Self(encoder))
    }

    /// Appends what these bytes come to, as far as it is decided.
    ///
    /// # Errors
    /// When they are more than was said.
    pub fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            fill(out, |output| self.0.run(&mut input, output))?;
        }
        Ok(())
    }

    /// Appends the rest.
    ///
    /// # Errors
    /// When the bytes were fewer than was said.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        while fill(out, |output| self.0.finish(output, true))? > 0 {}
        Ok(())
    }
}

/// Unpacks one stream.
pub struct Unpacker(Decoder<'static>);

impl Unpacker {
    /// An unpacker.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Decoder::new()?))
    }

    /// Gives what these bytes come to, in pieces of at most 64 KiB.
    ///
    /// # Errors
    /// When they are not what zstd writes, or `take` fails.
    pub fn unpack(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        drain(&mut self.0, bytes, take)
    }
}

/// Runs packed bytes through a decoder, and gives what they come to in pieces of at most 64 KiB.
pub(super) fn drain(
    decoder: &mut Decoder<'_>,
    bytes: &[u8],
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut input = InBuffer::around(bytes);
    let mut out = Vec::with_capacity(ROOM);
    loop {
        out.clear();
        fill(&mut out, |output| decoder.run(&mut input, output))?;
        if !out.is_empty() {
            take(&out)?;
        }
        // A full piece may have more behind it.
        if input.pos() == bytes.len() && out.len() < ROOM {
            return Ok(());
        }
    }
}

/// Runs one step that writes to the end of `out`.
fn fill<T>(
    out: &mut Vec<u8>,
    step: impl FnOnce(&mut OutBuffer<'_, Vec<u8>>) -> io::Result<T>,
) -> io::Result<T> {
    out.reserve(ROOM);
    let length = out.len();
    let mut output = OutBuffer::around_pos(out, length);
    step(&mut output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8], cut: usize) -> Vec<u8> {
        let mut unpacker = Unpacker::new().unwrap();
        let mut found = Vec::new();
        let mut take = |bytes: &[u8]| {
            found.extend_from_slice(bytes);
            Ok(())
        };
        for chunk in packed.chunks(cut) {
            unpacker.unpack(chunk, &mut take).unwrap();
        }
        found
    }

    #[test]
    fn what_was_packed_unpacks_however_it_is_cut() {
        let text: Vec<u8> = (0..400_000u32).map(|n| (n / 7 % 251) as u8).collect();
        for level in [1, 3, 9] {
            let mut packer = Packer::new(level, text.len() as u64).unwrap();
            let mut packed = Vec::new();
            for chunk in text.chunks(70_001) {
                packer.pack(chunk, &mut packed).unwrap();
            }
            packer.finish(&mut packed).unwrap();
            assert!(packed.len() < text.len() / 10);
            for cut in [1, 13, 100_000] {
                assert!(unpacked(&packed, cut) == text, "level {level}, cut {cut}");
            }
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let mut unpacker = Unpacker::new().unwrap();
        assert!(unpacker.unpack(&[7; 100], &mut |_| Ok(())).is_err());
    }
}
