// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! K-quants: super-blocks of 256 values whose sub-blocks have quantized scales of their own.

use super::legacy::half;

/// x = d·s·q − dmin·m, scale and minimum 4 bits each for every 16 values, q of 2 bits.
pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (d, dmin) = (half(block, 80), half(block, 82));
    for (i, row) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = d * (block[i] & 15) as f32;
        let min = dmin * (block[i] >> 4) as f32;
        let (codes, shift) = two_bit_codes(&block[16..80], i);
        for (x, &byte) in row.iter_mut().zip(codes) {
            *x = scale * (byte >> shift & 3) as f32 - min;
        }
    }
}

/// Returns the 16 bytes, and the shift, that hold the 2-bit codes of sub-block `i`: 128 values share 32 bytes.
fn two_bit_codes(codes: &[u8], i: usize) -> (&[u8], usize) {
    let start = i / 8 * 32 + i % 2 * 16;
    (&codes[start..start + 16], i % 8 / 2 * 2)
}

/// x = d·(s − 32)·q, q of 3 bits: two in a byte with others, the third in a mask that is set when nothing is to be
/// taken away.
pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let d = half(block, 108);
    let packed = &block[96..108];
    for (i, row) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let low = packed[i % 8] >> (i / 8 * 4) & 15;
        let high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
        let scale = d * ((low | high << 4) as i32 - 32) as f32;
        let (codes, shift) = two_bit_codes(&block[32..96], i);
        let mask = &block[i % 2 * 16..i % 2 * 16 + 16];
        for ((x, &byte), &mask) in row.iter_mut().zip(codes).zip(mask) {
            let taken = if mask >> (i / 2) & 1 == 1 { 0 } else { 4 };
            *x = scale * ((byte >> shift & 3) as i32 - taken) as f32;
        }
    }
}

/// x = d·s·q − dmin·m, scale and minimum 6 bits each for every 32 values, q of 4 bits.
pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (d, dmin) = (half(block, 0), half(block, 2));
    for (i, row) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(&block[4..16], i);
        let (scale, min) = (d * scale, dmin * min);
        let shift = i % 2 * 4;
        for (x, &byte) in row.iter_mut().zip(&block[16 + i / 2 * 32..]) {
            *x = scale * (byte >> shift & 15) as f32 - min;
        }
    }
}

/// Unpacks the 6-bit scale and minimum of sub-block `i` of 8 (`get_scale_min_k4`).
fn scale_and_min(packed: &[u8], i: usize) -> (f32, f32) {
    if i < 4 {
        return ((packed[i] & 63) as f32, (packed[i + 4] & 63) as f32);
    }
    let scale = packed[i + 4] & 15 | packed[i - 4] >> 6 << 4;
    let min = packed[i + 4] >> 4 | packed[i] >> 6 << 4;
    (scale as f32, min as f32)
}

/// x = d·s·q − dmin·m as in Q4_K, with a fifth bit of q in a plane of its own.
pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (d, dmin) = (half(block, 0), half(block, 2));
    for (i, row) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(&block[4..16], i);
        let (scale, min) = (d * scale, dmin * min);
        let shift = i % 2 * 4;
        for ((x, &byte), &high) in row.iter_mut().zip(&block[48 + i / 2 * 32..]).zip(&block[16..48]) {
            *x = scale * (byte >> shift & 15 | (high >> i & 1) << 4) as f32 - min;
        }
    }
}

/// x = d·s·(q − 32), an 8-bit scale for every 16 values, q of 4 + 2 bits.
pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let d = half(block, 208);
    for (i, row) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = d * block[192 + i] as i8 as f32;
        let (group, inner) = (i / 8, i % 8);
        let low = &block[group * 64 + inner % 4 * 16..];
        let (high, shift) = two_bit_codes(&block[128..192], i);
        for ((x, &low), &high) in row.iter_mut().zip(low).zip(high) {
            let code = low >> (inner / 4 * 4) & 15 | (high >> shift & 3) << 4;
            *x = scale * (code as i32 - 32) as f32;
        }
    }
}

/// x = d·q with a single-precision scale; the last 32 bytes are sums kept for dot products.
pub(super) fn q8_k(block: &[u8; 292], out: &mut [f32; 256]) {
    let d = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
    for (x, &byte) in out.iter_mut().zip(&block[4..260]) {
        *x = d * byte as i8 as f32;
    }
}
