// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints of known model code: the file format, and the corpus that is built in.
//!
//! In: bytes. Out: a [`CodeCorpus`], and back. A file holds a line with its kind and version; the run and window of
//! its prints; origins, each with id, family, license and copyright line; sets of origins; and prints with the set
//! that holds each. Numbers are LEB128, ascending ones as differences. No length is believed: every item takes at
//! least a byte of what remains.

use std::sync::OnceLock;

use crate::code::{CodeCorpus, CodeOrigin, RUN, WINDOW};
use crate::documents::{Input, write};

/// The first line of a file of prints.
const MAGIC: &[u8] = b"forebear code prints 1\n";

/// Prints of model code in public packages; `examples/code_origin.rs` makes them and NOTICE names the packages.
const BUILT_IN: &[u8] = include_bytes!("../../data/code/code.prints");

/// Why a file of prints cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeFileError {
    /// Another kind of file.
    #[error("it is not a file of code prints")]
    OtherFile,
    /// Made with other parameters.
    #[error("its prints were made with another run or window")]
    OtherPrints,
    /// It ends early, has too much, or names what is not there.
    #[error("it is damaged")]
    Damaged,
}

/// The corpus that is built in: prints of public model code, no code.
pub fn built_in_code() -> &'static CodeCorpus {
    static CORPUS: OnceLock<CodeCorpus> = OnceLock::new();
    // A test reads it, so a release cannot hold a damaged one.
    CORPUS.get_or_init(|| decode_code(BUILT_IN).unwrap_or_default())
}

/// The bytes of a corpus.
pub fn encode_code(corpus: &CodeCorpus) -> Vec<u8> {
    let (origins, sets, stored) = corpus.parts();
    let mut out = MAGIC.to_vec();
    for number in [RUN, WINDOW, origins.len()] {
        write(&mut out, number as u64);
    }
    for origin in origins {
        for text in [&origin.id, &origin.family, &origin.license, &origin.copyright] {
            write(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
    }
    write(&mut out, sets.len() as u64);
    for set in &sets {
        write(&mut out, set.len() as u64);
        ascending(&mut out, set.iter().map(|at| u64::from(*at)));
    }
    write(&mut out, stored.len() as u64);
    let mut before = 0;
    for (print, set) in stored {
        write(&mut out, u64::from(print) - before);
        write(&mut out, u64::from(set));
        before = u64::from(print);
    }
    out
}

/// Reads the bytes of a corpus.
pub fn decode_code(bytes: &[u8]) -> Result<CodeCorpus, CodeFileError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(CodeFileError::OtherFile)?;
    let mut input = Input { rest };
    if input.number().zip(input.number()) != Some((RUN as u64, WINDOW as u64)) {
        return Err(CodeFileError::OtherPrints);
    }
    corpus(&mut input).ok_or(CodeFileError::Damaged)
}

fn ascending(out: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    let mut before = 0;
    for number in numbers {
        write(out, number - before);
        before = number;
    }
}

fn corpus(input: &mut Input<'_>) -> Option<CodeCorpus> {
    let mut origins = Vec::new();
    for _ in 0..input.count()? {
        origins.push(CodeOrigin {
            id: input.text()?,
            family: input.text()?,
            license: input.text()?,
            copyright: input.text()?,
        });
    }
    let mut sets = Vec::new();
    for _ in 0..input.count()? {
        let mut set = Vec::new();
        let mut at = 0_u64;
        for _ in 0..input.count()? {
            at = at.checked_add(input.number()?)?;
            set.push(u16::try_from(at).ok()?);
        }
        sets.push(set);
    }
    let mut stored = Vec::new();
    let mut print = 0_u64;
    for _ in 0..input.count()? {
        print = print.checked_add(input.number()?)?;
        stored.push((u32::try_from(print).ok()?, u32::try_from(input.number()?).ok()?));
    }
    input.rest.is_empty().then(|| CodeCorpus::from_parts(origins, sets, stored)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> CodeCorpus {
        let mut corpus = CodeCorpus::default();
        for (family, prints) in [("orca", [1, 200, 70_000]), ("whale", [200, 300, u32::MAX])] {
            let origin = CodeOrigin {
                id: format!("lib/{family}"),
                family: family.into(),
                license: "MIT".into(),
                copyright: "Copyright 2024 Orca ©".into(),
            };
            corpus.add(origin, &prints);
        }
        corpus
    }

    #[test]
    fn a_corpus_survives_being_written_and_read() {
        let bytes = encode_code(&corpus());
        let again = decode_code(&bytes).unwrap_or_default();
        assert_eq!(again.parts(), corpus().parts());
        assert_eq!(encode_code(&again), bytes);
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = encode_code(&corpus());
        for length in 0..bytes.len() {
            assert!(bytes.get(..length).is_some_and(|cut| decode_code(cut).is_err()), "{length}");
        }
        assert_eq!(decode_code(b"PK").err(), Some(CodeFileError::OtherFile));
        let mut other = bytes;
        if let Some(run) = other.get_mut(MAGIC.len()) {
            *run += 1;
        }
        assert_eq!(decode_code(&other).err(), Some(CodeFileError::OtherPrints));
    }

    #[test]
    fn the_built_in_prints_can_be_read_and_are_small() {
        let corpus = decode_code(BUILT_IN).unwrap_or_default();
        assert!(corpus.origins().len() > 300 && corpus.len() > 100_000, "{}", corpus.len());
        assert!(BUILT_IN.len() < 2 << 20);
        for family in ["llama", "mistral", "qwen2", "gpt2", "deepseek_v3"] {
            assert!(corpus.origins().iter().any(|origin| origin.family == family), "{family}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_changed_byte_is_an_error_or_another_corpus(at in 0_usize..80, value in 0_u8..) {
            let mut bytes = encode_code(&corpus());
            let at = at % bytes.len();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            if let Ok(read) = decode_code(&bytes) {
                proptest::prop_assert!(read.len() <= bytes.len());
            }
        }
    }
}
