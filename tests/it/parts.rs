// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A fingerprint made in parts is the fingerprint made at once, to the byte; and parts that do not make one are refused.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use forebear::fingerprint::splitmix64;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;

/// A folder to work in.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program here; what it wrote to stdout, or to stderr if it failed with exit code 2.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::cargo_bin("forebear")
            .unwrap()
            .current_dir(self.0.path())
            .env("FOREBEAR_CACHE", self.path("cache"))
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        match output.status.code() {
            Some(0) => Ok(text(output.stdout)),
            Some(2) => Err(text(output.stderr)),
            code => panic!("{code:?}: {}", text(output.stderr)),
        }
    }

    /// Makes every part of a model and returns their names.
    fn parts(&self, model: &str, of: u32) -> Vec<String> {
        let part = |number: u32| {
            let (file, share) = (format!("{model}-{number}-{of}.part"), format!("{number}/{of}"));
            self.run(&["fingerprint", model, "--part", &share, "--save", &file]).unwrap();
            file
        };
        (1..=of).map(part).collect()
    }

    fn merge(&self, parts: &[String]) -> Result<Vec<u8>, String> {
        let parts = parts.iter().map(String::as_str);
        let arguments: Vec<&str> =
            ["fingerprint", "--merge-parts", "--save", "merged"].into_iter().chain(parts).collect();
        self.run(&arguments).map(|_| fs::read(self.path("merged")).unwrap())
    }

    fn whole(&self, model: &str) -> Vec<u8> {
        self.run(&["fingerprint", model, "--save", "whole"]).unwrap();
        fs::read(self.path("whole")).unwrap()
    }

    /// Puts a model of the fixtures here.
    fn model(&self, from: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        fs::create_dir(self.path("model")).unwrap();
        for file in ["config.json", "model.safetensors"] {
            fs::copy(from.join(file), self.path("model").join(file)).unwrap();
        }
    }

    /// Divides the model into three files of whole tensors, dealt in turn, so that layers lie across files.
    fn shard(&self) {
        let path = self.path("model/model.safetensors");
        let bytes = fs::read(&path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let mut map = serde_json::Map::new();
        let mut shards: Vec<Vec<_>> = vec![Vec::new(); 3];
        for (at, (name, view)) in tensors.iter().enumerate() {
            map.insert(name.to_owned(), format!("model-0000{}-of-00003.safetensors", at % 3 + 1).into());
            shards[at % 3].push((name, view));
        }
        for (at, shard) in shards.into_iter().enumerate() {
            let name = format!("model-0000{}-of-00003.safetensors", at + 1);
            fs::write(self.path("model").join(name), safetensors::serialize(shard, None).unwrap()).unwrap();
        }
        let index = serde_json::json!({"metadata": {}, "weight_map": map});
        fs::write(self.path("model/model.safetensors.index.json"), index.to_string()).unwrap();
        fs::remove_file(path).unwrap();
    }
}

/// Every count of parts from 1 to 7 gives the bytes of one pass.
fn merges(bench: &Bench, counts: impl IntoIterator<Item = u32>) {
    let whole = bench.whole("model");
    for of in counts {
        let mut parts = bench.parts("model", of);
        parts.reverse();
        assert!(bench.merge(&parts).unwrap() == whole, "{of} parts make something else");
    }
}

#[test]
fn parts_of_one_file_make_the_bytes_of_one_pass() {
    let bench = Bench::new();
    bench.model("data/demo/F1");
    merges(&bench, 1..=7);
}

#[test]
fn parts_of_shards_make_the_bytes_of_one_pass() {
    let bench = Bench::new();
    bench.model("data/demo/F1-cpt");
    bench.shard();
    merges(&bench, 1..=7);
}

#[test]
fn parts_of_a_mixture_of_experts_make_the_bytes_of_one_pass() {
    let bench = Bench::new();
    bench.model("tests/fixtures/zoo/F1-moe");
    merges(&bench, [3]);
}

/// Of each of many experts fewer rows are kept than neurons are described.
#[test]
fn a_mixture_of_many_experts_can_be_written_and_registered() {
    let bench = Bench::new();
    fs::create_dir(bench.path("model")).unwrap();
    let mut tensors: Vec<(String, Vec<usize>)> = vec![("model.embed_tokens.weight".into(), vec![96, 32])];
    for layer in 0..2 {
        let inside = |name: &str| format!("model.layers.{layer}.{name}.weight");
        for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
            tensors.push((inside(&format!("self_attn.{name}")), vec![32, 32]));
        }
        tensors.push((inside("mlp.gate"), vec![64, 32]));
        for expert in 0..64 {
            for (name, shape) in [("gate_proj", [80, 32]), ("up_proj", [80, 32]), ("down_proj", [32, 80])] {
                tensors.push((inside(&format!("mlp.experts.{expert}.{name}")), shape.to_vec()));
            }
        }
    }
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .enumerate()
        .map(|(seed, (_, shape))| {
            let value = |at: u64| (splitmix64((seed as u64) << 32 | at) >> 40) as f32 / 8_388_608.0 - 1.0;
            (0..shape.iter().product::<usize>() as u64).flat_map(|at| value(at).to_le_bytes()).collect()
        })
        .collect();
    let views = tensors.iter().zip(&bytes);
    let views = views.map(|((name, shape), bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    fs::write(bench.path("model/model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
    let config = serde_json::json!({"hidden_size": 32, "num_attention_heads": 2, "num_experts": 64});
    fs::write(bench.path("model/config.json"), config.to_string()).unwrap();
    merges(&bench, [3]);
    bench.run(&["registry", "add", "model", "--id", "a/b", "--license", "mit", "--registry", "registry"]).unwrap();
    let said = bench.run(&["identify", "whole", "--registry", "registry"]).unwrap();
    assert!(said.contains("identical"), "{said}");
}

#[test]
fn the_work_is_divided() {
    let bench = Bench::new();
    bench.model("data/demo/F1");
    let said = |share: &str| -> serde_json::Value {
        let all = ["fingerprint", "model", "--save", "part", "--format", "json", "--part", share];
        serde_json::from_str(&bench.run(&all).unwrap()).unwrap()
    };
    let (one, two) = (said("1/2"), said("2/2"));
    for what in ["matrices", "layers", "bytes_read"] {
        assert!(one[what].as_u64() > Some(0) && two[what].as_u64() > Some(0), "{what}: {one} {two}");
    }
    // One file is hashed once, and the other part reads only what it measures.
    assert_eq!(one["files"].as_u64().unwrap() + two["files"].as_u64().unwrap(), 1);
    let size = fs::metadata(bench.path("model/model.safetensors")).unwrap().len();
    assert!(one["bytes_read"].as_u64().unwrap().min(two["bytes_read"].as_u64().unwrap()) < size * 3 / 4);
}

#[test]
fn parts_that_make_no_fingerprint_are_refused_with_the_reason() {
    let bench = Bench::new();
    bench.model("data/demo/F1");
    let parts = bench.parts("model", 3);
    let refused = |parts: &[&String]| {
        let parts: Vec<String> = parts.iter().map(|part| (*part).clone()).collect();
        bench.merge(&parts).unwrap_err()
    };
    assert!(refused(&[&parts[0], &parts[2]]).contains("of 3 parts these are missing: 2"));
    assert!(refused(&[&parts[0], &parts[1], &parts[2], &parts[1]]).contains("part 2 was given twice"));
    let other_count = bench.parts("model", 2);
    assert!(refused(&[&parts[0], &other_count[1]]).contains("differ in the number of parts: 3 and 2"));

    bench.run(&["fingerprint", "model", "--save", "whole"]).unwrap();
    assert!(refused(&[&"whole".to_owned()]).contains("it is a whole fingerprint"));

    let mut bytes = fs::read(bench.path(&parts[0])).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(bench.path("damaged"), bytes).unwrap();
    assert!(refused(&[&"damaged".to_owned(), &parts[1], &parts[2]]).contains("its SHA-256 is not the one it carries"));

    // Another checkpoint under the same name, told by its shapes.
    let config = fs::read_to_string(bench.path("model/config.json")).unwrap();
    fs::write(bench.path("model/config.json"), config.replacen('{', r#"{"rope_theta_of_another": 1,"#, 1)).unwrap();
    let others = bench.parts("model", 3);
    fs::rename(bench.path(&others[1]), bench.path("other")).unwrap();
    fs::write(bench.path("model/config.json"), config).unwrap();
    let parts = bench.parts("model", 3);
    assert!(refused(&[&parts[0], &"other".to_owned(), &parts[2]]).contains("differ in the checkpoint they are of"));
}

#[test]
fn weights_that_change_between_two_parts_are_noticed() {
    let bench = Bench::new();
    bench.model("data/demo/F1");
    let path = bench.path("model/model.safetensors");
    let before = bench.parts("model", 4);
    for part in &before {
        fs::rename(bench.path(part), bench.path(&format!("before-{part}"))).unwrap();
    }
    // Every tensor changes in its last bit, and none in its shape.
    let mut bytes = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for byte in bytes[header..].iter_mut().step_by(64) {
        *byte ^= 1;
    }
    fs::write(&path, bytes).unwrap();
    let after = bench.parts("model", 4);
    bench.merge(&after).unwrap();
    for changed in 0..4 {
        let mixed: Vec<String> =
            (0..4).map(|at| if at == changed { after[at].clone() } else { format!("before-{}", before[at]) }).collect();
        let said = bench.merge(&mixed).unwrap_err();
        assert!(said.contains("the checkpoint changed between its parts"), "{said}");
    }
}

#[test]
fn a_part_is_nowhere_taken_for_a_fingerprint() {
    let bench = Bench::new();
    bench.model("data/demo/F1");
    let part = &bench.parts("model", 2)[0];
    let add = ["registry", "add", part, "--id", "a/b", "--license", "mit", "--registry", "registry"];
    let add: Vec<&str> = add.into_iter().chain(["--source", "https://example.org", "--revision", "1"]).collect();
    let uses: [&[&str]; 4] =
        [&["identify", part, "--registry", "registry"], &["compare", part, "model"], &["fingerprint", part], &add];
    bench
        .run(&[
            "registry",
            "add",
            "model",
            "--id",
            "x/y",
            "--license",
            "mit",
            "--registry",
            "registry",
            "--source",
            "https://example.org",
            "--revision",
            "1",
        ])
        .unwrap();
    for arguments in uses {
        let said = bench.run(arguments).unwrap_err();
        assert!(said.contains("one part of a fingerprint"), "{arguments:?}: {said}");
    }
    let said = bench.run(&["fingerprint", part, "--part", "1/2", "--save", "x"]).unwrap_err();
    assert!(said.contains("not a checkpoint"), "{said}");
    assert!(bench.run(&["fingerprint", "model", "--part", "3/2", "--save", "x"]).is_err());
    assert!(bench.run(&["fingerprint", "model", "--part", "1/2"]).is_err());
}
