// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Sketches in the file: one array of bytes, one of indices, one of scales.
//!
//! In: a sketch, or its description and the arrays. Out: the other. Writing and reading ask the same of the lengths, so
//! what is written can be read.

use super::header::{CircuitHeader, LayerHeader, RowsHeader, SketchHeader, UnitHeader};
use super::read::{Cut, signed};
use super::write::Arrays;
use crate::fingerprint::needles::CHANNELS;
use crate::fingerprint::sketch::{
    ATTENTION_ROWS_KEPT, AttentionRows, Circuit, LayerSketch, NEEDLES_KEPT, Rows, Sketch, Unit,
};

/// Most words a neuron is compared with.
const WORDS: usize = 1024;
/// Most responses a layer keeps: pairs of 64 tokens.
const RESPONSES: usize = 2016;
/// Most rotary pairs a circuit keeps.
const PAIRS: u32 = 128;

impl Arrays {
    /// Appends a sketch; `None` if its lengths do not fit together.
    pub(super) fn put_sketch(&mut self, sketch: &Sketch) -> Option<SketchHeader> {
        let layers = sketch.layers.iter().map(|layer| self.put_layer(layer)).collect::<Option<Vec<_>>>()?;
        ascending(&layers).then(|| SketchHeader {
            stack: sketch.stack.clone(),
            hidden: sketch.hidden,
            depth: sketch.depth,
            centred_norm: sketch.centred_norm,
            layers,
        })
    }

    fn put_layer(&mut self, layer: &LayerSketch) -> Option<LayerHeader> {
        if layer.responses.len() > RESPONSES {
            return None;
        }
        self.put_signed(&layer.responses);
        Some(LayerHeader {
            responses: layer.responses.len(),
            layer: layer.layer,
            units: layer.units.iter().map(|unit| self.put_unit(unit)).collect::<Option<_>>()?,
            attention: match &layer.attention {
                Some(attention) => Some(self.put_attention(attention)?),
                None => None,
            },
            circuits: layer.circuits.iter().map(|circuit| self.put_circuit(circuit)).collect::<Option<_>>()?,
        })
    }

    fn put_unit(&mut self, unit: &Unit) -> Option<UnitHeader> {
        let rows = [&unit.gate, &unit.up, &unit.down, &unit.words];
        let grams = [&unit.gate_gram, &unit.up_gram, &unit.down_gram];
        let header = UnitHeader {
            expert: unit.expert,
            neurons: unit.neurons,
            gated: unit.gated,
            indices: unit.indices.len(),
            rows: rows.map(|rows| RowsHeader(rows.columns, rows.values.len())),
            scales: unit.word_scales.len(),
            grams: grams.map(Vec::len),
        };
        if !header.fits() || unit.indices.iter().any(|at| *at >= unit.neurons) {
            return None;
        }
        self.indices.extend(unit.indices.iter().flat_map(|at| at.to_le_bytes()));
        for rows in rows {
            self.put_signed(&rows.values);
        }
        unit.word_scales.iter().try_for_each(|scale| self.put_scale(*scale))?;
        for gram in grams {
            self.put_signed(gram);
        }
        Some(header)
    }

    fn put_attention(&mut self, attention: &AttentionRows) -> Option<[RowsHeader; 4]> {
        let headers = attention.roles().map(|rows| RowsHeader(rows.columns, rows.values.len()));
        if !headers.iter().all(|header| header.fits(ATTENTION_ROWS_KEPT, CHANNELS)) {
            return None;
        }
        for rows in attention.roles() {
            self.put_signed(&rows.values);
        }
        Some(headers)
    }

    fn put_circuit(&mut self, circuit: &Circuit) -> Option<CircuitHeader> {
        let header = CircuitHeader(circuit.head, circuit.rotary_pairs, circuit.pairs);
        let parts = [&circuit.hermitian, &circuit.symmetric, &circuit.form];
        if header.lengths()? != parts.map(Vec::len) {
            return None;
        }
        for part in parts {
            self.put_signed(part);
        }
        self.put_scale(circuit.form_scale)?;
        Some(header)
    }

    fn put_signed(&mut self, values: &[i8]) {
        self.sketches.extend(values.iter().map(|value| value.cast_unsigned()));
    }

    fn put_scale(&mut self, scale: f32) -> Option<()> {
        self.scales.extend(scale.to_le_bytes());
        scale.is_finite().then_some(())
    }
}

impl Cut {
    /// Cuts out a sketch; `None` if the arrays are not what its description says.
    pub(super) fn sketch(&mut self, header: SketchHeader) -> Option<Sketch> {
        if !ascending(&header.layers) {
            return None;
        }
        Some(Sketch {
            stack: header.stack,
            hidden: header.hidden,
            depth: header.depth,
            centred_norm: header.centred_norm,
            layers: header.layers.into_iter().map(|layer| self.layer(layer)).collect::<Option<_>>()?,
        })
    }

    fn layer(&mut self, header: LayerHeader) -> Option<LayerSketch> {
        if header.responses > RESPONSES {
            return None;
        }
        Some(LayerSketch {
            responses: self.signed(header.responses)?,
            layer: header.layer,
            units: header.units.into_iter().map(|unit| self.unit(&unit)).collect::<Option<_>>()?,
            attention: match header.attention {
                Some(rows) => Some(self.attention(rows)?),
                None => None,
            },
            circuits: header.circuits.into_iter().map(|circuit| self.circuit(circuit)).collect::<Option<_>>()?,
        })
    }

    fn unit(&mut self, header: &UnitHeader) -> Option<Unit> {
        if !header.fits() {
            return None;
        }
        let indices = self.indices.take(header.indices.checked_mul(4)?)?;
        let indices: Vec<u32> = indices.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let [gate, up, down, words] = header.rows;
        let [gate_gram, up_gram, down_gram] = header.grams;
        let unit = Unit {
            expert: header.expert,
            neurons: header.neurons,
            gated: header.gated,
            gate: self.rows(gate)?,
            up: self.rows(up)?,
            down: self.rows(down)?,
            words: self.rows(words)?,
            word_scales: self.scales(header.scales)?,
            gate_gram: self.signed(gate_gram)?,
            up_gram: self.signed(up_gram)?,
            down_gram: self.signed(down_gram)?,
            indices,
        };
        unit.indices.iter().all(|at| *at < unit.neurons).then_some(unit)
    }

    fn attention(&mut self, headers: [RowsHeader; 4]) -> Option<AttentionRows> {
        if !headers.iter().all(|header| header.fits(ATTENTION_ROWS_KEPT, CHANNELS)) {
            return None;
        }
        let [query, key, value, output] = headers;
        Some(AttentionRows {
            query: self.rows(query)?,
            key: self.rows(key)?,
            value: self.rows(value)?,
            output: self.rows(output)?,
        })
    }

    fn circuit(&mut self, header: CircuitHeader) -> Option<Circuit> {
        let [hermitian, symmetric, form] = header.lengths()?;
        Some(Circuit {
            head: header.0,
            rotary_pairs: header.1,
            pairs: header.2,
            hermitian: self.signed(hermitian)?,
            symmetric: self.signed(symmetric)?,
            form: self.signed(form)?,
            form_scale: self.scales(1)?.pop()?,
        })
    }

    fn rows(&mut self, header: RowsHeader) -> Option<Rows> {
        Some(Rows { columns: header.0, values: self.signed(header.1)? })
    }

    fn signed(&mut self, count: usize) -> Option<Vec<i8>> {
        self.sketches.take(count).map(signed)
    }

    fn scales(&mut self, count: usize) -> Option<Vec<f32>> {
        let bytes = self.scales.take(count.checked_mul(4)?)?;
        let scales: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        scales.iter().all(|scale| scale.is_finite()).then_some(scales)
    }
}

/// Whether every layer is named once, in order.
fn ascending(layers: &[LayerHeader]) -> bool {
    layers.windows(2).all(|pair| matches!(pair, [a, b] if a.layer < b.layer))
}

impl RowsHeader {
    /// Whether these are whole rows, at most `rows` of at most `columns` entries.
    fn fits(self, rows: usize, columns: usize) -> bool {
        let Self(width, values) = self;
        let width = width as usize;
        width <= columns && values <= rows * width && (width == 0 || values.is_multiple_of(width))
    }

    fn count(self) -> usize {
        self.1.checked_div(self.0 as usize).unwrap_or_default()
    }
}

impl UnitHeader {
    fn fits(&self) -> bool {
        let [gate, up, down, words] = self.rows;
        let needles = [gate, up, down].iter().all(|rows| rows.fits(self.indices, CHANNELS));
        let triangles = self.grams.iter().all(|values| {
            let neurons = (2 * values).isqrt() + 1;
            let whole = *values == 0 || neurons * (neurons - 1) / 2 == *values;
            whole && (*values == 0 || neurons <= self.indices)
        });
        let bounded =
            self.indices <= NEEDLES_KEPT && self.grams.iter().all(|values| *values <= NEEDLES_KEPT * NEEDLES_KEPT);
        bounded && needles && triangles && words.fits(self.indices, WORDS) && self.scales == words.count()
    }
}

impl CircuitHeader {
    /// Values of the Hermitian and symmetric Grams and of the form.
    fn lengths(self) -> Option<[usize; 3]> {
        let Self(_, rotary_pairs, pairs) = self;
        let size = 2 * pairs as usize;
        (pairs <= PAIRS.min(rotary_pairs)).then(|| [size * size.saturating_sub(1), size * (size + 1), 4 * size * size])
    }
}
