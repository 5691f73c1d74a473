// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One logical matrix → its print.
//!
//! In: decoded values with their place. Out: a [`MatrixPrint`] or a [`VectorPrint`].

use std::borrow::Cow;

use super::hashes;
use super::needles::needles;
use super::record::{MatrixPrint, VectorPrint};
use super::roles::{Place, Role};
use super::samples::{Samples, moments, sample};
use super::structure::{formula, tame};
use crate::checkpoints::{Dtype, Encoding, ggml_type};

/// A matrix smaller than this says too little to be evidence.
const SMALLEST: usize = 1024;
/// Shorter side below which a matrix is no evidence.
const NARROWEST: usize = 8;

/// What is known of a matrix beside its values.
pub(super) struct Described<'a> {
    /// Stored name with suffix.
    pub(super) name: String,
    /// Place in the network.
    pub(super) place: &'a Place,
    /// Encoding it was stored in.
    pub(super) encoding: &'a Encoding,
    /// Whether needles are taken: the block is gated and dense.
    pub(super) gated: bool,
    /// Width of the residual stream, to tell [neurons, d] from [d, neurons].
    pub(super) hidden: Option<u64>,
}

/// Makes the print of a matrix of `rows` × `columns`. Rows and columns of zeros at the end are padding (vocabularies
/// and feed-forward blocks are padded to multiples): all but the digests is taken without them.
pub(super) fn print_matrix(about: &Described, values: &[f32], rows: usize, columns: usize) -> MatrixPrint {
    let hashes = hashes::hash(values, rows, columns);
    let (values, rows, columns) = unpadded(values, rows, columns);
    let tame = tame(values.as_ref());
    let values = tame.as_ref();
    let small = values.len() < SMALLEST || rows.min(columns) < NARROWEST;
    let no_evidence = if small { Some("too small") } else { formula(values, rows, columns) };
    let moments = moments(values, rows, columns);
    let (samples, transposed) = if no_evidence.is_some() {
        (Samples::default(), Samples::default())
    } else {
        let turned = if rows == columns { sample(values, rows, columns, &moments, true) } else { Samples::default() };
        (sample(values, rows, columns, &moments, rows < columns), turned)
    };
    MatrixPrint {
        name: about.name.clone(),
        role: about.place.role,
        layer: about.place.layer,
        expert: about.place.expert,
        rows: rows as u64,
        columns: columns as u64,
        encoding: encoding_name(about.encoding),
        tolerance: tolerance(about.encoding).max(grid_error(about.encoding, values, rows, columns, moments.deviation)),
        formula: no_evidence.map(str::to_owned),
        deviation: moments.deviation,
        hashes,
        samples,
        transposed,
        needles: takes_needles(about, rows, columns)
            .filter(|_| no_evidence.is_none())
            .map(|transposed| needles(values, rows, columns, transposed)),
    }
}

/// A matrix without the rows and columns of zeros at its end; a matrix of zeros is left as it is.
fn unpadded(values: &[f32], rows: usize, columns: usize) -> (Cow<'_, [f32]>, usize, usize) {
    let is_zero = |value: &f32| *value == 0.0;
    let lines = || values.chunks_exact(columns.max(1));
    let tall = rows - lines().rev().take_while(|line| line.iter().all(is_zero)).count();
    if tall == 0 {
        return (Cow::Borrowed(values), rows, columns);
    }
    // Most matrices are told by their first line that no column at the end is zero.
    let wide = lines().take(tall).fold(0, |wide, line| {
        let tail = line.get(wide..).unwrap_or_default();
        wide + tail.iter().rposition(|value| !is_zero(value)).map_or(0, |last| last + 1)
    });
    if wide == columns {
        return (Cow::Borrowed(values.get(..tall * columns).unwrap_or(values)), tall, columns);
    }
    let kept = lines().take(tall).flat_map(|line| line.get(..wide).unwrap_or_default()).copied().collect();
    (Cow::Owned(kept), tall, wide)
}

/// Makes the print of a vector.
pub(super) fn print_vector(name: &str, place: &Place, values: &[f32]) -> VectorPrint {
    let first = values.first().copied().unwrap_or_default();
    let kept = match place.role {
        Role::NormAttention | Role::NormFeedForward | Role::NormFinal => !place.bias,
        Role::Query | Role::Key | Role::Value | Role::FusedQkv => place.bias,
        _ => false,
    };
    VectorPrint {
        name: name.to_owned(),
        role: place.role,
        layer: place.layer,
        bias: place.bias,
        exact: hashes::hash(values, 1, values.len()).exact,
        values: if kept { values.iter().map(|value| half::f16::from_f32(*value)).collect() } else { Vec::new() },
        len: values.len() as u64,
        constant: values.iter().all(|value| *value == first),
    }
}

/// For gate, up and down of a dense gated block: whether the matrix is stored as [d, neurons].
fn takes_needles(about: &Described, rows: usize, columns: usize) -> Option<bool> {
    if !about.gated || about.place.expert.is_some() || about.place.bias {
        return None;
    }
    let d = usize::try_from(about.hidden?).ok()?;
    match about.place.role {
        Role::Gate | Role::Up if columns == d => Some(false),
        Role::Gate | Role::Up | Role::Down if rows == d => Some(true),
        Role::Down if columns == d => Some(false),
        _ => None,
    }
}

fn ggml_name(id: u32) -> &'static str {
    ggml_type(id).map_or("unknown", |known| known.name)
}

fn encoding_name(encoding: &Encoding) -> String {
    match encoding {
        Encoding::Plain(dtype) => dtype.name().to_owned(),
        Encoding::Ggml(id) => format!("ggml:{}", ggml_name(*id)),
        Encoding::Gptq { bits, .. } => format!("GPTQ-{bits}"),
        Encoding::Awq { bits, .. } => format!("AWQ-{bits}"),
        Encoding::Scaled { values, .. } | Encoding::BlockScaled { values, .. } => format!("scaled {}", values.name()),
        Encoding::Lookup { .. } => "4-bit lookup".to_owned(),
        Encoding::Affine { bits, .. } => format!("affine-{bits}"),
        Encoding::Mxfp4 => "MXFP4".to_owned(),
        Encoding::LowRank(update) => format!("{} with adapter", encoding_name(&update.base.encoding)),
        Encoding::Unread(_) => "unread".to_owned(),
    }
}

/// Largest relative root-mean-square error that rounding to the encoding makes on bell-shaped weights: the step of
/// the grid over √12, with room for blocks whose largest value stands out. Error beyond it is further training.
fn tolerance(encoding: &Encoding) -> f32 {
    match encoding {
        Encoding::Plain(dtype) => plain_tolerance(*dtype),
        Encoding::Ggml(id) => match ggml_name(*id) {
            "F32" | "F64" => 1e-6,
            "F16" => 1e-3,
            "BF16" => 4e-3,
            "Q8_0" | "Q8_1" | "Q8_K" => 0.015,
            "Q6_K" => 0.03,
            "Q5_0" | "Q5_1" | "Q5_K" => 0.06,
            "Q4_0" | "Q4_1" | "Q4_K" | "IQ4_NL" | "IQ4_XS" => 0.12,
            "MXFP4" | "NVFP4" => 0.16,
            "Q3_K" | "IQ3_S" | "IQ3_XXS" => 0.25,
            "Q2_K" | "IQ2_S" | "IQ2_XS" | "IQ2_XXS" => 0.45,
            _ => 0.7,
        },
        Encoding::Gptq { bits, .. } | Encoding::Awq { bits, .. } | Encoding::Affine { bits, .. } => match bits {
            8 => 0.015,
            4 => 0.16,
            3 => 0.3,
            _ => 0.6,
        },
        Encoding::Lookup { .. } | Encoding::Mxfp4 => 0.16,
        Encoding::LowRank(update) => tolerance(&update.base.encoding),
        Encoding::Unread(_) => 0.0,
        Encoding::Scaled { values, .. } | Encoding::BlockScaled { values, .. } => match values {
            Dtype::I8 | Dtype::U8 => 0.06, // a few outlier channels stretch the grid of one scale
            other => plain_tolerance(*other),
        },
    }
}

/// Error of rounding to the grid that a scale makes of the values, relative to their deviation. The smallest value of
/// a row (or column) of integers that is not zero is one step of its grid, unless the row has no small value. Unscaled
/// 8-bit floats stand on a grid of a fixed step where they are smaller than their least normal number.
fn grid_error(encoding: &Encoding, values: &[f32], rows: usize, columns: usize, deviation: f64) -> f32 {
    // A uniform error has deviation step/√12; half as much again for the sample.
    let error = |step: f64| (1.5 * step / 12f64.sqrt() / deviation.max(f64::MIN_POSITIVE)) as f32;
    match encoding {
        Encoding::Plain(Dtype::F8E4M3) => return error(2f64.powi(-9)),
        Encoding::Plain(Dtype::F8E5M2) => return error(2f64.powi(-16)),
        Encoding::Scaled { values: Dtype::I8 | Dtype::U8, .. } => {}
        _ => return 0.0,
    }
    let (mut by_row, mut by_column) = (vec![f32::INFINITY; rows], vec![f32::INFINITY; columns]);
    for (line, smallest) in values.chunks_exact(columns.max(1)).zip(&mut by_row) {
        for (value, least) in line.iter().zip(&mut by_column).filter(|(value, _)| **value != 0.0) {
            *smallest = smallest.min(value.abs());
            *least = least.min(value.abs());
        }
    }
    let mean_square = |steps: &[f32]| {
        let known: Vec<f64> = steps.iter().filter(|step| step.is_finite()).map(|step| f64::from(*step)).collect();
        known.iter().map(|step| step * step).sum::<f64>() / known.len().max(1) as f64
    };
    error(mean_square(&by_row).max(mean_square(&by_column)).sqrt())
}

fn plain_tolerance(dtype: Dtype) -> f32 {
    match dtype {
        Dtype::F16 => 1e-3,
        Dtype::Bf16 => 4e-3,
        Dtype::F8E5M2 => 0.08,
        Dtype::F8E4M3 | Dtype::I8 | Dtype::U8 => 0.04,
        _ => 1e-6,
    }
}
