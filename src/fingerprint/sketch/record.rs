// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The sketch of one stack of layers.
//!
//! Everything is kept strongest first, so that a shorter sketch is a prefix of a longer one: a base keeps little, a
//! suspect much, and either can be compared with either.

/// Needles of a unit that are kept for a suspect.
pub const NEEDLES_KEPT: usize = 512;
/// Needles of a unit that are looked for, of a base.
pub const BASE_NEEDLES: usize = 64;
/// Rows of an attention projection that are kept for a suspect.
pub const ATTENTION_ROWS_KEPT: usize = 96;
/// Rows of an attention projection that are looked for, of a base.
pub const BASE_ATTENTION_ROWS: usize = 24;

/// A stack of layers: a decoder, an encoder, a vision tower.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// What stands before the layer numbers in the names of its tensors.
    pub stack: String,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Number of layers in the network; fewer may be kept.
    pub depth: u32,
    /// Whether the norms subtract a mean over the channels (LayerNorm), which breaks the symmetry of signs.
    pub centred_norm: bool,
    /// Layers kept, by ascending number.
    pub layers: Vec<LayerSketch>,
}

/// One layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSketch {
    /// Number of the layer, from 0.
    pub layer: u32,
    /// Feed-forward units: one in a dense block, one an expert in a mixture. Strongest first, shared experts before.
    pub units: Vec<Unit>,
    /// Rows of the attention projections.
    pub attention: Option<AttentionRows>,
    /// Attention circuits, in the order of the query heads; empty without rotary positions.
    pub circuits: Vec<Circuit>,
    /// Cosines of the responses of a dense unit to 64 tokens, strict upper triangle by columns, signed square root times
    /// 127; empty in a mixture, or without an embedding.
    pub responses: Vec<i8>,
}

/// int8 rows of one matrix: each row is scaled so that its largest entry is ±127, and the scale is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Entries a row.
    pub columns: u32,
    /// Rows, one after another.
    pub values: Vec<i8>,
}

/// One feed-forward unit: the salient neurons, strongest first, by ‖gate‖·‖up‖·‖down‖ with all gains folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// Routed expert, from 0; `None` in a dense block.
    pub expert: Option<u32>,
    /// Neurons of the unit, of which some are kept.
    pub neurons: u32,
    /// Whether there is a gate. Without one, `gate` and `gate_gram` are those of the inner projection, and `up` and
    /// `up_gram` are empty.
    pub gated: bool,
    /// Indices of the kept neurons.
    pub indices: Vec<u32>,
    /// Rows of gate, up, and transposed down: first 256 raw residual channels, standardised by channel.
    pub gate: Rows,
    /// See `gate`.
    pub up: Rows,
    /// See `gate`.
    pub down: Rows,
    /// Cosines with the words of the network, [neurons kept, words].
    pub words: Rows,
    /// Scale of each row of `words`.
    pub word_scales: Vec<f32>,
    /// Strict upper triangles, by columns (so that a prefix of neurons is a prefix of the triangle), of the neurons'
    /// cosines: gate centred on the mean over all neurons, up, down. Signed square root times 127.
    pub gate_gram: Vec<i8>,
    /// See `gate_gram`.
    pub up_gram: Vec<i8>,
    /// See `gate_gram`.
    pub down_gram: Vec<i8>,
}

/// Salient rows of the attention projections, by norm with all gains folded: first 256 raw residual channels,
/// standardised by channel. Output rows are those of the transposed projection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttentionRows {
    /// Query rows.
    pub query: Rows,
    /// Key rows.
    pub key: Rows,
    /// Value rows.
    pub value: Rows,
    /// Output rows.
    pub output: Rows,
}

/// One query head with its key and value head, in the frame of its rotary pairs: 2P unit vectors (P of the key head,
/// then the same P of the query head). All values are companded: signed square root times 127.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circuit {
    /// Query head.
    pub head: u32,
    /// Rotary pairs of the head (half the rotary dimension), of which `pairs` are kept.
    pub rotary_pairs: u32,
    /// P.
    pub pairs: u32,
    /// Hermitian Gram, strict upper triangle by columns, real and imaginary part in turn: 2P(2P−1) values.
    pub hermitian: Vec<i8>,
    /// Symmetric Gram, upper triangle with diagonal by columns: 2P(2P+1) values.
    pub symmetric: Vec<i8>,
    /// Value–output form, Hermitian then symmetric, all 2P × 2P by rows: 16P² values.
    pub form: Vec<i8>,
    /// Scale of `form`.
    pub form_scale: f32,
}

impl Rows {
    /// Number of rows.
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.columns as usize).unwrap_or_default()
    }

    /// Row `at`; empty beyond the end.
    pub fn row(&self, at: usize) -> &[i8] {
        let columns = self.columns as usize;
        self.values.get(at * columns..(at + 1) * columns).unwrap_or_default()
    }

    /// The first `columns` entries of the first `rows` rows. A row is not scaled anew.
    pub fn first(&self, rows: usize, columns: usize) -> Self {
        let width = (self.columns as usize).min(columns);
        let rows = self.values.chunks_exact(self.columns.max(1) as usize).take(rows);
        let values = rows.filter_map(|row| row.get(..width)).flatten().copied().collect();
        Self { columns: width as u32, values }
    }
}

impl Circuit {
    /// The same circuit with its first `pairs` rotary pairs only: rows and columns of the matrices are left out.
    pub fn first_pairs(&self, pairs: u32) -> Self {
        if pairs >= self.pairs {
            return self.clone();
        }
        let (before, after) = (self.pairs as usize, pairs as usize);
        // Vector u of the shorter circuit: the key head's pairs come first, then the query head's.
        let old = |u: usize| if u < after { u } else { u - after + before };
        let size = 2 * after;
        let take = |from: &[i8], entries: &mut dyn Iterator<Item = usize>| -> Vec<i8> {
            entries.filter_map(|at| from.get(2 * at..2 * at + 2)).flatten().copied().collect()
        };
        let strict = |row: usize, column: usize| column * column.saturating_sub(1) / 2 + row;
        let whole = |row: usize, column: usize| column * (column + 1) / 2 + row;
        let mut below = (0..size).flat_map(|c| (0..c).map(move |r| strict(old(r), old(c))));
        let mut within = (0..size).flat_map(|c| (0..=c).map(move |r| whole(old(r), old(c))));
        let form = |part: usize, r: usize, c: usize| (part * 2 * before + old(r)) * 2 * before + old(c);
        let places = (0..2).flat_map(|part| (0..size).flat_map(move |r| (0..size).map(move |c| (part, r, c))));
        Self {
            head: self.head,
            rotary_pairs: self.rotary_pairs,
            pairs,
            hermitian: take(&self.hermitian, &mut below),
            symmetric: take(&self.symmetric, &mut within),
            form: take(&self.form, &mut places.map(|(part, r, c)| form(part, r, c))),
            form_scale: self.form_scale,
        }
    }

    /// Bytes of its arrays.
    fn bytes(&self) -> usize {
        self.hermitian.len() + self.symmetric.len() + self.form.len() + size_of::<f32>()
    }
}

impl Unit {
    /// Bytes of its arrays.
    fn bytes(&self) -> usize {
        let rows = [&self.gate, &self.up, &self.down, &self.words].map(|rows| rows.values.len());
        let grams = self.gate_gram.len() + self.up_gram.len() + self.down_gram.len();
        rows.iter().sum::<usize>() + grams + 4 * (self.indices.len() + self.word_scales.len())
    }
}

impl AttentionRows {
    /// Query, key, value, output.
    pub fn roles(&self) -> [&Rows; 4] {
        [&self.query, &self.key, &self.value, &self.output]
    }
}

impl Sketch {
    /// Bytes of all arrays.
    pub fn bytes(&self) -> usize {
        self.layers
            .iter()
            .map(|layer| {
                let attention = layer.attention.iter().flat_map(AttentionRows::roles).map(|rows| rows.values.len());
                let units = layer.units.iter().map(Unit::bytes);
                units.chain(attention).chain(layer.circuits.iter().map(Circuit::bytes)).sum::<usize>()
                    + layer.responses.len()
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A circuit of P pairs whose values tell their place: the real part the row, the imaginary part the column.
    fn circuit(pairs: u32, names: &[i8]) -> Circuit {
        let size = 2 * pairs as usize;
        let entry = move |r: usize, c: usize| [names[r], names[c]];
        let whole = || (0..2).flat_map(|_| (0..size).flat_map(|r| (0..size).map(move |c| (r, c))));
        Circuit {
            pairs,
            rotary_pairs: 9,
            hermitian: (0..size).flat_map(|c| (0..c).flat_map(move |r| entry(r, c))).collect(),
            symmetric: (0..size).flat_map(|c| (0..=c).flat_map(move |r| entry(r, c))).collect(),
            form: whole().flat_map(|(r, c)| entry(r, c)).collect(),
            form_scale: 0.5,
            ..Circuit::default()
        }
    }

    #[test]
    fn the_first_pairs_of_a_circuit_are_its_rows_and_columns_of_key_and_query() {
        let names: Vec<i8> = (0..10).collect();
        assert_eq!(circuit(5, &names).first_pairs(2), circuit(2, &[0, 1, 5, 6]));
        assert_eq!(circuit(5, &names).first_pairs(5), circuit(5, &names));
        assert_eq!(circuit(5, &names).first_pairs(0).form.len(), 0);
    }

    #[test]
    fn the_first_rows_are_cut_to_their_first_columns() {
        let rows = Rows { columns: 3, values: vec![1, 2, 3, 4, 5, 6, 7, 8, 9] };
        assert_eq!(rows.first(2, 2), Rows { columns: 2, values: vec![1, 2, 4, 5] });
        assert_eq!((rows.count(), rows.row(2), rows.row(3).len()), (3, [7, 8, 9].as_slice(), 0));
        assert_eq!(Rows::default().first(2, 2), Rows::default());
    }
}
