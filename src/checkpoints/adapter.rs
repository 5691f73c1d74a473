// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Low-rank adapters (LoRA, as PEFT stores them) and the models they make of their base.
//!
//! In: the checkpoint of an adapter, and that of its base. Out: a [`Checkpoint`] of the merged model, read like any
//! other: a changed matrix is [`Encoding::LowRank`], W + scale·B·A, computed when it is decoded, so that memory is
//! bounded by the largest tensor. scale = α/rank, or α/√rank (rslora). What an adapter says its base is, is a claim.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Checkpoint, CheckpointError, Encoding, Extent, LowRank, Tensor};

/// What an adapter changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// `base_model_name_or_path` of its config: a claim.
    pub base: Option<String>,
    /// Matrices that it changes.
    pub targets: Vec<Target>,
    /// Tensors that it brings whole: index, and name in the base.
    replaced: Vec<(usize, String)>,
}

/// A matrix that an adapter changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Module, as the base names it, without `.weight`.
    pub module: String,
    /// d_in.
    pub inputs: u64,
    /// d_out.
    pub outputs: u64,
    /// Rank of the change.
    pub rank: u64,
    /// Indices of A and B among the adapter's tensors.
    pair: (usize, usize),
}

/// Reads what an adapter changes; `None` if the checkpoint is not one.
pub fn adapter(checkpoint: &Checkpoint) -> Option<Adapter> {
    let say = |name: &str| checkpoint.config.as_ref().and_then(|config| config.get(name));
    let base = say("base_model_name_or_path").and_then(Value::as_str).map(str::to_owned);
    let stripped =
        |tensor: &'_ Tensor| tensor.name.strip_prefix("base_model.model.").unwrap_or(&tensor.name).to_owned();
    let names: Vec<String> = checkpoint.tensors.iter().map(stripped).collect();
    let halves: Vec<Option<Half>> = names.iter().map(|name| Half::of(name)).collect();
    let mut others: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (at, half) in halves.iter().enumerate() {
        if let Some(half) = half.as_ref().filter(|half| !half.is_a) {
            others.insert((half.module, half.embedding), at);
        }
    }
    let (mut targets, mut replaced) = (Vec::new(), Vec::new());
    for (at, (tensor, name)) in checkpoint.tensors.iter().zip(&names).enumerate() {
        match halves.get(at).and_then(Option::as_ref) {
            Some(Half { module, is_a: true, embedding }) => {
                let other = *others.get(&(*module, *embedding))?;
                let (&[rank, inputs], &[outputs, also]) =
                    (tensor.shape.as_slice(), checkpoint.tensors.get(other)?.shape.as_slice())
                else {
                    return None;
                };
                // A pair that does not fit is told when it is merged.
                let rank = rank.max(also);
                targets.push(Target { module: (*module).to_owned(), inputs, outputs, rank, pair: (at, other) });
            }
            Some(_) => {}
            None => replaced.push((at, name.replace(".modules_to_save.default", ""))),
        }
    }
    let is_adapter = !targets.is_empty() || say("peft_type").is_some();
    is_adapter.then_some(Adapter { base, targets, replaced })
}

/// The name of one of a pair.
struct Half<'a> {
    module: &'a str,
    is_a: bool,
    embedding: bool,
}

impl<'a> Half<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let words = [
            (".lora_A", true, false),
            (".lora_B", false, false),
            (".lora_embedding_A", true, true),
            (".lora_embedding_B", false, true),
        ];
        words.into_iter().find_map(|(word, is_a, embedding)| {
            let (module, rest) = name.rsplit_once(word)?;
            let ends = rest.is_empty() || rest.starts_with('.');
            ends.then_some(Self { module, is_a, embedding })
        })
    }
}

/// The model that an adapter makes of its base.
pub fn merged_adapter(adapted: &Checkpoint, base: &Checkpoint) -> Result<Checkpoint, CheckpointError> {
    let found = adapter(adapted).ok_or_else(|| unsupported(adapted, "no pairs of low-rank matrices are in it"))?;
    let settings = Settings::of(adapted)?;
    let mut merged = base.clone();
    let shift = merged.files.len();
    merged.path.clone_from(&adapted.path);
    merged.files.extend(adapted.files.iter().cloned());
    merged.hazards.extend(adapted.hazards.iter().cloned());
    let exact: BTreeMap<&str, usize> =
        base.tensors.iter().enumerate().rev().map(|(at, tensor)| (tensor.name.as_str(), at)).collect();
    let find = |name: &str| exact.get(name).copied().or_else(|| find(base, name));
    let tensor = |at: usize| adapted.tensors.get(at).map(|tensor| moved(tensor, shift));
    for target in &found.targets {
        let (Some(a), Some(b)) = (tensor(target.pair.0), tensor(target.pair.1)) else { continue };
        let at = find(&format!("{}.weight", target.module)).ok_or_else(|| missing(adapted, &target.module))?;
        let Some(old) = merged.tensors.get_mut(at) else { continue };
        if matches!(old.encoding, Encoding::LowRank(_)) {
            return Err(unsupported(adapted, &format!("it changes {} twice", target.module)));
        }
        let embedding = adapted.tensors.get(target.pair.0).is_some_and(|a| a.name.contains("lora_embedding"));
        let turned = settings.turned || embedding;
        let whole = old.clone();
        let parts = [&whole, &a, &b].into_iter().flat_map(|tensor| tensor.parts.iter().cloned()).collect();
        let scale = settings.scale(&target.module, target.rank);
        let update = LowRank { base: whole, a, b, scale, turned };
        *old = Tensor {
            name: old.name.clone(),
            shape: old.shape.clone(),
            encoding: Encoding::LowRank(Box::new(update)),
            parts,
            strides: None,
        };
    }
    for (index, name) in &found.replaced {
        let Some(new) = tensor(*index) else { continue };
        match find(name).and_then(|at| merged.tensors.get_mut(at)) {
            Some(old) => *old = Tensor { name: old.name.clone(), ..new },
            None => merged.tensors.push(Tensor { name: name.clone(), ..new }),
        }
    }
    Ok(merged)
}

/// How products are scaled.
struct Settings<'a> {
    alpha: f64,
    by_module: Option<&'a serde_json::Map<String, Value>>,
    root: bool,
    turned: bool,
}

impl<'a> Settings<'a> {
    fn of(adapted: &'a Checkpoint) -> Result<Self, CheckpointError> {
        let say = |name: &str| adapted.config.as_ref().and_then(|config| config.get(name));
        let flag = |name: &str| say(name).and_then(Value::as_bool).unwrap_or_default();
        if flag("use_dora") {
            return Err(unsupported(adapted, "it rescales the columns it changes (DoRA)"));
        }
        let alpha = say("lora_alpha").and_then(Value::as_f64);
        Ok(Self {
            alpha: alpha.ok_or_else(|| unsupported(adapted, "no adapter_config.json with lora_alpha is beside it"))?,
            by_module: say("alpha_pattern").and_then(Value::as_object),
            root: flag("use_rslora"),
            turned: flag("fan_in_fan_out"),
        })
    }

    fn scale(&self, module: &str, rank: u64) -> f32 {
        let fits = |name: &str| module == name || module.ends_with(&format!(".{name}"));
        let own = self.by_module.and_then(|all| all.iter().find(|(name, _)| fits(name))?.1.as_f64());
        let rank = rank.max(1) as f64;
        (own.unwrap_or(self.alpha) / if self.root { rank.sqrt() } else { rank }) as f32
    }
}

/// The only tensor of which a name is the end, or whose name is its end: prefixes differ by the class that saved a model.
fn find(base: &Checkpoint, name: &str) -> Option<usize> {
    let is_end = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
    let names = base.tensors.iter().map(|tensor| tensor.name.as_str()).enumerate();
    let mut alike = names.filter(|(_, found)| is_end(found, name) || is_end(name, found));
    let (at, _) = alike.next()?;
    alike.next().is_none().then_some(at)
}

/// A tensor whose files stand behind `shift` others.
fn moved(tensor: &Tensor, shift: usize) -> Tensor {
    let mut tensor = tensor.clone();
    for part in &mut tensor.parts {
        if let Extent::Plain { file, .. } | Extent::Deflated { file, .. } = part {
            *file += shift;
        }
    }
    tensor
}

fn missing(adapted: &Checkpoint, module: &str) -> CheckpointError {
    unsupported(adapted, &format!("it changes {module}, which the base does not have"))
}

fn unsupported(adapted: &Checkpoint, reason: &str) -> CheckpointError {
    CheckpointError::Unsupported { what: format!("adapter {}", adapted.path), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::changes::Content;
    use crate::checkpoints::{CheckpointFile, Dtype, Format, Reader, Scratch};

    fn checkpoint(config: Value, tensors: &[(&str, &[u64], &[f32])]) -> Checkpoint {
        let bytes: Vec<u8> =
            tensors.iter().flat_map(|(.., values)| values.iter().flat_map(|x| x.to_le_bytes())).collect();
        let mut offset = 0;
        let tensors = tensors
            .iter()
            .map(|(name, shape, values)| {
                let len = 4 * values.len() as u64;
                offset += len;
                Tensor {
                    name: (*name).to_owned(),
                    shape: shape.to_vec(),
                    encoding: Encoding::Plain(Dtype::F32),
                    parts: vec![Extent::Plain { file: 0, offset: offset - len, len }],
                    strides: None,
                }
            })
            .collect();
        let size = bytes.len() as u64;
        let content = Content::memory(bytes);
        Checkpoint {
            path: "m".to_owned(),
            format: Format::Safetensors,
            files: vec![CheckpointFile { path: "m".to_owned(), content, size, expected_sha256: None }],
            tensors,
            metadata: BTreeMap::new(),
            config: Some(config),
            hazards: Vec::new(),
        }
    }

    fn base() -> Checkpoint {
        let kept: (&str, &[u64], &[f32]) = ("model.norm.weight", &[2], &[1.0, 1.0]);
        checkpoint(json!({}), &[("model.q_proj.weight", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), kept])
    }

    fn lora(config: Value, a: &[f32], b: &[f32], sides: [u64; 2]) -> Checkpoint {
        let [inputs, outputs] = sides;
        checkpoint(
            config,
            &[
                ("base_model.model.model.q_proj.lora_A.weight", &[2, inputs], a),
                ("base_model.model.model.q_proj.lora_B.weight", &[outputs, 2], b),
            ],
        )
    }

    fn values(checkpoint: &Checkpoint, at: usize) -> Vec<f32> {
        let (reader, mut out) = (Reader::open(checkpoint).unwrap(), Vec::new());
        reader.tensor(&checkpoint.tensors[at], &mut Scratch::default(), &mut out).unwrap();
        out
    }

    const A: [f32; 4] = [1.0, 0.0, 2.0, 1.0];
    const B: [f32; 6] = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];

    #[test]
    fn the_product_is_scaled_and_added() {
        // B·A = [[1, 0], [2, 1], [3, 1]], α/r = 4/2.
        let adapted = lora(json!({"lora_alpha": 4, "base_model_name_or_path": "some/base"}), &A, &B, [2, 3]);
        let found = adapter(&adapted).unwrap();
        assert_eq!(found.base.as_deref(), Some("some/base"));
        assert_eq!(
            (found.targets[0].module.as_str(), found.targets[0].inputs, found.targets[0].outputs),
            ("model.q_proj", 2, 3)
        );
        let merged = merged_adapter(&adapted, &base()).unwrap();
        assert_eq!(values(&merged, 0), [3.0, 2.0, 7.0, 6.0, 11.0, 8.0]);
        assert_eq!(values(&merged, 1), [1.0, 1.0]);
        let root = lora(json!({"lora_alpha": 2f64.sqrt(), "use_rslora": true}), &A, &B, [2, 3]);
        assert_eq!(values(&merged_adapter(&root, &base()).unwrap(), 0), [2.0, 2.0, 5.0, 5.0, 8.0, 7.0]);
    }

    #[test]
    fn matrices_kept_inputs_first_take_the_product_turned() {
        // W is [in, out] = [3, 2]; A [2, 3], B [2, 2]: (B·A)ᵀ.
        let config = json!({"lora_alpha": 2, "fan_in_fan_out": true});
        let adapted = lora(config, &[1.0, 2.0, 3.0, 0.0, 0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], [3, 2]);
        let merged = merged_adapter(&adapted, &base()).unwrap();
        assert_eq!(values(&merged, 0), [2.0, 2.0, 5.0, 4.0, 8.0, 7.0]);
    }

    #[test]
    fn what_cannot_be_merged_is_said() {
        let error = |adapted: &Checkpoint, base: &Checkpoint| merged_adapter(adapted, base).unwrap_err().to_string();
        let dora = lora(json!({"lora_alpha": 4, "use_dora": true}), &A, &B, [2, 3]);
        assert!(error(&dora, &base()).contains("DoRA"));
        assert!(error(&lora(json!({}), &A, &B, [2, 3]), &base()).contains("lora_alpha"));
        let other = checkpoint(json!({}), &[("model.k_proj.weight", &[3, 2], &[0.0; 6])]);
        assert!(
            error(&lora(json!({"lora_alpha": 4}), &A, &B, [2, 3]), &other).contains("model.q_proj, which the base")
        );
        let wide = checkpoint(json!({}), &[("model.q_proj.weight", &[2, 3], &[0.0; 6])]);
        let merged = merged_adapter(&lora(json!({"lora_alpha": 4}), &A, &B, [2, 3]), &wide).unwrap();
        let reader = Reader::open(&merged).unwrap();
        assert!(reader.tensor(&merged.tensors[0], &mut Scratch::default(), &mut Vec::new()).is_err());
        assert_eq!(adapter(&base()), None);
    }
}
