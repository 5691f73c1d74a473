// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Blocks with one scale: Q4_0 … Q8_1, the 4-bit floats, IQ4_NL, and the ternary types.

use half::f16;

/// Values of a 4-bit float (E2M1), doubled: `kvalues_mxfp4`.
const E2M1_DOUBLED: [f32; 16] =
    [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0];

/// Values of the non-linear 4-bit code: `kvalues_iq4nl`.
pub(super) const NON_LINEAR: [f32; 16] =
    [-127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0];

/// Reads the half-precision number at `offset` of a block.
pub(super) fn half<const B: usize>(block: &[u8; B], offset: usize) -> f32 {
    f16::from_le_bytes([block[offset], block[offset + 1]]).to_f32()
}

/// x = d·(q − 8).
pub(super) fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (i, &byte) in block[2..].iter().enumerate() {
        out[i] = d * ((byte & 15) as i32 - 8) as f32;
        out[i + 16] = d * ((byte >> 4) as i32 - 8) as f32;
    }
}

/// x = d·q + m.
pub(super) fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (i, &byte) in block[4..].iter().enumerate() {
        out[i] = d * (byte & 15) as f32 + m;
        out[i + 16] = d * (byte >> 4) as f32 + m;
    }
}

/// x = d·(q − 16), the fifth bits in a word of their own.
pub(super) fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let d = half(block, 0);
    let high = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    for (i, &byte) in block[6..].iter().enumerate() {
        let (first, second) = fifth_bits(high, i);
        out[i] = d * ((byte & 15 | first) as i32 - 16) as f32;
        out[i + 16] = d * ((byte >> 4 | second) as i32 - 16) as f32;
    }
}

/// x = d·q + m, the fifth bits in a word of their own.
pub(super) fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let high = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
    for (i, &byte) in block[8..].iter().enumerate() {
        let (first, second) = fifth_bits(high, i);
        out[i] = d * (byte & 15 | first) as f32 + m;
        out[i + 16] = d * (byte >> 4 | second) as f32 + m;
    }
}

/// Returns the fifth bits of values `i` and `i + 16`, in place.
fn fifth_bits(high: u32, i: usize) -> (u8, u8) {
    (((high >> i) as u8 & 1) << 4, ((high >> (i + 16)) as u8 & 1) << 4)
}

/// x = d·q.
pub(super) fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (x, &byte) in out.iter_mut().zip(&block[2..]) {
        *x = d * byte as i8 as f32;
    }
}

/// x = d·q; the second half-precision number is a sum kept for dot products.
pub(super) fn q8_1(block: &[u8; 36], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (x, &byte) in out.iter_mut().zip(&block[4..]) {
        *x = d * byte as i8 as f32;
    }
}

/// x = d·code(q).
pub(super) fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (i, &byte) in block[2..].iter().enumerate() {
        out[i] = d * NON_LINEAR[(byte & 15) as usize];
        out[i + 16] = d * NON_LINEAR[(byte >> 4) as usize];
    }
}

/// x = 2^(e − 128)·code(q): OCP microscaling, the factor one half undoing the doubled code.
pub(super) fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    let d = half_power_of_two(block[0]);
    for (i, &byte) in block[1..].iter().enumerate() {
        out[i] = d * E2M1_DOUBLED[(byte & 15) as usize];
        out[i + 16] = d * E2M1_DOUBLED[(byte >> 4) as usize];
    }
}

/// Returns 2^(e − 128); the two smallest are subnormal.
fn half_power_of_two(e: u8) -> f32 {
    f32::from_bits(if e < 2 { 0x0020_0000 << e } else { u32::from(e - 1) << 23 })
}

/// x = s·code(q), one unsigned E4M3 scale for every 16 values.
pub(super) fn nvfp4(block: &[u8; 36], out: &mut [f32; 64]) {
    let (scales, codes) = block.split_at(4);
    for ((out, codes), &scale) in out.as_chunks_mut::<16>().0.iter_mut().zip(codes.as_chunks::<8>().0).zip(scales) {
        let d = unsigned_e4m3_halved(scale);
        for (i, &byte) in codes.iter().enumerate() {
            out[i] = d * E2M1_DOUBLED[(byte & 15) as usize];
            out[i + 8] = d * E2M1_DOUBLED[(byte >> 4) as usize];
        }
    }
}

/// Half of an E4M3 number whose sign bit is ignored; its NaN stands for zero (`ggml_ue4m3_to_fp32`).
fn unsigned_e4m3_halved(byte: u8) -> f32 {
    if byte == 0x7f {
        return 0.0;
    }
    let (exponent, mantissa) = (i32::from(byte >> 3 & 15), f32::from(byte & 7));
    let value = if exponent == 0 { mantissa / 512.0 } else { (1.0 + mantissa / 8.0) * 2f32.powi(exponent - 7) };
    value * 0.5
}

/// x = d·(t − 1), five ternary digits a byte (four in the last bytes), read off the top by multiplying.
pub(super) fn tq1_0(block: &[u8; 54], out: &mut [f32; 256]) {
    let d = half(block, 52);
    let (first, rest) = out.split_at_mut(160);
    let (second, third) = rest.split_at_mut(80);
    for (bytes, out) in [(&block[..32], first), (&block[32..48], second), (&block[48..52], third)] {
        let mut power = 1u8;
        for row in out.chunks_exact_mut(bytes.len()) {
            for (x, &byte) in row.iter_mut().zip(bytes) {
                let digit = (u16::from(byte.wrapping_mul(power)) * 3) >> 8;
                *x = d * (digit as i32 - 1) as f32;
            }
            power = power.wrapping_mul(3);
        }
    }
}

/// x = d·(q − 1), four 2-bit values a byte.
pub(super) fn tq2_0(block: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(block, 64);
    for (half_out, bytes) in out.as_chunks_mut::<128>().0.iter_mut().zip(block[..64].as_chunks::<32>().0) {
        for (shift, row) in half_out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            for (x, &byte) in row.iter_mut().zip(bytes) {
                *x = d * ((byte >> (2 * shift) & 3) as i32 - 1) as f32;
            }
        }
    }
}
