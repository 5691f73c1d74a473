// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The print of a tokenizer: a sample of its pieces as hashes, with their ids and their order.
//!
//! In: a vocabulary. Out: at most [`SAMPLES`] of its telling pieces, those with the smallest hashes, so that two prints
//! hold the same pieces wherever both vocabularies do (Broder's bottom-k sketch). The pieces cannot be had from it; the
//! first special tokens are kept as they are written.

use sha2::{Digest, Sha256};

use super::numbers::{Input, write};
use super::vocabulary::Vocabulary;

/// Pieces kept; an agreement of 0.5 is known to ± 0.02.
const SAMPLES: usize = 2048;
/// Bits of a hash: two of 2^18 pieces meet with a chance of 3 in 100, and a meeting moves one piece in thousands.
const HASH_BITS: u32 = 40;
/// Special tokens kept, and their longest text.
const SPECIAL: usize = 48;
const SPECIAL_LENGTH: usize = 40;
/// The first line of a print.
const MAGIC: &[u8] = b"forebear tokenizer print 1\n";

/// A tokenizer, small enough to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizerPrint {
    /// Number of learned pieces.
    pub pieces: u32,
    /// SHA-256 of every piece with its id.
    pub digest: [u8; 32],
    /// The first added and control tokens, by id.
    pub special: Vec<(String, u32)>,
    /// Whether every telling piece is in the sample.
    pub(super) whole: bool,
    /// The sample, by hash.
    pub(super) samples: Vec<Sample>,
}

/// One piece of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) hash: u64,
    pub(super) id: u32,
    pub(super) rank: u32,
}

impl TokenizerPrint {
    /// The print of a vocabulary.
    pub fn of(vocabulary: &Vocabulary) -> Self {
        let mut hasher = Sha256::new();
        let mut samples = Vec::new();
        for piece in &vocabulary.pieces {
            hasher.update(piece.id.to_le_bytes());
            hasher.update((piece.bytes.len() as u64).to_le_bytes());
            hasher.update(&piece.bytes);
            if is_telling(&piece.bytes) {
                samples.push(Sample { hash: hash(&piece.bytes), id: piece.id, rank: piece.rank });
            }
        }
        samples.sort_by_key(|sample| (sample.hash, sample.id));
        samples.dedup_by_key(|sample| sample.hash);
        let whole = samples.len() <= SAMPLES;
        samples.truncate(SAMPLES);
        let special = vocabulary.added.iter().filter(|(text, _)| !text.is_empty() && text.len() <= SPECIAL_LENGTH);
        Self {
            pieces: vocabulary.pieces.len() as u32,
            digest: hasher.finalize().into(),
            special: special.take(SPECIAL).cloned().collect(),
            whole,
            samples,
        }
    }

    /// The print as bytes; the same print gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        write(&mut out, u64::from(self.pieces));
        out.extend(self.digest);
        write(&mut out, self.special.len() as u64);
        for (text, id) in &self.special {
            write(&mut out, text.len() as u64);
            out.extend(text.as_bytes());
            write(&mut out, u64::from(*id));
        }
        write(&mut out, u64::from(self.whole));
        write(&mut out, self.samples.len() as u64);
        let mut before = 0;
        for sample in &self.samples {
            write(&mut out, sample.hash - before);
            write(&mut out, u64::from(sample.id));
            write(&mut out, u64::from(sample.rank));
            before = sample.hash;
        }
        out
    }

    /// Reads the bytes of a print; nothing if they are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = Input { rest: bytes.strip_prefix(MAGIC)? };
        let pieces = input.word()?;
        let digest = input.take(32)?.try_into().ok()?;
        let mut special = Vec::new();
        for _ in 0..input.count().filter(|count| *count <= SPECIAL)? {
            special.push((input.text()?, input.word()?));
        }
        let whole = input.number()? == 1;
        let mut samples = Vec::new();
        let mut hash = 0_u64;
        for at in 0..input.count().filter(|count| *count <= SAMPLES)? {
            let step = input.number().filter(|step| at == 0 || *step > 0)?;
            hash = hash.checked_add(step).filter(|hash| *hash < 1 << HASH_BITS)?;
            samples.push(Sample { hash, id: input.word()?, rank: input.word()? });
        }
        input.rest.is_empty().then_some(Self { pieces, digest, special, whole, samples })
    }

    /// The hash up to which the sample holds every telling piece.
    pub(super) fn reach(&self) -> u64 {
        if self.whole { u64::MAX } else { self.samples.last().map_or(0, |sample| sample.hash) }
    }
}

/// Whether a piece says anything of who learned it: at least two letters, and not written like a control token. Bytes,
/// single letters, digits and runs of signs stand in blocks that unrelated tokenizers number alike.
fn is_telling(piece: &[u8]) -> bool {
    std::str::from_utf8(piece).is_ok_and(|text| {
        !text.starts_with(['<', '[']) && text.chars().filter(|letter| letter.is_alphabetic()).nth(1).is_some()
    })
}

/// FNV-1a, mixed (Stafford's variant 13), so that its low bits are as good as any.
fn hash(bytes: &[u8]) -> u64 {
    let folded = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) & ((1 << HASH_BITS) - 1)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::documents::tokenizer::vocabulary::Piece;

    /// The n-th of 17,576 words.
    pub(in crate::documents::tokenizer) fn word(n: u32) -> String {
        let letter = |at: u32| char::from(b'a' + (at % 26) as u8);
        format!(" {}{}{}{}", letter(n.wrapping_mul(7)), letter(n / 26), letter(n / 676), letter(n))
    }

    /// A tokenizer of these words, numbered from `first`.
    pub(in crate::documents::tokenizer) fn made(words: impl IntoIterator<Item = u32>, first: u32) -> TokenizerPrint {
        let pieces = (0_u32..).zip(words);
        let pieces = pieces.map(|(at, n)| Piece { bytes: word(n).into_bytes(), id: first + at, rank: at }).collect();
        TokenizerPrint::of(&Vocabulary { pieces, added: vec![("<|im_end|>".into(), 0)] })
    }

    #[test]
    fn a_print_is_small_and_samples_the_same_pieces() {
        let (small, large) = (made(0..5000, 0), made(0..12_000, 0));
        assert!(large.to_bytes().len() < 24 << 10, "{}", large.to_bytes().len());
        assert_eq!((large.samples.len(), large.pieces, large.whole), (SAMPLES, 12_000, false));
        let reach = large.reach();
        let within: Vec<&Sample> = small.samples.iter().filter(|sample| sample.hash <= reach).collect();
        assert!(within.iter().all(|sample| large.samples.contains(sample)) && within.len() > 700);
    }

    #[test]
    fn what_every_tokenizer_has_is_not_telling() {
        for piece in ["a", " ", "12", "<unused1>", "[CLS]", " =", "\n\n", " x", "中"] {
            assert!(!is_telling(piece.as_bytes()), "{piece}");
        }
        for piece in ["in", " the", "中国", "é̀te"] {
            assert!(is_telling(piece.as_bytes()), "{piece}");
        }
        assert!(!is_telling(&[0xe4, 0xb8]));
    }

    #[test]
    fn a_print_survives_being_written_and_every_cut_is_refused() {
        let print = made(0..300, 5);
        let bytes = print.to_bytes();
        assert_eq!(TokenizerPrint::from_bytes(&bytes), Some(print));
        for length in 0..bytes.len() {
            assert_eq!(bytes.get(..length).and_then(TokenizerPrint::from_bytes), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_refused_or_another_print(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut bytes = made(0..60, 0).to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Some(read) = TokenizerPrint::from_bytes(&bytes) {
                prop_assert!(read.samples.len() <= bytes.len());
                prop_assert!(read.samples.is_sorted_by(|a, b| a.hash < b.hash));
            }
        }
    }
}
