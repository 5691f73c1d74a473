// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The form a model is published in: names, fused projections, shards. The values stay.
//!
//! In: a model. Out: its tensors by name, in the order of the file.

use nalgebra::{DMatrix, DVector};

use crate::model::{Gated, Layer, Llama, Projection};

/// Names and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// How tensors are named and fused.
    pub names: Names,
    /// Number of files; 0 and 1 are one file.
    pub shards: usize,
}

/// How tensors are named and fused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// As Hugging Face llama.
    #[default]
    Llama,
    /// `t0000`, `t0001`, … in the order of the file.
    Nonsense,
    /// As Phi-3: `qkv_proj` is query, key, value; `gate_up_proj` is gate, up.
    Phi3,
    /// As GPT-NeoX: `query_key_value` holds the three of a head after one another; grouped key/value heads are repeated.
    NeoX,
}

/// A tensor under its name; a vector has one column.
pub type Named = (String, DMatrix<f32>);

impl Form {
    pub(crate) fn expands_groups(self) -> bool {
        self.names == Names::NeoX
    }

    pub(crate) fn architecture(self) -> Option<(&'static str, &'static str)> {
        match self.names {
            Names::Llama | Names::Nonsense => None,
            Names::Phi3 => Some(("phi3", "Phi3ForCausalLM")),
            Names::NeoX => Some(("gpt_neox", "GPTNeoXForCausalLM")),
        }
    }
}

/// The tensors of a model, named.
pub fn named(model: &Llama, names: Names) -> Vec<Named> {
    let stem = if names == Names::NeoX { "gpt_neox" } else { "model" };
    let mut tensors = vec![(format!("{stem}.embed_tokens.weight"), model.embedding.clone())];
    for (number, layer) in model.layers.iter().enumerate() {
        let prefix = format!("{stem}.layers.{number}");
        tensors.push((format!("{prefix}.input_layernorm.weight"), column(&layer.attention_gain)));
        attention(&mut tensors, model, layer, &prefix, names);
        tensors.push((format!("{prefix}.post_attention_layernorm.weight"), column(&layer.feed_forward_gain)));
        if let Some(router) = &layer.router {
            tensors.push((format!("{prefix}.mlp.gate.weight"), router.clone()));
        }
        for (expert, block) in layer.experts.iter().enumerate() {
            let place =
                if layer.router.is_some() { format!("{prefix}.mlp.experts.{expert}") } else { format!("{prefix}.mlp") };
            feed_forward(&mut tensors, block, &place, names);
        }
    }
    tensors.push((format!("{stem}.norm.weight"), column(&model.final_gain)));
    if let Some(head) = &model.head {
        tensors.push(("lm_head.weight".into(), head.clone()));
    }
    if names == Names::Nonsense {
        for (number, (name, _)) in tensors.iter_mut().enumerate() {
            *name = format!("t{number:04}");
        }
    }
    tensors
}

fn column(vector: &DVector<f32>) -> DMatrix<f32> {
    DMatrix::from_column_slice(vector.len(), 1, vector.as_slice())
}

/// Stacks matrices of equal width.
fn stack(parts: &[DMatrix<f32>]) -> DMatrix<f32> {
    let rows: Vec<_> = parts.iter().flat_map(DMatrix::row_iter).collect();
    DMatrix::from_rows(&rows)
}

fn feed_forward(tensors: &mut Vec<Named>, block: &Gated, place: &str, names: Names) {
    if names == Names::Phi3 {
        let fused = stack(&[block.gate.clone(), block.up.clone()]);
        tensors.push((format!("{place}.gate_up_proj.weight"), fused));
    } else {
        tensors.push((format!("{place}.gate_proj.weight"), block.gate.clone()));
        tensors.push((format!("{place}.up_proj.weight"), block.up.clone()));
    }
    tensors.push((format!("{place}.down_proj.weight"), block.down.clone()));
}

fn attention(tensors: &mut Vec<Named>, model: &Llama, layer: &Layer, prefix: &str, names: Names) {
    let parts = [("q_proj", &layer.query), ("k_proj", &layer.key), ("v_proj", &layer.value)];
    let fused = match names {
        Names::Llama | Names::Nonsense => None,
        Names::Phi3 => Some(("self_attn.qkv_proj", "self_attn.o_proj")),
        Names::NeoX => Some(("attention.query_key_value", "attention.dense")),
    };
    let Some((name, output)) = fused else {
        for (part, projection) in parts {
            tensors.push((format!("{prefix}.self_attn.{part}.weight"), projection.weight.clone()));
            if let Some(bias) = &projection.bias {
                tensors.push((format!("{prefix}.self_attn.{part}.bias"), column(bias)));
            }
        }
        tensors.push((format!("{prefix}.self_attn.o_proj.weight"), layer.output.clone()));
        return;
    };
    let pieces = |of: &dyn Fn(&Projection) -> Option<DMatrix<f32>>| -> Option<Vec<DMatrix<f32>>> {
        let [query, key, value] = [of(&layer.query)?, of(&layer.key)?, of(&layer.value)?];
        if names == Names::Phi3 {
            return Some(vec![query, key, value]);
        }
        let rows = |matrix: &DMatrix<f32>, head: usize| matrix.rows(head * model.head_dim, model.head_dim).into_owned();
        let each =
            |head: usize| [rows(&query, head), rows(&key, head / model.group()), rows(&value, head / model.group())];
        Some((0..model.heads).flat_map(each).collect())
    };
    if let Some(weight) = pieces(&|projection| Some(projection.weight.clone())) {
        tensors.push((format!("{prefix}.{name}.weight"), stack(&weight)));
    }
    if let Some(bias) = pieces(&|projection| projection.bias.as_ref().map(column)) {
        tensors.push((format!("{prefix}.{name}.bias"), stack(&bias)));
    }
    tensors.push((format!("{prefix}.{output}.weight"), layer.output.clone()));
}
