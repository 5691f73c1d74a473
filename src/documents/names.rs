// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How models are named: ids of a hub, and everything that only looks like one.

/// Addresses of hubs that stand before an id.
const HUBS: &[&str] = &[
    "https://huggingface.co/",
    "http://huggingface.co/",
    "huggingface.co/",
    "https://hf.co/",
    "hf.co/",
    "hf://",
    "https://www.modelscope.cn/models/",
    "https://modelscope.cn/models/",
];

/// First parts of relative paths that are folders and not owners.
const FOLDERS: &str = "artifacts cache checkpoint checkpoints ckpt ckpts data exp experiments exps home local logs merged \
    mnt model models out output outputs pretrained result results run runs save saved saves tmp train \
    training weights work workspace";

/// Endings that tell how a model is stored, not which one it is.
const STORED: &[&str] = &["-unsloth-bnb-4bit", "-bnb-4bit", "-hf", "-gguf", "-awq", "-gptq", "-fp8", "-bf16", "-fp16"];

/// The id `owner/name` that a text is, if it is one and not a path: `https://huggingface.co/a/b` and `a/b@main` are.
pub fn hub_id(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let (text, is_address) = match HUBS.iter().find_map(|hub| text.strip_prefix(hub)) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut parts = text.split(['@', '?', '#']).next().unwrap_or_default().trim_end_matches('/').split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    // `a/b/tree/main` is an address; `a/b/c` elsewhere is a path.
    if !is_address && parts.next().is_some() {
        return None;
    }
    let owner_is_folder = !is_address && FOLDERS.split(' ').any(|folder| owner.eq_ignore_ascii_case(folder));
    let local_name = ["checkpoint-", "epoch", "step", "global_step"].iter().any(|start| name.starts_with(start));
    let file = [".safetensors", ".bin", ".gguf", ".pt", ".ckpt", ".json", ".py"].iter().any(|end| name.ends_with(end));
    (is_part(owner) && is_part(name) && !owner_is_folder && !local_name && !file).then(|| format!("{owner}/{name}"))
}

/// The last part of an id or a path, in lower case and without how it is stored: `/ckpt/Qwen2.5-7B` → `qwen2.5-7b`.
pub fn bare_name(text: &str) -> String {
    let text = text.trim().trim_end_matches(['/', '\\']);
    let mut name = text.rsplit(['/', '\\']).next().unwrap_or(text).to_lowercase().replace(['_', ' '], "-");
    while let Some(end) = STORED.iter().find(|end| name.ends_with(**end)) {
        name.truncate(name.len() - end.len());
    }
    name
}

/// Whether a text can be an owner or a name: letters, digits, `.`, `_`, `-`, and at least one letter.
fn is_part(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=96).contains(&text.len())
        && text.chars().all(allowed)
        && text.chars().any(|c| c.is_ascii_alphabetic())
        && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_paths() {
        for (text, id) in [
            ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
            ("https://huggingface.co/Qwen/Qwen2.5-7B/tree/main", "Qwen/Qwen2.5-7B"),
            ("a/b@main", "a/b"),
            ("\"a/b\"", "a/b"),
        ] {
            assert_eq!(hub_id(text).as_deref(), Some(id), "{text}");
        }
        for path in [
            "/mnt/ckpt/qwen2-7b-base",
            "./a/b",
            "../b",
            "~/b",
            "C:\\models\\b",
            "output/orca",
            "orca/checkpoint-500",
            "gpt2",
            "a/b/c",
            "",
            "a/model.safetensors",
            "1/2",
        ] {
            assert_eq!(hub_id(path), None, "{path}");
        }
    }

    #[test]
    fn how_a_model_is_stored_is_no_part_of_its_name() {
        assert_eq!(bare_name("unsloth/Qwen2.5-7B-bnb-4bit"), "qwen2.5-7b");
        assert_eq!(bare_name("/data/Llama_2_7b-hf/"), "llama-2-7b");
        assert_eq!(bare_name("D:\\m\\GPT2"), "gpt2");
    }
}
