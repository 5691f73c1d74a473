// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether an adapter fits a base of which only the fingerprint is known.
//!
//! In: an adapter and a fingerprint. Out: how many of the matrices that the adapter changes the base has, by name (or by
//! part and layer) and by shape. That they fit is no evidence of lineage: every model of one size has such matrices.

use super::record::{Fingerprint, MatrixPrint};
use super::roles::{Place, Role};
use crate::checkpoints::{Adapter, Target};

/// How an adapter fits a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdapterFit {
    /// Matrices that the adapter changes.
    pub targets: usize,
    /// Of these, those that the base has under the name, or as the part of the layer.
    pub named: usize,
    /// Of these, those whose shape is right as well.
    pub fitting: usize,
}

impl AdapterFit {
    /// Whether the adapter could have been made for this base.
    pub fn is_whole(&self) -> bool {
        self.targets > 0 && self.fitting == self.targets
    }
}

/// Counts the matrices of `base` that an adapter changes.
pub fn adapter_fit(adapter: &Adapter, base: &Fingerprint) -> AdapterFit {
    let (mut named, mut fitting) = (0, 0);
    for target in &adapter.targets {
        let alike: Vec<&MatrixPrint> = base.matrices.iter().filter(|matrix| is_target(matrix, target)).collect();
        named += usize::from(!alike.is_empty());
        fitting += usize::from(alike.iter().any(|matrix| has_shape(matrix, target)));
    }
    AdapterFit { targets: adapter.targets.len(), named, fitting }
}

fn is_target(matrix: &MatrixPrint, target: &Target) -> bool {
    let name = format!("{}.weight", target.module);
    let is_end = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
    if matrix.name == name || is_end(&matrix.name, &name) || is_end(&name, &matrix.name) {
        return true;
    }
    let (place, here) = (Place::of(&name), Place::of(&matrix.name));
    place.role != Role::Other
        && !here.cross_attention
        && (place.role, place.layer, place.expert, place.shared_expert)
            == (matrix.role, matrix.layer, matrix.expert, here.shared_expert)
}

fn has_shape(matrix: &MatrixPrint, target: &Target) -> bool {
    let sides = (matrix.rows, matrix.columns);
    sides == (target.outputs, target.inputs) || sides == (target.inputs, target.outputs)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    use serde_json::json;

    use super::{AdapterFit, adapter_fit};
    use crate::changes;
    use crate::checkpoints::{
        Checkpoint, Dtype, Encoding, Extent, Format, Tensor, adapter, discover, merged_adapter, open,
    };
    use crate::fingerprint::{Progress, compute};

    /// A model of 64 channels and four layers.
    fn base() -> Checkpoint {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zoo/F2");
        let published = changes::folder(&folder).unwrap();
        let files = &published.snapshots.first().unwrap().files;
        open(files, discover(files).groups.first().unwrap()).unwrap()
    }

    /// An adapter of rank 2 on the query of the third layer, for a width of `d`.
    fn lora(d: u64) -> Checkpoint {
        let name = "base_model.model.model.layers.2.self_attn.q_proj";
        let tensor = |name: String, shape: [u64; 2]| Tensor {
            name,
            shape: shape.to_vec(),
            encoding: Encoding::Plain(Dtype::F32),
            parts: vec![Extent::Inline(Arc::from(0.25f32.to_le_bytes().repeat((shape[0] * shape[1]) as usize)))],
            strides: None,
        };
        Checkpoint {
            path: "adapter_model.safetensors".to_owned(),
            format: Format::Safetensors,
            files: Vec::new(),
            tensors: vec![
                tensor(format!("{name}.lora_A.weight"), [2, d]),
                tensor(format!("{name}.lora_B.weight"), [d, 2]),
            ],
            metadata: BTreeMap::new(),
            config: Some(json!({"peft_type": "LORA", "lora_alpha": 4, "r": 2})),
            hazards: Vec::new(),
        }
    }

    #[test]
    fn a_merged_model_is_fingerprinted_like_any_other_and_differs_where_it_was_adapted() {
        let base = base();
        let merged = merged_adapter(&lora(64), &base).unwrap();
        let (before, after) =
            (compute(&base, &Progress::default()).unwrap(), compute(&merged, &Progress::default()).unwrap());
        let changed: Vec<&str> = before
            .matrices
            .iter()
            .zip(&after.matrices)
            .filter(|(ours, theirs)| ours.hashes != theirs.hashes)
            .map(|(ours, _)| ours.name.as_str())
            .collect();
        assert_eq!(changed, ["model.layers.2.self_attn.q_proj.weight"]);
    }

    #[test]
    fn targets_are_matched_by_name_and_shape() {
        let base = compute(&base(), &Progress::default()).unwrap();
        let fit = |d| adapter_fit(&adapter(&lora(d)).unwrap(), &base);
        assert_eq!(fit(64), AdapterFit { targets: 1, named: 1, fitting: 1 });
        assert!(fit(64).is_whole());
        assert_eq!(fit(96), AdapterFit { targets: 1, named: 1, fitting: 0 });
        let mut other = lora(64);
        for tensor in &mut other.tensors {
            tensor.name = tensor.name.replace("layers.2", "layers.9");
        }
        assert_eq!(adapter_fit(&adapter(&other).unwrap(), &base), AdapterFit { targets: 1, named: 0, fitting: 0 });
    }
}
