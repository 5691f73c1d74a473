// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Two accusations that were made in public of models that share nothing, rebuilt from a seed: norm gains of cosine
//! above 0.99, and deviations of attention matrices that correlate by 0.93 between an image classifier and a language
//! model. The statistic is as high as it was; the program says `no-evidence`, and shows the number beside its null.

use std::fs;
use std::path::Path;

use forebear::fingerprint::splitmix64;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::command_line::{forebear, stdout};

/// A name, a shape, and values.
type Tensor = (String, Vec<usize>, Vec<f32>);

/// Normal numbers of a seed: the sum of twelve uniform ones, less six.
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f32 {
        let uniform = |at: u64| (splitmix64(self.0.wrapping_add(at)) >> 11) as f64 / (1u64 << 53) as f64;
        let sum: f64 = (0..12).map(uniform).sum();
        self.0 = splitmix64(self.0.wrapping_add(0x9E37_79B9));
        (sum - 6.0) as f32
    }

    fn matrix(&mut self, name: String, shape: [usize; 2], deviation: f32) -> Tensor {
        let values = (0..shape[0] * shape[1]).map(|_| deviation * self.next()).collect();
        (name, shape.to_vec(), values)
    }
}

fn write(folder: &Path, config: &Value, tensors: &[Tensor]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(.., values)| values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
}

/// A decoder: `gain` says the gains of a norm of a layer, `spread` the deviation of the q, k, v, and o of a layer.
fn decoder(
    seed: u64,
    layers: usize,
    gain: impl Fn(&mut Normal, usize) -> Vec<f32>,
    spread: impl Fn(&mut Normal, usize) -> f32,
) -> (Value, Vec<Tensor>) {
    const WIDTH: usize = 64;
    let mut normal = Normal(splitmix64(seed));
    let mut tensors = vec![normal.matrix("model.embed_tokens.weight".into(), [256, WIDTH], 0.05)];
    for layer in 0..layers {
        let stem = format!("model.layers.{layer}");
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            tensors.push((format!("{stem}.{norm}.weight"), vec![WIDTH], gain(&mut normal, layer)));
        }
        for (part, rows) in [("q_proj", 64), ("k_proj", 32), ("v_proj", 32), ("o_proj", 64)] {
            let deviation = spread(&mut normal, layer);
            tensors.push(normal.matrix(format!("{stem}.self_attn.{part}.weight"), [rows, WIDTH], deviation));
        }
        for (part, shape) in [("gate_proj", [128, 64]), ("up_proj", [128, 64]), ("down_proj", [64, 128])] {
            tensors.push(normal.matrix(format!("{stem}.mlp.{part}.weight"), shape, 0.05));
        }
    }
    let config = serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH, "intermediate_size": 128,
        "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        "vocab_size": 256, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0, "tie_word_embeddings": true,
    });
    (config, tensors)
}

/// An image classifier by the names of ViT, with LayerNorm, biases, and a convolution that cuts the picture up.
fn classifier(seed: u64, layers: usize, spread: impl Fn(&mut Normal, usize) -> f32) -> (Value, Vec<Tensor>) {
    const WIDTH: usize = 96;
    let mut normal = Normal(splitmix64(seed));
    let mut tensors = vec![
        ("vit.embeddings.cls_token".into(), vec![1, 1, WIDTH], vec![0.01; WIDTH]),
        normal.matrix("vit.embeddings.position_embeddings".into(), [65, WIDTH], 0.02),
        normal.matrix("vit.embeddings.patch_embeddings.projection.weight".into(), [WIDTH, 3 * 8 * 8], 0.05),
    ];
    tensors[1].1.insert(0, 1);
    tensors[2].1 = vec![WIDTH, 3, 8, 8];
    for layer in 0..layers {
        let stem = format!("vit.encoder.layer.{layer}");
        for part in ["attention.attention.query", "attention.attention.key", "attention.attention.value"]
            .into_iter()
            .chain(["attention.output.dense"])
        {
            let deviation = spread(&mut normal, layer);
            tensors.push(normal.matrix(format!("{stem}.{part}.weight"), [WIDTH, WIDTH], deviation));
            tensors.push((
                format!("{stem}.{part}.bias"),
                vec![WIDTH],
                (0..WIDTH).map(|_| 0.02 * normal.next()).collect(),
            ));
        }
        for (part, shape) in [("intermediate.dense", [192, WIDTH]), ("output.dense", [WIDTH, 192])] {
            tensors.push(normal.matrix(format!("{stem}.{part}.weight"), shape, 0.05));
        }
        for norm in ["layernorm_before", "layernorm_after"] {
            let mut values = |middle: f32| (0..WIDTH).map(|_| middle + 0.05 * normal.next()).collect::<Vec<_>>();
            let (weight, bias) = (values(1.0), values(0.0));
            tensors.push((format!("{stem}.{norm}.weight"), vec![WIDTH], weight));
            tensors.push((format!("{stem}.{norm}.bias"), vec![WIDTH], bias));
        }
    }
    tensors.push(normal.matrix("classifier.weight".into(), [10, WIDTH], 0.05));
    let config = serde_json::json!({
        "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": WIDTH,
        "intermediate_size": 192, "num_hidden_layers": layers, "num_attention_heads": 6, "image_size": 64,
        "patch_size": 8, "num_channels": 3, "hidden_act": "gelu",
    });
    (config, tensors)
}

fn ones(_: &mut Normal, _: usize) -> Vec<f32> {
    vec![1.0; 64]
}

/// A folder with two models, `base` and `suspect`, of which the first is registered.
fn sandbox(base: &(Value, Vec<Tensor>), suspect: &(Value, Vec<Tensor>)) -> TempDir {
    let folder = tempdir().unwrap();
    write(&folder.path().join("elsewhere/base"), &base.0, &base.1);
    write(&folder.path().join("release/model"), &suspect.0, &suspect.1);
    let add = ["registry", "add", "elsewhere/base", "--id", "acme/base", "--license", "Apache-2.0"];
    stdout(folder.path(), &[&add[..], &["--registry", "release/registry"]].concat());
    folder
}

fn compared(folder: &Path) -> Value {
    let said = stdout(folder, &["compare", "release/model", "elsewhere/base", "--format", "json"]);
    serde_json::from_str(&said).unwrap()
}

/// Rules that speak of weights among what the gate says of the release.
fn lineage_findings(folder: &Path) -> Vec<String> {
    let check = ["check", "--path", ".", "--format", "json", "--no-cache"];
    let output = forebear(&folder.join("release")).args(check).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let rules = findings.map(|finding| finding["rule"].as_str().unwrap().to_owned());
    rules.filter(|rule| rule.contains("lineage") || rule.contains("contradicted")).collect()
}

/// Mean cosine of the raw norm gains that both have.
fn raw_gain_cosine(a: &[Tensor], b: &[Tensor]) -> f64 {
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let gains = a.iter().zip(b).filter(|((name, ..), _)| name.contains("layernorm"));
    let all: Vec<f64> = gains.map(|((.., one), (.., other))| cosine(one, other)).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[test]
fn gains_that_are_nearly_constant_are_no_evidence() {
    // A level that rises with depth, the same tilt over the channels in both, and a little of their own.
    let gain = |normal: &mut Normal, layer: usize| -> Vec<f32> {
        let level = 0.4 + 0.1 * layer as f32;
        (0..64).map(|channel| level * (1.0 + 0.05 * (channel as f32 / 10.0).sin() + 0.06 * normal.next())).collect()
    };
    let (base, suspect) = (decoder(1, 3, gain, |_, _| 0.05), decoder(2, 3, gain, |_, _| 0.05));
    let raw = raw_gain_cosine(&base.1, &suspect.1);
    assert!(raw > 0.99, "{raw}");

    let folder = sandbox(&base, &suspect);
    let said = compared(folder.path());
    assert_eq!(said["relation"], "no-evidence", "{said}");
    let gains = &said["context"]["norm_gain"];
    assert!(gains["r"].as_f64().unwrap() < 0.9 && gains["n"] == 5, "{gains}");
    assert!(gains["permutation_p"].is_f64());
    assert_eq!(lineage_findings(folder.path()), Vec::<String>::new());
    let text = stdout(folder.path(), &["compare", "release/model", "elsewhere/base"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("no-evidence: no evidence found of descent from the base"), "{text}");
    assert!(text.contains("norm-gain: centred r ") && text.contains("permutation p "), "{text}");
}

#[test]
fn deviations_that_follow_one_curve_are_no_evidence() {
    // What depth does to the deviations of attention in both, and a little of their own.
    let spread = |layers: usize| {
        move |normal: &mut Normal, layer: usize| {
            let depth = layer as f32 / (layers - 1) as f32;
            0.03 * (1.0 + depth + 0.3 * (5.0 * depth).sin() + 0.03 * normal.next())
        }
    };
    let (base, suspect) = (classifier(3, 8, spread(8)), decoder(4, 7, ones, spread(7)));
    let folder = sandbox(&base, &suspect);
    let said = compared(folder.path());
    let sigma = &said["context"]["sigma_profile"];
    let (r, unrelated) = (sigma["r"].as_f64().unwrap(), sigma["unrelated_q99"].as_f64().unwrap());
    assert!(r >= 0.93 && unrelated > 0.98, "{sigma}");
    assert_eq!(said["relation"], "no-evidence", "{said}");
    assert_eq!(lineage_findings(folder.path()), Vec::<String>::new());
    let text = stdout(folder.path(), &["compare", "release/model", "elsewhere/base"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("sigma-profile: r 0.9") && text.contains("1 in 100 unrelated pairs reaches 0.98"), "{text}");
}

#[test]
fn the_gate_that_is_silent_here_speaks_of_a_copy() {
    let base = decoder(1, 2, ones, |_, _| 0.05);
    let folder = sandbox(&base, &base);
    assert_eq!(compared(folder.path())["relation"], "identical");
    assert_eq!(lineage_findings(folder.path()), ["undeclared-lineage"]);
}
