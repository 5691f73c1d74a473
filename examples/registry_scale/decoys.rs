// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bases that nobody trained, with the shapes and statistics of bases that somebody did.
//!
//! In: fingerprints of trained models, and a number. Out: the fingerprint with that number, the same every time. Shapes,
//! names, and layers are those of one of the models. What identifies it is drawn anew with the distribution it had there:
//! hashes; samples, in another order and with random signs; rows, with random signs by channel; cosines with words and
//! moduli of the cosines of rotary pairs, as the mean of all models plus a sum of three deviations from it with random
//! signs, which keeps mean and covariance; the Gram matrices, in another order and with random signs.

use std::collections::BTreeMap;

use forebear::fingerprint::{Circuit, Fingerprint, MatrixPrint, Rows, Samples, Unit, splitmix64};

/// What decoys are drawn from.
pub(crate) struct Pool {
    models: Vec<Fingerprint>,
    words: Cloud,
    /// Moduli of Hermitian and symmetric cosines, by rotary pairs and pairs kept.
    heads: BTreeMap<(u32, u32), [Cloud; 2]>,
}

/// Vectors of one length and their mean.
#[derive(Default)]
struct Cloud {
    vectors: Vec<Vec<f32>>,
    mean: Vec<f32>,
}

/// How much of a decoy is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// What a record is made of.
    ForRecord,
}

/// Neurons a unit whose words a record reads.
const RECORD_NEURONS: usize = 8;

impl Pool {
    /// Reads the distributions of trained models.
    pub(crate) fn of(models: Vec<Fingerprint>) -> Self {
        let mut words = Cloud::default();
        let mut heads: BTreeMap<(u32, u32), [Cloud; 2]> = BTreeMap::new();
        for layer in models.iter().flat_map(|model| &model.sketches).flat_map(|sketch| &sketch.layers) {
            for unit in &layer.units {
                let rows = (0..unit.words.count()).zip(&unit.word_scales);
                words
                    .vectors
                    .extend(rows.map(|(at, scale)| unit.words.row(at).iter().map(|v| f32::from(*v) * scale).collect()));
            }
            for circuit in &layer.circuits {
                let [hermitian, symmetric] = heads.entry((circuit.rotary_pairs, circuit.pairs)).or_default();
                hermitian.vectors.push(moduli(&circuit.hermitian));
                symmetric.vectors.push(moduli(&circuit.symmetric));
            }
        }
        words.finish();
        heads.values_mut().flatten().for_each(Cloud::finish);
        Self { models, words, heads }
    }

    /// The decoy of a number.
    pub(crate) fn decoy(&self, number: u64, extent: Extent) -> Fingerprint {
        let seed = splitmix64(number);
        let Some(model) = self.models.get((seed % self.models.len().max(1) as u64) as usize) else {
            return Fingerprint::default();
        };
        let mut decoy = model.clone();
        decoy.name = format!("made/{number:06}");
        for (at, matrix) in decoy.matrices.iter_mut().enumerate() {
            other_matrix(matrix, &mut Random(splitmix64(seed ^ (at as u64) << 8 ^ 1)));
        }
        for (at, vector) in decoy.vectors.iter_mut().enumerate() {
            vector.exact = Random(splitmix64(seed ^ (at as u64) << 8 ^ 2)).digest();
        }
        let flips: Vec<bool> = Random(splitmix64(seed ^ 3)).signs(256);
        for (layer, sketched) in decoy.sketches.iter_mut().flat_map(|sketch| &mut sketch.layers).enumerate() {
            for (at, unit) in sketched.units.iter_mut().enumerate() {
                let random = Random(splitmix64(seed ^ (layer as u64) << 32 ^ (at as u64) << 8 ^ 4));
                self.other_unit(unit, random, extent, &flips);
            }
            for (at, circuit) in sketched.circuits.iter_mut().enumerate() {
                let random = Random(splitmix64(seed ^ (layer as u64) << 32 ^ (at as u64) << 8 ^ 5));
                self.other_circuit(circuit, random, extent);
            }
            if extent == Extent::Whole {
                Random(splitmix64(seed ^ (layer as u64) << 32 ^ 6)).shuffle(&mut sketched.responses);
                for rows in
                    sketched.attention.iter_mut().flat_map(|a| [&mut a.query, &mut a.key, &mut a.value, &mut a.output])
                {
                    flip(rows, &flips);
                }
            }
        }
        decoy
    }

    fn other_unit(&self, unit: &mut Unit, mut random: Random, extent: Extent, flips: &[bool]) {
        if extent == Extent::ForRecord {
            unit.words = unit.words.first(RECORD_NEURONS, usize::MAX);
        }
        let width = unit.words.columns as usize;
        for (row, scale) in unit.words.values.chunks_exact_mut(width.max(1)).zip(&mut unit.word_scales) {
            let drawn = self.words.draw(&mut random);
            let largest = drawn.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
            *scale = largest / 127.0;
            row.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = (drawn / *scale).round() as i8);
        }
        if extent == Extent::Whole {
            for rows in [&mut unit.gate, &mut unit.up, &mut unit.down] {
                flip(rows, flips);
            }
            for gram in [&mut unit.gate_gram, &mut unit.up_gram, &mut unit.down_gram] {
                random.shuffle(gram);
            }
        }
    }

    fn other_circuit(&self, circuit: &mut Circuit, mut random: Random, extent: Extent) {
        if let Some([hermitian, symmetric]) = self.heads.get(&(circuit.rotary_pairs, circuit.pairs)) {
            circuit.hermitian = with_phases(&hermitian.draw(&mut random), &mut random);
            circuit.symmetric = with_phases(&symmetric.draw(&mut random), &mut random);
        }
        if extent == Extent::Whole {
            random.shuffle(&mut circuit.form);
        }
    }
}

impl Cloud {
    fn finish(&mut self) {
        let length = self.vectors.first().map_or(0, Vec::len);
        self.vectors.retain(|vector| vector.len() == length);
        self.mean = vec![0.0; length];
        for vector in &self.vectors {
            self.mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += value / self.vectors.len() as f32);
        }
    }

    /// The mean plus three deviations with random signs, over √3.
    fn draw(&self, random: &mut Random) -> Vec<f32> {
        let mut drawn = self.mean.clone();
        for _ in 0..3 {
            let number = random.next();
            let Some(vector) = self.vectors.get((number >> 1) as usize % self.vectors.len().max(1)) else { break };
            let sign = if number & 1 == 1 { 1.0 } else { -1.0 } / 3f32.sqrt();
            for ((drawn, value), mean) in drawn.iter_mut().zip(vector).zip(&self.mean) {
                *drawn += sign * (value - mean);
            }
        }
        drawn
    }
}

fn other_matrix(matrix: &mut MatrixPrint, random: &mut Random) {
    let hashes = &mut matrix.hashes;
    for digest in [&mut hashes.exact, &mut hashes.exact_transposed, &mut hashes.cast, &mut hashes.cast_transposed] {
        *digest = random.digest();
    }
    for list in [&mut hashes.rows, &mut hashes.columns] {
        for hash in list.iter_mut() {
            *hash = *hash >> 32 << 32 | random.next() >> 32;
        }
        list.sort_unstable();
    }
    for Samples { centred, raw } in [&mut matrix.samples, &mut matrix.transposed] {
        random.shuffle(centred);
        let signs = random.signs(raw.len());
        let third = raw.len() / 3;
        raw.rotate_left(third);
        raw.iter_mut().zip(signs).for_each(|(value, minus)| *value = if minus { -*value } else { *value });
    }
    if let Some(needles) = &mut matrix.needles {
        random.shuffle(&mut needles.rows);
    }
}

fn flip(rows: &mut Rows, flips: &[bool]) {
    for row in rows.values.chunks_exact_mut(rows.columns.max(1) as usize) {
        row.iter_mut().zip(flips).filter(|(_, minus)| **minus).for_each(|(value, _)| *value = value.saturating_neg());
    }
}

/// Moduli of complex cosines, stored as signed square roots.
fn moduli(entries: &[i8]) -> Vec<f32> {
    let cosine = |value: i8| f32::from(value) * f32::from(value).abs() / (127.0 * 127.0);
    entries.as_chunks::<2>().0.iter().map(|[re, im]| cosine(*re).hypot(cosine(*im))).collect()
}

/// Complex cosines of these moduli and random phases.
fn with_phases(moduli: &[f32], random: &mut Random) -> Vec<i8> {
    let stored = |cosine: f32| (cosine.abs().sqrt().min(1.0) * 127.0).copysign(cosine).round() as i8;
    moduli
        .iter()
        .flat_map(|modulus| {
            let phase = (random.next() >> 40) as f32 * (std::f32::consts::TAU / (1u64 << 24) as f32);
            [stored(modulus.max(0.0) * phase.cos()), stored(modulus.max(0.0) * phase.sin())]
        })
        .collect()
}

/// Random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        splitmix64(self.0)
    }

    fn signs(&mut self, count: usize) -> Vec<bool> {
        (0..count.div_ceil(64))
            .flat_map(|_| {
                (0..64).map({
                    let word = self.next();
                    move |bit| word >> bit & 1 == 1
                })
            })
            .take(count)
            .collect()
    }

    fn digest(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes()
    }

    /// Another order, and random signs.
    fn shuffle(&mut self, values: &mut [i8]) {
        let signs = self.signs(values.len());
        for at in (1..values.len()).rev() {
            values.swap(at, self.next() as usize % (at + 1));
        }
        values.iter_mut().zip(signs).filter(|(_, minus)| *minus).for_each(|(value, _)| *value = value.saturating_neg());
    }
}
