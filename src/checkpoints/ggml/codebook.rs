// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! IQ types: super-blocks of 256 values that index codebooks of short vectors.

use super::grids;
use super::legacy::{NON_LINEAR, half};

/// Offset added to every value of IQ1: `IQ1S_DELTA`.
const DELTA: f32 = 0.125;

/// Four rows of eight, 7 bits of signs each, one 4-bit scale: 8 bytes for 32 values.
pub(super) fn iq2_xxs(block: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (out, group) in out.as_chunks_mut::<32>().0.iter_mut().zip(block[2..].as_chunks::<8>().0) {
        let word = u32::from_le_bytes([group[4], group[5], group[6], group[7]]);
        let scale = d * (0.5 + (word >> 28) as f32) * 0.25;
        for (i, row) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            signed(row, &grids::IQ2_XXS[group[i] as usize], scale, even_signs(word >> (7 * i)));
        }
    }
}

/// A 16-bit word a row (9 of index, 7 of signs), a 4-bit scale for every 16 values.
pub(super) fn iq2_xs(block: &[u8; 74], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (i, row) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let word = u16::from_le_bytes([block[2 + 2 * i], block[3 + 2 * i]]);
        let scale = d * (0.5 + (block[66 + i / 4] >> (i / 2 % 2 * 4) & 15) as f32) * 0.25;
        signed(row, &grids::IQ2_XS[(word & 511) as usize], scale, even_signs(u32::from(word >> 9)));
    }
}

/// A 10-bit index and 8 signs a row, a 4-bit scale for every 16 values.
pub(super) fn iq2_s(block: &[u8; 82], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (i, row) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let index = block[2 + i] as usize | ((block[66 + i / 4] >> (i % 4 * 2) & 3) as usize) << 8;
        let scale = d * (0.5 + (block[74 + i / 4] >> (i / 2 % 2 * 4) & 15) as f32) * 0.25;
        signed(row, &grids::IQ2_S[index], scale, block[34 + i]);
    }
}

/// Rows of four with an 8-bit index; a word for every 32 values holds 7 bits of signs for every 8, and a scale.
pub(super) fn iq3_xxs(block: &[u8; 98], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (i, row) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let at = 66 + i / 8 * 4;
        let word = u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        let scale = d * (0.5 + (word >> 28) as f32) * 0.5;
        let signs = even_signs(word >> (i / 2 % 4 * 7)) >> (i % 2 * 4);
        signed(row, &grids::IQ3_XXS[block[2 + i] as usize], scale, signs);
    }
}

/// Rows of four with a 9-bit index and 4 signs, a 4-bit scale for every 32 values.
pub(super) fn iq3_s(block: &[u8; 110], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (i, row) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let index = block[2 + i] as usize | ((block[66 + i / 8] >> (i % 8) & 1) as usize) << 8;
        let scale = d * (1 + 2 * (block[106 + i / 16] >> (i / 8 % 2 * 4) & 15)) as f32;
        signed(row, &grids::IQ3_S[index], scale, block[74 + i / 2] >> (i % 2 * 4));
    }
}

/// An 11-bit index a row; a word for every 32 values holds the high bits, a 3-bit scale and the sign of the offset.
pub(super) fn iq1_s(block: &[u8; 50], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (i, row) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let word = u16::from_le_bytes([block[34 + i / 4 * 2], block[35 + i / 4 * 2]]);
        let scale = d * (2 * (word >> 12 & 7) + 1) as f32;
        let index = block[2 + i] as usize | ((word >> (i % 4 * 3) & 7) as usize) << 8;
        shifted(row, grids::IQ1_S[index], scale, word & 0x8000 != 0);
    }
}

/// An 11-bit index and the sign of the offset a row, a 3-bit scale for every 16 values; the half-precision scale
/// of the block is spread over the top four bits of the scale words.
pub(super) fn iq1_m(block: &[u8; 56], out: &mut [f32; 256]) {
    let words: [u16; 4] = std::array::from_fn(|k| u16::from_le_bytes([block[48 + 2 * k], block[49 + 2 * k]]));
    let bits = words[0] >> 12 | words[1] >> 8 & 0xf0 | words[2] >> 4 & 0xf00 | words[3] & 0xf000;
    let d = half::f16::from_bits(bits).to_f32();
    for (i, row) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let high = block[32 + i / 2] >> (i % 2 * 4);
        let scale = d * (2 * (words[i / 8] >> (i / 2 % 4 * 3) & 7) + 1) as f32;
        let index = block[i] as usize | ((high & 7) as usize) << 8;
        shifted(row, grids::IQ1_S[index], scale, high & 8 != 0);
    }
}

/// The non-linear 4-bit code of IQ4_NL with a 6-bit scale for every 32 values.
pub(super) fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let d = half(block, 0);
    let high = u16::from_le_bytes([block[2], block[3]]);
    for (i, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let low = block[4 + i / 2] >> (i % 2 * 4) & 15;
        let scale = d * ((u16::from(low) | (high >> (2 * i) & 3) << 4) as i32 - 32) as f32;
        for (k, &byte) in block[8 + 16 * i..24 + 16 * i].iter().enumerate() {
            out[k] = scale * NON_LINEAR[(byte & 15) as usize];
            out[k + 16] = scale * NON_LINEAR[(byte >> 4) as usize];
        }
    }
}

/// Eight signs from seven stored bits: the eighth makes their number even (`ksigns_iq2xs`).
fn even_signs(bits: u32) -> u8 {
    let bits = bits as u8 & 127;
    bits | ((bits.count_ones() as u8 & 1) << 7)
}

fn signed<const N: usize>(out: &mut [f32; N], row: &[i8; N], scale: f32, signs: u8) {
    for (i, (x, &level)) in out.iter_mut().zip(row).enumerate() {
        let value = scale * level as f32;
        *x = if signs >> i & 1 == 1 { -value } else { value };
    }
}

fn shifted(out: &mut [f32; 8], row: [i8; 8], scale: f32, down: bool) {
    let delta = if down { -DELTA } else { DELTA };
    for (x, level) in out.iter_mut().zip(row) {
        *x = scale * (level as f32 + delta);
    }
}
