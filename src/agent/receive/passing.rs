//! What is passed on of a controller's bytes, however they come, and when that ends.

use std::io::Read;
use std::os::unix::net::UnixDatagram;

use super::tests::packed;
use super::*;

/// Passes on what comes in such pieces; an empty one is the end. Without an end, nothing more
/// comes, and that is not waited for.
fn passed(pieces: &[&[u8]]) -> (Vec<u8>, Result<(), ReceiveError>) {
    // Of a socket like this each piece is read by itself.
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    // It holds a few pieces only; nobody may take more after a mistake.
    ours.set_write_timeout(Some(SILENCE)).unwrap();
    let has_end = pieces.contains(&&b""[..]);
    theirs.set_nonblocking(!has_end).unwrap();
    let silence = if has_end { SILENCE } else { Duration::ZERO };
    let mut expander = Expander::new(Vec::new());
    let send = || pieces.iter().all(|piece| ours.send(piece).is_ok());
    let result = match has_end {
        true => thread::scope(|scope| {
            scope.spawn(send);
            pass(&theirs, &mut expander, silence)
        }),
        false => {
            assert!(send());
            pass(&theirs, &mut expander, silence)
        }
    };
    (expander.out, result)
}

/// Passes on what comes through a pipe, into another, as on a host.
fn piped(bytes: &[u8]) -> (Vec<u8>, Result<(), ReceiveError>) {
    let (from, mut into) = io::pipe().unwrap();
    let (mut out, sink) = io::pipe().unwrap();
    thread::scope(|scope| {
        // What it wrote ends with it.
        scope.spawn(move || into.write_all(bytes).unwrap());
        let found = scope.spawn(move || {
            let mut found = Vec::new();
            out.read_to_end(&mut found).unwrap();
            found
        });
        let mut expander = Expander::new(sink);
        let result = pass(&from, &mut expander, SILENCE);
        drop(expander);
        (found.join().unwrap(), result)
    })
}

fn bytes_of(records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        record.put(&mut bytes);
    }
    bytes
}

#[test]
fn records_are_passed_on_however_they_are_cut() {
    let nar = packed(b"contents");
    let records = [
        Record::Plain(b"a question"),
        Record::Alive,
        Record::Plain(b""),
        Record::Packed(&nar),
        Record::End,
        Record::Rest,
        Record::Plain(b"another"),
    ];
    let bytes = bytes_of(&records);
    let frames = [&frame_header(8)[..], b"contents", &end_frames()].concat();
    let expected = [b"a question", &frames[..], b"another"].concat();
    for size in 1..=bytes.len() {
        let pieces: Vec<&[u8]> = bytes.chunks(size).chain([&b""[..]]).collect();
        let (found, result) = passed(&pieces);
        assert_eq!(found, expected, "in pieces of {size}");
        assert!(result.is_ok(), "in pieces of {size}: {result:?}");
    }
}

#[test]
fn a_plain_record_need_not_be_there_as_a_whole() {
    let bytes = bytes_of(&[Record::Plain(b"a question")]);
    let (found, result) = passed(&[&bytes[..HEADER + 4], b""]);
    assert_eq!(found, b"a qu");
    assert!(result.is_ok(), "the daemon is told by the end: {result:?}");
    // Any other is nothing before it is whole.
    let packed = bytes_of(&[Record::Packed(&packed(b"contents"))]);
    let (found, result) = passed(&[&packed[..packed.len() - 1], b""]);
    assert!(found.is_empty() && result.is_ok(), "{result:?}");
}

#[test]
fn the_longest_records_pass_one_after_another() {
    let long = vec![7; RECORD_LIMIT];
    let bytes = bytes_of(&[Record::Packed(&long), Record::End, Record::Plain(&long)]);
    let (found, result) = piped(&bytes);
    assert!(found == [&end_frames()[..], &long].concat());
    assert!(result.is_ok(), "{result:?}");
    let (found, result) = piped(&bytes[..bytes.len() - 1]);
    assert!(found == [&end_frames()[..], &long[1..]].concat());
    assert!(result.is_ok(), "the daemon is told by the end: {result:?}");
}

#[test]
fn silence_is_an_end_unless_it_was_announced() {
    let [alive, rest, plain] =
        [Record::Alive, Record::Rest, Record::Plain(b"x")].map(|record| bytes_of(&[record]));
    let is_silence = |pieces: &[&[u8]]| match passed(pieces).1 {
        Err(ReceiveError::Silence) => true,
        // More was read at once, without a limit, and nothing was there.
        Err(ReceiveError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => false,
        other => panic!("{other:?}"),
    };
    assert!(is_silence(&[]));
    assert!(is_silence(&[&alive]));
    assert!(is_silence(&[&plain[..3]]));
    assert!(!is_silence(&[&rest]));
    assert!(is_silence(&[&rest, &alive]));
    assert!(is_silence(&[&rest, &plain]));
    assert!(!is_silence(&[&plain, &alive, &rest]));
}

#[test]
fn what_is_no_record_ends_it_after_all_before_it() {
    let bytes = bytes_of(&[Record::Plain(b"x")]);
    let (found, result) = passed(&[&bytes, &[9, 0, 0, 0, 0], b""]);
    assert_eq!(found, b"x");
    let kind = RecordError::Kind(9);
    assert!(matches!(result, Err(ReceiveError::Record(error)) if error == kind));
    // Nothing is waited for that is longer than any record.
    let (_, result) = passed(&[&[1, 1, 0, 16, 0], b""]);
    let length = RecordError::Length(RECORD_LIMIT + 1);
    assert!(matches!(result, Err(ReceiveError::Record(error)) if error == length));
}
