// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Parts → the fingerprint.
//!
//! In: the parts, in any order. Out: the fingerprint that one pass over the whole checkpoint gives, to the bit; or which
//! part is missing, or which do not belong together. Nothing is filled in.

use std::collections::BTreeMap;

use super::part::{Part, made_by};
use super::pass::Prints;
use super::record::{Fingerprint, Source};
use super::sketch::{LayerSketch, Sketch};

/// Why parts do not make a fingerprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PartError {
    /// There is none.
    #[error("no parts were given")]
    None,
    /// Some are not there.
    #[error("of {of} parts these are missing: {}", listed(.missing))]
    Missing {
        /// Their numbers.
        missing: Vec<u32>,
        /// How many there are.
        of: u32,
    },
    /// One was given twice.
    #[error("part {0} was given twice")]
    Twice(u32),
    /// Two parts do not belong together.
    #[error("part {one} and part {other} differ in {what}: {first} and {second}")]
    Different {
        /// Number of the one.
        one: u32,
        /// Number of the other.
        other: u32,
        /// In what.
        what: &'static str,
        /// What the one has.
        first: String,
        /// What the other has.
        second: String,
    },
    /// Parts of another version of the program.
    #[error("the parts were made by {0}, and this is {current}; merge them with the program that made them", current = made_by())]
    Version(String),
    /// The checkpoint changed.
    #[error("the checkpoint changed between its parts: {0} is not what another part read; make all parts again")]
    Changed(String),
    /// What the parts hold is not what parts of one checkpoint hold.
    #[error("the parts do not fit together: {0}; make all parts again")]
    Unfit(String),
}

/// Merges all parts of a fingerprint.
pub fn merge_parts(mut parts: Vec<Part>) -> Result<Fingerprint, PartError> {
    parts.sort_by_key(|part| part.header.part);
    belong_together(&parts)?;
    unchanged(&parts)?;
    let (Some(tensor_count), Some(file_count)) =
        (parts.first().map(|part| part.print.tensor_count), parts.first().map(|part| part.header.file_count))
    else {
        return Err(PartError::None);
    };
    let mut merged = Fingerprint::default();
    let (mut sources, mut prints) = (BTreeMap::new(), BTreeMap::new());
    let mut sketches: Vec<(Sketch, BTreeMap<u32, LayerSketch>)> = Vec::new();
    for Part { header, print } in parts {
        merged = Fingerprint {
            name: print.name,
            format: print.format,
            network: print.network,
            parameters: print.parameters,
            tensor_count: print.tensor_count,
            ..merged
        };
        if header.files.len() != print.sources.len() {
            return Err(unfit("files of a part are not listed"));
        }
        for (file, source) in header.files.into_iter().zip(print.sources) {
            require(sources.insert(file, source).is_none(), "a file was hashed twice")?;
        }
        let (mut matrices, mut vectors) = (print.matrices.into_iter(), print.vectors.into_iter());
        for (tensor, count, has_vector) in header.tensors {
            let found = Prints {
                matrices: matrices.by_ref().take(count).collect(),
                vector: if has_vector { vectors.next() } else { None },
            };
            require(found.matrices.len() == count && found.vector.is_some() == has_vector, "prints are missing")?;
            require(prints.insert(tensor, found).is_none(), "a tensor was measured twice")?;
        }
        require(matrices.next().is_none() && vectors.next().is_none(), "prints are of no tensor")?;
        add_sketches(&mut sketches, print.sketches)?;
    }
    require(sources.keys().copied().eq(0..file_count), "a file was not hashed")?;
    require(prints.keys().copied().eq(0..tensor_count as usize), "a tensor was not measured")?;
    merged.sources = sources.into_values().collect();
    merged.sources.sort_by(|a: &Source, b| a.path.cmp(&b.path));
    merged.bytes_read = merged.sources.iter().map(|source| source.size).sum();
    for (_, found) in prints {
        merged.matrices.extend(found.matrices);
        merged.vectors.extend(found.vector);
    }
    merged.sketches =
        sketches.into_iter().map(|(sketch, layers)| finished(sketch, layers)).collect::<Result<_, _>>()?;
    Ok(merged)
}

/// Whether these are all parts of one fingerprint of one checkpoint.
fn belong_together(parts: &[Part]) -> Result<(), PartError> {
    let Some(first) = parts.first() else { return Err(PartError::None) };
    let (one, of) = (&first.header, first.header.parts);
    if one.made_by != made_by() {
        return Err(PartError::Version(one.made_by.clone()));
    }
    for part in parts.get(1..).unwrap_or_default() {
        let other = &part.header;
        let facts = [
            ("the number of parts", one.parts.to_string(), other.parts.to_string()),
            ("the program that made them", one.made_by.clone(), other.made_by.clone()),
            ("the checkpoint they are of", one.checkpoint.clone(), other.checkpoint.clone()),
            ("the name of the checkpoint", first.print.name.clone(), part.print.name.clone()),
            ("the processor, and sums are rounded otherwise", one.arithmetic.clone(), other.arithmetic.clone()),
        ];
        for (what, first, second) in facts {
            if first != second {
                return Err(PartError::Different { one: one.part, other: other.part, what, first, second });
            }
        }
        let facts = |part: &Part| {
            let print = &part.print;
            (print.format.clone(), print.network.clone(), print.parameters, print.tensor_count, part.header.file_count)
        };
        require(facts(first) == facts(part), "they say different things of the checkpoint")?;
    }
    if let Some(twice) = parts.array_windows().find_map(|[a, b]| (a.header.part == b.header.part).then_some(a)) {
        return Err(PartError::Twice(twice.header.part));
    }
    let missing: Vec<u32> =
        (1..=of).filter(|number| parts.binary_search_by_key(number, |part| part.header.part).is_err()).collect();
    if missing.is_empty() { Ok(()) } else { Err(PartError::Missing { missing, of }) }
}

/// Whether the parts that had to do with the same bytes saw the same bytes.
fn unchanged(parts: &[Part]) -> Result<(), PartError> {
    let mut seen: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let mut words: BTreeMap<&str, &str> = BTreeMap::new();
    for part in parts {
        for (tensor, at, digest) in &part.header.witnesses {
            seen.entry((*tensor, *at)).or_default().push(digest);
        }
        for (stack, digest) in &part.header.words {
            if *words.entry(stack).or_insert(digest) != digest.as_str() {
                return Err(PartError::Changed(format!("the embedding or an end of {stack:?}")));
            }
        }
    }
    for ((tensor, _), digests) in seen {
        // One part measured the bytes, and one hashed them.
        let [measured, hashed] = digests.as_slice() else {
            return Err(unfit("bytes were seen by one part that two should have seen"));
        };
        if measured != hashed {
            return Err(PartError::Changed(format!("tensor {tensor}")));
        }
    }
    Ok(())
}

/// Adds a part's layers to those of the same stacks.
fn add_sketches(all: &mut Vec<(Sketch, BTreeMap<u32, LayerSketch>)>, part: Vec<Sketch>) -> Result<(), PartError> {
    if all.is_empty() {
        all.extend(part.iter().map(|sketch| (Sketch { layers: Vec::new(), ..sketch.clone() }, BTreeMap::new())));
    }
    require(all.len() == part.len(), "they have different stacks of layers")?;
    for ((sketch, layers), mut found) in all.iter_mut().zip(part) {
        for layer in std::mem::take(&mut found.layers) {
            require(layers.insert(layer.layer, layer).is_none(), "a layer was sketched twice")?;
        }
        require(*sketch == found, "they have different stacks of layers")?;
    }
    Ok(())
}

fn finished(sketch: Sketch, layers: BTreeMap<u32, LayerSketch>) -> Result<Sketch, PartError> {
    require(layers.len() == sketch.depth as usize, "a layer was not sketched")?;
    Ok(Sketch { layers: layers.into_values().collect(), ..sketch })
}

fn require(holds: bool, otherwise: &str) -> Result<(), PartError> {
    if holds { Ok(()) } else { Err(unfit(otherwise)) }
}

fn unfit(why: &str) -> PartError {
    PartError::Unfit(why.to_owned())
}

/// Numbers for people; of many the first.
fn listed(numbers: &[u32]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if numbers.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
