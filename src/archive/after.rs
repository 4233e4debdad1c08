//! A NAR that is packed as what differs from another: in segments, each a zstd stream (RFC
//! 8878) whose prefix is the other NAR around the same place. So neither side needs more
//! memory for a path of gibibytes than for one of mebibytes.

use std::io;
use std::path::Path;

use zstd::stream::raw::{CParameter, Decoder, Encoder};

use super::dump::{Dump, DumpError};
use super::pack::{Packer, drain};

/// Bytes of a segment, unpacked.
pub const SEGMENT: usize = 4 << 20;

/// How far around a segment's own place the other NAR is looked at.
const REACH: u64 = 4 << 20;

/// Most bytes of the other NAR that a segment may look at.
pub const WINDOW: u64 = SEGMENT as u64 + 2 * REACH;

/// Level of zstd's that is used. Stronger ones gain little where most is found in the prefix.
const LEVEL: i32 = 3;

/// With more than this to look through, long matches are searched for first: zstd's usual
/// tables only remember what was near.
const LONG: usize = 1 << 20;

/// The part of the other NAR that a segment looks at: where it begins, and its length. Parts
/// of later segments begin no earlier.
#[must_use]
pub fn part(offset: u64, size: u64, other: u64) -> (u64, u64) {
    // Where it would be if the difference in size came about evenly.
    let even = u128::from(offset) * u128::from(other) / u128::from(size.max(1));
    let even = u64::try_from(even).unwrap_or(other);
    let start = offset.min(even).saturating_sub(REACH).min(other);
    let end = offset.max(even).saturating_add(SEGMENT as u64 + REACH);
    (start, (end.min(other) - start).min(WINDOW))
}

/// A part of a NAR in memory, moved from its beginning to its end.
#[derive(Debug)]
pub struct Window {
    dump: Dump,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// A window on the NAR of a path.
    #[must_use]
    pub fn on(path: &Path) -> Self {
        Self {
            dump: Dump::of(path),
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// Moves to this part, or as much of it as there is. What came before it is forgotten.
    ///
    /// # Errors
    /// [`DumpError`] when the path cannot be read.
    pub fn slide(&mut self, offset: u64, length: u64) -> Result<&[u8], DumpError> {
        let mut more = true;
        while more && self.start < offset {
            let drop = (offset - self.start).min(self.bytes.len() as u64);
            self.bytes.drain(..drop as usize);
            self.start += drop;
            if self.start < offset {
                let wanted = (offset - self.start).min(SEGMENT as u64);
                more = self.dump.fill(&mut self.bytes, wanted as usize)?;
                more |= !self.bytes.is_empty();
            }
        }
        let length = length.min(WINDOW) as usize;
        self.dump.fill(&mut self.bytes, length)?;
        Ok(&self.bytes[..length.min(self.bytes.len())])
    }
}

/// Packs a segment after a part of the other NAR.
///
/// # Errors
/// When there is no memory for it.
pub fn pack_after(prefix: &[u8], segment: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = Encoder::with_ref_prefix(LEVEL, prefix)?;
    let whole = prefix.len() + segment.len();
    let window = (usize::BITS - whole.leading_zeros()).clamp(10, 27);
    encoder.set_parameter(CParameter::WindowLog(window))?;
    encoder.set_parameter(CParameter::EnableLongDistanceMatching(whole > LONG))?;
    let mut packer = Packer::by(encoder, segment.len() as u64)?;
    packer.pack(segment, out)?;
    packer.finish(out)
}

/// Unpacks a segment, in pieces of at most 64 KiB.
///
/// # Errors
/// When it is not what zstd writes, or `take` fails.
pub fn unpack_after(
    prefix: &[u8],
    packed: &[u8],
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut decoder = Decoder::with_ref_prefix(prefix)?;
    drain(&mut decoder, packed, take)
}

/// Bytes for tests that nothing packs, the same for the same seed.
#[cfg(test)]
pub(crate) fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    (0..length).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn there_and_back(prefix: &[u8], segment: &[u8]) -> usize {
        let mut packed = Vec::new();
        pack_after(prefix, segment, &mut packed).unwrap();
        let mut found = Vec::new();
        let mut take = |bytes: &[u8]| {
            found.extend_from_slice(bytes);
            Ok(())
        };
        unpack_after(prefix, &packed, &mut take).unwrap();
        assert!(found == segment);
        packed.len()
    }

    #[test]
    fn what_is_in_the_other_part_costs_next_to_nothing() {
        for length in [3000, 200_000, 6 << 20] {
            let old = noise(length, 1);
            let mut new = noise(500, 2);
            new.extend_from_slice(&old);
            // A reference replaced, as a rebuild does it.
            new[length / 2..length / 2 + 32].copy_from_slice(&[7; 32]);
            let packed = there_and_back(&old, &new);
            assert!(packed < 1200 + length / 100, "{length}: {packed}");
        }
        assert!(there_and_back(&[], &noise(1000, 3)) < 1100);
    }

    #[test]
    fn a_part_is_around_the_same_place_and_never_begins_earlier_than_the_one_before() {
        assert_eq!(part(0, 100, 200), (0, 200));
        let mebi = |n: u64| n << 20;
        let sizes = [
            (mebi(100), mebi(100)),
            (mebi(100), mebi(300)),
            (mebi(300), mebi(100)),
            (mebi(30), 10),
            (1, 0),
        ];
        for (size, other) in sizes {
            let mut before = 0;
            for offset in (0..size).step_by(SEGMENT) {
                let (start, length) = part(offset, size, other);
                assert!(start >= before && start + length <= other && length <= WINDOW);
                before = start;
            }
        }
        assert_eq!(part(mebi(40), mebi(100), mebi(100)), (mebi(36), WINDOW));
    }

    #[test]
    fn a_window_shows_what_was_asked_for_wherever_it_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, noise(40 << 20, 4)).unwrap();
        let mut nar = Vec::new();
        Dump::of(&file).fill(&mut nar, usize::MAX).unwrap();
        let mut window = Window::on(&file);
        for (offset, length) in [
            (0, 10),
            (5, 1 << 20),
            (20 << 20, WINDOW),
            (39 << 20, WINDOW),
        ] {
            let end = (offset + length as usize).min(nar.len());
            let found = window.slide(offset as u64, length).unwrap();
            assert!(found == &nar[offset..end], "{offset}");
        }
        let beyond = window.slide(1 << 40, 5).unwrap();
        assert!(beyond.is_empty());
    }
}
