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
    #[serde(default)]
    also: Vec<String>,
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
    let text = Folded::of(text);
    families().iter().filter(|family| text.names_family(family)).collect()
}

/// A text to look for names in: lower case, with `-` for `_`.
#[derive(Clone, Debug, Default)]
pub struct Folded(String);

impl Folded {
    /// Folds a text.
    pub fn of(text: &str) -> Self {
        Self(text.to_lowercase().replace('_', "-"))
    }

    /// Whether the text names the family, at the start of a word: `ckpt/deepseekv3`, `Qwen/Qwen2.5-7B`.
    pub fn names_family(&self, family: &Family) -> bool {
        family.words.iter().any(|word| self.holds(word))
    }

    /// Whether the text declares the family: names it, or a model that is built with its code.
    pub fn tells_family(&self, family: &Family) -> bool {
        self.names_family(family) || family.also.iter().any(|word| self.holds(word))
    }

    /// Whether `word` starts a word of the text. A short one must be followed by no letter, or by the `v` of a version.
    pub fn names(&self, word: &str) -> bool {
        self.holds(&Self::of(word).0)
    }

    fn holds(&self, word: &str) -> bool {
        let text = self.0.as_str();
        !word.is_empty()
            && text.match_indices(word).any(|(at, _)| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                let mut after = text.get(at + word.len()..).unwrap_or_default().chars();
                let next = after.next().filter(|next| next.is_alphabetic());
                let version = next == Some('v') && after.next().is_some_and(|digit| digit.is_ascii_digit());
                before.is_none_or(|before| !before.is_alphanumeric()) && (next.is_none() || version || word.len() > 6)
            })
    }
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
            let folded = family.words.iter().chain(&family.also).all(|word| *word == Folded::of(word).0);
            assert!(folded && !family.words.is_empty() && !family.types.is_empty(), "{}", family.name);
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
            ("runs/Phi-3-mini", "Phi"),
        ] {
            assert_eq!(families_named(text).first().map(|family| family.name.as_str()), Some(family), "{text}");
        }
        let yi = Folded::of("01-ai/Yi-6B");
        assert!(families().iter().any(|family| yi.tells_family(family)) && families_named("01-ai/Yi-6B").is_empty());
    }
}
