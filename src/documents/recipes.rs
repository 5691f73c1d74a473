// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How a model was made → which models it was made from: mergekit configs, training configs, what trainers write into
//! a card.
//!
//! YAML is read line by line: only `key: value` counts, so that a statement has a line, no alias multiplies, and a file
//! with an error in another place still says what it says.

use serde_json::Value;

use super::stated::{LIMIT, Scope, Stated, StatedKind};

/// Longest line looked at, in bytes.
const LONGEST: usize = 2000;

/// Whether a file is a recipe, by its name; in lower case.
pub(super) fn is_recipe(name: &str, extension: &str) -> bool {
    const WORDS: &[&str] = &[
        "mergekit",
        "merge_config",
        "merge-config",
        "axolotl",
        "llamafactory",
        "llama_factory",
        "llama-factory",
        "training_args",
        "train_args",
        "training_config",
        "train_config",
        "sft",
        "dpo",
        "finetune",
        "fine_tune",
        "distill",
        "lora",
        "train",
    ];
    let words = WORDS.iter().any(|word| name.contains(word));
    match extension {
        "yaml" | "yml" => words,
        "json" => words && (name.contains("args") || name.contains("config")),
        _ => false,
    }
}

/// What a recipe says.
pub(super) fn in_file(path: &str, text: &str) -> Vec<Stated> {
    if path.to_ascii_lowercase().ends_with(".json") {
        in_json(path, text)
    } else {
        in_yaml(path, text, 0, Scope::Recipe)
    }
}

/// What the YAML blocks of a card and the sentences that trainers write say.
pub(super) fn in_card(path: &str, text: &str) -> Vec<Stated> {
    let mut found = Vec::new();
    let mut block: Option<(u32, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, mark) = (index as u32 + 1, line.trim());
        match &mut block {
            Some((from, yaml)) if mark.starts_with("```") => {
                found.extend(in_yaml(path, yaml, *from, Scope::Readme));
                block = None;
            }
            Some((_, yaml)) => {
                yaml.push_str(line);
                yaml.push('\n');
            }
            None if mark.starts_with("```yaml") || mark.starts_with("```yml") => block = Some((number, String::new())),
            None => found.extend(by_trainer(path, number, line)),
        }
        if found.len() >= LIMIT {
            break;
        }
    }
    found.truncate(LIMIT);
    found
}

/// `This model is a fine-tuned version of [a/b](…) on …`, as `transformers.Trainer` writes it.
fn by_trainer(path: &str, number: u32, line: &str) -> Option<Stated> {
    const WORDS: &str = "This model is a fine-tuned version of [";
    let (_, rest) = line.get(..LONGEST.min(line.len())).unwrap_or_default().split_once(WORDS)?;
    let (name, _) = rest.split_once("](")?;
    let stated = Stated::new(path, Some(number), StatedKind::Base, "fine-tuned version of", name, Scope::Readme);
    Some(stated.quoting(line))
}

/// Statements of a text in YAML whose first line has the number `before` + 1.
fn in_yaml(path: &str, text: &str, before: u32, scope: Scope) -> Vec<Stated> {
    let mut found: Vec<Stated> = Vec::new();
    let pairs: Vec<(u32, String, String)> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.len() <= LONGEST)
        .flat_map(|(index, line)| {
            pairs(line).into_iter().map(move |(key, value)| (before + index as u32 + 1, key, value))
        })
        .collect();
    let merges = pairs.iter().any(|(_, key, _)| key == "merge_method");
    for (line, key, value) in &pairs {
        let Some(kind) = kind(key, merges) else { continue };
        // `base+adapter` is how mergekit applies an adapter first.
        let values = if merges { value.split('+').collect() } else { vec![value.as_str()] };
        for value in values.into_iter().map(str::trim).filter(|value| says_something(value)) {
            if found.len() < LIMIT && !found.iter().any(|other| other.kind == kind && other.value == value) {
                found.push(Stated::new(path, Some(*line), kind, key, value, scope));
            }
        }
    }
    found
}

/// Statements of a JSON object: its own fields and those of objects in it.
fn in_json(path: &str, text: &str) -> Vec<Stated> {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let inner = fields.values().filter_map(Value::as_object).flatten();
    let mut found = Vec::new();
    for (key, value) in fields.iter().chain(inner) {
        if let (Some(kind), Some(value)) = (kind(key, false), value.as_str())
            && says_something(value)
            && found.len() < LIMIT
        {
            found.push(Stated::new(path, line_of(text, key, value), kind, key, value, Scope::Recipe));
        }
    }
    found
}

/// What the value of a key is.
fn kind(key: &str, merges: bool) -> Option<StatedKind> {
    Some(match key {
        "base_model" | "model" | "source_model" | "path" if merges => StatedKind::Parent,
        "merge_method" => StatedKind::MergeMethod,
        "base_model" | "model_name_or_path" | "base_model_name_or_path" | "pretrained_model_name_or_path" => {
            StatedKind::Base
        }
        key if is_teacher(key) => StatedKind::Teacher,
        _ => return None,
    })
}

/// Whether a key names a teacher.
pub(super) fn is_teacher(key: &str) -> bool {
    matches!(
        key,
        "teacher"
            | "teacher_model"
            | "teacher_model_name"
            | "teacher_model_name_or_path"
            | "teacher_model_path"
            | "teacher_name_or_path"
            | "teacher_path"
            | "kd_teacher"
            | "distillation_teacher"
    )
}

/// The line, from 1, in which a JSON text has a key with this value.
pub(super) fn line_of(text: &str, key: &str, value: &str) -> Option<u32> {
    let (key, value) = (format!("\"{key}\""), serde_json::to_string(value).unwrap_or_default());
    let held = |line: &&str| line.contains(&key) && line.contains(&value);
    let at = text.lines().position(|line| held(&line))?;
    Some(at as u32 + 1)
}

/// The pairs of one line of YAML: `- model: a/b`, `base_model: "a/b" # why`, `{model: a/b, weight: 1}`.
fn pairs(line: &str) -> Vec<(String, String)> {
    let line = line.trim().trim_start_matches(['-', ' ']);
    if line.starts_with('#') {
        return Vec::new();
    }
    let line = line.find(" #").and_then(|at| line.get(..at)).unwrap_or(line);
    let flow = line.contains('{');
    let parts: Vec<&str> = if flow { line.split(['{', '}', ',']).collect() } else { vec![line] };
    let pair = |part: &&str| {
        let (key, value) = part.split_once(':')?;
        let bare = |text: &str| text.trim().trim_matches(['"', '\'']).trim().to_owned();
        let (key, value) = (bare(key.trim_start_matches(['[', '-', ' '])), bare(value));
        let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        (plain && !value.is_empty()).then_some((key, value))
    };
    parts.iter().filter_map(pair).collect()
}

fn says_something(value: &str) -> bool {
    !value.is_empty() && !["null", "none", "~", "true", "false", "auto"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[Stated]) -> Vec<(u32, StatedKind, &str)> {
        found.iter().map(|stated| (stated.line.unwrap_or(0), stated.kind, stated.value.as_str())).collect()
    }

    #[test]
    fn a_mergekit_config_names_its_parents() {
        let text = "slices:\n  - sources:\n\
          - model: a/one\n\
          layer_range: [0, 32]\n\
          - {model: \"b/two\", weight: 1}\n\
          # model: x/y\nmerge_method: slerp # as ever\nbase_model: a/one\n  - model: c/three+d/lora\n";
        let kind = StatedKind::Parent;
        assert_eq!(
            told(&in_file("mergekit_config.yml", text)),
            [
                (3, kind, "a/one"),
                (5, kind, "b/two"),
                (7, StatedKind::MergeMethod, "slerp"),
                (9, kind, "c/three"),
                (9, kind, "d/lora")
            ]
        );
    }

    #[test]
    fn training_configs_name_what_they_start_from() {
        let kind = StatedKind::Base;
        assert_eq!(told(&in_file("axolotl.yaml", "base_model: a/b\nmodel: x\nlr: 1\n")), [(1, kind, "a/b")]);
        let json = "{\n \"model_name_or_path\": \"/ckpt/x\",\n \"kd\": {\"teacher_model\": \"c/d\"}\n}";
        assert_eq!(told(&in_file("training_args.json", json)), [(2, kind, "/ckpt/x"), (3, StatedKind::Teacher, "c/d")]);
        assert_eq!(in_file("train_config.json", "{"), []);
    }

    #[test]
    fn what_trainers_write_into_a_card_is_read() {
        let text = "---\nbase_model: z/z\n---\nThis model is a fine-tuned version of [a/b](https://huggingface.co/a/b) on x.\n\n\
          ```yaml\nadapter: lora\nbase_model: c/d\n```\n```python\nbase_model: e/f\n```\n";
        assert_eq!(told(&in_card("README.md", text)), [(4, StatedKind::Base, "a/b"), (8, StatedKind::Base, "c/d")]);
    }

    #[test]
    fn recipes_are_known_by_name() {
        for (name, extension) in
            [("mergekit_config.yml", "yml"), ("qwen_sft.yaml", "yaml"), ("training_args.json", "json")]
        {
            assert!(is_recipe(name, extension), "{name}");
        }
        for (name, extension) in
            [("config.json", "json"), ("train.py", "py"), ("train.json", "json"), ("ci.yml", "yml")]
        {
            assert!(!is_recipe(name, extension), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-c:{}\\[\\],+ \n#\"'é-]{0,200}") {
            let _ = in_file("mergekit.yml", &format!("merge_method: x\n{text}"));
            let _ = in_card("README.md", &format!("```yaml\nmodel_name_or_path: {text}"));
        }
    }
}
