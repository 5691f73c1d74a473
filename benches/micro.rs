// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The parts of a fingerprint and of a comparison, one at a time and in memory.
//!
//! ```text
//! cargo bench --bench micro [-- NAME]
//! ```
//! All through the public interface: what has none of its own is measured in the smallest checkpoint that uses it. The
//! whole program is measured beside others by `benches/run`.

#![expect(
    clippy::expect_used,
    reason = "what is measured is made here; if it cannot be read there is nothing to measure"
)]

use std::sync::{Arc, LazyLock};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use forebear::changes::{Content, File};
use forebear::checkpoints::{Checkpoint, Dtype, Encoding, Tensor, decode, discover, open};
use forebear::evidence::{circuit, compare, gram, needle_search};
use forebear::fingerprint::{Fingerprint, Progress, Sketch, compute, splitmix64};
use serde_json::{Map, Value, json};

fn main() {
    divan::main();
}

/// 2^20 values of one encoding, as bytes → f32.
#[divan::bench(args = ["f32", "bf16", "f16", "f8_e4m3", "q8_0", "q4_k"], max_time = 2)]
fn decoding(bencher: Bencher, name: &str) {
    let (encoding, bytes) = match name {
        "f32" => (Encoding::Plain(Dtype::F32), 4 << 20),
        "bf16" => (Encoding::Plain(Dtype::Bf16), 2 << 20),
        "f16" => (Encoding::Plain(Dtype::F16), 2 << 20),
        "f8_e4m3" => (Encoding::Plain(Dtype::F8E4M3), 1 << 20),
        // ggml: 34 bytes hold 32 values, 144 bytes 256.
        "q8_0" => (Encoding::Ggml(8), (1 << 20) / 32 * 34),
        _ => (Encoding::Ggml(12), (1 << 20) / 256 * 144),
    };
    let tensor = Tensor { name: "x".into(), shape: vec![1024, 1024], encoding, parts: Vec::new(), strides: None };
    let parts = [noise(bytes)];
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(1usize << 20)).bench_local(|| {
        decode(black_box(&tensor), black_box(&parts), &mut values).expect("the sizes fit");
        values.len()
    });
}

/// A matrix with no place in a network: SHA-256, decoding, hashes, tests of form, moments, and samples.
#[divan::bench(args = [[1024, 1024], [4096, 1024], [1024, 4096]], max_time = 3)]
fn matrix(bencher: Bencher, shape: [u64; 2]) {
    fingerprinted(bencher, &[("weights.weight".into(), shape.to_vec())]);
}

/// A feed-forward block between embeddings: the same of its matrices, words, described neurons, needles.
#[divan::bench(max_time = 5)]
fn feed_forward(bencher: Bencher) {
    let mut tensors = ends();
    tensors.extend(feed_forward_block(0));
    fingerprinted(bencher, &tensors);
}

/// An attention block between embeddings: the same of its matrices, rows, circuits.
#[divan::bench(max_time = 5)]
fn attention(bencher: Bencher) {
    let mut tensors = ends();
    tensors.extend(attention_block(0));
    fingerprinted(bencher, &tensors);
}

/// The header of a safetensors file with 10^5 tensors, found and read.
#[divan::bench(max_time = 5)]
fn header_of_100_000_tensors(bencher: Bencher) {
    let tensors: Vec<_> = (0..100_000).map(|at| (format!("model.layers.{at}.norm.weight"), vec![1])).collect();
    let files = files(&tensors);
    bencher.bench(|| checkpoint(black_box(&files)).tensors.len());
}

/// Needles of one network looked for in another.
#[divan::bench(max_time = 5)]
fn needles(bencher: Bencher) {
    bencher.bench(|| needle_search(black_box(sketch(&SUSPECT)), black_box(sketch(&BASE))));
}

/// Gram matrices of feed-forward neurons, every layer against every layer.
#[divan::bench(max_time = 5)]
fn gram_test(bencher: Bencher) {
    bencher.bench(|| gram(black_box(sketch(&SUSPECT)), black_box(sketch(&BASE))));
}

/// Attention circuits, every one against every one.
#[divan::bench(max_time = 5)]
fn circuit_test(bencher: Bencher) {
    bencher.bench(|| circuit(black_box(sketch(&SUSPECT)), black_box(sketch(&BASE))));
}

/// A complete comparison.
#[divan::bench(max_time = 5)]
fn comparison(bencher: Bencher) {
    bencher.bench(|| compare(black_box(&*SUSPECT), black_box(&*BASE), 1));
}

const HIDDEN: u64 = 256;
const INNER: u64 = 704;
const VOCABULARY: u64 = 4096;
const LAYERS: u32 = 4;

static BASE: LazyLock<Fingerprint> = LazyLock::new(|| network(1));
static SUSPECT: LazyLock<Fingerprint> = LazyLock::new(|| network(2));

/// Names and shapes of tensors, in the order of the file.
type Tensors = Vec<(String, Vec<u64>)>;

/// The fingerprint of a network of a few layers; another seed is another training.
fn network(seed: u64) -> Fingerprint {
    let mut tensors = ends();
    for layer in 0..LAYERS {
        tensors.extend(attention_block(layer));
        tensors.extend(feed_forward_block(layer));
    }
    let files = seeded(&tensors, seed);
    compute(&checkpoint(&files), &Progress::default()).expect("it was just made")
}

fn sketch(print: &Fingerprint) -> &Sketch {
    print.sketches.first().expect("it has layers")
}

fn ends() -> Tensors {
    vec![
        ("model.embed_tokens.weight".into(), vec![VOCABULARY, HIDDEN]),
        ("model.norm.weight".into(), vec![HIDDEN]),
        ("lm_head.weight".into(), vec![VOCABULARY, HIDDEN]),
    ]
}

fn feed_forward_block(layer: u32) -> Tensors {
    let at = format!("model.layers.{layer}");
    vec![
        (format!("{at}.post_attention_layernorm.weight"), vec![HIDDEN]),
        (format!("{at}.mlp.gate_proj.weight"), vec![INNER, HIDDEN]),
        (format!("{at}.mlp.up_proj.weight"), vec![INNER, HIDDEN]),
        (format!("{at}.mlp.down_proj.weight"), vec![HIDDEN, INNER]),
    ]
}

fn attention_block(layer: u32) -> Tensors {
    let at = format!("model.layers.{layer}");
    let square = |part: &str| (format!("{at}.self_attn.{part}_proj.weight"), vec![HIDDEN, HIDDEN]);
    let mut tensors: Tensors = ["q", "k", "v", "o"].map(square).into();
    tensors.push((format!("{at}.input_layernorm.weight"), vec![HIDDEN]));
    tensors
}

/// Measures the fingerprint of a checkpoint of these tensors, by the bytes of the file.
fn fingerprinted(bencher: Bencher, tensors: &[(String, Vec<u64>)]) {
    let files = files(tensors);
    let checkpoint = checkpoint(&files);
    let size = files.iter().map(|file| file.size).sum::<u64>();
    bencher
        .counter(BytesCount::new(size))
        .bench(|| compute(black_box(&checkpoint), &Progress::default()).expect("it was just made"));
}

fn files(tensors: &[(String, Vec<u64>)]) -> Vec<File> {
    seeded(tensors, 0)
}

/// A safetensors file with bf16 values and the config of a decoder.
fn seeded(tensors: &[(String, Vec<u64>)], seed: u64) -> Vec<File> {
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape) in tensors {
        let begin = end;
        end += 2 * shape.iter().product::<u64>();
        header.insert(name.clone(), json!({"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}));
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend((0..end / 2).flat_map(|at| weight(seed << 40 | at).to_le_bytes()));
    let config = json!({
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
        "vocab_size": VOCABULARY,
    });
    vec![present("model.safetensors", bytes), present("config.json", config.to_string().into_bytes())]
}

/// A bell-shaped value with a deviation of about 0.02.
fn weight(at: u64) -> half::bf16 {
    let sum: f32 = splitmix64(at).to_le_bytes().iter().map(|byte| f32::from(*byte) - 127.5).sum();
    half::bf16::from_f32(sum / 10_000.0)
}

fn present(name: &str, bytes: Vec<u8>) -> File {
    let size = bytes.len() as u64;
    File::present(name.into(), name.into(), size, Content::memory(Arc::<[u8]>::from(bytes)))
}

fn checkpoint(files: &[File]) -> Checkpoint {
    let discovery = discover(files);
    open(files, discovery.groups.first().expect("it holds a checkpoint")).expect("it is well-formed")
}

fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes.div_ceil(8) as u64).flat_map(|at| splitmix64(at).to_le_bytes()).take(bytes).collect()
}
