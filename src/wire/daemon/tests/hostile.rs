//! Daemons that say anything: nothing panics, and what is understood does not depend on how
//! the bytes arrive.

use super::cases::CASES;
use super::{after, each, fixture, hear};

/// Numbers that mean something in one place or another.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    7,
    8,
    9,
    0x616c_7473,
    0x6f6c_6d67,
    0x6378_7470,
    0x5354_5254,
    1 << 16,
    (1 << 16) + 1,
    16 << 20,
    (16 << 20) + 1,
    1 << 63,
    u64::MAX,
];

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        // Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let at = self.roll(bytes.len());
        let word = at / 8 * 8;
        let number = NUMBERS[self.roll(NUMBERS.len())].to_le_bytes();
        match self.roll(5) {
            0 => bytes[at] ^= 1 << self.roll(8),
            1 => bytes[at] = self.roll(256) as u8,
            2 if word + 8 <= bytes.len() => bytes[word..word + 8].copy_from_slice(&number),
            3 => drop(bytes.splice(word..word, number)),
            _ => drop(bytes.drain(word..(word + 8).min(bytes.len()))),
        }
    }

    /// Cuts bytes into pieces.
    fn cut<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(1 + self.roll(bytes.len().min(40)));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }

    fn check(&mut self, case: &str, bytes: &[u8]) {
        let (whole, end) = hear(after(case), [bytes]);
        let (cut, cut_end) = hear(after(case), self.cut(bytes));
        assert_eq!(whole, cut, "{case}: {bytes:?}");
        // How many bytes nobody asked for is not known at once.
        let stray = "that nobody asked for";
        match (end, cut_end) {
            (Err(a), Err(b)) if a.to_string().contains(stray) => {
                assert!(b.to_string().contains(stray), "{case}: {b}: {bytes:?}");
            }
            (a, b) => assert_eq!(a, b, "{case}: {bytes:?}"),
        }
    }
}

#[test]
fn spoiled_answers_do_no_harm() {
    let mut dice = Dice(1);
    for (version, case) in each() {
        let good = fixture(version, case);
        for _ in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..=dice.roll(3) {
                dice.spoil(&mut bytes);
            }
            dice.check(case, &bytes);
        }
    }
}

#[test]
fn random_answers_do_no_harm() {
    let mut dice = Dice(2);
    for case in CASES {
        let greeting = fixture("2.34.8", "greeting");
        for round in 0..500 {
            // Half of them greet as they should.
            let mut bytes = greeting.clone();
            bytes.truncate(greeting.len() * (round % 2));
            for _ in 0..dice.roll(40) {
                match dice.roll(4) {
                    0 => bytes.push(dice.roll(256) as u8),
                    _ => bytes.extend(NUMBERS[dice.roll(NUMBERS.len())].to_le_bytes()),
                }
            }
            dice.check(case, &bytes);
        }
    }
}
