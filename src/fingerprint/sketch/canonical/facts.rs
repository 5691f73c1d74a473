// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the config says of one stack: heads, positions, norms.
//!
//! In: the config (of several networks in one, the part whose width is the stack's). Out: [`Facts`]; what is not said
//! is `None` and is inferred from shapes or left open, never guessed here.

use serde_json::{Map, Value};

/// How much of a head is rotated by the position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Rotary {
    /// The config is silent.
    #[default]
    Unsaid,
    /// Positions enter otherwise.
    None,
    /// Whole heads.
    Full,
    /// This part of a head.
    Part(f64),
    /// So many rows of a head.
    Rows(usize),
}

/// What the config says of a stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Query heads.
    pub(super) heads: Option<usize>,
    /// Rows of a head.
    pub(super) dim: Option<usize>,
    /// How much of a head is rotated.
    pub(super) rotary: Rotary,
    /// Whether pair p of a head is rows 2p and 2p + 1.
    pub(super) interleaved: bool,
    /// Whether the pairs of latent attention stand in halves, against the custom there.
    pub(super) latent_halves: bool,
    /// Whether stored gains lack the 1 that is added to them.
    pub(super) one_plus: OnePlus,
    /// Whether norms are known to subtract the mean even where they have no bias.
    pub(super) centred: bool,
    /// Whether norms come before the blocks although they have no gains.
    pub(super) plain_norm: bool,
}

/// Whether a norm multiplies by 1 + its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OnePlus {
    /// It multiplies by the weight.
    #[default]
    No,
    /// In norms without a bias: a tower of another family beside has its own.
    Unbiased,
    /// In all norms.
    All,
}

/// Types of networks that do not rotate.
const NOT_ROTARY: &[&str] = &[
    "gpt2",
    "gpt_neo",
    "gpt_bigcode",
    "gptbigcode",
    "starcoder",
    "bert",
    "roberta",
    "distilbert",
    "electra",
    "albert",
    "camembert",
    "xlm-roberta",
    "xlm_roberta",
    "mpnet",
    "deberta",
    "deberta-v2",
    "t5",
    "mt5",
    "umt5",
    "longt5",
    "t5encoder",
    "whisper",
    "opt",
    "bloom",
    "mpt",
    "bart",
    "mbart",
    "marian",
    "pegasus",
    "blenderbot",
    "vit",
    "deit",
    "beit",
    "clip",
    "clip_text_model",
    "clip_vision_model",
    "siglip_vision_model",
    "siglip",
    "dinov2",
    "jina-bert-v2",
    "openai-gpt",
    "xlnet",
    "refact",
    "biogpt",
    "xglm",
    "layoutlm",
    "wav2vec2",
    "hubert",
];
/// Types that rotate whatever else their config says.
const ROTARY: &[&str] = &[
    "llama",
    "mistral",
    "mixtral",
    "qwen",
    "qwen2",
    "qwen2_moe",
    "qwen3",
    "qwen3_moe",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "falcon",
    "gptj",
    "gpt_neox",
    "gptneox",
    "internlm2",
    "baichuan",
    "cohere",
    "cohere2",
    "olmo",
    "olmo2",
    "phi",
    "phi3",
    "stablelm",
    "starcoder2",
    "esm",
    "codegen",
];
/// Types that keep the pairs of a head in neighbouring rows. Of GGUF architectures, those whose rows the converter
/// leaves as they were.
const INTERLEAVED: &[&str] = &[
    "gptj",
    "codegen",
    "chatglm",
    "glm",
    "glm4",
    "cohere",
    "cohere2",
    "command-r",
    "llama4",
    "llama4_text",
    "ernie4_5",
    "ernie4_5_moe",
    "ernie4_5-moe",
    "helium",
    "deepseek2",
];
/// Types whose norms subtract the mean and have no bias.
const CENTRED: &[&str] =
    &["cohere", "cohere2", "command-r", "mpt", "dbrx", "olmo", "modernbert", "modern-bert", "nemotron"];
/// Types whose norms multiply by 1 + weight.
const ONE_PLUS: &[&str] = &[
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "paligemma",
    "recurrent_gemma",
    "vaultgemma",
    "shieldgemma2",
    "t5gemma",
    "qwen3_next",
    "qwen3_5",
    "qwen3_5_text",
    "qwen3_5_moe",
];
/// How deep configs of parts are nested.
const DEPTH: usize = 3;

impl Facts {
    /// What `config` says of a stack of width `hidden`; `decoder` chooses between two counts of heads in one config.
    pub(super) fn of(config: Option<&Value>, hidden: usize, decoder: bool) -> Self {
        let Some(Value::Object(whole)) = config else { return Self::default() };
        let mut parts = Vec::new();
        nested(whole, "", DEPTH, &mut parts);
        let fitting = parts.iter().find(|(part, _)| width(part) == Some(hidden));
        // A config without a width describes the only network there is.
        let said = fitting.or_else(|| parts.iter().find(|_| parts.iter().all(|(part, _)| width(part).is_none())));
        let outer = whole.get("model_type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let Some((part, kind)) = said else { return Self { one_plus: one_plus(&outer, whole), ..Self::default() } };
        let number = |names: &[&str]| {
            names.iter().find_map(|name| part.get(*name).and_then(Value::as_u64)).and_then(|n| usize::try_from(n).ok())
        };
        let own = if decoder { "decoder_attention_heads" } else { "encoder_attention_heads" };
        let is = |list: &[&str]| list.contains(&kind.as_str());
        Self {
            heads: number(&[own, "num_attention_heads", "n_head", "num_heads", "n_heads"]),
            dim: number(&["head_dim", "d_kv", "kv_channels"]),
            rotary: rotary(part, kind),
            interleaved: part.get("rope_interleave").and_then(Value::as_bool).unwrap_or_else(|| is(INTERLEAVED)),
            latent_halves: part.get("rope_interleave") == Some(&Value::Bool(false)) || kind == "minicpm3",
            one_plus: one_plus(kind, whole),
            centred: is(CENTRED),
            plain_norm: kind == "olmo",
        }
    }
}

/// Every object of a config with the type of network it is for, outermost first.
fn nested<'a>(
    object: &'a Map<String, Value>,
    kind: &str,
    depth: usize,
    out: &mut Vec<(&'a Map<String, Value>, String)>,
) {
    let kind = object.get("model_type").and_then(Value::as_str).unwrap_or(kind).to_ascii_lowercase();
    out.push((object, kind.clone()));
    if depth > 0 {
        for inner in object.values().filter_map(Value::as_object) {
            nested(inner, &kind, depth - 1, out);
        }
    }
}

fn width(part: &Map<String, Value>) -> Option<usize> {
    let names = ["hidden_size", "n_embd", "d_model", "dim", "embed_dim", "width"];
    names.iter().find_map(|name| part.get(*name).and_then(Value::as_u64)).and_then(|width| usize::try_from(width).ok())
}

fn one_plus(kind: &str, whole: &Map<String, Value>) -> OnePlus {
    // llama.cpp's converter adds the 1.
    if whole.get("gguf") == Some(&Value::Bool(true)) {
        return OnePlus::No;
    }
    match kind {
        "nemotron" => OnePlus::All,
        kind if ONE_PLUS.contains(&kind) => OnePlus::Unbiased,
        _ => OnePlus::No,
    }
}

fn rotary(part: &Map<String, Value>, kind: &str) -> Rotary {
    let inner = ["rope_parameters", "rope_scaling"].iter().find_map(|name| part.get(*name).and_then(Value::as_object));
    let real = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| part.get(*name).or_else(|| inner?.get(*name)).and_then(Value::as_f64))
            .filter(|share| *share > 0.0 && *share <= 1.0)
    };
    let flag = |name: &str| part.get(name).and_then(Value::as_bool);
    let positions = part.get("position_embedding_type").and_then(Value::as_str).unwrap_or_default();
    let absolute = ["absolute", "alibi", "relative_key", "relative_key_query", "learned_absolute"];
    if NOT_ROTARY.contains(&kind)
        || flag("alibi") == Some(true)
        || flag("use_alibi") == Some(true)
        || absolute.contains(&positions)
    {
        return Rotary::None;
    }
    if let Some(share) = real(&["partial_rotary_factor", "rotary_pct", "rope_pct"]) {
        return Rotary::Part(share);
    }
    if let Some(rows) = part.get("rotary_dim").and_then(Value::as_u64).filter(|rows| *rows > 0) {
        return Rotary::Rows(rows as usize);
    }
    let words =
        ["rope_theta", "rope_scaling", "rope_parameters", "rotary_emb_base", "rotary_base", "rope_local_base_freq"];
    match kind {
        "gpt_neox" => Rotary::Part(0.25),
        "chatglm" | "persimmon" | "phi" => Rotary::Part(0.5),
        _ if ROTARY.contains(&kind) || ["rotary", "rope"].contains(&positions) => Rotary::Full,
        _ if words.iter().any(|word| part.get(*word).is_some_and(|value| !value.is_null())) => Rotary::Full,
        _ => Rotary::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Facts, OnePlus, Rotary};

    #[test]
    fn the_part_of_the_config_with_the_width_of_the_stack_speaks() {
        let config = json!({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 64,
            "num_attention_heads": 4, "head_dim": 32, "rope_theta": 1e6},
            "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 48, "num_attention_heads": 3}});
        let text = Facts::of(Some(&config), 64, false);
        assert_eq!(
            (text.heads, text.dim, text.rotary, text.one_plus),
            (Some(4), Some(32), Rotary::Full, OnePlus::Unbiased)
        );
        let tower = Facts::of(Some(&config), 48, false);
        assert_eq!((tower.heads, tower.rotary, tower.one_plus), (Some(3), Rotary::None, OnePlus::No));
        assert_eq!(Facts::of(Some(&config), 99, false).heads, None);
    }

    #[test]
    fn part_of_a_head_may_be_rotated() {
        let of = |config| Facts::of(Some(&config), 64, false).rotary;
        assert_eq!(of(json!({"model_type": "gpt_neox", "hidden_size": 64, "rotary_pct": 0.25})), Rotary::Part(0.25));
        assert_eq!(of(json!({"model_type": "gptj", "n_embd": 64, "rotary_dim": 16})), Rotary::Rows(16));
        assert_eq!(of(json!({"model_type": "falcon", "hidden_size": 64, "alibi": true})), Rotary::None);
        assert_eq!(of(json!({"model_type": "mine", "hidden_size": 64})), Rotary::Unsaid);
        let nested =
            json!({"model_type": "mine", "hidden_size": 64, "rope_parameters": {"partial_rotary_factor": 0.5}});
        assert_eq!(of(nested), Rotary::Part(0.5));
    }

    #[test]
    fn gguf_files_already_hold_one_plus_the_weight() {
        let config = json!({"model_type": "gemma3", "hidden_size": 64, "gguf": true});
        assert_eq!(Facts::of(Some(&config), 64, false).one_plus, OnePlus::No);
    }
}
