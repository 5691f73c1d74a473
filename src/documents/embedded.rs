// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Metadata inside weight files → what they say of the model's origin.

use std::collections::BTreeMap;

use crate::changes::{File, FileState};
use crate::checkpoints::labels;

use super::recipes::is_teacher;
use super::stated::{LIMIT, Scope, Stated, StatedKind};

/// What the metadata of some files say: those of the models, by their places among the files.
pub fn embedded(files: &[File], models: impl IntoIterator<Item = usize>) -> Vec<Stated> {
    let mut found: Vec<Stated> = Vec::new();
    for file in models.into_iter().filter_map(|at| files.get(at)).filter(|file| file.at_tip) {
        let FileState::Present(content) = &file.state else { continue };
        // That a file cannot be read is told where its tensors are.
        let labels = labels(content).unwrap_or_default();
        found.extend(of_labels(&file.path, &labels));
    }
    found
}

fn of_labels(path: &str, labels: &BTreeMap<String, String>) -> Vec<Stated> {
    let own = labels.iter().filter_map(|(key, value)| {
        let kind = match key.as_str() {
            "base_model" | "base_model_name_or_path" | "modelspec.base_model" => StatedKind::Base,
            "ss_base_model_version" | "ss_sd_model_name" | "_name_or_path" => StatedKind::LoadedFrom,
            "general.source.huggingface.repository" | "general.source.repo_url" | "general.source.url" => {
                StatedKind::LoadedFrom
            }
            "modelspec.merged_from" => StatedKind::Parent,
            key if is_teacher(key) => StatedKind::Teacher,
            _ => return None,
        };
        Some((kind, key.clone(), value.clone()))
    });
    let bases = (0..LIMIT).map_while(|index| gguf_base(labels, index));
    let all = own.chain(bases).filter(|(_, _, value)| !value.trim().is_empty()).take(LIMIT);
    all.map(|(kind, key, value)| Stated::new(path, None, kind, &key, &value, Scope::File)).collect()
}

/// `general.base_model.0.*`: the address, or organization and name.
fn gguf_base(labels: &BTreeMap<String, String>, index: usize) -> Option<(StatedKind, String, String)> {
    let prefix = format!("general.base_model.{index}");
    let get = |key: &str| labels.get(&format!("{prefix}.{key}")).filter(|value| !value.is_empty());
    if let Some(address) = get("repo_url").or_else(|| get("url")) {
        return Some((StatedKind::Base, format!("{prefix}.repo_url"), address.clone()));
    }
    let name = get("name")?.replace(' ', "-");
    let id = get("organization").map_or(name.clone(), |owner| format!("{}/{name}", owner.replace(' ', "-")));
    Some((StatedKind::Base, format!("{prefix}.name"), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_read_from_both_containers() {
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let said = |pairs| {
            let found = of_labels("m", &labels(pairs));
            found.into_iter().map(|stated| (stated.field, stated.value)).collect::<Vec<_>>()
        };
        let gguf = said(&[
            ("general.base_model.0.name", "Qwen2.5 7B"),
            ("general.base_model.0.organization", "Qwen"),
            ("general.base_model.1.repo_url", "https://huggingface.co/a/b"),
            ("general.name", "Orca"),
        ]);
        let expected = [
            ("general.base_model.0.name", "Qwen/Qwen2.5-7B"),
            ("general.base_model.1.repo_url", "https://huggingface.co/a/b"),
        ];
        assert_eq!(gguf, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(said(&[("base_model", "c/d"), ("format", "pt")]), [("base_model".to_owned(), "c/d".to_owned())]);
    }
}
