// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which files are documents, and the reading of them within bounds.

use crate::changes::{File, FileState};

use super::recipes::{self, is_recipe};
use super::tokenizer::{TokenizerFile, is_tokenizer, tokenizers};
use super::{Card, Config, Rights, Scope, Stated, scratch, teachers};

/// Longest document read, in bytes. License texts and cards are far shorter.
const SIZE_LIMIT: usize = 2 << 20;

/// What the documents of one tree claim.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// License texts.
    pub licenses: Vec<LicenseFile>,
    /// Notice files.
    pub notices: Vec<NoticeFile>,
    /// Model cards: `README*` and Markdown named a card, where they have a front matter.
    pub cards: Vec<Card>,
    /// The same without a front matter: they show texts and claim nothing.
    pub readmes: Vec<Readme>,
    /// Copyright lines and licenses that `REUSE.toml` and `.license` files give for other files.
    pub rights: Vec<Rights>,
    /// `config.json` and `adapter_config.json`.
    pub configs: Vec<Config>,
    /// What documents say of the origin of models, beside the front matter of cards.
    pub stated: Vec<Stated>,
    /// Tokenizers that the range brings.
    pub tokenizers: Vec<TokenizerFile>,
}

/// A file that holds license text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFile {
    /// Path in the tree.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A file that holds notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFile {
    /// Path in the tree.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A README without a front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readme {
    /// Path in the tree.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentProblem {
    /// Path in the tree.
    pub path: String,
    /// Line, from 1, if one is to blame.
    pub line: Option<u32>,
    /// What is wrong, a fragment.
    pub message: String,
    /// One line: what to do now.
    pub remedy: String,
}

impl Documents {
    /// License files in the same distribution as the file at `path`: in its folder or a folder above it.
    pub fn licenses_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a LicenseFile> {
        self.licenses.iter().filter(move |file| covers(&file.path, path))
    }

    /// Notice files in the same distribution as the file at `path`.
    pub fn notices_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a NoticeFile> {
        self.notices.iter().filter(move |file| covers(&file.path, path))
    }

    /// The model card nearest to the file at `path`.
    pub fn card_for(&self, path: &str) -> Option<&Card> {
        let cards = self.cards.iter().filter(|card| covers(&card.path, path));
        cards.max_by_key(|card| folder(&card.path).len())
    }

    /// The model cards in the same distribution as the file at `path`.
    pub fn cards_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Card> {
        self.cards.iter().filter(move |card| covers(&card.path, path))
    }

    /// READMEs without a front matter in the same distribution as the file at `path`.
    pub fn readmes_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Readme> {
        self.readmes.iter().filter(move |file| covers(&file.path, path))
    }

    /// Path of the README or card nearest to the file at `path`.
    pub fn nearest_readme(&self, path: &str) -> Option<&str> {
        let cards = self.cards.iter().map(|card| card.path.as_str());
        let all = cards.chain(self.readmes.iter().map(|readme| readme.path.as_str()));
        all.filter(|readme| covers(readme, path)).max_by_key(|readme| folder(readme).len())
    }

    /// What is said of the origin of the model at `path` that is made of `files`.
    pub fn stated_for<'a>(&'a self, path: &'a str, files: &'a [String]) -> impl Iterator<Item = &'a Stated> {
        let nearest = self.nearest_readme(path);
        self.stated.iter().filter(move |stated| {
            let beside = folder(&stated.path) == folder(path);
            match stated.scope {
                Scope::Readme => nearest == Some(stated.path.as_str()),
                Scope::Folder => beside,
                Scope::Recipe => beside || nearest.is_some_and(|readme| folder(readme) == folder(&stated.path)),
                Scope::File => files.contains(&stated.path),
            }
        })
    }

    /// The configs in the folder of the file at `path`.
    pub fn configs_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Config> {
        self.configs.iter().filter(move |config| folder(&config.path) == folder(path))
    }
}

/// Reads the documents among the files of a tree's tip.
pub fn read(files: &[File]) -> (Documents, Vec<DocumentProblem>) {
    let mut documents = Documents { tokenizers: tokenizers(files), ..Documents::default() };
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.at_tip) {
        let Some(kind) = kind(&file.path) else { continue };
        match text(file) {
            Ok(text) => documents.take(kind, file, text, &mut problems),
            Err(message) => problems.push(DocumentProblem {
                path: file.path.clone(),
                line: None,
                message,
                remedy: "make it a plain UTF-8 file below 2 MiB, with its Git LFS object present".into(),
            }),
        }
    }
    (documents, problems)
}

impl Documents {
    fn take(&mut self, kind: Kind, file: &File, text: String, problems: &mut Vec<DocumentProblem>) {
        let path = file.path.clone();
        match kind {
            Kind::License => self.licenses.push(LicenseFile { path, text }),
            Kind::Notice => self.notices.push(NoticeFile { path, text }),
            Kind::Card => {
                self.stated.extend(scratch::from_scratch(&path, &text));
                self.stated.extend(teachers::in_prose(&path, &text));
                self.stated.extend(recipes::in_card(&path, &text));
                match Card::parse(&path, text.clone()) {
                    Ok(Some(card)) => {
                        self.stated.extend(teachers::in_datasets(&card));
                        self.cards.push(card);
                    }
                    Ok(None) => self.readmes.push(Readme { path, text }),
                    Err(problem) => problems.push(problem),
                }
            }
            Kind::Recipe => self.stated.extend(recipes::in_file(&path, &text)),
            Kind::Reuse => match Rights::parse(&path, &text) {
                Ok(rights) => self.rights.extend(rights),
                Err(problem) => problems.push(problem),
            },
            Kind::Sidecar => self.rights.extend(Rights::sidecar(&path, &text)),
            Kind::Config => match Config::parse(&path, &text) {
                Ok(config) => {
                    self.stated.extend(config.stated.iter().cloned());
                    self.configs.push(config);
                }
                Err(problem) => problems.push(problem),
            },
        }
    }
}

/// Whether a path names a license or a notice, by its name.
pub fn is_legal(path: &str) -> bool {
    matches!(kind(path), Some(Kind::License | Kind::Notice))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    License,
    Notice,
    Card,
    Config,
    Recipe,
    Reuse,
    Sidecar,
}

/// Extensions of files that are named like a license and are code or data.
const NOT_PROSE: &[&str] =
    &["c", "cpp", "csv", "go", "h", "html", "java", "js", "json", "py", "rs", "sh", "toml", "ts", "xml", "yaml", "yml"];

fn kind(path: &str) -> Option<Kind> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let prose = matches!(extension, "" | "txt" | "md" | "rst" | "text");
    let in_licenses = lower.starts_with("licenses/") || lower.contains("/licenses/");
    // `LICENSE.Apache`, `LICENSE-2.0`: what follows the point is part of the name.
    let named = |word: &str| name.starts_with(word) && !NOT_PROSE.contains(&extension);
    match name {
        "reuse.toml" => return Some(Kind::Reuse),
        "config.json" | "adapter_config.json" => return Some(Kind::Config),
        _ if is_tokenizer(&lower) => return None,
        _ => {}
    }
    if extension == "license" && stem.contains('.') {
        return Some(Kind::Sidecar);
    }
    if name.starts_with("notice") && (prose || extension.is_empty()) {
        return Some(Kind::Notice);
    }
    if named("license") || named("licence") || named("copying") || named("unlicense") {
        return Some(Kind::License);
    }
    let titled = ["license", "licence", "terms_of_use", "terms-of-use", "use_policy", "use-policy"];
    if prose && (in_licenses || titled.iter().any(|word| stem.contains(word))) {
        return Some(Kind::License);
    }
    if is_recipe(name, extension) {
        return Some(Kind::Recipe);
    }
    (prose && (stem == "readme" || stem.contains("card") && extension == "md")).then_some(Kind::Card)
}

fn text(file: &File) -> Result<String, String> {
    let content = match &file.state {
        FileState::Present(content) => content,
        FileState::MissingLfs => return Err("its Git LFS object is not on this machine".into()),
        FileState::NotAFile(what) => return Err(format!("it is a {what} and is not followed")),
    };
    let bytes = content.read(SIZE_LIMIT).map_err(|error| error.to_string())?;
    // License texts in Latin-1 are common; a lost accent does not keep them from matching.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a document at `document` is in the same distribution as `path`.
fn covers(document: &str, path: &str) -> bool {
    let mut scope = folder(document);
    if scope.eq_ignore_ascii_case("licenses") {
        scope = "";
    } else if let Some((parent, last)) = scope.rsplit_once('/')
        && last.eq_ignore_ascii_case("licenses")
    {
        scope = parent;
    }
    scope.is_empty()
        || folder(path) == scope
        || folder(path).strip_prefix(scope).is_some_and(|rest| rest.starts_with('/'))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::changes::Content;

    pub(crate) fn file(path: &str, text: &str) -> File {
        File::present(path.into(), "0".into(), text.len() as u64, Content::memory(text.as_bytes().to_vec()))
    }

    #[test]
    fn documents_are_known_by_name_in_any_case() {
        let files: Vec<File> = [
            "LICENSE",
            "License.txt",
            "COPYING",
            "LICENSES/MIT.txt",
            "LICENSE-MODEL",
            "model_license.md",
            "USE_POLICY.md",
        ]
        .iter()
        .map(|path| file(path, "text"))
        .collect();
        let (documents, problems) = read(&files);
        assert_eq!(documents.licenses.len(), files.len());
        assert!(problems.is_empty());
        let (documents, _) = read(&[file("Notice.txt", "n"), file("a/NOTICE", "n"), file("src/license.rs", "")]);
        assert_eq!((documents.notices.len(), documents.licenses.len()), (2, 0));
    }

    #[test]
    fn a_document_covers_its_folder_and_those_below() {
        let (documents, _) = read(&[file("a/NOTICE", "n"), file("LICENSES/x.txt", "l"), file("a/LICENSES/y.txt", "l")]);
        let notices = |path: &str| documents.notices_for(path).count();
        assert_eq!((notices("a/b/model.gguf"), notices("a/model.gguf"), notices("ab/model.gguf")), (1, 1, 0));
        assert_eq!(documents.licenses_for("a/model.gguf").count(), 2);
        assert_eq!(documents.licenses_for("model.gguf").count(), 1);
    }

    #[test]
    fn files_that_cannot_be_read_are_problems() {
        let mut missing = file("LICENSE", "");
        missing.state = FileState::MissingLfs;
        let long = file("NOTICE", &"x".repeat(SIZE_LIMIT + 1));
        let (_, problems) =
            read(&[missing, long, file("config.json", "{"), file("README.md", "---\nlicense: [\n---\n")]);
        let said: Vec<String> = problems
            .iter()
            .map(|p| format!("{}:{:?}: {}", p.path, p.line, p.message.lines().next().unwrap_or("")))
            .collect();
        assert_eq!(problems.len(), 4, "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("README.md:Some(")), "{said:?}");
    }

    #[test]
    fn versions_that_are_not_at_the_tip_are_left_out() {
        let mut gone = file("NOTICE", "n");
        gone.at_tip = false;
        assert!(read(&[gone]).0.notices.is_empty());
    }
}
