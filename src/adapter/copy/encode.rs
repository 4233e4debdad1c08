//! Turns a path of the workstation's store into what is sent of its NAR: records for
//! `phoenix-agent receive`. The question to take it is each host's own.

use std::error::Error;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::room::Room;
use super::source::Source;
use crate::archive::{Dump, Packer, SEGMENT, Window, pack_after, part};
use crate::model::{NarHash, PathInfo, StorePath};
use crate::wire::daemon::frame_header;
use crate::wire::receive::{Record, close, open};

/// Bytes of a NAR that are read at a time.
const CHUNK: usize = 256 * 1024;

/// Most bytes of a frame: a daemon makes a buffer for each.
const FRAME: usize = 64 * 1024;

/// Bytes of packed NAR that make a chunk.
const PACKED: usize = 128 * 1024;

/// Most bytes of NAR that a chunk may take: what packs well would otherwise be long in coming.
const UNPACKED: u64 = 8 << 20;

/// Chunks that are made at a time.
const AHEAD: usize = 4;

/// How a NAR is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// Packed with zstd, at this of its levels.
    Packed(i32),
    /// As what differs from another path, which both stores have.
    After(Arc<Base>),
}

impl Form {
    /// With one step less of packing.
    pub(super) fn weaker(&self) -> Self {
        match self {
            Self::Packed(level) if *level > 6 => Self::Packed(6),
            Self::Packed(level) if *level > 3 => Self::Packed(3),
            Self::Packed(level) if *level > 1 => Self::Packed(1),
            _ => Self::Plain,
        }
    }

    /// The form that is taken instead where it is made for others already: reading and packing
    /// a path once more, and keeping it twice, costs all hosts more than it spares one.
    pub(super) fn as_good(&self) -> Option<Self> {
        match self {
            Self::Plain => Some(Self::Packed(1)),
            // Never unpacked; and links that are alike are measured a little differently.
            Self::Packed(1) => Some(Self::Packed(3)),
            Self::Packed(_) => Some(self.weaker()),
            Self::After(_) => None,
        }
    }
}

/// A path that another is like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Base {
    pub(super) path: StorePath,
    pub(super) nar_size: u64,
}

/// A piece of what is sent for a path.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    /// Bytes of the NAR that were read for it.
    pub(super) read: usize,
    /// Set with the last chunk.
    pub(super) end: Option<End>,
}

/// How reading a path ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is as long as the store's database says.
    Whole,
    /// It is not, and the host will refuse it.
    Damaged(String),
}

/// Reads one path, a chunk at a time.
pub(super) struct Encoder {
    source: Source,
    nar: Nar,
    form: Form,
    packer: Option<Packer<'static>>,
    /// On the path that this one is like.
    window: Option<Window>,
    /// What it takes up in memory, for as long as it lives.
    _room: Option<Room>,
}

impl Encoder {
    /// Reads a path.
    pub(super) fn new(
        source: &Source,
        info: &Arc<PathInfo>,
        form: Form,
        room: Option<Room>,
    ) -> Self {
        Self {
            source: source.clone(),
            nar: Nar {
                dump: Dump::of(&source.place(&info.path)),
                info: Arc::clone(info),
                read: 0,
            },
            form,
            packer: None,
            window: None,
            _room: room,
        }
    }

    /// The next few chunks, or those that are left. Reads files: not for a thread that others
    /// wait for.
    pub(super) fn several(&mut self) -> Vec<Chunk> {
        let most = match self.form {
            // Each is a segment of mebibytes.
            Form::After(_) => 1,
            Form::Plain | Form::Packed(_) => AHEAD,
        };
        let mut chunks: Vec<Chunk> = Vec::new();
        while chunks.len() < most && chunks.last().is_none_or(|chunk| chunk.end.is_none()) {
            chunks.push(self.next());
        }
        chunks
    }

    fn next(&mut self) -> Chunk {
        let before = self.nar.read;
        let mut out = match self.form {
            Form::Plain => self.source.buffers.take(self.nar.room() + 1024),
            Form::Packed(_) | Form::After(_) => Vec::new(),
        };
        let made = match self.form.clone() {
            Form::Plain => Ok(self.frames(&mut out)),
            Form::Packed(level) => self.pack(level, &mut out),
            Form::After(base) => self.pack_after(&base, &mut out),
        };
        let failed = |error| End::Damaged(format!("it could not be packed: {error}"));
        let end = made.unwrap_or_else(|error| Some(failed(error)));
        if end.is_some() {
            Record::End.put(&mut out);
        }
        Chunk {
            bytes: self.source.buffers.lend(out),
            read: usize::try_from(self.nar.read - before).unwrap_or(usize::MAX),
            end,
        }
    }

    fn frames(&mut self, out: &mut Vec<u8>) -> Option<End> {
        let start = open(out);
        let mut end = None;
        while end.is_none() && out.len() < CHUNK {
            end = self.nar.frame(out);
        }
        close(out, start);
        end
    }

    fn pack(&mut self, level: i32, out: &mut Vec<u8>) -> io::Result<Option<End>> {
        let packer = match &mut self.packer {
            Some(packer) => packer,
            None => {
                let packer = Packer::new(level, self.nar.info.nar_size)?;
                self.packer.insert(packer)
            }
        };
        let mut packed = Vec::new();
        let mut bytes = self.source.buffers.take(self.nar.room());
        let mut end = None;
        let before = self.nar.read;
        while end.is_none() && packed.len() < PACKED && self.nar.read - before < UNPACKED {
            bytes.clear();
            end = self.nar.fill(&mut bytes, CHUNK);
            packer.pack(&bytes, &mut packed)?;
        }
        self.source.buffers.give(bytes);
        if end == Some(End::Whole) {
            packer.finish(&mut packed)?;
        }
        put_packed(&packed, out);
        Ok(end)
    }

    /// A segment.
    fn pack_after(&mut self, base: &Base, out: &mut Vec<u8>) -> io::Result<Option<End>> {
        let window = match &mut self.window {
            Some(window) => window,
            None => self
                .window
                .insert(Window::on(&self.source.place(&base.path))),
        };
        let (offset, length) = part(self.nar.read, self.nar.info.nar_size, base.nar_size);
        let left = self.nar.info.nar_size.saturating_sub(self.nar.read);
        let room = usize::try_from(left).map_or(SEGMENT, |left| left.min(SEGMENT));
        let mut segment = Vec::with_capacity(room + 1024);
        let end = self.nar.fill(&mut segment, SEGMENT);
        if segment.is_empty() {
            return Ok(end);
        }
        // A base that cannot be read here is as good as an empty one.
        let prefix = window.slide(offset, length).unwrap_or_default();
        let record = Record::After {
            path: base.path.as_str().as_bytes(),
            offset,
            length: prefix.len() as u64,
        };
        record.put(out);
        let mut packed = Vec::new();
        pack_after(prefix, &segment, &mut packed)?;
        put_packed(&packed, out);
        Ok(end)
    }
}

fn put_packed(packed: &[u8], out: &mut Vec<u8>) {
    for part in packed.chunks(CHUNK) {
        Record::Packed(part).put(out);
    }
}

/// The NAR of a path.
struct Nar {
    info: Arc<PathInfo>,
    dump: Dump,
    read: u64,
}

impl Nar {
    /// Bytes that the next read will come to.
    fn room(&self) -> usize {
        let left = self.info.nar_size.saturating_sub(self.read);
        usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK))
    }

    /// Appends a frame, or nothing where nothing is left.
    fn frame(&mut self, out: &mut Vec<u8>) -> Option<End> {
        let header = out.len();
        out.extend_from_slice(&frame_header(0));
        let start = out.len();
        let end = self.fill(out, FRAME);
        match out.len() - start {
            // An empty frame would be the last.
            0 => out.truncate(header),
            length => out[header..start].copy_from_slice(&frame_header(length)),
        }
        end
    }

    /// Appends the next bytes.
    fn fill(&mut self, out: &mut Vec<u8>, length: usize) -> Option<End> {
        let start = out.len();
        let filled = self.dump.fill(out, start + length);
        self.read += (out.len() - start) as u64;
        match filled {
            Ok(true) if self.read <= self.info.nar_size => None,
            Ok(_) => Some(self.judge()),
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}"));
                let cause = cause.unwrap_or_default();
                Some(End::Damaged(format!("{error}{cause}")))
            }
        }
    }

    /// Its hash is not looked at: the host's daemon does that, and [`damage`] once it refuses.
    fn judge(&self) -> End {
        let info = &self.info;
        if self.read == info.nar_size {
            return End::Whole;
        }
        let (found, known) = (self.read, info.nar_size);
        End::Damaged(format!("it has {found} bytes instead of {known}"))
    }
}

/// What differs between a path and what the store's database says of it, if anything does.
pub(super) fn damage(info: &PathInfo) -> Option<String> {
    let mut dump = Dump::of(info.path.as_path());
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let more = dump.fill(&mut bytes, CHUNK);
        hash.update(&bytes);
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Some(error.to_string()),
        }
    }
    let (found, known) = (NarHash::new(hash.finalize().into()), info.nar_hash);
    (found != known).then(|| format!("its hash is {found} instead of {known}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::archive::Unpacker;
    use crate::wire::receive::take;

    /// A folder with files below and above the size of a frame, and what a store would know of it.
    fn sample() -> (tempfile::TempDir, Arc<PathInfo>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let big: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
        fs::write(folder.path().join("big"), big).unwrap();
        fs::write(folder.path().join("small"), "x").unwrap();
        let mut nar = Vec::new();
        Dump::of(folder.path()).fill(&mut nar, usize::MAX).unwrap();
        let info = PathInfo {
            nar_hash: NarHash::new(Sha256::digest(&nar).into()),
            nar_size: nar.len() as u64,
            ..PathInfo::sample("sample", &[])
        };
        (folder, Arc::new(info), nar)
    }

    fn encode(folder: &std::path::Path, info: &Arc<PathInfo>, form: &Form) -> (Vec<u8>, End) {
        let source = Source::of(folder);
        let mut encoder = Encoder::new(&source, info, form.clone(), None);
        encoder.nar.dump = Dump::of(folder);
        let mut bytes = Vec::new();
        loop {
            let chunk = encoder.next();
            bytes.extend_from_slice(&chunk.bytes);
            if let Some(end) = chunk.end {
                return (bytes, end);
            }
        }
    }

    /// What the daemon reads of a NAR that was sent, without the frames.
    fn nar_of(mut bytes: &[u8]) -> Vec<u8> {
        let (mut plain, mut nar) = (Vec::new(), Vec::new());
        let mut unpacker = Unpacker::new().unwrap();
        while let Some((record, length)) = take(bytes).unwrap() {
            match record {
                Record::Plain(part) => plain.extend_from_slice(part),
                Record::Packed(part) => unpacker
                    .unpack(part, &mut |part| {
                        nar.extend_from_slice(part);
                        Ok(())
                    })
                    .unwrap(),
                Record::End => {}
                other => panic!("{other:?} does not belong here"),
            }
            bytes = &bytes[length..];
        }
        assert!(bytes.is_empty());
        let mut frames = plain.as_slice();
        while let Some((length, rest)) = frames.split_first_chunk() {
            let (part, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
            nar.extend_from_slice(part);
            frames = rest;
        }
        nar
    }

    #[test]
    fn each_form_brings_the_nar() {
        let (folder, info, nar) = sample();
        for form in [Form::Plain, Form::Packed(1), Form::Packed(9)] {
            let (bytes, end) = encode(folder.path(), &info, &form);
            assert_eq!(end, End::Whole);
            assert!(nar_of(&bytes) == nar, "{form:?}");
        }
    }

    #[test]
    fn a_path_of_another_size_is_told_and_ends() {
        let (folder, info, _) = sample();
        fs::write(folder.path().join("small"), "longer than before").unwrap();
        for form in [Form::Plain, Form::Packed(1)] {
            let (_, end) = encode(folder.path(), &info, &form);
            assert!(matches!(end, End::Damaged(_)), "{form:?}");
        }
    }
}
