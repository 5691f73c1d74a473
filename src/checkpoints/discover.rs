// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files of a snapshot → groups that are one model each, and models that cannot be read.
//!
//! In: the files. Out: a [`Discovery`], whose groups `open` opens. Shards are joined by their index
//! or their numbered names, ONNX models with their external data, and each group with the nearest configuration. Versions
//! at the tip and versions that came and went are never joined.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::hidden::{self, Looked, Piece};
use super::sniff::{Sniffed, Unread, is_checkpoint_name, sniff};
use super::{Format, onnx};
use crate::changes::{Content, File, FileState};

/// Largest index of shards that is read, in bytes.
pub(super) const INDEX: usize = 64 << 20;
const SHARDS: usize = 100_000;
const NAMED: usize = 5;

/// What models a snapshot holds.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Models in formats that are read, in the order of their first files.
    pub groups: Vec<Group>,
    /// Models, and parts of models, that are not read.
    pub unverifiable: Vec<Unverifiable>,
    /// Files whose bytes were looked at.
    pub scanned: u64,
}

/// The files of one model, as indices into the files that were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Path of the file, or of the index or first shard of a set.
    pub path: String,
    /// Container format.
    pub format: Format,
    /// The files that hold the bytes, in shard order.
    pub files: Vec<usize>,
    /// `config.json`, or `adapter_config.json` of an adapter.
    pub config: Option<usize>,
    /// `*.index.json` of a sharded set.
    pub index: Option<usize>,
    /// Whether the published range brings any of the files.
    pub introduced: bool,
}

/// A file that looks like a model, or names parts of one, and of which nothing can be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverifiable {
    /// Index into the files that were given.
    pub file: usize,
    /// What it is, e.g. `TFLite model`.
    pub what: String,
    /// Why it cannot be verified, in a fragment.
    pub reason: String,
    /// One line: what to do now.
    pub remedy: String,
    /// Whether it is a model as far as name or form tell; else it only may be one.
    pub certain: bool,
}

/// Finds the models among files, by content.
pub fn discover(files: &[File]) -> Discovery {
    let mut finder = Finder::new(files);
    finder.sniff_all();
    finder.indexed_sets();
    finder.external_data();
    finder.numbered_sets();
    finder.single_files();
    finder.hidden();
    finder.finish()
}

struct Finder<'a> {
    files: &'a [File],
    formats: BTreeMap<usize, Format>,
    unread: BTreeMap<usize, Unread>,
    /// Files by side and path; several versions may have come and gone.
    by_path: HashMap<(bool, &'a str), Vec<usize>>,
    taken: BTreeSet<usize>,
    out: Discovery,
}

impl<'a> Finder<'a> {
    fn new(files: &'a [File]) -> Self {
        let mut by_path: HashMap<(bool, &str), Vec<usize>> = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            by_path.entry((file.at_tip, file.path.as_str())).or_default().push(index);
        }
        Self {
            files,
            formats: BTreeMap::new(),
            unread: BTreeMap::new(),
            by_path,
            taken: BTreeSet::new(),
            out: Discovery::default(),
        }
    }

    fn sniff_all(&mut self) {
        for (index, file) in self.files.iter().enumerate() {
            let Some(content) = file.content() else { continue };
            self.out.scanned += 1;
            match sniff(&file.path, content) {
                Ok(Sniffed::Checkpoint(format)) => {
                    self.formats.insert(index, format);
                }
                Ok(Sniffed::Unread(unread)) => {
                    self.unread.insert(index, unread);
                }
                Ok(Sniffed::Nothing) => {}
                Err(error) => {
                    let what = if is_checkpoint_name(&file.path) { "file named as a checkpoint" } else { "file" };
                    let remedy = "make the file readable and run again";
                    self.refuse(index, what, format!("reading failed: {error}"), remedy);
                }
            }
        }
    }

    /// Sets that `*.index.json` lists (`weight_map`, Hugging Face).
    fn indexed_sets(&mut self) {
        for (index, file) in self.files.iter().enumerate() {
            let is_index = [".safetensors.index.json", ".bin.index.json", ".pt.index.json"];
            let Some(content) = file.content().filter(|_| is_index.iter().any(|end| file.path.ends_with(end))) else {
                continue;
            };
            let Some(names) = shard_names(content) else {
                let remedy = "save the sharded checkpoint again, so that the index names its shards";
                self.refuse(
                    index,
                    "index of a sharded checkpoint",
                    "has no weight_map that can be read".to_owned(),
                    remedy,
                );
                continue;
            };
            self.indexed_set(index, file, &names);
        }
    }

    fn is_no_file(&self, index: usize) -> bool {
        self.files.get(index).is_some_and(|file| matches!(file.state, FileState::NotAFile(_)))
    }

    fn indexed_set(&mut self, index: usize, file: &File, names: &BTreeSet<String>) {
        let folder = folder(&file.path);
        let (mut shards, mut absent, mut outside, mut linked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for name in names {
            if name.split('/').any(|part| matches!(part, "" | "." | "..")) || name.contains(['\\', ':', '\0']) {
                outside.push(name.as_str());
                continue;
            }
            let path = format!("{folder}{name}");
            match self.version(&path, file) {
                Some(shard) if self.formats.contains_key(&shard) => shards.push(shard),
                Some(shard) if self.is_no_file(shard) => linked.push(name.as_str()),
                // Without content here: missing from the LFS store, which is said elsewhere. Unreadable: said below.
                Some(shard) if self.unread.contains_key(&shard) || self.content(shard).is_none() => {}
                _ => absent.push(name.as_str()),
            }
        }
        if !outside.is_empty() {
            let reason = format!("names shards outside its folder: {}", listed(&outside));
            self.refuse(index, "index of a sharded checkpoint", reason, "put the shards beside their index");
        }
        if !linked.is_empty() {
            let reason = format!("names shards that are links, which are not followed: {}", listed(&linked));
            self.refuse(index, "sharded checkpoint", reason, "put the shards themselves beside their index");
        }
        if !absent.is_empty() {
            let reason = format!("names shards that are absent: {}", listed(&absent));
            self.refuse(index, "sharded checkpoint", reason, "fetch the missing shard, or remove the index");
        }
        let is_whole = shards.len() == names.len();
        let Some(format) = shards.first().and_then(|shard| self.formats.get(shard)).copied() else { return };
        shards.retain(|shard| self.formats.get(shard).is_some_and(|other| family(*other) == family(format)));
        // What is there of a broken set is still looked at, as files of their own.
        if is_whole && shards.len() == names.len() {
            self.push(file.path.clone(), format, shards, Some(index));
        }
    }

    /// ONNX models take the files that hold their data.
    fn external_data(&mut self) {
        let models: Vec<usize> =
            self.formats.iter().filter(|(_, format)| **format == Format::Onnx).map(|(index, _)| *index).collect();
        for model in models {
            let Some(file) = self.files.get(model) else { continue };
            let Some(source) = file.content().and_then(|content| content.open().ok()) else { continue };
            // A model that cannot be read is opened later, and says why.
            let Ok(external) = onnx::external_data(&*source, &file.path) else { continue };
            let mut members = vec![model];
            let mut absent = Vec::new();
            for path in &external.paths {
                match self.version(path, file) {
                    Some(part) if self.content(part).is_some() => members.push(part),
                    Some(_) => {}
                    None => absent.push(path.as_str()),
                }
            }
            if !external.outside.is_empty() {
                let outside: Vec<&str> = external.outside.iter().map(String::as_str).collect();
                let reason = format!("names external data outside its folder: {}", listed(&outside));
                self.refuse(model, "ONNX model", reason, "save the model again with its data beside it");
                self.taken.insert(model);
                continue;
            }
            if members.len() <= external.paths.len() {
                if !absent.is_empty() {
                    let reason = format!("names external data that is absent: {}", listed(&absent));
                    self.refuse(
                        model,
                        "ONNX model",
                        reason,
                        "fetch the missing data file, or save the model in one file",
                    );
                }
                self.taken.insert(model);
                continue;
            }
            for part in members.iter().skip(1) {
                self.unread.remove(part);
            }
            self.push(file.path.clone(), Format::Onnx, members, None);
        }
    }

    /// Sets without an index: `NAME-00001-of-00003.EXT`, also the splits of GGUF.
    fn numbered_sets(&mut self) {
        let mut sets: BTreeMap<(bool, String, u32), BTreeMap<u32, usize>> = BTreeMap::new();
        for index in self.formats.keys().filter(|index| !self.taken.contains(*index)) {
            let Some(file) = self.files.get(*index) else { continue };
            if let Some((stem, number, count)) = numbered(&file.path) {
                sets.entry((file.at_tip, stem, count)).or_default().entry(number).or_insert(*index);
            }
        }
        for ((_, _, count), shards) in sets {
            let members: Vec<usize> = shards.values().copied().collect();
            let Some((first, format)) = members.first().and_then(|first| Some((*first, *self.formats.get(first)?)))
            else {
                continue;
            };
            let is_one_family = members
                .iter()
                .all(|shard| self.formats.get(shard).is_some_and(|other| family(*other) == family(format)));
            if members.len() as u64 == u64::from(count) && is_one_family {
                let path = self.path(first);
                self.push(path, format, members, None);
                continue;
            }
            let absent: Vec<String> = (1..=count)
                .filter(|number| !shards.contains_key(number))
                .take(NAMED)
                .map(|number| format!("{number:05}-of-{count:05}"))
                .collect();
            let is_known_missing = absent.iter().all(|number| self.is_named_without_content(first, number));
            if !absent.is_empty() && !is_known_missing {
                let absent: Vec<&str> = absent.iter().map(String::as_str).collect();
                let reason = format!("shards are absent: {}", listed(&absent));
                self.refuse(first, "sharded checkpoint", reason, "fetch the missing shard, or remove the others");
            }
        }
    }

    /// Whether a shard of the same set is among the files, without content or not read.
    fn is_named_without_content(&self, shard: usize, number: &str) -> bool {
        let Some(file) = self.files.get(shard) else { return false };
        let Some(start) = number_start(&file.path) else { return false };
        let (Some(stem), Some(rest)) = (file.path.get(..start), file.path.get(start + number.len()..)) else {
            return false;
        };
        self.by_path.contains_key(&(file.at_tip, format!("{stem}{number}{rest}").as_str()))
    }

    fn single_files(&mut self) {
        let rest: Vec<(usize, Format)> = self.formats.iter().map(|(index, format)| (*index, *format)).collect();
        for (index, format) in rest {
            if !self.taken.contains(&index) {
                let path = self.path(index);
                self.push(path, format, vec![index], None);
            }
        }
    }

    /// Models inside the files that the range brings, and models that are several files. What the range does not bring
    /// was searched when it was brought.
    fn hidden(&mut self) {
        let is_open = |index: &usize| {
            !self.formats.contains_key(index)
                && !self.taken.contains(index)
                && self.unread.get(index).is_none_or(|unread| !unread.certain)
        };
        let open: Vec<usize> = (0..self.files.len()).filter(is_open).collect();
        let content = |index: usize| self.files.get(index).and_then(File::content);
        let looked: Vec<_> = open
            .par_iter()
            .filter(|index| self.files.get(**index).is_some_and(|file| file.introduced))
            .filter_map(|index| Some((*index, hidden::look(content(*index)?))))
            .collect();
        for (index, looked) in looked {
            match looked {
                Ok(Looked::Found(found)) => {
                    self.unread.insert(index, found);
                }
                // A large compressed file is suspect only as long as nobody looked into it.
                Ok(Looked::Clean) => {
                    self.unread.remove(&index);
                }
                Ok(Looked::Opaque) => {}
                Err(error) => {
                    let remedy = "make the file readable and run again";
                    self.refuse(index, "file", format!("reading failed: {error}"), remedy);
                }
            }
        }
        for side in [true, false] {
            let files = open.iter().filter_map(|index| Some((*index, self.files.get(*index)?)));
            let pieces: Vec<Piece<'_>> = files
                .filter(|(_, file)| file.at_tip == side)
                .filter_map(|(index, file)| {
                    Some(Piece {
                        file: index,
                        path: &file.path,
                        size: file.size,
                        content: file.content()?,
                        introduced: file.introduced,
                    })
                })
                .collect();
            for (index, found) in hidden::pieces(&pieces) {
                self.unread.insert(index, found);
            }
        }
    }

    fn finish(mut self) -> Discovery {
        for (file, Unread { what, reason, remedy, certain }) in std::mem::take(&mut self.unread) {
            self.out.unverifiable.push(Unverifiable { file, what, reason, remedy, certain });
        }
        self.out.groups.sort_by_key(|group| group.files.first().copied());
        self.out.unverifiable.sort_by_key(|unverifiable| unverifiable.file);
        self.out
    }

    fn push(&mut self, path: String, format: Format, files: Vec<usize>, index: Option<usize>) {
        let first = files.first().copied().unwrap_or_default();
        let config = self.files.get(first).and_then(|file| self.config(file));
        let introduced =
            files.iter().chain(&index).any(|file| self.files.get(*file).is_some_and(|file| file.introduced));
        self.taken.extend(&files);
        self.out.groups.push(Group { path, format, files, config, index, introduced });
    }

    /// The configuration of the model a file belongs to: beside it, else in the nearest folder above.
    fn config(&self, file: &File) -> Option<usize> {
        let base = file.path.rsplit('/').next().unwrap_or_default();
        let names: &[&str] = if base.starts_with("adapter_") {
            &["adapter_config.json", "config.json"]
        } else {
            &["config.json", "adapter_config.json"]
        };
        let mut folder = folder(&file.path);
        loop {
            for name in names {
                let found =
                    self.version(&format!("{folder}{name}"), file).filter(|found| self.content(*found).is_some());
                if found.is_some() {
                    return found;
                }
            }
            let above = folder.strip_suffix('/')?;
            folder = above.rfind('/').map_or("", |slash| above.get(..=slash).unwrap_or_default());
        }
    }

    /// The version of a path that goes with a file: on the same side, of the same commit if there are several. A
    /// configuration or shard that did not change is at the tip only, but weights never cross sides.
    fn version(&self, path: &str, with: &File) -> Option<usize> {
        let same_side = self.by_path.get(&(with.at_tip, path));
        let is_config = path.ends_with("config.json");
        let versions = same_side.or_else(|| self.by_path.get(&(!with.at_tip, path)).filter(|_| is_config))?;
        let same_commit =
            versions.iter().find(|index| self.files.get(**index).is_some_and(|file| file.commit == with.commit));
        same_commit.or(versions.first()).copied()
    }

    fn content(&self, index: usize) -> Option<&Content> {
        self.files.get(index).and_then(File::content)
    }

    fn path(&self, index: usize) -> String {
        self.files.get(index).map(|file| file.path.clone()).unwrap_or_default()
    }

    fn refuse(&mut self, file: usize, what: &str, reason: String, remedy: &str) {
        let (what, remedy) = (what.to_owned(), remedy.to_owned());
        self.out.unverifiable.push(Unverifiable { file, what, reason, remedy, certain: true });
    }
}

/// Formats whose shards may stand in one set.
fn family(format: Format) -> Format {
    match format {
        Format::TorchLegacy | Format::TorchScript => Format::TorchZip,
        other => other,
    }
}

/// Names in `weight_map`, once each.
fn shard_names(content: &Content) -> Option<BTreeSet<String>> {
    let index: serde_json::Value = serde_json::from_slice(&content.read(INDEX).ok()?).ok()?;
    let map = index.get("weight_map")?.as_object()?;
    let names: Option<BTreeSet<String>> = map.values().map(|name| name.as_str().map(str::to_owned)).collect();
    names.filter(|names| !names.is_empty() && names.len() <= SHARDS)
}

/// The folder of a path with its slash; empty at the root.
fn folder(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default()
}

/// Stem with extension, number and count of `NAME-00001-of-00003.EXT`.
fn numbered(path: &str) -> Option<(String, u32, u32)> {
    let start = number_start(path)?;
    let number: u32 = path.get(start..start + 5)?.parse().ok()?;
    let count: u32 = path.get(start + 9..start + 14)?.parse().ok()?;
    let is_in_range = (1..=count).contains(&number) && count > 1;
    is_in_range.then(|| Some((format!("{}*{}", path.get(..start)?, path.get(start + 14..)?), number, count)))?
}

/// Offset of `00001-of-00003` in the file name.
fn number_start(path: &str) -> Option<usize> {
    let of = path.rfind("-of-").filter(|of| *of > folder(path).len())?;
    let start = of.checked_sub(5)?;
    let is_number = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let is_separated = path.get(..start).is_some_and(|stem| stem.ends_with(['-', '_', '.']));
    (is_separated && is_number(path.get(start..of)) && is_number(path.get(of + 4..of + 9))).then_some(start)
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| name.escape_debug().to_string()).collect();
    let shown = shown.join(", ");
    if names.len() > NAMED { format!("{shown}, and {} more", names.len() - NAMED) } else { shown }
}
