// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Roles from structure alone, for checkpoints whose names tell nothing.
//!
//! In: names, shapes and file order. Out: a [`Place`] for each tensor, or `None` if no layers repeat. Layers are found as
//! what repeats: names that differ in one number, else shapes that recur in file order. Inside a layer, two or three
//! matrices of one shape (or that shape turned) are the feed-forward block, the others attention. Of matrices of one
//! shape the order decides: of the file, which is that of the alphabet (down, gate, up; key, output, query, value) or of
//! the code (query, key, value, output; gate, up, down), told apart by where down stands. Gate and up may be mistaken for
//! one another where a file follows neither.

use std::collections::BTreeMap;

use crate::checkpoints::{Checkpoint, Format};
use crate::fingerprint::network::Network;
use crate::fingerprint::pieces::squeezed;
use crate::fingerprint::roles::{Place, Role};

/// Name of the stack that is found.
const STACK: &str = "inferred";
/// Narrowest side of a matrix of a layer.
const NARROWEST: u64 = 8;
/// Most tensors a layer is looked for in.
const LONGEST_LAYER: usize = 2048;

/// A tensor by its shape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    tensor: usize,
    shape: Vec<u64>,
}

/// What structure tells.
pub(super) struct Inferred {
    /// A place for each tensor.
    pub(super) places: Vec<Place>,
    /// Whether a layer has so many vectors that its norms must have biases.
    pub(super) biased: bool,
}

/// Vectors over the stream in a layer from which on some are biases of norms: four gains and a bias of the query do
/// without.
const BIASED: usize = 6;

/// Places of all tensors; `None` if no layers are found.
pub(super) fn inferred(checkpoint: &Checkpoint, network: &Network) -> Option<Inferred> {
    let items: Vec<Item> = checkpoint
        .tensors
        .iter()
        .enumerate()
        .map(|(tensor, stored)| Item { tensor, shape: squeezed(&stored.shape) })
        .collect();
    let layers = by_number(checkpoint, &items).or_else(|| by_repetition(checkpoint, &items))?;
    let hidden = width(layers.first()?, network.hidden_size)?;
    let inputs_first = checkpoint.format == Format::Onnx;
    let mut places = vec![Place::default(); checkpoint.tensors.len()];
    let mut inside = vec![false; checkpoint.tensors.len()];
    let mut understood = 0;
    for (number, layer) in layers.iter().enumerate() {
        let found = roles(layer, hidden, inputs_first);
        understood += usize::from(!found.is_empty());
        for item in layer {
            if let Some(flag) = inside.get_mut(item.tensor) {
                *flag = true;
            }
        }
        for (tensor, role, expert) in found {
            if let Some(place) = places.get_mut(tensor) {
                let layer = Some(number as u32);
                *place = Place { stack: STACK.to_owned(), layer, role, expert, ..Place::default() };
            }
        }
    }
    let outside = items.iter().filter(|item| !inside.get(item.tensor).copied().unwrap_or(true));
    let first = layers.first().and_then(|layer| layer.first()).map_or(0, |item| item.tensor);
    for (tensor, role) in globals(outside, hidden, first) {
        if let Some(place) = places.get_mut(tensor) {
            place.role = role;
        }
    }
    let vectors = layers.first()?.iter().filter(|item| item.shape == [hidden]).count();
    (understood >= 2).then_some(Inferred { places, biased: vectors >= BIASED })
}

/// Layers as names that differ in one number: the number whose values have most elements under alike shapes.
fn by_number(checkpoint: &Checkpoint, items: &[Item]) -> Option<Vec<Vec<Item>>> {
    let mut groups: BTreeMap<String, BTreeMap<u64, Vec<Item>>> = BTreeMap::new();
    for item in items {
        let name = &checkpoint.tensors.get(item.tensor)?.name;
        for (start, end) in digits(name) {
            let (Some(before), Some(number)) = (name.get(..start), name.get(start..end).and_then(|n| n.parse().ok()))
            else {
                continue;
            };
            groups.entry(before.to_owned()).or_default().entry(number).or_default().push(item.clone());
        }
    }
    let mut best: Option<(u64, Vec<Vec<Item>>)> = None;
    for layers in groups.into_values() {
        let layers = most_alike(layers.into_values().collect());
        let size: u64 = layers.iter().flatten().map(elements).fold(0, u64::saturating_add);
        if layers.len() >= 2 && best.as_ref().is_none_or(|(most, _)| size > *most) {
            best = Some((size, layers));
        }
    }
    best.map(|(_, layers)| layers)
}

/// Stretches of digits in a name.
fn digits(name: &str) -> Vec<(usize, usize)> {
    let bytes = name.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..bytes.len()).filter(|at| is_digit(*at) && (*at == 0 || !is_digit(at - 1)));
    starts.map(|start| (start, (start..=bytes.len()).find(|at| !is_digit(*at)).unwrap_or(bytes.len()))).collect()
}

/// The layers that have the commonest set of matrices, of at least four.
fn most_alike(layers: Vec<Vec<Item>>) -> Vec<Vec<Item>> {
    let kind = |layer: &[Item]| {
        let mut shapes: Vec<Vec<u64>> = matrices(layer).map(|item| item.shape.clone()).collect();
        shapes.sort();
        shapes
    };
    let mut counts: BTreeMap<Vec<Vec<u64>>, usize> = BTreeMap::new();
    for layer in &layers {
        *counts.entry(kind(layer)).or_default() += 1;
    }
    let best =
        counts.into_iter().filter(|(shapes, count)| shapes.len() >= 4 && *count >= 2).max_by_key(|(shapes, count)| {
            shapes.iter().flatten().fold(0u64, |sum, n| sum.saturating_add(*n)) * *count as u64
        });
    let Some((best, _)) = best else { return Vec::new() };
    layers.into_iter().filter(|layer| kind(layer) == best).collect()
}

/// Layers as shapes that recur in file order, or in the order of the one number that all names have.
fn by_repetition(checkpoint: &Checkpoint, items: &[Item]) -> Option<Vec<Vec<Item>>> {
    // Constants of a graph stand among the weights at random.
    let mut items: Vec<Item> = items.iter().filter(|item| elements(item) >= NARROWEST).cloned().collect();
    let number = |item: &Item| {
        let name = &checkpoint.tensors.get(item.tensor)?.name;
        let (start, end) = *digits(name).last()?;
        name.get(start..end)?.parse::<u64>().ok()
    };
    if items.iter().all(|item| number(item).is_some()) {
        items.sort_by_key(|item| (number(item), item.tensor));
    }
    let alike = |a: usize, b: usize| items.get(a).map(|item| &item.shape) == items.get(b).map(|item| &item.shape);
    let mut best: Option<(u64, usize, usize, usize)> = None;
    for period in 4..=LONGEST_LAYER.min(items.len() / 2) {
        let mut start = 0;
        while start + 2 * period <= items.len() {
            let run = (start..items.len() - period).take_while(|at| alike(*at, at + period)).count();
            let repeats = run / period + 1;
            if repeats >= 2 {
                let covered = items.get(start..start + repeats * period).unwrap_or_default();
                let size = covered.iter().map(elements).fold(0, u64::saturating_add);
                let enough = covered.get(..period).is_some_and(|layer| matrices(layer).count() >= 4);
                if enough && best.is_none_or(|(most, ..)| size > most) {
                    best = Some((size, start, period, repeats));
                }
            }
            start += run + 1;
        }
    }
    let (_, start, period, repeats) = best?;
    Some(items.get(start..start + repeats * period)?.chunks_exact(period).map(<[Item]>::to_vec).collect())
}

fn elements(item: &Item) -> u64 {
    item.shape.iter().fold(1, |product: u64, extent| product.saturating_mul(*extent))
}

fn matrices(layer: &[Item]) -> impl Iterator<Item = &Item> {
    layer.iter().filter(|item| matches!(item.shape.as_slice(), [rows, columns] if *rows.min(columns) >= NARROWEST))
}

/// The side that most matrices of a layer have; of equals the one the config tells, then the smallest.
fn width(layer: &[Item], said: Option<u64>) -> Option<u64> {
    let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
    for item in matrices(layer) {
        let mut sides = item.shape.clone();
        sides.dedup();
        for side in sides {
            *votes.entry(side).or_default() += 1;
        }
    }
    let most = votes.values().copied().max()?;
    let best: Vec<u64> = votes.into_iter().filter(|(_, count)| *count == most).map(|(side, _)| side).collect();
    said.filter(|said| best.contains(said)).or_else(|| best.first().copied())
}

/// A role for a tensor, with the number of its expert.
type Found = (usize, Role, Option<u32>);

/// Roles inside one layer; empty if its shapes are not those of a transformer block.
fn roles(layer: &[Item], hidden: u64, inputs_first: bool) -> Vec<Found> {
    let mut groups: BTreeMap<u64, Vec<&Item>> = BTreeMap::new();
    for item in matrices(layer) {
        let other = match item.shape.as_slice() {
            [rows, columns] if *columns == hidden => *rows,
            [rows, columns] if *rows == hidden => *columns,
            _ => continue,
        };
        groups.entry(other).or_default().push(item);
    }
    let mut found = Vec::new();
    let down_first = feed_forward(&mut groups, hidden, inputs_first, &mut found);
    attention(&mut groups, hidden, down_first, &mut found);
    if !found.is_empty() {
        norms(layer, hidden, &mut found);
    }
    found
}

/// Takes the feed-forward block out of the groups. Returns whether down stands before its fellows.
fn feed_forward(
    groups: &mut BTreeMap<u64, Vec<&Item>>,
    hidden: u64,
    inputs_first: bool,
    found: &mut Vec<Found>,
) -> bool {
    let experts = |count: usize| count.is_multiple_of(3) && count > 0;
    // Seven matrices of one shape: a block in the order of the alphabet, whose first three are the feed-forward block.
    if let Some(all) = groups.get_mut(&hidden).filter(|all| all.len() == 7) {
        let block: Vec<&Item> = all.drain(..3).collect();
        name(&block, &[Role::Down, Role::Gate, Role::Up], None, found);
        return true;
    }
    let three = groups.iter().filter(|(_, items)| experts(items.len())).max_by_key(|(_, items)| items.len());
    if let Some(side) = three.map(|(side, _)| *side) {
        let items = groups.remove(&side).unwrap_or_default();
        let dense = items.len() == 3;
        let mut down_first = false;
        for (expert, triple) in items.chunks_exact(3).enumerate() {
            let tall = |item: &&&Item| item.shape.first() != Some(&hidden);
            let talls = triple.iter().filter(tall).count();
            let Some(odd) = triple.iter().position(|item| tall(&item) == (talls == 1)) else { continue };
            down_first = odd == 0;
            let order = match odd {
                0 => [Role::Down, Role::Gate, Role::Up],
                1 => [Role::Gate, Role::Down, Role::Up],
                _ => [Role::Gate, Role::Up, Role::Down],
            };
            name(triple, &order, (!dense).then_some(expert as u32), found);
        }
        return down_first;
    }
    // Two of the widest: up and down, or a fused gate and up of twice as many rows.
    let fused = groups.iter().rev().find_map(|(side, items)| {
        let both = groups.get(&side.checked_mul(2)?)?;
        (items.len() == 1 && both.len() == 1).then_some(*side)
    });
    if let Some(side) = fused {
        let (down, both) = (groups.remove(&side).unwrap_or_default(), groups.remove(&(2 * side)).unwrap_or_default());
        name(&down, &[Role::Down], None, found);
        name(&both, &[Role::FusedGateUp], None, found);
        return down.first().map(|item| item.tensor) < both.first().map(|item| item.tensor);
    }
    let two = groups.iter().filter(|(side, items)| items.len() == 2 && **side != hidden).map(|(side, _)| *side).max();
    let Some(side) = two else { return false };
    let items = groups.remove(&side).unwrap_or_default();
    let up_is_tall = !inputs_first;
    let down_first = items.first().is_some_and(|item| (item.shape.first() != Some(&hidden)) != up_is_tall);
    name(&items, if down_first { &[Role::Down, Role::Up] } else { &[Role::Up, Role::Down] }, None, found);
    down_first
}

/// Attention from what is left.
fn attention(groups: &mut BTreeMap<u64, Vec<&Item>>, hidden: u64, alphabet: bool, found: &mut Vec<Found>) {
    let mut left: Vec<(u64, Vec<&Item>)> = std::mem::take(groups).into_iter().rev().collect();
    // Two attentions of one shape: that to the encoder comes second in code, and first in the alphabet.
    for (_, items) in left.iter_mut().filter(|(_, items)| items.len() == 8) {
        items.drain(if alphabet { 0..4 } else { 4..8 });
    }
    // Routers and other small things are not attention.
    left.retain(|(_, items)| items.len() == 4 || items.len() == 2 || items.len() == 1);
    match left.as_slice() {
        [(_, four), ..] if four.len() == 4 => {
            let order: &[Role] = if alphabet {
                &[Role::Key, Role::Output, Role::Query, Role::Value]
            } else {
                &[Role::Query, Role::Key, Role::Value, Role::Output]
            };
            name(four, order, None, found);
        }
        [(wide, queries), (_, keys), ..] if queries.len() == 2 && keys.len() == 2 => {
            let by_shape =
                queries.iter().position(|item| item.shape.first() == Some(&hidden)).filter(|_| *wide != hidden);
            // Key, output, query, value; or query, key, value, output.
            let output_first = by_shape.map_or(alphabet, |at| at == 0);
            name(
                queries,
                if output_first { &[Role::Output, Role::Query] } else { &[Role::Query, Role::Output] },
                None,
                found,
            );
            name(keys, &[Role::Key, Role::Value], None, found);
        }
        [(fused, one), (side, output), ..]
            if one.len() == 1 && output.len() == 1 && fused > side && *fused <= 3 * side =>
        {
            name(one, &[Role::FusedQkv], None, found);
            name(output, &[Role::Output], None, found);
        }
        _ => {}
    }
}

/// Gains: two vectors as long as the stream is wide, in the order attention, feed-forward; more are not told apart.
fn norms(layer: &[Item], hidden: u64, found: &mut Vec<Found>) {
    let vectors: Vec<&Item> = layer.iter().filter(|item| item.shape == [hidden]).collect();
    if vectors.len() == 2 {
        name(&vectors, &[Role::NormAttention, Role::NormFeedForward], None, found);
    }
}

/// Embedding, head and last norm outside the layers. Two tables before the layers stand in the order of the alphabet,
/// head first; a table behind them is the head.
fn globals<'a>(outside: impl Iterator<Item = &'a Item>, hidden: u64, first: usize) -> Vec<(usize, Role)> {
    let outside: Vec<&Item> = outside.collect();
    let tables: Vec<&Item> = matrices_of(&outside, hidden);
    let mut found = Vec::new();
    match tables.as_slice() {
        [only] => found.push((only.tensor, Role::Embedding)),
        [one, two, ..] if two.tensor < first => found.extend([(one.tensor, Role::Head), (two.tensor, Role::Embedding)]),
        [one, two, ..] => found.extend([(one.tensor, Role::Embedding), (two.tensor, Role::Head)]),
        [] => {}
    }
    let vectors: Vec<&&Item> = outside.iter().filter(|item| item.shape == [hidden]).collect();
    if let [only] = vectors.as_slice() {
        found.push((only.tensor, Role::NormFinal));
    }
    found
}

/// The two largest matrices over the stream, in file order.
fn matrices_of<'a>(outside: &[&'a Item], hidden: u64) -> Vec<&'a Item> {
    let mut tables: Vec<&Item> = outside
        .iter()
        .filter(|item| matches!(item.shape.as_slice(), [rows, columns] if *rows.min(columns) >= NARROWEST && (*rows == hidden || *columns == hidden)))
        .copied()
        .collect();
    tables.sort_by_key(|item| std::cmp::Reverse(elements(item)));
    let largest = tables.first().map_or(0, |item| elements(item));
    tables.retain(|item| elements(item) == largest);
    tables.truncate(2);
    tables.sort_by_key(|item| item.tensor);
    tables
}

fn name(items: &[&Item], order: &[Role], expert: Option<u32>, found: &mut Vec<Found>) {
    found.extend(items.iter().zip(order).map(|(item, role)| (item.tensor, *role, expert)));
}
