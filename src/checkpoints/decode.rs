// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Stored bytes → f32 values.
//!
//! In: a tensor's description and the bytes of its parts. Out: its values in logical row-major order, whatever
//! the encoding. Sizes are compared before anything is allocated.

use std::sync::LazyLock;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::parts::Parts;
use super::{CheckpointError, Dtype, Encoding, Tensor, ggml, low_rank, packed};

/// Decodes `tensor` from the bytes of its parts into `out`, which is resized to the number of elements.
///
/// Wide integers and f64 are rounded to f32. Returns [`CheckpointError::Malformed`] if the parts do not have the
/// sizes that the shape and encoding ask for, and [`CheckpointError::Unsupported`] for what is not decoded.
pub fn decode(tensor: &Tensor, parts: &[impl AsRef<[u8]>], out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    if let Encoding::LowRank(update) = &tensor.encoding {
        return low_rank::decode_low_rank(update, parts, out);
    }
    let parts = Parts::new(tensor, parts);
    match &tensor.encoding {
        Encoding::Plain(dtype) => numbers(&parts, *dtype, out),
        Encoding::Ggml(id) => blocks(&parts, *id, out),
        Encoding::Scaled { values, scale, zero, axis } => scaled(&parts, *values, *scale, *zero, *axis, out),
        Encoding::BlockScaled { values, scale, block } => block_scaled(&parts, *values, *scale, *block, out),
        Encoding::Gptq { bits, zero_minus_one, scale } => {
            parts.contiguous()?;
            packed::gptq(&parts, *bits, *zero_minus_one, *scale, out)
        }
        Encoding::Awq { bits, scale } => {
            parts.contiguous()?;
            packed::awq(&parts, *bits, *scale, out)
        }
        Encoding::Lookup { block, nested } => {
            parts.contiguous()?;
            packed::lookup(&parts, *block, *nested, out)
        }
        Encoding::Affine { bits, scale } => {
            parts.contiguous()?;
            packed::affine(&parts, *bits, *scale, out)
        }
        Encoding::Mxfp4 => {
            parts.contiguous()?;
            packed::mxfp4(&parts, out)
        }
        Encoding::LowRank(_) => Err(parts.malformed("an adapter inside an adapter")),
        Encoding::Unread(reason) => Err(parts.unsupported(reason)),
    }
}

/// Sets the length of `out`, keeping what it has allocated.
pub(super) fn room(out: &mut Vec<f32>, elements: usize) -> &mut [f32] {
    out.truncate(elements);
    out.resize(elements, 0.0);
    out
}

/// Plain numbers, contiguous or strided.
fn numbers(parts: &Parts<'_>, dtype: Dtype, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    let elements = parts.elements()?;
    let Some(strides) = parts.tensor.strides.as_deref().filter(|s| !is_row_major(&parts.tensor.shape, s)) else {
        let bytes = parts.sized(0, elements, dtype.size())?;
        plain(dtype, bytes, room(out, elements));
        return Ok(());
    };
    let bytes = parts.part(0)?;
    let stored = bytes.len() / dtype.size();
    if elements > stored {
        return Err(parts.unsupported("the view repeats stored values"));
    }
    let mut values = vec![0.0; stored];
    plain(dtype, bytes.get(..stored * dtype.size()).unwrap_or_default(), &mut values);
    gather(parts, &values, strides, room(out, elements))
}

fn is_row_major(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1u64;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(&extent, &stride)| {
            let fits = extent <= 1 || stride == expected;
            expected = expected.saturating_mul(extent);
            fits
        })
}

/// Copies a strided view, last axis innermost.
fn gather(parts: &Parts<'_>, values: &[f32], strides: &[u64], out: &mut [f32]) -> Result<(), CheckpointError> {
    let shape = &parts.tensor.shape;
    let last = shape.iter().zip(strides).try_fold(0u64, |last, (&extent, &stride)| {
        extent.saturating_sub(1).checked_mul(stride).and_then(|reach| last.checked_add(reach))
    });
    if strides.len() != shape.len() || !out.is_empty() && last.is_none_or(|last| last >= values.len() as u64) {
        return Err(parts.malformed("the strides leave the stored values"));
    }
    let (Some((&width, outer)), Some((&step, outer_strides))) = (shape.split_last(), strides.split_last()) else {
        out.copy_from_slice(&values[..out.len()]);
        return Ok(());
    };
    let mut index = vec![0u64; outer.len()];
    for row in out.chunks_exact_mut((width as usize).max(1)) {
        let start: u64 = index.iter().zip(outer_strides).map(|(i, stride)| i * stride).sum();
        for (i, x) in row.iter_mut().enumerate() {
            *x = values[(start + i as u64 * step) as usize];
        }
        for (i, &extent) in index.iter_mut().zip(outer).rev() {
            *i += 1;
            if *i < extent {
                break;
            }
            *i = 0;
        }
    }
    Ok(())
}

fn blocks(parts: &Parts<'_>, id: u32, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    parts.contiguous()?;
    let elements = parts.elements()?;
    let bytes = parts.part(0)?;
    // Every known type keeps fewer than 8 values in a byte: a larger shape is refused before it is allocated.
    if elements / 8 > bytes.len() {
        return Err(parts.malformed("the shape is larger than the data"));
    }
    ggml::dequantize(id, bytes, room(out, elements))
}

/// x = scale·(q − zero), scale and zero per tensor or per index of one axis.
fn scaled(
    parts: &Parts<'_>,
    values: Dtype,
    scale: Dtype,
    zero: Option<Dtype>,
    axis: Option<usize>,
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    numbers(parts, values, out)?;
    if out.is_empty() {
        return Ok(());
    }
    let shape = &parts.tensor.shape;
    let (groups, inner) = match axis {
        None => (1, out.len()),
        Some(axis) => {
            let extent = *shape.get(axis).ok_or_else(|| parts.malformed("the axis of the scales is not there"))?;
            (extent as usize, shape[axis + 1..].iter().product::<u64>() as usize)
        }
    };
    let scales = parts.values(1, scale, groups)?;
    let zeros = zero.map(|dtype| parts.values(2, dtype, groups)).transpose()?;
    for (i, run) in out.chunks_mut(inner).enumerate() {
        let group = i % groups;
        let (scale, zero) = (scales[group], zeros.as_ref().map_or(0.0, |zeros| zeros[group]));
        for x in run {
            *x = (*x - zero) * scale;
        }
    }
    Ok(())
}

/// x = scale·q, one scale a tile of the last two axes.
fn block_scaled(
    parts: &Parts<'_>,
    values: Dtype,
    scale: Dtype,
    (tile_rows, tile_columns): (usize, usize),
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    let [outer @ .., rows, columns] = parts.tensor.shape.as_slice() else {
        return Err(parts.malformed("tiles need two axes"));
    };
    if tile_rows == 0 || tile_columns == 0 {
        return Err(parts.malformed("tiles are empty"));
    }
    numbers(parts, values, out)?;
    if out.is_empty() {
        return Ok(());
    }
    let (rows, columns) = (*rows as usize, *columns as usize);
    let tiles = columns.div_ceil(tile_columns);
    let bands = rows.div_ceil(tile_rows);
    let scales = parts.values(1, scale, outer.iter().product::<u64>() as usize * bands * tiles)?;
    for (i, row) in out.chunks_exact_mut(columns).enumerate() {
        let band = i / rows * bands + i % rows / tile_rows;
        for (run, scale) in row.chunks_mut(tile_columns).zip(&scales[band * tiles..]) {
            for x in run {
                *x *= scale;
            }
        }
    }
    Ok(())
}

/// Converts little-endian numbers one by one; `out` and `bytes` hold equally many.
pub(super) fn plain(dtype: Dtype, bytes: &[u8], out: &mut [f32]) {
    match dtype {
        Dtype::F64 => convert(bytes, out, |b| f64::from_le_bytes(b) as f32),
        Dtype::F32 => convert(bytes, out, f32::from_le_bytes),
        Dtype::F16 => halves(bytes, out),
        Dtype::Bf16 => convert(bytes, out, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        Dtype::F8E4M3 => looked_up(bytes, out, &E4M3),
        Dtype::F8E5M2 => looked_up(bytes, out, &E5M2),
        Dtype::I64 => convert(bytes, out, |b| i64::from_le_bytes(b) as f32),
        Dtype::I32 => convert(bytes, out, |b| i32::from_le_bytes(b) as f32),
        Dtype::I16 => convert(bytes, out, |b| i16::from_le_bytes(b) as f32),
        Dtype::I8 => convert(bytes, out, |b| i8::from_le_bytes(b) as f32),
        Dtype::U64 => convert(bytes, out, |b| u64::from_le_bytes(b) as f32),
        Dtype::U32 => convert(bytes, out, |b| u32::from_le_bytes(b) as f32),
        Dtype::U16 => convert(bytes, out, |b| u16::from_le_bytes(b) as f32),
        Dtype::U8 => convert(bytes, out, |b| u8::from_le_bytes(b) as f32),
        Dtype::Bool => convert(bytes, out, |[b]: [u8; 1]| f32::from(b != 0)),
    }
}

fn convert<const N: usize>(bytes: &[u8], out: &mut [f32], number: impl Fn([u8; N]) -> f32) {
    for (x, bytes) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *x = number(*bytes);
    }
}

fn halves(bytes: &[u8], out: &mut [f32]) {
    // Through a small aligned buffer, because the fast conversion wants f16 and files promise no alignment.
    let mut buffer = [f16::ZERO; 1024];
    for (out, bytes) in out.chunks_mut(buffer.len()).zip(bytes.chunks(2 * buffer.len())) {
        let buffer = &mut buffer[..out.len()];
        for (half, bytes) in buffer.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *half = f16::from_le_bytes(*bytes);
        }
        buffer.convert_to_f32_slice(out);
    }
}

fn looked_up(bytes: &[u8], out: &mut [f32], table: &[f32; 256]) {
    for (x, &byte) in out.iter_mut().zip(bytes) {
        *x = table[byte as usize];
    }
}

/// FP8 E4M3 as machine learning uses it ("FN", OCP OFP8 §5.1): no infinities, NaN only with all bits set.
static E4M3: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let (exponent, mantissa) = ((byte >> 3 & 15) as i32, (byte & 7) as f32);
        let magnitude = match byte & 0x7f {
            0x7f => f32::NAN,
            _ if exponent == 0 => mantissa / 512.0,
            _ => (1.0 + mantissa / 8.0) * 2f32.powi(exponent - 7),
        };
        if byte < 128 { magnitude } else { -magnitude }
    })
});

/// FP8 E5M2: the upper byte of an f16.
static E5M2: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| f16::from_bits((byte as u16) << 8).to_f32()));

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn tensor(shape: &[u64], encoding: Encoding, strides: Option<&[u64]>) -> Tensor {
        let strides = strides.map(<[u64]>::to_vec);
        Tensor { name: "t".to_owned(), shape: shape.to_vec(), encoding, parts: Vec::new(), strides }
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn decoded(tensor: &Tensor, parts: &[Vec<u8>]) -> Result<Vec<f32>, CheckpointError> {
        let mut out = Vec::new();
        decode(tensor, parts, &mut out).map(|()| out)
    }

    #[test]
    fn every_plain_type_gives_the_same_small_numbers() {
        let numbers = [0i8, 1, 2, 3];
        let bytes = |dtype: Dtype| -> Vec<u8> {
            let one = |n: i8| match dtype {
                Dtype::F64 => f64::from(n).to_le_bytes().to_vec(),
                Dtype::F32 => f32::from(n).to_le_bytes().to_vec(),
                Dtype::F16 => f16::from_f32(n.into()).to_le_bytes().to_vec(),
                Dtype::Bf16 => half::bf16::from_f32(n.into()).to_le_bytes().to_vec(),
                Dtype::F8E4M3 => vec![[0, 0x38, 0x40, 0x44][n as usize]],
                Dtype::F8E5M2 => vec![[0, 0x3c, 0x40, 0x42][n as usize]],
                _ => i64::from(n).to_le_bytes()[..dtype.size()].to_vec(),
            };
            numbers.iter().flat_map(|&n| one(n)).collect()
        };
        let floats = [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::Bf16, Dtype::F8E4M3, Dtype::F8E5M2];
        let signed = [Dtype::I64, Dtype::I32, Dtype::I16, Dtype::I8];
        let unsigned = [Dtype::U64, Dtype::U32, Dtype::U16, Dtype::U8, Dtype::Bool];
        for dtype in floats.into_iter().chain(signed).chain(unsigned) {
            let got = decoded(&tensor(&[2, 2], Encoding::Plain(dtype), None), &[bytes(dtype)]).unwrap();
            let want = if dtype == Dtype::Bool { [0.0, 1.0, 1.0, 1.0] } else { [0.0, 1.0, 2.0, 3.0] };
            assert_eq!(got, want, "{}", dtype.name());
        }
    }

    #[test]
    fn f8_tables_have_the_limits_of_the_standard() {
        // OCP OFP8 table 1.
        assert_eq!((E4M3[0x7e], E4M3[0xfe], E4M3[0x01], E4M3[0x08]), (448.0, -448.0, 1.0 / 512.0, 1.0 / 64.0));
        assert_eq!(E4M3.iter().filter(|x| x.is_nan()).count(), 2);
        assert_eq!(E4M3.iter().filter(|x| x.is_infinite()).count(), 0);
        assert_eq!((E5M2[0x7b], E5M2[0x01]), (57344.0, 2f32.powi(-16)));
        assert_eq!((E5M2[0x7c], E5M2[0xfc]), (f32::INFINITY, f32::NEG_INFINITY));
    }

    #[test]
    fn halves_longer_than_the_buffer_are_all_converted() {
        let values: Vec<f32> = (0..2500).map(|i| (i % 2000) as f32).collect();
        let bytes = values.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
        assert_eq!(decoded(&tensor(&[2500], Encoding::Plain(Dtype::F16), None), &[bytes]).unwrap(), values);
    }

    #[test]
    fn strides_are_honoured_and_bounded() {
        let bytes = [f32s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])];
        let plain = Encoding::Plain(Dtype::F32);
        let transposed = tensor(&[3, 2], plain.clone(), Some(&[1, 3]));
        assert_eq!(decoded(&transposed, &bytes).unwrap(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let cut = tensor(&[2, 2], plain.clone(), Some(&[3, 2]));
        assert_eq!(decoded(&cut, &bytes).unwrap(), [0.0, 2.0, 3.0, 5.0]);
        for (shape, strides) in [(&[3, 2], &[1, 4]), (&[2, 3], &[u64::MAX, 1])] {
            let outside = tensor(shape, plain.clone(), Some(strides));
            assert!(matches!(decoded(&outside, &bytes), Err(CheckpointError::Malformed { .. })));
        }
        let repeated = tensor(&[1 << 50], plain, Some(&[0]));
        assert!(matches!(decoded(&repeated, &bytes), Err(CheckpointError::Unsupported { .. })));
    }

    #[test]
    fn zero_points_are_taken_off_before_scaling() {
        let encoding = Encoding::Scaled { values: Dtype::U8, scale: Dtype::F32, zero: Some(Dtype::U8), axis: Some(1) };
        let parts = [vec![10, 20, 30, 40], f32s(&[1.0, 0.5]), vec![10, 0]];
        assert_eq!(decoded(&tensor(&[2, 2], encoding, None), &parts).unwrap(), [0.0, 10.0, 20.0, 20.0]);
    }

    fn encodings() -> impl Strategy<Value = Encoding> {
        let (values, scale) = (Dtype::I8, Dtype::F16);
        prop_oneof![
            Just(Encoding::Plain(Dtype::F64)),
            (0u32..45).prop_map(Encoding::Ggml),
            (0u32..40, any::<bool>()).prop_map(move |(bits, zero_minus_one)| Encoding::Gptq {
                bits,
                zero_minus_one,
                scale
            }),
            (0u32..8).prop_map(move |bits| Encoding::Awq { bits, scale }),
            (0u32..40).prop_map(move |bits| Encoding::Affine { bits, scale }),
            proptest::option::of(0usize..4).prop_map(move |axis| Encoding::Scaled {
                values,
                scale,
                zero: Some(Dtype::I8),
                axis
            }),
            (0usize..9, 0usize..9).prop_map(move |block| Encoding::BlockScaled { values, scale, block }),
            (0usize..9, proptest::option::of((0usize..9, any::<f32>())))
                .prop_map(|(block, nested)| Encoding::Lookup { block, nested }),
            Just(Encoding::Mxfp4),
        ]
    }

    fn extents() -> impl Strategy<Value = Vec<u64>> {
        let extent = prop_oneof![4 => 0u64..70, 1 => any::<u64>()];
        proptest::collection::vec(extent, 0..4)
    }

    proptest! {
        #[test]
        fn any_description_of_any_bytes_is_values_or_an_error(
            encoding in encodings(),
            shape in extents(),
            strides in proptest::option::of(extents()),
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..6),
        ) {
            let tensor = tensor(&shape, encoding, strides.as_deref());
            if let Ok(values) = decoded(&tensor, &parts) {
                prop_assert_eq!(values.len() as u64, tensor.elements());
                prop_assert!(values.len() <= 300 * 8);
            }
        }

        #[test]
        fn f32_values_come_back_bit_for_bit(bits in proptest::collection::vec(any::<u32>(), 0..200)) {
            let bytes = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
            let got = decoded(&tensor(&[bits.len() as u64], Encoding::Plain(Dtype::F32), None), &[bytes]).unwrap();
            prop_assert_eq!(got.into_iter().map(f32::to_bits).collect::<Vec<_>>(), bits);
        }
    }
}
