// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Latent attention (DeepSeek V2 and V3, MiniCPM3, Kimi).
//!
//! Queries and keys have a plain part and a rotary part; the rotary key is one for all heads. In: q = Q_b·diag γ_q·Q_a
//! (or Q alone), (c, k_rotary) = K_a, values = V_b·diag γ_c·c. Out: of the queries the rotary rows of each head, [heads ·
//! rotary, d]; the rotary key, [rotary, d]; the values of each query head, [heads · value, d]; the output, [heads ·
//! value, d]. What the latents carry is composed, so any change of their basis is gone.
//!
//! Number of heads: rows(q) = heads·(plain + rotary), rows(kv_b) = heads·(plain + value), columns(o) = heads·value, so
//! heads = (rows(q) − rows(kv_b) + columns(o)) / rotary: no config is needed.

use super::attention::Block;
use super::heads::halves;
use super::layer::{Attention, HeadLayout};
use super::matrix::Matrix;
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::Role;

/// Builds latent attention; `None` where its parts do not fit together.
pub(super) fn latent(block: &Block, before: &[f32], output: Matrix) -> Result<Option<Attention>, FingerprintError> {
    let gain = block.gains.part(block.slots, Role::NormKeyValueLatent)?;
    let Some(down) = stored(block, Role::KeyValueLatent)? else { return Ok(None) };
    let width = gain.len();
    let rotary = down.rows.saturating_sub(width);
    if width == 0 || rotary < 2 || down.columns != block.stack.hidden {
        return Ok(None);
    }
    let down = block.finished(down, before);
    let (latent, key) = (down.picked(0..width), down.picked(width..down.rows));

    let Some(inner) = stored(block, Role::Query)?.or(stored(block, Role::QueryFromLatent)?) else { return Ok(None) };
    let Some((heads, values)) = values(block, &inner, &output, rotary)? else { return Ok(None) };
    let size = inner.rows / heads;
    let picked = inner.picked((0..heads).flat_map(|head| (size - rotary..size).map(move |row| head * size + row)));
    let query = match stored(block, Role::QueryLatent)? {
        Some(first) => {
            let between = block.gains.part(block.slots, Role::NormQueryLatent)?;
            picked.scaled(&between).times(&block.finished(first, before))
        }
        None => Some(block.finished(picked, before)),
    };
    let (Some(mut query), Some(value)) = (query, values.scaled(&gain).times(&latent)) else { return Ok(None) };
    let mut key = key;
    if !block.stack.facts.latent_halves {
        query = query.picked(halves(heads, rotary, rotary));
        key = key.picked(halves(1, rotary, rotary));
    }
    let layout = HeadLayout { query: heads, key_value: 1, dim: rotary, rotary };
    let sound = query.columns == block.stack.hidden && value.rows == output.rows;
    Ok(sound.then_some(Attention { query, key, value, output, heads: Some(layout) }))
}

/// The number of heads and V_b, [heads · value, latent].
fn values(
    block: &Block,
    query: &Matrix,
    output: &Matrix,
    rotary: usize,
) -> Result<Option<(usize, Matrix)>, FingerprintError> {
    if let Some(entry) = block.slots.parts.get(&Role::ValueFromLatent) {
        // [heads, value, latent], flattened to [heads, value · latent].
        let stored = block.source.matrix(entry)?;
        let heads = stored.rows;
        let fits = heads > 0 && output.rows.is_multiple_of(heads) && query.rows.is_multiple_of(heads);
        let columns = stored.values.len().checked_div(output.rows).unwrap_or_default();
        let sound = fits && query.rows / heads.max(1) > rotary;
        return Ok(sound.then(|| (heads, Matrix::new(stored.values, output.rows, columns))));
    }
    let Some(both) = stored(block, Role::KeyValueFromLatent)? else { return Ok(None) };
    let total = (query.rows + output.rows).saturating_sub(both.rows);
    let heads = total / rotary;
    let divides = |rows: usize| heads > 0 && rows.is_multiple_of(heads);
    if !total.is_multiple_of(rotary) || !divides(query.rows) || !divides(both.rows) || !divides(output.rows) {
        return Ok(None);
    }
    let (size, value) = (both.rows / heads, output.rows / heads);
    if value > size || query.rows / heads <= rotary {
        return Ok(None);
    }
    let rows = (0..heads).flat_map(|head| (size - value..size).map(move |row| head * size + row));
    Ok(Some((heads, both.picked(rows))))
}

/// A part as stored: latents are always kept [out, in].
fn stored(block: &Block, role: Role) -> Result<Option<Matrix>, FingerprintError> {
    block.slots.parts.get(&role).map(|entry| block.source.matrix(entry)).transpose()
}
