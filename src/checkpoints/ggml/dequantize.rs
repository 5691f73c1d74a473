// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bytes of one ggml type → f32 values.

use super::{codebook, kquants, legacy, types};
use crate::checkpoints::decode::plain;
use crate::checkpoints::{CheckpointError, Dtype};

/// Decodes whole blocks of type `id` into `out`, which must have room for exactly the values in `bytes`.
///
/// Returns [`CheckpointError::Unsupported`] for types that are known by name and size only, or not at all.
pub(crate) fn dequantize(id: u32, bytes: &[u8], out: &mut [f32]) -> Result<(), CheckpointError> {
    let Some(kind) = types::ggml_type(id) else {
        return Err(unsupported(&format!("of ggml type {id}"), "the type is unknown"));
    };
    let blocks = bytes.len() / kind.bytes;
    if blocks.checked_mul(kind.bytes) != Some(bytes.len()) || blocks.checked_mul(kind.values) != Some(out.len()) {
        let reason = format!("{} bytes of {} cannot hold {} values", bytes.len(), kind.name, out.len());
        return Err(CheckpointError::Malformed { format: "gguf", offset: 0, reason });
    }
    match id {
        0 => plain(Dtype::F32, bytes, out),
        1 => plain(Dtype::F16, bytes, out),
        2 => each(bytes, out, legacy::q4_0),
        3 => each(bytes, out, legacy::q4_1),
        6 => each(bytes, out, legacy::q5_0),
        7 => each(bytes, out, legacy::q5_1),
        8 => each(bytes, out, legacy::q8_0),
        9 => each(bytes, out, legacy::q8_1),
        10 => each(bytes, out, kquants::q2_k),
        11 => each(bytes, out, kquants::q3_k),
        12 => each(bytes, out, kquants::q4_k),
        13 => each(bytes, out, kquants::q5_k),
        14 => each(bytes, out, kquants::q6_k),
        15 => each(bytes, out, kquants::q8_k),
        16 => each(bytes, out, codebook::iq2_xxs),
        17 => each(bytes, out, codebook::iq2_xs),
        18 => each(bytes, out, codebook::iq3_xxs),
        19 => each(bytes, out, codebook::iq1_s),
        20 => each(bytes, out, legacy::iq4_nl),
        21 => each(bytes, out, codebook::iq3_s),
        22 => each(bytes, out, codebook::iq2_s),
        23 => each(bytes, out, codebook::iq4_xs),
        24 => plain(Dtype::I8, bytes, out),
        25 => plain(Dtype::I16, bytes, out),
        26 => plain(Dtype::I32, bytes, out),
        27 => plain(Dtype::I64, bytes, out),
        28 => plain(Dtype::F64, bytes, out),
        29 => each(bytes, out, codebook::iq1_m),
        30 => plain(Dtype::Bf16, bytes, out),
        34 => each(bytes, out, legacy::tq1_0),
        35 => each(bytes, out, legacy::tq2_0),
        39 => each(bytes, out, legacy::mxfp4),
        40 => each(bytes, out, legacy::nvfp4),
        _ => {
            return Err(unsupported(
                &format!("of ggml type {}", kind.name),
                "its layout is not read; convert it to another type",
            ));
        }
    }
    Ok(())
}

fn unsupported(what: &str, reason: &str) -> CheckpointError {
    CheckpointError::Unsupported { what: format!("a tensor {what}"), reason: reason.to_owned() }
}

fn each<const B: usize, const N: usize>(bytes: &[u8], out: &mut [f32], decode: impl Fn(&[u8; B], &mut [f32; N])) {
    for (block, out) in bytes.as_chunks::<B>().0.iter().zip(out.as_chunks_mut::<N>().0) {
        decode(block, out);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// Made by `tests/fixtures/ggml/make_blocks.py`.
    static BLOCKS: &[u8] = include_bytes!("../../../tests/fixtures/ggml/blocks.bin");

    struct Case {
        id: u32,
        bytes: &'static [u8],
        values: Vec<f32>,
    }

    fn cases() -> Vec<Case> {
        let mut rest = BLOCKS;
        let mut cases = Vec::new();
        while let Some((head, tail)) = rest.split_first_chunk::<12>() {
            let word = |i: usize| u32::from_le_bytes(head[4 * i..4 * i + 4].try_into().unwrap());
            let (bytes, tail) = tail.split_at(word(1) as usize);
            let (values, tail) = tail.split_at(word(2) as usize * 4);
            let values = values.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            cases.push(Case { id: word(0), bytes, values });
            rest = tail;
        }
        cases
    }

    #[test]
    fn every_type_gives_the_numbers_of_the_reference() {
        let cases = cases();
        assert_eq!(cases.len(), 33);
        for case in cases {
            let mut out = vec![f32::NAN; case.values.len()];
            dequantize(case.id, case.bytes, &mut out).unwrap();
            for (i, (got, want)) in out.iter().zip(&case.values).enumerate() {
                // The operations are those of the reference in the same order, so nothing is lost.
                assert!(got == want, "type {} value {i}: {got} is not {want}", case.id);
            }
        }
    }

    #[test]
    fn a_type_without_a_layout_is_named() {
        let error = dequantize(41, &[0; 18], &mut [0.0; 128]).unwrap_err().to_string();
        assert!(error.contains("Q1_0"), "{error}");
        assert!(matches!(dequantize(999, &[], &mut []), Err(CheckpointError::Unsupported { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_give_values_or_an_error(id in 0u32..45, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(kind) = types::ggml_type(id) {
                let blocks = bytes.len() / kind.bytes;
                let mut out = vec![0.0; blocks * kind.values];
                let result = dequantize(id, &bytes[..blocks * kind.bytes], &mut out);
                prop_assert_eq!(result.is_ok(), !matches!(id, 31..=33 | 36..=38 | 41));
                prop_assert!(bytes.is_empty() || dequantize(id, &bytes, &mut [0.0; 7]).is_err() || bytes.len() == 7 * kind.bytes);
            }
        }
    }
}
