// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A look at a few matrices.
//!
//! In: an opened checkpoint. Out: a [`Fingerprint`] of the attention matrices of some layers, evenly spread: a small part of
//! the bytes, read in ranges. It can show descent and can never show that there is none; it has no digests of files, and
//! is compared by `evidence` alone and never kept.

use std::collections::{BTreeMap, BTreeSet};

use super::network::Network;
use super::pass::{Progress, assembled, measured};
use super::record::{Fingerprint, FingerprintError};
use super::roles::{Place, Role};
use super::share::Share;
use super::sketch::Sketched;
use crate::checkpoints::{Checkpoint, Extent, Reader, Tensor};

/// Layers that are looked at.
const LAYERS: usize = 5;
/// Matrices of a layer that are looked at.
const OF_LAYER: usize = 3;

/// Fingerprints a few matrices of a checkpoint.
pub fn glance(checkpoint: &Checkpoint, progress: &Progress) -> Result<Fingerprint, FingerprintError> {
    let reader = Reader::open(checkpoint)?;
    let network = Network::of(checkpoint);
    let chosen = chosen(checkpoint);
    let parts = chosen.iter().filter_map(|at| checkpoint.tensors.get(*at)).flat_map(|tensor| &tensor.parts);
    let bytes_read = parts.map(Extent::len).fold(0, u64::saturating_add);
    let measured = measured(checkpoint, &reader, &network, &Share::Glance(chosen), progress)?;
    let measured = super::pass::Measured { sketched: Sketched::default(), ..measured };
    Ok(Fingerprint { bytes_read, ..assembled(checkpoint, network, measured) })
}

/// The matrices that are looked at, by index: of attention where there is any, since a mixture has it in every layer and
/// it is the smaller part of one.
fn chosen(checkpoint: &Checkpoint) -> BTreeSet<usize> {
    let mut attention: BTreeMap<(String, Option<u32>), Vec<usize>> = BTreeMap::new();
    let mut others = attention.clone();
    for (at, tensor) in checkpoint.tensors.iter().enumerate().filter(|(_, tensor)| is_matrix(tensor)) {
        let place = Place::of(&tensor.name);
        let of = match place.role {
            Role::Query | Role::FusedQkv | Role::Output if place.layer.is_some() => &mut attention,
            Role::Embedding | Role::Head | Role::Router | Role::Positions => continue,
            _ => &mut others,
        };
        of.entry((place.stack, place.layer)).or_default().push(at);
    }
    let layers = if attention.is_empty() { others } else { attention };
    let (count, last) = (layers.len().min(LAYERS), layers.len().saturating_sub(1));
    let spread: BTreeSet<usize> = (0..count).map(|step| step * last / (count - 1).max(1)).collect();
    let looked_at = layers.into_values().enumerate().filter(|(at, _)| spread.contains(at));
    looked_at.flat_map(|(_, matrices)| matrices.into_iter().take(OF_LAYER)).collect()
}

fn is_matrix(tensor: &Tensor) -> bool {
    tensor.shape.iter().filter(|extent| **extent > 1).count() >= 2
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::glance;
    use crate::checkpoints::{Checkpoint, discover, open};
    use crate::fingerprint::{Progress, compute};

    fn checkpoint(name: &str) -> Checkpoint {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let files = crate::changes::folder(&folder).ok().and_then(|mut published| published.snapshots.pop());
        let files = files.map(|snapshot| snapshot.files).unwrap_or_default();
        let group = discover(&files).groups.pop();
        match group.map(|group| open(&files, &group)) {
            Some(Ok(checkpoint)) => checkpoint,
            _ => panic!("{name} is a checkpoint"),
        }
    }

    #[test]
    fn what_is_glanced_at_is_what_a_whole_pass_finds() {
        // Sharded, and in one file; a mixture.
        for name in ["data/demo/F1", "tests/fixtures/zoo/F1-deep", "tests/fixtures/zoo/F1-moe"] {
            let checkpoint = checkpoint(name);
            let (Ok(few), Ok(all)) =
                (glance(&checkpoint, &Progress::default()), compute(&checkpoint, &Progress::default()))
            else {
                panic!("{name} can be read")
            };
            assert!(few.matrices.len() >= 4 && few.matrices.len() < all.matrices.len() / 2, "{name}");
            assert!(few.bytes_read > 0 && few.bytes_read < all.bytes_read / 3, "{name}");
            assert!(few.sources.is_empty() && few.sketches.is_empty());
            assert!(few.matrices.iter().all(|matrix| all.matrices.contains(matrix)), "{name}");
        }
    }
}
