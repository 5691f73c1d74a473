// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A Hugging Face folder → a [`Llama`].
//!
//! In: a folder with `config.json` and one or more safetensors files of f32, f16, or bf16. Out: the model in f32.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use nalgebra::{DMatrix, DVector};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::error::Error;
use crate::model::{Gated, Layer, Llama, Projection};

/// Reads the model in `folder`.
pub fn read(folder: &Path) -> Result<Llama, Error> {
    let path = folder.join("config.json");
    let config = json(&path)?;
    let number =
        |name: &str| config.get(name).and_then(Value::as_u64).map(|value| value as usize).filter(|value| *value > 0);
    let needed = |name: &str| number(name).ok_or_else(|| Error::json(&path, &format!("{name} is missing or 0")));
    let heads = needed("num_attention_heads")?;
    let kv_heads = number("num_key_value_heads").unwrap_or(heads);
    let width = needed("hidden_size")?;
    let head_dim = number("head_dim").unwrap_or(width / heads);
    if heads % kv_heads != 0 || head_dim % 2 != 0 {
        return Err(Error::json(&path, &"heads do not divide into groups, or a head has no pairs"));
    }
    let real = |name: &str, default: f64| config.get(name).and_then(Value::as_f64).unwrap_or(default);

    let mut tensors = Tensors { folder, found: all_tensors(folder)? };
    let experts = number("num_experts").or_else(|| number("num_local_experts"));
    let model = Llama {
        heads,
        kv_heads,
        head_dim,
        epsilon: real("rms_norm_eps", 1e-6),
        theta: real("rope_theta", 10_000.0),
        experts_per_token: number("num_experts_per_tok").unwrap_or(2),
        embedding: tensors.matrix("model.embed_tokens.weight")?,
        layers: (0..needed("num_hidden_layers")?)
            .map(|layer| tensors.layer(layer, experts))
            .collect::<Result<_, Error>>()?,
        final_gain: tensors.vector("model.norm.weight")?,
        head: tensors.matrix("lm_head.weight").ok(),
        config: config.clone(),
    };
    check(&model, width, folder)?;
    match tensors.found.keys().next() {
        Some(name) => Err(Error::tensors(folder, format!("{name} is not part of a llama-like decoder"))),
        None => Ok(model),
    }
}

/// Reads a JSON file.
pub(crate) fn json(path: &Path) -> Result<Value, Error> {
    let text = fs::read(path).map_err(|error| Error::io(path, error))?;
    serde_json::from_slice(&text).map_err(|error| Error::json(path, &error))
}

/// A tensor as stored: its shape and its values, row by row.
type Stored = (Vec<usize>, Vec<f32>);

fn all_tensors(folder: &Path) -> Result<BTreeMap<String, Stored>, Error> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .map_err(|error| Error::io(folder, error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    files.sort();
    let mut found = BTreeMap::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| Error::io(&file, error))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| Error::tensors(&file, error.to_string()))?;
        for (name, view) in tensors.tensors() {
            let values = decoded(view.dtype(), view.data())
                .ok_or_else(|| Error::tensors(&file, format!("{name} is {:?}", view.dtype())))?;
            found.insert(name, (view.shape().to_vec(), values));
        }
    }
    Ok(found)
}

fn decoded(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let (words, _) = bytes.as_chunks::<4>();
    match dtype {
        Dtype::F32 => Some(words.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
        Dtype::F16 => Some(pairs.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect()),
        Dtype::BF16 => Some(pairs.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect()),
        _ => None,
    }
}

/// Tensors not yet taken.
struct Tensors<'a> {
    folder: &'a Path,
    found: BTreeMap<String, Stored>,
}

impl Tensors<'_> {
    fn matrix(&mut self, name: &str) -> Result<DMatrix<f32>, Error> {
        match self.found.remove(name) {
            Some((shape, values)) if shape.len() == 2 => Ok(DMatrix::from_row_slice(shape[0], shape[1], &values)),
            Some((shape, _)) => Err(Error::tensors(self.folder, format!("{name} has shape {shape:?}"))),
            None => Err(Error::tensors(self.folder, format!("{name} is missing"))),
        }
    }

    fn vector(&mut self, name: &str) -> Result<DVector<f32>, Error> {
        match self.found.remove(name) {
            Some((shape, values)) if shape.len() == 1 => Ok(DVector::from_vec(values)),
            Some((shape, _)) => Err(Error::tensors(self.folder, format!("{name} has shape {shape:?}"))),
            None => Err(Error::tensors(self.folder, format!("{name} is missing"))),
        }
    }

    fn projection(&mut self, name: &str) -> Result<Projection, Error> {
        let weight = self.matrix(&format!("{name}.weight"))?;
        Ok(Projection { weight, bias: self.vector(&format!("{name}.bias")).ok() })
    }

    fn gated(&mut self, prefix: &str) -> Result<Gated, Error> {
        Ok(Gated {
            gate: self.matrix(&format!("{prefix}.gate_proj.weight"))?,
            up: self.matrix(&format!("{prefix}.up_proj.weight"))?,
            down: self.matrix(&format!("{prefix}.down_proj.weight"))?,
        })
    }

    fn layer(&mut self, layer: usize, experts: Option<usize>) -> Result<Layer, Error> {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let blocks = match experts {
            None => vec![self.gated(&name("mlp"))?],
            Some(count) => (0..count)
                .map(|expert| self.gated(&name(&format!("mlp.experts.{expert}"))))
                .collect::<Result<_, _>>()?,
        };
        Ok(Layer {
            attention_gain: self.vector(&name("input_layernorm.weight"))?,
            query: self.projection(&name("self_attn.q_proj"))?,
            key: self.projection(&name("self_attn.k_proj"))?,
            value: self.projection(&name("self_attn.v_proj"))?,
            output: self.matrix(&name("self_attn.o_proj.weight"))?,
            feed_forward_gain: self.vector(&name("post_attention_layernorm.weight"))?,
            router: experts.map(|_| self.matrix(&name("mlp.gate.weight"))).transpose()?,
            experts: blocks,
        })
    }
}

/// Checks that every shape fits, so that no later stage meets one that does not.
pub(crate) fn check(model: &Llama, width: usize, folder: &Path) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut expect = |what: String, found: (usize, usize), wanted: (usize, usize)| {
        if found != wanted {
            wrong.push(format!("{what} is {found:?}, not {wanted:?}"));
        }
    };
    let (inner, narrow) = (model.heads * model.head_dim, model.kv_heads * model.head_dim);
    let vocabulary = model.embedding.nrows();
    expect("embedding".into(), model.embedding.shape(), (vocabulary, width));
    expect("final norm".into(), model.final_gain.shape(), (width, 1));
    if let Some(head) = &model.head {
        expect("head".into(), head.shape(), (vocabulary, width));
    }
    for (number, layer) in model.layers.iter().enumerate() {
        let named = |part: &str| format!("layer {number} {part}");
        let projections =
            [("query", &layer.query, inner), ("key", &layer.key, narrow), ("value", &layer.value, narrow)];
        for (part, projection, rows) in projections {
            expect(named(part), projection.weight.shape(), (rows, width));
            if let Some(bias) = &projection.bias {
                expect(named(&format!("{part} bias")), bias.shape(), (rows, 1));
            }
        }
        expect(named("output"), layer.output.shape(), (width, inner));
        expect(named("first norm"), layer.attention_gain.shape(), (width, 1));
        expect(named("second norm"), layer.feed_forward_gain.shape(), (width, 1));
        if let Some(router) = &layer.router {
            expect(named("router"), router.shape(), (layer.experts.len(), width));
        }
        for block in &layer.experts {
            let neurons = block.neurons();
            expect(named("gate"), block.gate.shape(), (neurons, width));
            expect(named("up"), block.up.shape(), (neurons, width));
            expect(named("down"), block.down.shape(), (width, neurons));
        }
    }
    match wrong.into_iter().next() {
        Some(wrong) => Err(Error::tensors(folder, wrong)),
        None => Ok(()),
    }
}
