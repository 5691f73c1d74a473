// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The names by which model families are known in code: `data/code/families.toml`.
//!
//! In: a name as it stands in code, a config, or a declaration. Out: the family it means, if it means one.

use std::sync::OnceLock;

use serde::Deserialize;

const DATA: &str = include_str!("../../data/code/families.toml");

/// One model family.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// How it is called.
    pub name: String,
    classes: Vec<String>,
    types: Vec<String>,
    words: Vec<String>,
    /// Whether many unrelated models use its architecture.
    #[serde(default)]
    pub common: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    family: Vec<Family>,
}

/// All families, in the order of the data.
pub fn families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    // A test reads it, so a release cannot hold a damaged one.
    FAMILIES.get_or_init(|| toml::from_str::<Table>(DATA).map(|table| table.family).unwrap_or_default())
}

/// Last parts of the names of classes that make up a model.
const PARTS: &[&str] = &[
    "Attention",
    "AttentionBlock",
    "Block",
    "CausalLM",
    "Classification",
    "Config",
    "DecoderLayer",
    "Decoder",
    "Embedding",
    "Embeddings",
    "Experts",
    "FlashAttention2",
    "ForCausalLM",
    "Gate",
    "Generation",
    "LayerNorm",
    "Layer",
    "LMHeadModel",
    "MLA",
    "MLP",
    "Model",
    "MoE",
    "MoeBlock",
    "Moe",
    "Norm",
    "PreTrainedModel",
    "PretrainedModel",
    "RMSNorm",
    "Router",
    "RotaryEmbedding",
    "Router",
    "SdpaAttention",
    "SparseMoeBlock",
    "Tokenizer",
    "TokenizerFast",
    "TopkRouter",
];

/// The family whose class this is: `Qwen2Attention`.
pub fn family_of_class(name: &str) -> Option<&'static Family> {
    if !PARTS.iter().any(|part| name.ends_with(part)) {
        return None;
    }
    let starts = |stem: &String| {
        let rest = name.strip_prefix(stem.as_str());
        rest.and_then(|rest| rest.chars().next()).is_some_and(|next| !next.is_lowercase())
    };
    families().iter().find(|family| family.classes.iter().any(starts))
}

/// The family whose `model_type` this is: `qwen2_moe`.
pub fn family_of_type(name: &str) -> Option<&'static Family> {
    let starts = |stem: &String| {
        let rest = name.strip_prefix(stem.as_str());
        rest.is_some_and(|rest| rest.chars().next().is_none_or(|next| !next.is_alphabetic()))
    };
    families().iter().find(|family| family.types.iter().any(starts))
}

/// The families that a text names: an id of a model, a path, a line of a notice.
pub fn families_named(text: &str) -> Vec<&'static Family> {
    families().iter().filter(|family| family.is_named_in(text)).collect()
}

impl Family {
    /// Whether a text names the family, at the start of a word: `ckpt/deepseekv3`, `Qwen/Qwen2.5-7B`.
    pub fn is_named_in(&self, text: &str) -> bool {
        self.words.iter().any(|word| names(text, word))
    }
}

/// Whether `word` starts a word of `text`, in any case, with `-` and `_` alike. A short word must end there too, or
/// be followed by no letter.
pub fn names(text: &str, word: &str) -> bool {
    let text = text.to_lowercase().replace('_', "-");
    let word = word.to_lowercase().replace('_', "-");
    if word.is_empty() {
        return false;
    }
    text.match_indices(word.as_str()).any(|(at, _)| {
        let starts = text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric());
        let next = text.get(at + word.len()..).and_then(|after| after.chars().next());
        starts && (word.len() > 6 || next.is_none_or(|next| !next.is_alphabetic() || (word.len() > 3 && next == 'v')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(family: Option<&'static Family>) -> &'static str {
        family.map_or("none", |family| &family.name)
    }

    #[test]
    fn the_data_can_be_read() {
        assert!(families().len() > 30);
        for family in families() {
            assert!(!family.words.is_empty() && !family.types.is_empty(), "{}", family.name);
        }
    }

    #[test]
    fn classes_and_types_mean_a_family() {
        assert_eq!(name(family_of_class("Qwen2MoeSparseMoeBlock")), "Qwen");
        assert_eq!(name(family_of_class("DeepseekV3ForCausalLM")), "DeepSeek");
        assert_eq!(name(family_of_type("deepseek_v3")), "DeepSeek");
        assert_eq!(name(family_of_type("qwen2")), "Qwen");
    }

    #[test]
    fn words_that_only_begin_alike_mean_nothing() {
        for class in
            ["PhilosophyModel", "GlmnetModel", "Llamas", "OrcaAttention", "Granitelike", "QwenHelper", "FalconryModel"]
        {
            assert_eq!(name(family_of_class(class)), "none", "{class}");
        }
        assert_eq!(name(family_of_type("bloomberg")), "none");
        for text in ["load/yield", "bloomberg-data", "falconry", "my-phi", "philosophy", "ayahuasca"] {
            assert!(families_named(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn ids_and_paths_name_families() {
        for (text, family) in [
            ("/mnt/ckpt/deepseekv3/iter_100", "DeepSeek"),
            ("Qwen/Qwen2.5-7B", "Qwen"),
            ("pretrained_qwen2", "Qwen"),
            ("01-ai/Yi-6B", "Llama"),
            ("runs/Phi-3-mini", "Phi"),
        ] {
            assert_eq!(families_named(text).first().map(|family| family.name.as_str()), Some(family), "{text}");
        }
    }
}
