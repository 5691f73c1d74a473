// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One stored tensor → the matrices it holds in canonical layout.
//!
//! In: a tensor's place, shape and the model's head counts. Out: [`Piece`]s: which rows or columns of the
//! flattened [rows, columns] matrix form which logical matrix. Fused query/key/value and gate/up tensors are
//! split, stacked experts are separated, and the row order of llama-family GGUF files is undone.

use super::roles::{Place, Role};

/// Facts about the network that splitting needs; each is `None` where the config does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    /// Query heads.
    pub query: Option<u64>,
    /// Key/value heads.
    pub key_value: Option<u64>,
    /// Whether query and key rows are permuted as llama.cpp's converter does for the llama family.
    pub permuted_rows: bool,
    /// Whether fused query/key/value rows are interleaved by key/value head (GPT-NeoX, BLOOM, Falcon, InternLM2).
    pub interleaved_qkv: bool,
    /// Whether gate and up alternate in fused gate/up tensors (gpt-oss).
    pub interleaved_gate_up: bool,
    /// Width of the residual stream.
    pub hidden: Option<u64>,
}

/// A logical matrix inside a stored one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    /// Where it stands.
    pub place: Place,
    /// What is appended to the stored name, empty for a whole tensor.
    pub suffix: String,
    /// Rows and columns of the piece.
    pub rows: u64,
    /// See `rows`.
    pub columns: u64,
    /// How to take it out of the flattened tensor.
    pub take: Take,
}

/// How a piece is taken out of the flattened tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// The whole tensor, as stored.
    Whole,
    /// Elements `start..start + rows·columns`.
    Block {
        /// First element.
        start: u64,
    },
    /// The rows listed, in this order.
    Rows(Vec<u32>),
    /// Columns of every row, where a stored row has `width` elements.
    Columns {
        /// First element.
        start: u64,
        /// Elements in a stored row.
        width: u64,
        /// From one column to the next: 1, or 2 where two matrices alternate.
        step: u64,
    },
}

/// Lists the pieces of a tensor. A tensor of rank 1 is one row; of rank 3 and more, [first axis, the rest].
pub(super) fn pieces(place: &Place, shape: &[u64], heads: &Heads) -> Vec<Piece> {
    let (rows, columns) = flatten(shape);
    if place.stacked_experts && shape.len() == 3 {
        return stacked(place, shape, heads);
    }
    let split = match place.role {
        Role::FusedQkv if shape.len() == 2 => fused_qkv(place, rows, columns, heads),
        Role::FusedGateUp if shape.len() == 2 && rows % 2 == 0 => Some(halves(place, rows, columns, 0)),
        Role::Query | Role::Key if heads.permuted_rows && shape.len() == 2 => unpermuted(place, rows, columns, heads),
        _ => None,
    };
    split.unwrap_or_else(|| vec![whole(place, rows, columns)])
}

/// The shape without axes of extent 1, which say nothing: [1, rows, columns] is a matrix like any other.
pub(super) fn squeezed(shape: &[u64]) -> Vec<u64> {
    shape.iter().copied().filter(|extent| *extent != 1).collect()
}

/// Flattens a shape to [rows, columns].
pub(super) fn flatten(shape: &[u64]) -> (u64, u64) {
    match shape {
        [] => (1, 1),
        [only] => (1, *only),
        [first, rest @ ..] => (*first, rest.iter().product()),
    }
}

fn whole(place: &Place, rows: u64, columns: u64) -> Piece {
    Piece { place: place.clone(), suffix: String::new(), rows, columns, take: Take::Whole }
}

fn block(place: &Place, role: Role, suffix: &str, first_row: u64, rows: u64, columns: u64, offset: u64) -> Piece {
    Piece {
        place: Place { role, stacked_experts: false, ..place.clone() },
        suffix: suffix.to_owned(),
        rows,
        columns,
        take: Take::Block { start: offset + first_row * columns },
    }
}

fn halves(place: &Place, rows: u64, columns: u64, offset: u64) -> Vec<Piece> {
    let half = rows / 2;
    vec![
        block(place, Role::Gate, "#gate", 0, half, columns, offset),
        block(place, Role::Up, "#up", half, half, columns, offset),
    ]
}

/// [experts, rows, columns]: one matrix an expert.
fn stacked(place: &Place, shape: &[u64], heads: &Heads) -> Vec<Piece> {
    let [experts, rows, columns] = *shape else { return Vec::new() };
    (0..experts)
        .flat_map(|expert| {
            let here = Place { expert: Some(expert as u32), stacked_experts: false, ..place.clone() };
            let offset = expert * rows * columns;
            let pieces = match place.role {
                // [hidden, 2·inner]: Llama 4, and gpt-oss in float.
                Role::FusedGateUp if heads.hidden == Some(rows) && columns != rows && columns % 2 == 0 => {
                    side_by_side(&here, rows, columns, offset, heads.interleaved_gate_up)
                }
                Role::FusedGateUp if rows % 2 == 0 && heads.interleaved_gate_up => {
                    alternating(&here, expert, rows, columns)
                }
                Role::FusedGateUp if rows % 2 == 0 => halves(&here, rows, columns, offset),
                role => vec![block(&here, role, "", 0, rows, columns, offset)],
            };
            pieces.into_iter().map(move |piece| Piece { suffix: format!("#expert{expert}{}", piece.suffix), ..piece })
        })
        .collect()
}

/// Gate and up beside one another in each row: halves, or every other column.
fn side_by_side(place: &Place, rows: u64, columns: u64, offset: u64, alternate: bool) -> Vec<Piece> {
    let half = columns / 2;
    let (gap, step) = if alternate { (1, 2) } else { (half, 1) };
    [(Role::Gate, "#gate", 0), (Role::Up, "#up", gap)]
        .into_iter()
        .map(|(role, suffix, first)| Piece {
            place: Place { role, ..place.clone() },
            suffix: suffix.to_owned(),
            rows,
            columns: half,
            take: Take::Columns { start: offset + first, width: columns, step },
        })
        .collect()
}

/// Gate and up in every other row.
fn alternating(place: &Place, expert: u64, rows: u64, columns: u64) -> Vec<Piece> {
    [(Role::Gate, "#gate", 0), (Role::Up, "#up", 1)]
        .into_iter()
        .map(|(role, suffix, first)| Piece {
            place: Place { role, ..place.clone() },
            suffix: suffix.to_owned(),
            rows: rows / 2,
            columns,
            take: Take::Rows((0..rows / 2).map(|i| (expert * rows + 2 * i + first) as u32).collect()),
        })
        .collect()
}

/// Query, key and value stacked along the output axis, in the layouts in use.
fn fused_qkv(place: &Place, rows: u64, columns: u64, heads: &Heads) -> Option<Vec<Piece>> {
    // GPT-2's Conv1D keeps [in, 3·in].
    if columns == rows.checked_mul(3)? {
        let part = |role, suffix: &str, index: u64| Piece {
            place: Place { role, ..place.clone() },
            suffix: suffix.to_owned(),
            rows,
            columns: rows,
            take: Take::Columns { start: index * rows, width: columns, step: 1 },
        };
        return Some(vec![part(Role::Query, "#q", 0), part(Role::Key, "#k", 1), part(Role::Value, "#v", 2)]);
    }
    let stacked = |q: u64, kv: u64| {
        vec![
            block(place, Role::Query, "#q", 0, q, columns, 0),
            block(place, Role::Key, "#k", q, kv, columns, 0),
            block(place, Role::Value, "#v", q + kv, kv, columns, 0),
        ]
    };
    // The heads told are those of the stack whose width is told: a tower of another width has its own.
    let own = heads.hidden.is_none_or(|hidden| hidden == columns);
    let Some(query_heads) = heads.query.filter(|_| own) else {
        // Nothing tells the heads: as many query rows as the stream is wide, what is left halved.
        let rest = rows.checked_sub(columns).filter(|rest| *rest > 0 && rest % 2 == 0 && *rest <= 2 * columns)?;
        return Some(stacked(columns, rest / 2));
    };
    let kv_heads = heads.key_value.unwrap_or(query_heads);
    let total = query_heads.checked_add(kv_heads.checked_mul(2)?)?;
    if total == 0 || !rows.is_multiple_of(total) {
        return None;
    }
    let dim = rows / total;
    if heads.interleaved_qkv && kv_heads > 0 && query_heads.is_multiple_of(kv_heads) {
        // One group a key/value head: its query heads, its key head, its value head.
        let shared = query_heads / kv_heads;
        let group = (shared + 2) * dim;
        let part = |role, suffix: &str, first: u64, count: u64| Piece {
            place: Place { role, ..place.clone() },
            suffix: suffix.to_owned(),
            rows: kv_heads * count * dim,
            columns,
            take: Take::Rows(
                (0..kv_heads)
                    .flat_map(|at| (0..count * dim).map(move |i| (at * group + first * dim + i) as u32))
                    .collect(),
            ),
        };
        return Some(vec![
            part(Role::Query, "#q", 0, shared),
            part(Role::Key, "#k", shared, 1),
            part(Role::Value, "#v", shared + 1, 1),
        ]);
    }
    Some(stacked(query_heads * dim, kv_heads * dim))
}

/// Undoes llama.cpp's row permutation: stored row (head, i, half) is row (head, half, i) of the original.
fn unpermuted(place: &Place, rows: u64, columns: u64, heads: &Heads) -> Option<Vec<Piece>> {
    let count = match place.role {
        Role::Key => heads.key_value.or(heads.query)?,
        _ => heads.query?,
    };
    if count == 0 || !rows.is_multiple_of(count) || !(rows / count).is_multiple_of(2) {
        return None;
    }
    let (dim, half) = (rows / count, rows / count / 2);
    let list = (0..count)
        .flat_map(|head| (0..2).flat_map(move |side| (0..half).map(move |i| (head * dim + i * 2 + side) as u32)))
        .collect();
    Some(vec![Piece { place: place.clone(), suffix: String::new(), rows, columns, take: Take::Rows(list) }])
}

impl Piece {
    /// Copies the piece out of the flattened tensor. Returns `None` if the tensor is shorter than its shape says.
    pub(super) fn extract<'a>(&self, tensor: &'a [f32], scratch: &'a mut Vec<f32>) -> Option<&'a [f32]> {
        let (rows, columns) = (self.rows as usize, self.columns as usize);
        let count = rows.checked_mul(columns)?;
        match &self.take {
            Take::Whole => tensor.get(..count),
            Take::Block { start } => tensor.get(*start as usize..(*start as usize).checked_add(count)?),
            Take::Rows(list) => {
                scratch.clear();
                for row in list {
                    let start = (*row as usize).checked_mul(columns)?;
                    scratch.extend_from_slice(tensor.get(start..start + columns)?);
                }
                Some(scratch)
            }
            Take::Columns { start, width, step } => {
                scratch.clear();
                let step = (*step as usize).max(1);
                for row in 0..rows {
                    let first = row.checked_mul(*width as usize)? + *start as usize;
                    let line = tensor.get(first..first + columns.checked_sub(1)? * step + 1)?;
                    scratch.extend(line.iter().step_by(step));
                }
                Some(scratch)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Heads, Piece, pieces};
    use crate::fingerprint::roles::{Place, Role};

    fn values(piece: &Piece, tensor: &[f32]) -> Vec<f32> {
        piece.extract(tensor, &mut Vec::new()).map(<[f32]>::to_vec).unwrap_or_default()
    }

    #[test]
    fn a_stacked_qkv_is_split_by_head_counts() {
        let place = Place::of("model.layers.0.self_attn.qkv_proj.weight");
        let heads = Heads { query: Some(2), key_value: Some(1), ..Heads::default() };
        let tensor: Vec<f32> = (0..8).map(|x| x as f32).collect();
        let list = pieces(&place, &[4, 2], &heads);
        let roles: Vec<Role> = list.iter().map(|piece| piece.place.role).collect();
        assert_eq!(roles, [Role::Query, Role::Key, Role::Value]);
        assert_eq!(values(&list[2], &tensor), [6.0, 7.0]);
    }

    #[test]
    fn the_row_order_of_llama_gguf_files_is_undone() {
        let place = Place::of("blk.0.attn_q.weight");
        let heads = Heads { query: Some(1), permuted_rows: true, ..Heads::default() };
        // Original rows 0 1 2 3 of one head are stored as 0 2 1 3.
        let list = pieces(&place, &[4, 1], &heads);
        assert_eq!(values(&list[0], &[0.0, 2.0, 1.0, 3.0]), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_conv1d_qkv_is_split_by_columns() {
        let place = Place::of("h.0.attn.c_attn.weight");
        let tensor: Vec<f32> = (0..12).map(|x| x as f32).collect();
        let list = pieces(&place, &[2, 6], &Heads::default());
        assert_eq!(values(&list[1], &tensor), [2.0, 3.0, 8.0, 9.0]);
    }

    #[test]
    fn groups_of_query_key_and_value_heads_are_taken_apart() {
        let place = Place::of("transformer.h.0.self_attention.query_key_value.weight");
        let heads = Heads { query: Some(4), key_value: Some(2), interleaved_qkv: true, ..Heads::default() };
        let tensor: Vec<f32> = (0..8).map(|x| x as f32).collect();
        let list = pieces(&place, &[8, 1], &heads);
        let parts: Vec<Vec<f32>> = list.iter().map(|piece| values(piece, &tensor)).collect();
        assert_eq!(parts, [vec![0.0, 1.0, 4.0, 5.0], vec![2.0, 6.0], vec![3.0, 7.0]]);
    }

    #[test]
    fn without_head_counts_the_query_is_as_tall_as_the_stream_is_wide() {
        let place = Place::of("model.layers.0.self_attn.qkv_proj.weight");
        let shapes = |shape: &[u64]| -> Vec<u64> {
            pieces(&place, shape, &Heads::default()).iter().map(|piece| piece.rows).collect()
        };
        assert_eq!(shapes(&[8, 4]), [4, 2, 2]);
        assert_eq!(shapes(&[12, 4]), [4, 4, 4]);
        assert_eq!(shapes(&[20, 4]), [20], "nothing to go by");
    }

    #[test]
    fn gate_and_up_of_stacked_experts_are_found_in_every_layout() {
        let place = Place::of("model.layers.0.mlp.experts.gate_up_proj");
        let tensor: Vec<f32> = (0..8).map(|x| x as f32).collect();
        let split = |shape: &[u64], interleaved| -> Vec<Vec<f32>> {
            let heads = Heads { hidden: Some(1), interleaved_gate_up: interleaved, ..Heads::default() };
            pieces(&place, shape, &heads).iter().map(|piece| values(piece, &tensor)).collect()
        };
        let halves = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]];
        let alternate = [[0.0, 2.0], [1.0, 3.0], [4.0, 6.0], [5.0, 7.0]];
        assert_eq!(split(&[2, 4, 1], false), halves);
        assert_eq!(split(&[2, 1, 4], false), halves);
        assert_eq!(split(&[2, 4, 1], true), alternate);
        assert_eq!(split(&[2, 1, 4], true), alternate);
    }

    #[test]
    fn stacked_experts_become_one_matrix_each() {
        let place = Place::of("blk.0.ffn_up_exps.weight");
        let list = pieces(&place, &[2, 1, 2], &Heads::default());
        assert_eq!(list.len(), 2);
        assert_eq!(list[1].place.expert, Some(1));
        assert_eq!(values(&list[1], &[0.0, 1.0, 2.0, 3.0]), [2.0, 3.0]);
    }
}
