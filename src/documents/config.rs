// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `config.json` and `adapter_config.json` → what they say of the model's origin.

use serde_json::{Map, Value};

use super::DocumentProblem;
use super::recipes::{is_teacher, line_of};
use super::stated::{LIMIT, Scope, Stated, StatedKind};

/// What a config says of the model's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Path in the tree.
    pub path: String,
    /// `architectures`.
    pub architectures: Vec<String>,
    /// `model_type`.
    pub model_type: Option<String>,
    /// `_name_or_path`: what the weights were loaded from.
    pub name_or_path: Option<String>,
    /// `base_model_name_or_path` of an adapter.
    pub adapter_base: Option<String>,
    /// Values of `auto_map`: code that is run with the model.
    pub auto_map: Vec<String>,
    /// The same about the origin, each with its line, also of the configs of parts inside it.
    pub stated: Vec<Stated>,
}

impl Config {
    /// Reads a config; anything but a JSON object is a problem.
    pub fn parse(path: &str, text: &str) -> Result<Self, DocumentProblem> {
        let problem = |line, message| DocumentProblem {
            path: path.into(),
            line,
            message,
            remedy: "write it as a JSON object".into(),
        };
        let value: Value = serde_json::from_str(text)
            .map_err(|error| problem(Some(error.line() as u32), format!("it is not JSON: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(problem(None, "it is not a JSON object".into()));
        };
        let string = |key: &str| fields.get(key).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned);
        Ok(Self {
            path: path.into(),
            architectures: strings(fields.get("architectures")),
            model_type: string("model_type"),
            name_or_path: string("_name_or_path"),
            adapter_base: string("base_model_name_or_path"),
            auto_map: strings(fields.get("auto_map")),
            stated: stated(path, text, &fields),
        })
    }
}

/// What the config, and those of parts inside it, say of the origin.
fn stated(path: &str, text: &str, fields: &Map<String, Value>) -> Vec<Stated> {
    let own = fields.iter().map(|(key, value)| (String::new(), key, value));
    let parts = fields.iter().filter_map(|(part, value)| Some((part, value.as_object()?)));
    let parts = parts.flat_map(|(part, inner)| inner.iter().map(move |(key, value)| (format!("{part}."), key, value)));
    let mut found = Vec::new();
    for (prefix, key, value) in own.chain(parts) {
        let kind = match key.as_str() {
            "_name_or_path" => StatedKind::LoadedFrom,
            "base_model_name_or_path" => StatedKind::Base,
            key if is_teacher(key) => StatedKind::Teacher,
            _ => continue,
        };
        if let Some(value) = value.as_str().filter(|value| !value.is_empty() && found.len() < LIMIT) {
            let field = format!("{prefix}{key}");
            found.push(Stated::new(path, line_of(text, key, value), kind, &field, value, Scope::Folder));
        }
    }
    found
}

/// Strings of a list or of an object's values.
fn strings(value: Option<&Value>) -> Vec<String> {
    let own = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(own).collect(),
        Some(Value::Object(fields)) => fields.values().filter_map(own).collect(),
        Some(other) => own(other).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn origin_fields_are_read() {
        let text = r#"{"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "_name_or_path": "/data/Qwen2.5-7B",
            "auto_map": {"AutoModel": "modeling_orca.OrcaModel"}, "hidden_size": 3584}"#;
        let config = Config::parse("config.json", text).unwrap();
        assert_eq!(config.architectures, ["Qwen2ForCausalLM"]);
        assert_eq!(config.name_or_path.as_deref(), Some("/data/Qwen2.5-7B"));
        assert_eq!(config.auto_map, ["modeling_orca.OrcaModel"]);
        let adapter = Config::parse("adapter_config.json", r#"{"base_model_name_or_path": "a/b"}"#).unwrap();
        assert_eq!(adapter.adapter_base.as_deref(), Some("a/b"));
    }

    #[test]
    fn statements_of_origin_have_lines() {
        let text = "{\n \"_name_or_path\": \"\",\n \"text_config\": {\"_name_or_path\": \"a/b\"},\n \"teacher_model\": \"c/d\"\n}";
        let config = Config::parse("config.json", text).unwrap();
        let said: Vec<(&str, &str, Option<u32>)> =
            config.stated.iter().map(|one| (one.field.as_str(), one.value.as_str(), one.line)).collect();
        assert_eq!(said, [("teacher_model", "c/d", Some(4)), ("text_config._name_or_path", "a/b", Some(3))]);
    }

    #[test]
    fn wrong_types_are_ignored_and_wrong_json_is_a_problem() {
        assert_eq!(Config::parse("c", r#"{"model_type": 3}"#).unwrap().model_type, None);
        assert_eq!(Config::parse("c", "{\n\"a\": }").unwrap_err().line, Some(2));
        assert!(Config::parse("c", "[]").is_err());
    }
}
