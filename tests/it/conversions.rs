// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Honest conversions of one model, made here, are recognised as the same model in another form.
//!
//! Each test writes the demo base anew: other names, shards, layouts, types, containers. Nothing is trained.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::Path;

use forebear::changes::{Content, File};
use forebear::evidence::{Relation, compare};
use forebear::fingerprint::{Fingerprint, Progress, collect};
use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

const QUERY_HEADS: usize = 4;
const KEY_HEADS: usize = 2;
const CONFIG: &str = r#"{"model_type":"qwen2","hidden_size":64,"num_attention_heads":4,"num_key_value_heads":2}"#;

/// A tensor in row-major order.
#[derive(Clone)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

type Model = BTreeMap<String, Tensor>;

fn demo() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1/model.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    stored
        .iter()
        .map(|(name, view)| {
            assert_eq!(view.dtype(), Dtype::F16);
            let values = view.data().as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect();
            (name.to_owned(), Tensor { shape: view.shape().to_vec(), values })
        })
        .collect()
}

fn encode(values: &[f32], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F64 => values.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect(),
        Dtype::F32 => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Dtype::F16 => values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
        Dtype::BF16 => values.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect(),
        Dtype::F8_E5M2 => values.iter().map(|x| e5m2(*x)).collect(),
        Dtype::F8_E4M3 => values.iter().map(|x| e4m3(*x)).collect(),
        other => panic!("{other:?} is not written here"),
    }
}

/// Rounds to the nearest E4M3 number: a grid of eight steps to the power of two, and of 2⁻⁹ below 2⁻⁶.
fn e4m3(value: f32) -> u8 {
    let size = value.abs().min(448.0);
    let exponent = size.log2().floor().max(-6.0);
    let steps = (size / (exponent - 3.0).exp2()).round_ties_even() as u8;
    let code = if steps < 8 { steps } else { ((exponent as i32 + 6) as u8) * 8 + steps };
    code | if value < 0.0 { 0x80 } else { 0 }
}

/// The upper half of an f16, to nearest, ties to even.
fn e5m2(value: f32) -> u8 {
    let bits = f16::from_f32(value).to_bits();
    ((bits + 0x7f + (bits >> 8 & 1)) >> 8) as u8
}

fn safetensors_of(model: &Model, dtype: Dtype) -> Vec<u8> {
    let encoded: Vec<(&String, &Tensor, Vec<u8>)> =
        model.iter().map(|(name, tensor)| (name, tensor, encode(&tensor.values, dtype))).collect();
    let views = encoded
        .iter()
        .map(|(name, tensor, bytes)| (*name, TensorView::new(dtype, tensor.shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn file(path: &str, bytes: Vec<u8>) -> File {
    File::present(path.to_owned(), format!("unhashed:{path}"), bytes.len() as u64, Content::memory(bytes))
}

fn print(files: &[File]) -> Fingerprint {
    let mut found = collect(files, None, &Progress::default());
    assert!(found.unread.is_empty() && found.unverifiable.is_empty(), "{:?} {:?}", found.unread, found.unverifiable);
    assert_eq!(found.models.len(), 1);
    found.models.pop().unwrap().fingerprint
}

/// Fingerprint of a model stored in one safetensors file, with a configuration or without.
fn stored(model: &Model, dtype: Dtype, config: Option<&str>) -> Fingerprint {
    let mut files = vec![file("model.safetensors", safetensors_of(model, dtype))];
    files.extend(config.map(|config| file("config.json", config.as_bytes().to_vec())));
    print(&files)
}

fn relation(suspect: &Fingerprint) -> Relation {
    compare(suspect, &stored(&demo(), Dtype::F16, Some(CONFIG)), 1).relation
}

fn transpose(tensor: &Tensor) -> Tensor {
    let [rows, columns] = tensor.shape[..] else { return tensor.clone() };
    let values = (0..columns).flat_map(|j| (0..rows).map(move |i| tensor.values[i * columns + j])).collect();
    Tensor { shape: vec![columns, rows], values }
}

fn stacked(parts: &[&Tensor]) -> Tensor {
    let mut shape = parts[0].shape.clone();
    shape[0] = parts.iter().map(|part| part.shape[0]).sum();
    Tensor { shape, values: parts.iter().flat_map(|part| part.values.clone()).collect() }
}

fn rows_in_order(tensor: &Tensor, order: impl Iterator<Item = usize>) -> Tensor {
    let width: usize = tensor.shape[1..].iter().product();
    let values: Vec<f32> = order.flat_map(|row| tensor.values[row * width..][..width].to_vec()).collect();
    let mut shape = tensor.shape.clone();
    shape[0] = values.len() / width;
    Tensor { shape, values }
}

/// Query, key and value in one tensor, gate and up in another; `grouped`: heads that work together stand together.
fn fused(model: &Model, grouped: bool) -> Model {
    let mut out = Model::new();
    for (name, tensor) in model {
        if let Some((layer, leaf)) = name.split_once("self_attn.q_proj") {
            let [q, k, v] = ["q", "k", "v"].map(|part| &model[&format!("{layer}self_attn.{part}_proj{leaf}")]);
            let all = stacked(&[q, k, v]);
            let dim = q.shape[0] / QUERY_HEADS;
            let heads = (0..KEY_HEADS).flat_map(|g| [2 * g, 2 * g + 1, QUERY_HEADS + g, QUERY_HEADS + KEY_HEADS + g]);
            let order = heads.flat_map(|head| head * dim..(head + 1) * dim);
            let (part, whole) = if grouped {
                ("attention.query_key_value", rows_in_order(&all, order))
            } else {
                ("self_attn.qkv_proj", all)
            };
            out.insert(format!("{layer}{part}{leaf}"), whole);
        } else if let Some((layer, leaf)) = name.split_once("gate_proj") {
            let up = &model[&format!("{layer}up_proj{leaf}")];
            out.insert(format!("{layer}gate_up_proj{leaf}"), stacked(&[tensor, up]));
        } else if !["k_proj", "v_proj", "up_proj"].iter().any(|part| name.contains(part)) {
            out.insert(name.clone(), tensor.clone());
        }
    }
    out
}

#[test]
fn other_names_types_that_hold_the_values_and_transposes_are_identical() {
    let model = demo();
    let renamed: Model = model.values().enumerate().map(|(i, tensor)| (format!("x.{i}"), tensor.clone())).collect();
    assert_eq!(relation(&stored(&renamed, Dtype::F16, None)), Relation::Identical);
    for dtype in [Dtype::F32, Dtype::F64] {
        assert_eq!(relation(&stored(&model, dtype, None)), Relation::Identical, "{dtype:?}");
    }
    let turned: Model = model.iter().map(|(name, tensor)| (name.clone(), transpose(tensor))).collect();
    assert_eq!(relation(&stored(&turned, Dtype::F16, Some(CONFIG))), Relation::Identical);
}

#[test]
fn shards_with_an_index_are_one_identical_model() {
    let model = demo();
    let (mut shards, mut map) = (vec![Model::new(); 3], serde_json::Map::new());
    for (i, (name, tensor)) in model.into_iter().enumerate() {
        map.insert(name.clone(), format!("model-{:05}-of-00003.safetensors", i % 3 + 1).into());
        shards[i % 3].insert(name, tensor);
    }
    let mut files = vec![file(
        "model.safetensors.index.json",
        serde_json::json!({"metadata": {}, "weight_map": map}).to_string().into_bytes(),
    )];
    files.extend(shards.iter().enumerate().map(|(i, shard)| {
        file(&format!("model-{:05}-of-00003.safetensors", i + 1), safetensors_of(shard, Dtype::F16))
    }));
    assert_eq!(relation(&print(&files)), Relation::Identical);
}

#[test]
fn casts_that_round_are_conversions() {
    let model = demo();
    for dtype in [Dtype::BF16, Dtype::F8_E4M3, Dtype::F8_E5M2] {
        assert_eq!(relation(&stored(&model, dtype, Some(CONFIG))), Relation::Converted, "{dtype:?}");
    }
}

#[test]
fn damage_to_single_values_and_empty_axes_hide_nothing() {
    let model = demo();
    let disguised = |change: &dyn Fn(&mut Tensor)| -> Relation {
        let mut model = model.clone();
        model.values_mut().filter(|tensor| tensor.shape.len() == 2).for_each(change);
        relation(&stored(&model, Dtype::F16, None))
    };
    for value in [f32::NAN, f32::INFINITY, 65504.0] {
        let found = disguised(&|tensor| tensor.values[7] = value);
        assert!(found <= Relation::Partial, "{value}: {found:?}");
    }
    let found = disguised(&|tensor| tensor.shape.insert(0, 1));
    assert!(found <= Relation::Converted, "a leading axis: {found:?}");
}

#[test]
fn fused_projections_are_taken_apart_with_a_config_and_without() {
    let model = demo();
    let falcon = CONFIG.replace("qwen2", "falcon");
    for dtype in [Dtype::F16, Dtype::F8_E4M3] {
        for (what, grouped, config) in [
            ("stacked", false, Some(CONFIG)),
            ("stacked, no config", false, None),
            ("grouped by head", true, Some(falcon.as_str())),
        ] {
            let print = stored(&fused(&model, grouped), dtype, config);
            assert_eq!(relation(&print), Relation::Converted, "{what}, {dtype:?}");
        }
    }
    // Nothing tells the layout, but the rows are there.
    let print = stored(&fused(&model, true), Dtype::F16, None);
    assert_eq!(relation(&print), Relation::Converted);
}

#[test]
fn padded_vocabularies_are_conversions_even_quantized() {
    let mut model = demo();
    for name in ["lm_head.weight", "model.embed_tokens.weight"] {
        let tensor = model.get_mut(name).unwrap();
        tensor.shape[0] += 48;
        tensor.values.resize(tensor.shape.iter().product(), 0.0);
    }
    assert_eq!(relation(&stored(&model, Dtype::F16, Some(CONFIG))), Relation::Converted);
    assert_eq!(relation(&stored(&model, Dtype::F8_E4M3, Some(CONFIG))), Relation::Converted);
    assert_eq!(relation(&print(&[file("model.gguf", gguf(&model))])), Relation::Converted);
}

#[test]
fn neurons_in_another_order_are_found_by_their_rows() {
    let mut model = demo();
    for (name, tensor) in &mut model {
        // 175 − i for every neuron i: the function the network computes stays the same.
        if name.contains("gate_proj") || name.contains("up_proj") {
            *tensor = rows_in_order(tensor, (0..tensor.shape[0]).rev());
        } else if name.contains("down_proj") {
            let turned = transpose(tensor);
            *tensor = transpose(&rows_in_order(&turned, (0..turned.shape[0]).rev()));
        }
    }
    assert_eq!(relation(&stored(&model, Dtype::F16, Some(CONFIG))), Relation::Converted);
}

#[test]
fn numpy_archives_are_read_compressed_or_not() {
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        for (name, tensor) in demo() {
            let shape: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
            let shape = shape.join(", ") + ",";
            let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
            header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
            header.push('\n');
            archive.start_file(format!("{name}.npy"), options).unwrap();
            archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
            archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
            archive.write_all(header.as_bytes()).unwrap();
            archive.write_all(&encode(&tensor.values, Dtype::F32)).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        assert_eq!(relation(&print(&[file("model.npz", bytes)])), Relation::Identical, "{method:?}");
    }
}

#[test]
fn a_quantized_gguf_file_with_permuted_rows_is_a_conversion() {
    assert_eq!(relation(&print(&[file("model.gguf", gguf(&demo()))])), Relation::Converted);
}

/// Writes GGUF as llama.cpp does for the llama family: Q8_0 where rows fill blocks of 32, F16 elsewhere, query and
/// key rows permuted, vectors in F32.
fn gguf(model: &Model) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let mut head = b"GGUF\x03\0\0\0".to_vec();
    let keys = [("llama.attention.head_count", QUERY_HEADS), ("llama.attention.head_count_kv", KEY_HEADS)];
    head.extend((model.len() as u64).to_le_bytes());
    head.extend((1 + keys.len() as u64).to_le_bytes());
    head.extend([text("general.architecture"), 8u32.to_le_bytes().to_vec(), text("llama")].concat());
    for (key, value) in keys {
        head.extend([text(key), 4u32.to_le_bytes().to_vec(), (value as u32).to_le_bytes().to_vec()].concat());
    }
    let mut data: Vec<u8> = Vec::new();
    for (name, tensor) in model {
        let heads = if name.contains("q_proj.weight") { QUERY_HEADS } else { KEY_HEADS };
        let is_permuted = name.contains("q_proj.weight") || name.contains("k_proj.weight");
        let tensor = if is_permuted { permuted(tensor, heads) } else { tensor.clone() };
        let (id, bytes) = match tensor.shape.as_slice() {
            [_] => (0u32, encode(&tensor.values, Dtype::F32)),
            [_, columns] if columns % 32 == 0 => (8, q8_0(&tensor.values)),
            _ => (1, encode(&tensor.values, Dtype::F16)),
        };
        head.extend(text(&gguf_name(name)));
        head.extend((tensor.shape.len() as u32).to_le_bytes());
        head.extend(tensor.shape.iter().rev().flat_map(|extent| (*extent as u64).to_le_bytes()));
        head.extend(id.to_le_bytes());
        head.extend((data.len() as u64).to_le_bytes());
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(32), 0);
    }
    head.resize(head.len().next_multiple_of(32), 0);
    head.extend(data);
    head
}

fn permuted(tensor: &Tensor, heads: usize) -> Tensor {
    let (dim, half) = (tensor.shape[0] / heads, tensor.shape[0] / heads / 2);
    let order = (0..heads).flat_map(|head| (0..half).flat_map(move |i| [head * dim + i, head * dim + half + i]));
    rows_in_order(tensor, order)
}

fn q8_0(values: &[f32]) -> Vec<u8> {
    let block = |block: &[f32]| {
        let scale = f16::from_f32(block.iter().fold(0.0f32, |most, x| most.max(x.abs())) / 127.0);
        let unit = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
        let codes = block.iter().map(|x| (x * unit).round().clamp(-127.0, 127.0) as i8 as u8);
        scale.to_le_bytes().into_iter().chain(codes).collect::<Vec<u8>>()
    };
    values.chunks(32).flat_map(block).collect()
}

fn gguf_name(name: &str) -> String {
    let name = match name {
        "lm_head.weight" => "output.weight".to_owned(),
        "model.embed_tokens.weight" => "token_embd.weight".to_owned(),
        "model.norm.weight" => "output_norm.weight".to_owned(),
        other => other.replace("model.layers", "blk"),
    };
    [
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("post_attention_layernorm", "ffn_norm"),
        ("input_layernorm", "attn_norm"),
    ]
    .iter()
    .fold(name, |name, (from, to)| name.replace(from, to))
}
