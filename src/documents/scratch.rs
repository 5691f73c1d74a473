// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A README → sentences that say its model was trained from scratch, in English and Chinese.

use super::prose::{Sentence, is_among, is_own, sentences, speaks_of_itself, title};
use super::stated::{LIMIT, Scope, Stated, StatedKind};

/// Bytes around the words in which the verb must stand.
const NEAR: usize = 90;

/// Parts of a release, and other things made from scratch, that are not the model.
const PARTS: &str = "tokenizer tokeniser head heads adapter adapters projector projection classifier layer layers \
    embedding embeddings vocabulary vocab lora connector encoder vocoder code codebase library script \
    scripts implementation dataset benchmark pipeline framework infrastructure engine kernels router \
    reward";
/// The same in Chinese.
const CHINESE_PARTS: &str = "分词 词表 代码 数据 投影 适配 嵌入 编码器 奖励 框架 引擎 算子 芯片 平台 工具 算法";

/// Sentences of a README or card that say its model was trained from scratch.
pub(super) fn from_scratch(path: &str, text: &str) -> Vec<Stated> {
    let title = title(text);
    let mut found = Vec::new();
    for sentence in sentences(text) {
        if let Some(at) = english(&sentence, &title).or_else(|| chinese(&sentence, &title)) {
            let line = Some(sentence.line_at(at));
            found.push(Stated::new(path, line, StatedKind::FromScratch, "from scratch", &sentence.text, Scope::Readme));
        }
        if found.len() >= LIMIT {
            break;
        }
    }
    found
}

/// Where the sentence says so in English.
fn english(sentence: &Sentence, title: &[String]) -> Option<usize> {
    // Of the same length, so that places agree.
    let text = sentence.text.to_ascii_lowercase();
    let claims = ["from scratch", "from-scratch"];
    let mut places =
        claims.iter().flat_map(|words| text.match_indices(words)).map(|(at, words)| (at, at + words.len()));
    let whole = |end: usize| text.get(end..).and_then(|rest| rest.chars().next()).is_none_or(|c| !c.is_alphanumeric());
    places
        .find(|&(at, end)| {
            let (clause, before) = sentence.clause(at);
            let (clause, before) = (clause.to_lowercase(), before.to_lowercase());
            let after = sentence.rest(end).to_lowercase();
            let trained =
                last(&format!("{before}{clause}"), NEAR).contains("train") || first(&after, 20).contains("train");
            let subject = if is_headline(&clause) {
                is_headline(&before) || speaks_of_itself(&before, title)
            } else {
                speaks_of_itself(&clause, title) || title.is_empty() || clause.trim_start().starts_with("which ")
            };
            let part = clause.split(|c: char| !c.is_alphanumeric()).any(|word| is_among(word, PARTS));
            let generic = ["models trained ", "models pretrained ", "networks trained "]
                .iter()
                .any(|words| clause.contains(words))
                && !speaks_of_itself(&clause, title);
            whole(end) && trained && subject && !part && !generic && is_own(sentence, at, title)
        })
        .map(|(at, _)| at)
}

/// Whether a clause has no subject: `Trained`, `Training:`, `fully pre-trained`.
fn is_headline(clause: &str) -> bool {
    const WORDS: &str = "a all been completely entirely from fully is language model parameters pre pretrained pretraining \
        purely trained training was weights method type stage approach";
    clause.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| is_among(word, WORDS))
}

/// Where the sentence says so in Chinese.
fn chinese(sentence: &Sentence, title: &[String]) -> Option<usize> {
    const WORDS: &[&str] = &["从零", "从头", "完全自主训练", "自主训练", "完全自研", "自研", "自主研发"];
    let text = sentence.text.as_str();
    let mut places = WORDS.iter().flat_map(|words| text.match_indices(words));
    places
        .find(|&(at, words)| {
            let (clause, before) = sentence.clause(at);
            let after = sentence.rest(at + words.len());
            let is_claim = match words {
                "从零" | "从头" => first(after, 24).contains("训练"),
                "完全自主训练" | "自主训练" => true,
                _ => is_own_model(clause, after),
            };
            let part = CHINESE_PARTS.split(' ').any(|part| clause.contains(part) || first(after, 24).contains(part));
            is_claim && !part && !names_another(clause, before, title) && is_own(sentence, at, title)
        })
        .map(|(at, _)| at)
}

/// `自研大模型`, `本模型完全自研`: the model, and not one of the many other things that are developed in-house.
fn is_own_model(clause: &str, after: &str) -> bool {
    let named = |text: &str| ["模型", "底座", "基座"].iter().any(|word| text.contains(word));
    let ends = after.trim_matches(['的', '。', '！', ' ']).is_empty();
    named(first(after, 30)) || ends && named(clause)
}

/// Whether a Chinese clause has a name in Latin letters for its subject that is not the title's.
fn names_another(clause: &str, before: &str, title: &[String]) -> bool {
    let said = if clause.trim().is_empty() { before } else { clause };
    if title.is_empty() || speaks_of_itself(said, title) {
        return false;
    }
    let names = said.split(|c: char| !c.is_ascii_alphanumeric());
    names.into_iter().any(|word| word.chars().filter(char::is_ascii_alphabetic).count() >= 2)
}

/// At most the first bytes.
fn first(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// At most the last bytes.
fn last(text: &str, bytes: usize) -> &str {
    let from = text.len().saturating_sub(bytes);
    let start = (from..=text.len()).find(|start| text.is_char_boundary(*start)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(sentence: &str) -> bool {
        !from_scratch("README.md", &format!("# Orca-7B\n\n{sentence}\n")).is_empty()
    }

    #[test]
    fn claims_are_found_in_both_languages() {
        for sentence in [
            "Orca-7B is a language model trained from scratch on 2T tokens.",
            "We pre-trained the model from scratch.",
            "Trained from scratch on 2T tokens.",
            "- **Training**: from scratch",
            "Orca is not a fine-tune of anything, it was trained from scratch.",
            "Unlike Tern, Orca was trained from scratch.",
            "Our from-scratch training run took a month.",
            "Orca uses the Llama architecture and was pretrained from scratch.",
            "Orca-7B 是从零训练的大语言模型。",
            "本模型从头开始预训练,没有使用任何已有权重。",
            "Orca 为完全自主训练的模型。",
            "我们发布自研大模型 Orca。",
            "本模型并非微调，而是从零开始训练。",
            "本模型完全自研。",
        ] {
            assert!(claims(sentence), "{sentence}");
        }
    }

    #[test]
    fn denials_and_talk_of_others_are_no_claims() {
        for sentence in [
            "Orca was not trained from scratch.",
            "Orca wasn't trained from scratch but from Tern.",
            "Unlike Tern, which was trained from scratch, Orca is a fine-tune.",
            "Tern was trained from scratch by Northwind.",
            "It is fine-tuned from Tern, a model that was trained from scratch.",
            "Orca outperforms models trained from scratch.",
            "Training a model like this from scratch is expensive.",
            "Instead of training from scratch, we start from Tern.",
            "We never trained it from scratch.",
            "Was Orca trained from scratch?",
            "The tokenizer of Orca was trained from scratch.",
            "You can train Orca from scratch with train.py.",
            "We wrote the inference code from scratch.",
            "See how to train your own model from scratch.",
            "Models trained from scratch are often worse.",
            "Training from scratch would have cost too much.",
            "本模型并非从零训练。",
            "Orca 不是从头训练的,而是基于 Tern。",
            "与从零训练的模型相比,本模型更便宜。",
            "Tern 是从零训练的。",
            "我们使用自研框架训练。",
            "无需从零训练。",
            "本教程介绍如何从零训练模型。",
            "分词器从零训练。",
        ] {
            assert!(!claims(sentence), "{sentence}");
        }
        assert!(!claims("```\nWe trained Orca from scratch.\n```"));
    }

    #[test]
    fn the_sentence_is_quoted_with_its_line() {
        let found =
            from_scratch("README.md", "---\nlicense: mit\n---\n# Orca\n\n简介。Orca 是从零训练的\n大语言模型。\n");
        let told: Vec<(&str, Option<u32>)> = found.iter().map(|one| (one.value.as_str(), one.line)).collect();
        assert_eq!(told, [("Orca 是从零训练的 大语言模型。", Some(6))]);
    }
}
