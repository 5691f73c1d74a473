// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Folders with weights, and what the files beside them say of their bases.
//!
//! In: the work tree. Out: one [`Weights`] a folder. Files are known by their names here; the gate goes by content.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use forebear::changes::Content;
use forebear::documents::Card;
use forebear::reports::plural;

use super::super::load;
use super::super::output::read_text;
use super::look::{is_plain, lines};

/// Id of a base, and the relation to it as policies name it.
type Named = (String, String);

/// A folder with weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// Pattern of its files, as policies write it.
    pub(super) glob: String,
    /// One of its files, inside the repository.
    pub(super) example: String,
    /// Files with weights.
    pub(super) files: usize,
    /// Those of them that are Git LFS pointers, so that their weights are not here.
    pub(super) pointers: usize,
    /// Those that git has.
    pub(super) tracked: usize,
    /// Whether attributes give them to Git LFS.
    pub(super) lfs: bool,
    /// Bases that a card or an adapter's config names, with the relation.
    pub(super) bases: Vec<Named>,
    /// The file that names them.
    pub(super) named_by: Option<String>,
    /// A tokenizer that lies beside.
    pub(super) tokenizer: Option<&'static str>,
}

impl Weights {
    /// What was seen, in words.
    pub(super) fn said(&self) -> String {
        let mut said = vec![plural(self.files as u64, "weight file", "weight files")];
        said.push(match (self.lfs, self.tracked) {
            (true, _) => "in Git LFS".to_owned(),
            (false, 0) => "not committed, and not given to Git LFS".to_owned(),
            (false, _) => "committed without Git LFS".to_owned(),
        });
        if self.pointers > 0 {
            said.push(format!("{} not fetched (`git lfs pull`)", self.pointers));
        }
        said.extend(self.tokenizer.map(|file| format!("{file} beside")));
        said.push(match &self.named_by {
            Some(file) => {
                let bases: Vec<_> = self.bases.iter().map(|(id, relation)| format!("{id} ({relation})")).collect();
                format!("{file} names {}", bases.join(", "))
            }
            None => "no card names a base".to_owned(),
        });
        said.join("; ")
    }
}

/// Endings of files that hold weights. The gate itself goes by content, not by name.
const WEIGHTS: [&str; 9] = ["safetensors", "gguf", "bin", "pt", "pth", "ckpt", "onnx", "npz", "npy"];

/// Files that hold a tokenizer.
const TOKENIZERS: [&str; 4] = ["tokenizer.json", "tokenizer.model", "sentencepiece.bpe.model", "vocab.json"];

/// What cards call the relation to a base (Hugging Face's `base_model_relation`); policies use the same names.
const RELATIONS: [&str; 4] = ["adapter", "finetune", "merge", "quantized"];

/// Folders that tools fill.
const NOT_OURS: [&str; 4] = ["node_modules", "target", "venv", "__pycache__"];

/// Folders deeper than this hold no checkpoint that a guess is worth for.
const DEEPEST: usize = 8;

/// Folders beyond this number are not asked git about: its command line ends somewhere.
const MOST_ASKED: usize = 200;

/// Every folder with weights, ordered by its pattern.
pub(super) fn weights(root: &Path, root_card: Option<&Card>) -> anyhow::Result<Vec<Weights>> {
    let tracked: BTreeSet<String> = lines(root, &["ls-files", "-z"], '\0').into_iter().collect();
    let mut found = Vec::new();
    for (folder, files) in folders(root)? {
        let inside = folder.strip_prefix(root).unwrap_or(&folder);
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let pattern: Vec<_> = parts.iter().map(|part| globset::escape(part)).collect();
        let prefix = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
        let (bases, named_by) = bases(&folder, &prefix, root_card)?;
        found.push(Weights {
            glob: if parts.is_empty() { "*".to_owned() } else { format!("{}/**", pattern.join("/")) },
            example: files.first().map(|file| format!("{prefix}{file}")).unwrap_or_default(),
            files: files.len(),
            pointers: files.iter().filter(|file| is_pointer(&folder.join(file))).count(),
            tracked: files.iter().filter(|file| tracked.contains(&format!("{prefix}{file}"))).count(),
            tokenizer: TOKENIZERS.into_iter().find(|file| folder.join(file).is_file()),
            bases,
            named_by,
            lfs: false,
        });
    }
    found.retain(|one| is_plain(&one.glob));
    found.sort_by(|a, b| a.glob.cmp(&b.glob));
    let mut asked = vec!["check-attr", "-z", "filter", "--"];
    asked.extend(found.iter().take(MOST_ASKED).map(|one| one.example.as_str()));
    let filters: Vec<String> = lines(root, &asked, '\0').into_iter().skip(2).step_by(3).collect();
    for (one, filter) in found.iter_mut().zip(filters) {
        one.lfs = filter == "lfs";
    }
    Ok(found)
}

/// Folders that hold weights, with the names of the files.
fn folders(root: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<String>)>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let mut weights = Vec::new();
        let listing = fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
        for entry in listing {
            let entry = entry.with_context(|| format!("failed to read {}", folder.display()))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    let ours = !name.starts_with('.') && !NOT_OURS.contains(&name.as_str());
                    folders.extend((ours && depth < DEEPEST).then_some((path, depth + 1)));
                }
                Ok(kind) if kind.is_file() => {
                    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                    if WEIGHTS.contains(&ending.as_str()) && !load::is_fingerprint(&path) {
                        weights.push(name);
                    }
                }
                _ => {}
            }
        }
        if !weights.is_empty() {
            weights.sort();
            found.push((folder, weights));
        }
    }
    Ok(found)
}

/// Whether a file is a Git LFS pointer.
fn is_pointer(path: &Path) -> bool {
    let start = b"version https://git-lfs";
    Content::Disk(path.to_owned()).head(start.len()).is_ok_and(|head| head == start)
}

/// The bases that an adapter's config, the card beside, or the card at the root names, and the file that does.
fn bases(folder: &Path, prefix: &str, root_card: Option<&Card>) -> anyhow::Result<(Vec<Named>, Option<String>)> {
    let config = "adapter_config.json";
    if let Some(base) = adapter_base(&folder.join(config))?.filter(|base| is_plain(base)) {
        return Ok((vec![(base, "adapter".to_owned())], Some(format!("{prefix}{config}"))));
    }
    let own = card(&folder.join("README.md"))?;
    let cards = [(own.as_ref(), format!("{prefix}README.md")), (root_card, "README.md".to_owned())];
    for (card, file) in cards {
        let claimed = card.map(claimed).unwrap_or_default();
        if !claimed.is_empty() {
            return Ok((claimed, Some(file)));
        }
    }
    Ok((Vec::new(), None))
}

/// A model card. A guess is to be corrected by a person, so one that does not parse is no card.
pub(super) fn card(path: &Path) -> anyhow::Result<Option<Card>> {
    let text = if path.is_file() { read_text(path)? } else { return Ok(None) };
    Ok(Card::parse(&path.display().to_string(), text).ok().flatten())
}

/// The bases that a card names; several are a merge unless it says otherwise. What is no id is left out.
fn claimed(card: &Card) -> Vec<Named> {
    let said = card.relation.as_ref().map(|relation| relation.value.to_ascii_lowercase());
    let known = said.filter(|said| RELATIONS.contains(&said.as_str()));
    let guess = if card.base_models.len() > 1 { "merge" } else { "finetune" };
    let relation = known.unwrap_or_else(|| guess.to_owned());
    let mut bases: Vec<Named> = Vec::new();
    for base in card.base_models.iter().filter(|base| is_plain(&base.value)) {
        // An id that is named twice would make a policy that is refused.
        if !bases.iter().any(|(id, _)| id.eq_ignore_ascii_case(&base.value)) {
            bases.push((base.value.clone(), relation.clone()));
        }
    }
    bases
}

fn adapter_base(path: &Path) -> anyhow::Result<Option<String>> {
    if !path.is_file() {
        return Ok(None);
    }
    let config: serde_json::Value =
        serde_json::from_str(&read_text(path)?).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(config.get("base_model_name_or_path").and_then(|base| base.as_str().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_name_one_base_or_several_or_none() {
        let claimed_by = |text: &str| Card::parse("README.md", text.to_owned()).ok().flatten().as_ref().map(claimed);
        let bases = |list: &[(&str, &str)]| {
            Some(list.iter().map(|(base, relation)| ((*base).to_owned(), (*relation).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(claimed_by("---\nbase_model: a/b\n---\n# Orca\n"), bases(&[("a/b", "finetune")]));
        assert_eq!(
            claimed_by("---\nbase_model: a/b\nbase_model_relation: Quantized\n---\n"),
            bases(&[("a/b", "quantized")])
        );
        assert_eq!(
            claimed_by("---\nbase_model: a/b\nbase_model_relation: unheard-of\n---\n"),
            bases(&[("a/b", "finetune")])
        );
        assert_eq!(claimed_by("---\nbase_model:\n- a/b\n- c/d\n---\n"), bases(&[("a/b", "merge"), ("c/d", "merge")]));
        assert_eq!(claimed_by("---\nbase_model:\n- a/b\n- A/b\n---\n"), bases(&[("a/b", "merge")]));
        assert_eq!(claimed_by("---\nbase_model: \"a\\e[2Jb\"\n---\n"), bases(&[]));
        assert_eq!(claimed_by("# Orca"), None);
    }

    #[test]
    fn models_and_the_bases_they_name_are_seen() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        for (path, text) in [
            ("README.md", "---\nlicense: mit\nbase_model: a/root\n---\n"),
            ("checkpoints/orca/model-00001-of-00002.safetensors", ""),
            ("checkpoints/orca/tokenizer.json", "{}"),
            ("adapters/x[1]/adapter_model.safetensors", "version https://git-lfs.github.com/spec/v1\n"),
            ("adapters/x[1]/adapter_config.json", r#"{"base_model_name_or_path": "a/adapted"}"#),
            (".git/x.bin", ""),
            ("src/main.py", ""),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
            fs::write(path, text)?;
        }
        let seen = weights(root.path(), card(&root.path().join("README.md"))?.as_ref())?;
        let models: Vec<_> = seen.iter().map(|one| (one.glob.as_str(), one.bases.as_slice())).collect();
        let one = |base: &str, relation: &str| vec![(base.to_owned(), relation.to_owned())];
        let (adapter, root_card) = (one("a/adapted", "adapter"), one("a/root", "finetune"));
        assert_eq!(models, [("adapters/x[[]1[]]/**", &adapter[..]), ("checkpoints/orca/**", &root_card[..])]);
        assert_eq!((seen[0].pointers, seen[1].pointers, seen[1].tokenizer), (1, 0, Some("tokenizer.json")));
        assert!(globset::Glob::new(&seen[0].glob)?.compile_matcher().is_match(&seen[0].example));
        Ok(())
    }
}
