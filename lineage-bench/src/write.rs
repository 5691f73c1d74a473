// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A [`Llama`] → a Hugging Face folder.
//!
//! In: a model and the form it is published in. Out: `config.json` and safetensors, in the narrowest of bf16, f16, and
//! f32 that holds every value.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use nalgebra::DMatrix;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize, serialize_to_file};
use serde_json::{Value, json};

use crate::error::Error;
use crate::form::{Form, Named, named};
use crate::model::{Gated, Llama};

/// Writes the model into `folder`, which is made.
pub fn write(model: &Llama, form: Form, folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
    let tensors = named(model, form.names);
    let dtype = narrowest(&tensors);
    let config = config(model, form, dtype, tensors.iter().any(|(name, _)| name.ends_with("qkv_proj.bias")));
    save(&folder.join("config.json"), &config)?;

    let shards = form.shards.clamp(1, tensors.len().max(1));
    let each = tensors.len().div_ceil(shards);
    let mut places = BTreeMap::new();
    for (number, part) in tensors.chunks(each.max(1)).enumerate() {
        let file = match shards {
            1 => "model.safetensors".to_owned(),
            _ => format!("model-{:05}-of-{:05}.safetensors", number + 1, tensors.len().div_ceil(each)),
        };
        places.extend(part.iter().map(|(name, _)| (name.clone(), json!(file))));
        shard(part, dtype, &folder.join(file))?;
    }
    if shards > 1 {
        let total: usize = tensors.iter().map(|(_, matrix)| matrix.len() * width(dtype)).sum();
        let index = json!({"metadata": {"total_size": total}, "weight_map": places});
        save(&folder.join("model.safetensors.index.json"), &index)?;
    }
    Ok(())
}

/// The two files of a model that is one file of weights.
pub(crate) struct Published {
    pub(crate) config: Vec<u8>,
    pub(crate) weights: Vec<u8>,
}

/// The same in memory: some tensors, in one file, and the model's config.
pub(crate) fn published(model: &Llama, tensors: &[Named]) -> Result<Published, Error> {
    let path = Path::new("a model in memory");
    let dtype = narrowest(tensors);
    let config = config(model, Form::default(), dtype, false);
    let encoded = encoded(tensors, dtype);
    Ok(Published {
        config: serde_json::to_vec_pretty(&config).map_err(|error| Error::json(path, &error))?,
        weights: serialize(views(tensors, dtype, &encoded, path)?, None)
            .map_err(|error| Error::tensors(path, error.to_string()))?,
    })
}

fn save(path: &Path, value: &Value) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| Error::json(path, &error))?;
    fs::write(path, text).map_err(|error| Error::io(path, error))
}

fn shard(tensors: &[Named], dtype: Dtype, path: &Path) -> Result<(), Error> {
    let encoded = encoded(tensors, dtype);
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    serialize_to_file(views(tensors, dtype, &encoded, path)?, Some(metadata), path)
        .map_err(|error| Error::tensors(path, error.to_string()))
}

/// Shape and bytes of a tensor.
type Encoded = (Vec<usize>, Vec<u8>);

fn encoded(tensors: &[Named], dtype: Dtype) -> Vec<Encoded> {
    tensors.iter().map(|(_, matrix)| (shape(matrix), bytes(matrix, dtype))).collect()
}

fn views<'a>(
    tensors: &'a [Named],
    dtype: Dtype,
    encoded: &'a [Encoded],
    path: &Path,
) -> Result<Vec<(&'a str, TensorView<'a>)>, Error> {
    tensors
        .iter()
        .zip(encoded)
        .map(|((name, _), (shape, bytes))| Ok((name.as_str(), TensorView::new(dtype, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()
        .map_err(|error| Error::tensors(path, error.to_string()))
}

/// A vector is kept as a matrix of one column here and stored with one dimension.
fn shape(matrix: &DMatrix<f32>) -> Vec<usize> {
    if matrix.ncols() == 1 { vec![matrix.nrows()] } else { vec![matrix.nrows(), matrix.ncols()] }
}

fn bytes(matrix: &DMatrix<f32>, dtype: Dtype) -> Vec<u8> {
    let rows = matrix.transpose();
    let values = rows.as_slice().iter();
    match dtype {
        Dtype::BF16 => values.flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
        Dtype::F16 => values.flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect(),
        _ => values.flat_map(|&x| x.to_le_bytes()).collect(),
    }
}

fn width(dtype: Dtype) -> usize {
    if dtype == Dtype::F32 { 4 } else { 2 }
}

fn narrowest(tensors: &[Named]) -> Dtype {
    let all = |holds: fn(f32) -> bool| tensors.iter().all(|(_, matrix)| matrix.iter().all(|&x| holds(x)));
    if all(|x| bf16::from_f32(x).to_f32() == x) {
        Dtype::BF16
    } else if all(|x| f16::from_f32(x).to_f32() == x) {
        Dtype::F16
    } else {
        Dtype::F32
    }
}

fn config(model: &Llama, form: Form, dtype: Dtype, fused_bias: bool) -> Value {
    let mut config = model.config.clone();
    let experts = model.layers.first().map_or(1, |layer| layer.experts.len());
    let routed = model.layers.iter().any(|layer| layer.router.is_some());
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = config.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    set("hidden_size", json!(model.width()));
    set("intermediate_size", json!(model.layers.first().and_then(|l| l.experts.first()).map_or(0, Gated::neurons)));
    set("num_hidden_layers", json!(model.layers.len()));
    set("num_attention_heads", json!(model.heads));
    set("num_key_value_heads", json!(if form.expands_groups() { model.heads } else { model.kv_heads }));
    set("head_dim", json!(model.head_dim));
    set("vocab_size", json!(model.embedding.nrows()));
    set("tie_word_embeddings", json!(model.head.is_none()));
    set("rms_norm_eps", json!(model.epsilon));
    set(
        "torch_dtype",
        json!(match dtype {
            Dtype::BF16 => "bfloat16",
            Dtype::F16 => "float16",
            _ => "float32",
        }),
    );
    if routed {
        set("num_experts", json!(experts));
        set("num_experts_per_tok", json!(model.experts_per_token));
    }
    let kind = form.architecture().or(match (routed, model.config.get("num_experts").is_some()) {
        (true, false) => Some(("mixtral", "MixtralForCausalLM")),
        (false, true) => Some(("llama", "LlamaForCausalLM")),
        _ => None,
    });
    if let Some((model_type, architecture)) = kind {
        set("model_type", json!(model_type));
        set("architectures", json!([architecture]));
    }
    if fused_bias {
        set("attention_bias", json!(true));
    }
    if !routed && let Some(fields) = config.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "num_experts" | "num_experts_per_tok" | "num_local_experts"));
    }
    config
}
