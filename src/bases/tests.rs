// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Registries made, changed, damaged, and carried about in temporary folders.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn base(id: &str, weights: &str) -> NewBase {
    NewBase {
        id: id.to_owned(),
        license: "Apache-2.0".to_owned(),
        fingerprint: weights.as_bytes().to_vec(),
        parameters: 7,
        architecture: "TestForCausalLM".to_owned(),
        added: "2026-01-10".to_owned(),
        license_text: Some("the shared license\n".to_owned()),
        headers: vec![("modeling.py".to_owned(), vec!["Copyright 2024 Acme".to_owned()])],
        ..NewBase::default()
    }
}

fn folder_with(bases: &[NewBase]) -> (TempDir, RegistryFolder) {
    let temp = tempdir().unwrap();
    let folder = RegistryFolder::open_or_create(&temp.path().join("registry")).unwrap();
    for base in bases {
        folder.add(base).unwrap();
    }
    (temp, folder)
}

fn registry_path(temp: &TempDir) -> PathBuf {
    temp.path().join("registry")
}

fn open(temp: &TempDir) -> Registry {
    Registry::open(&[registry_path(temp)]).unwrap()
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn export(registry: &Registry) -> Vec<u8> {
    let mut bytes = Vec::new();
    registry.export(&[], &mut bytes).unwrap();
    bytes
}

#[test]
fn what_is_added_is_read_back_verified() {
    let (temp, _) = folder_with(&[base("b/two", "2"), base("a/one", "1")]);
    let registry = open(&temp);
    assert_eq!(registry.list().map(|base| base.entry.id.as_str()).collect::<Vec<_>>(), ["a/one", "b/two"]);
    let one = registry.show("a/one").unwrap();
    assert_eq!(one.fingerprint_bytes().unwrap(), b"1");
    assert_eq!(one.license_text().unwrap().as_deref(), Some("the shared license\n"));
    assert_eq!(one.notice().unwrap(), None);
    assert_eq!(one.headers().unwrap(), [("modeling.py".to_owned(), vec!["Copyright 2024 Acme".to_owned()])]);
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn adding_in_another_order_gives_the_same_files() {
    let (one, _) = folder_with(&[base("b/two", "2"), base("a/one", "1")]);
    let (other, _) = folder_with(&[base("a/one", "1"), base("b/two", "2"), base("a/one", "1")]);
    assert_eq!(tree(&registry_path(&one)), tree(&registry_path(&other)));
}

#[test]
fn an_id_never_changes_its_weights_silently() {
    let (temp, folder) = folder_with(&[base("a/one", "1")]);
    let error = folder.add(&base("a/one", "changed")).unwrap_err().to_string();
    assert_snapshot!(error.replace(temp.path().to_str().unwrap(), "TEMP"), @"base `a/one` is already in TEMP/registry with another fingerprint (6b86b273ff34, not d67e2e944994); remove it first");
    assert_eq!(open(&temp).show("a/one").unwrap().fingerprint_bytes().unwrap(), b"1");
}

#[test]
fn saying_more_of_the_same_weights_leaves_no_orphan() {
    let (temp, folder) = folder_with(&[base("a/one", "1")]);
    let more = NewBase { license_text: Some("corrected".to_owned()), ..base("a/one", "1") };
    folder.add(&more).unwrap();
    assert_eq!(open(&temp).show("a/one").unwrap().license_text().unwrap().as_deref(), Some("corrected"));
    assert_eq!(open(&temp).verify().unwrap(), []);
}

#[test]
fn removing_keeps_files_that_another_base_names() {
    let (temp, folder) = folder_with(&[base("a/one", "1"), base("b/two", "2")]);
    folder.remove("a/one").unwrap();
    let registry = open(&temp);
    assert_eq!(registry.len(), 1);
    assert!(registry.show("b/two").unwrap().license_text().unwrap().is_some());
    assert_eq!(registry.verify().unwrap(), []);
}

#[test]
fn an_unknown_id_is_answered_with_the_closest_one() {
    let (temp, folder) = folder_with(&[base("Qwen/Qwen2.5-7B", "1")]);
    assert_snapshot!(open(&temp).show("qwen/qwen2.5-7b").err().unwrap(), @"no base `qwen/qwen2.5-7b` in the registry; did you mean `Qwen/Qwen2.5-7B`?");
    assert_snapshot!(folder.remove("nothing-like-it").unwrap_err(), @"no base `nothing-like-it` in the registry");
}

#[test]
fn ids_that_could_play_tricks_on_a_terminal_are_refused() {
    let (_temp, folder) = folder_with(&[]);
    for id in ["", "a b", "a\u{1b}[2J", "ünï", &"a".repeat(201)] {
        assert!(matches!(folder.add(&base(id, "1")), Err(RegistryError::BadId { .. })), "{id:?}");
    }
    let parent = NewBase { derived_from: vec!["a\nb".to_owned()], ..base("a/one", "1") };
    assert_snapshot!(folder.add(&parent).unwrap_err(), @r"`a\nb` cannot be the id of a base: only ASCII letters, digits and -_./:@+ may stand in it");
}

#[test]
fn damage_is_found_and_never_believed() {
    let (temp, _) = folder_with(&[base("a/one", "1"), base("b/two", "2"), base("c/three", "3")]);
    let path = registry_path(&temp);
    let registry = open(&temp);
    let file = |id: &str| path.join(registry.show(id).unwrap().entry.fingerprint.to_string());
    fs::write(file("a/one"), "other weights").unwrap();
    fs::remove_file(file("b/two")).unwrap();
    fs::write(path.join("notices/left-behind.txt"), "").unwrap_or_else(|_| {
        fs::create_dir(path.join("notices")).unwrap();
        fs::write(path.join("notices/left-behind.txt"), "").unwrap();
    });
    assert!(matches!(registry.show("a/one").unwrap().fingerprint_bytes(), Err(RegistryError::Altered { .. })));
    assert!(matches!(registry.show("b/two").unwrap().fingerprint_bytes(), Err(RegistryError::Missing { .. })));
    assert!(registry.export(&[], &mut Vec::new()).is_err());
    let faults: Vec<String> = registry
        .verify()
        .unwrap()
        .iter()
        .map(|fault| format!("{:?} {:?}: {}", fault.bases, fault.kind, fault.remedy()))
        .collect();
    let shown = faults.join("\n");
    insta::with_settings!({filters => vec![("[0-9a-f]{64}", "DIGEST")]}, { assert_snapshot!(shown, @r#"
    ["a/one"] Altered { found: "DIGEST" }: restore the file (`git restore`), or `forebear registry remove a/one` and add the base again
    ["b/two"] Missing: restore the file (`git restore`), or `forebear registry remove b/two` and add the base again
    [] Orphan: delete notices/left-behind.txt; nothing refers to it
    "#); });
}

#[test]
fn two_registries_are_searched_together() {
    let (one, _) = folder_with(&[base("a/one", "1"), base("shared", "s")]);
    let (two, _) = folder_with(&[base("b/two", "2"), base("shared", "s")]);
    let registry = Registry::open(&[registry_path(&one), registry_path(&two)]).unwrap();
    assert_eq!(registry.len(), 3);
    assert_eq!(registry.show("shared").unwrap().store_name(), registry_path(&one).display().to_string());
}

#[test]
fn two_registries_that_disagree_are_both_named() {
    let (one, _) = folder_with(&[base("shared", "1")]);
    let (two, _) = folder_with(&[base("shared", "2")]);
    let error = Registry::open(&[registry_path(&one), registry_path(&two)]).err().unwrap().to_string();
    let shown = error.replace(one.path().to_str().unwrap(), "ONE").replace(two.path().to_str().unwrap(), "TWO");
    assert_snapshot!(shown, @"base `shared` differs between ONE/registry (fingerprint 6b86b273ff34) and TWO/registry (fingerprint d4735e3a265e)");
}

#[test]
fn a_folder_without_an_index_is_not_taken_for_an_empty_registry() {
    let temp = tempdir().unwrap();
    assert!(matches!(Registry::open(&[temp.path().to_owned()]), Err(RegistryError::NotARegistry { .. })));
    fs::write(temp.path().join("someone-elses-file"), "").unwrap();
    assert!(matches!(RegistryFolder::open_or_create(temp.path()), Err(RegistryError::NotARegistry { .. })));
}

#[test]
fn a_registry_is_read_from_anything_that_reads_paths() {
    struct Files(BTreeMap<String, Vec<u8>>);
    impl ReadStored for Files {
        fn read(&self, path: &str, _limit: u64) -> io::Result<Option<Vec<u8>>> {
            Ok(self.0.get(path).cloned())
        }
    }
    let (temp, _) = folder_with(&[base("a/one", "1")]);
    let files = Arc::new(Files(tree(&registry_path(&temp))));
    let registry = Registry::gather(vec![Store::Reader("main:registry".to_owned(), files)]).unwrap();
    assert_eq!(registry.show("a/one").unwrap().fingerprint_bytes().unwrap(), b"1");
    assert_eq!(registry.verify().unwrap(), []);
    assert_eq!(export(&registry), export(&open(&temp)));
}

#[test]
fn an_export_imports_to_the_same_registry() {
    let (temp, _) = folder_with(&[base("a/one", "1"), base("b/two", "2")]);
    let archive = export(&open(&temp));
    assert_eq!(archive, export(&open(&temp)), "the same bases give the same bytes");
    let (copy, folder) = folder_with(&[base("a/one", "1")]);
    let imported = folder.import(Cursor::new(archive)).unwrap();
    assert_eq!((imported.added, imported.present), (vec!["b/two".to_owned()], vec!["a/one".to_owned()]));
    assert_eq!(tree(&registry_path(&copy)), tree(&registry_path(&temp)));
}

#[test]
fn an_export_of_some_holds_only_them() {
    let (temp, _) = folder_with(&[base("a/one", "1"), base("b/two", "2")]);
    let mut archive = Vec::new();
    assert_eq!(open(&temp).export(&["b/two".to_owned(), "b/two".to_owned()], &mut archive).unwrap().bases, 1);
    let (_copy, folder) = folder_with(&[]);
    assert_eq!(folder.import(Cursor::new(archive)).unwrap().added, ["b/two"]);
}

#[test]
fn an_import_that_disagrees_places_nothing() {
    let (temp, _) = folder_with(&[base("a/one", "1"), base("b/two", "2")]);
    let (copy, folder) = folder_with(&[base("b/two", "another")]);
    let before = tree(&registry_path(&copy));
    assert!(matches!(folder.import(Cursor::new(export(&open(&temp)))), Err(RegistryError::Exists { .. })));
    assert_eq!(tree(&registry_path(&copy)), before);
}

/// An archive with the members of a good one, changed by `change`.
fn forged(change: impl Fn(&mut BTreeMap<String, Vec<u8>>), method: CompressionMethod) -> Vec<u8> {
    let (temp, _) = folder_with(&[base("a/one", "1")]);
    let mut files = tree(&registry_path(&temp));
    files.retain(|name, _| !name.starts_with('.'));
    change(&mut files);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn forged_archives_place_nothing() {
    let (copy, folder) = folder_with(&[]);
    let before = tree(copy.path());
    let mut said = Vec::new();
    let mut refuse = |archive: Vec<u8>| said.push(folder.import(Cursor::new(archive)).unwrap_err().to_string());
    refuse(b"not a zip".to_vec());
    refuse(forged(|files| drop(files.remove("index.toml")), CompressionMethod::Stored));
    refuse(forged(|files| drop(files.insert("../outside".to_owned(), vec![])), CompressionMethod::Stored));
    refuse(forged(|_| {}, CompressionMethod::Deflated));
    refuse(forged(
        |files| files.iter_mut().filter(|(name, _)| name.starts_with("fing")).for_each(|(_, bytes)| bytes.push(0)),
        CompressionMethod::Stored,
    ));
    refuse(forged(|files| files.retain(|name, _| !name.starts_with("licenses")), CompressionMethod::Stored));
    let shown = said.join("\n");
    insta::with_settings!({filters => vec![("[0-9a-f]{64}", "DIGEST")]}, { assert_snapshot!(shown, @"
    not a registry archive: invalid Zip archive: Could not find EOCD
    the archive is not a registry: it has no index.toml
    not a registry archive: it holds `../outside`, which its index does not name
    not a registry archive: `index.toml` is compressed; members of a registry archive are stored
    fingerprints/DIGEST.safetensors in the archive is damaged: its SHA-256 is DIGEST; restore it, or remove the base and add it again
    licenses/DIGEST.txt is named by the index of the archive and missing; restore it (git lfs pull, if Git LFS keeps it), or remove the base and add it again
    "); });
    assert_eq!(tree(copy.path()), before);
}

#[test]
fn any_flipped_byte_of_an_archive_is_an_error_or_the_same_registry() {
    let (temp, _) = folder_with(&[base("a/one", "1")]);
    let archive = export(&open(&temp));
    let expected = open(&temp).show("a/one").unwrap().entry.clone();
    for at in 0..archive.len() {
        let mut bytes = archive.clone();
        bytes[at] ^= 0x20;
        let (copy, folder) = folder_with(&[]);
        if folder.import(Cursor::new(bytes)).is_ok_and(|imported| !imported.added.is_empty()) {
            let registry = open(&copy);
            assert_eq!(registry.verify().unwrap(), []);
            let placed = registry.list().next().unwrap();
            assert_eq!(placed.entry.fingerprint, expected.fingerprint, "byte {at}");
        }
    }
}

#[test]
fn writers_wait_for_each_other() {
    let (temp, folder) = folder_with(&[]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = folder.clone();
            scope.spawn(move || folder.add(&base(&format!("writer/{writer}"), &writer.to_string())).unwrap());
        }
    });
    assert_eq!(open(&temp).len(), 8);
    assert_eq!(open(&temp).verify().unwrap(), []);
}

#[test]
fn two_spellings_of_one_id_are_one_base() {
    let (temp, folder) = folder_with(&[base("Acme/Base", "weights")]);
    assert_snapshot!(
        folder.add(&base("acme/base", "weights")).unwrap_err().to_string().replace(&temp.path().display().to_string(), "TMP"),
        @"base `acme/base` is already in TMP/registry as `Acme/Base`; use that spelling"
    );
    let (other, _) = folder_with(&[base("acme/base", "others")]);
    let disagree = Registry::open(&[registry_path(&temp), registry_path(&other)]);
    assert!(matches!(disagree, Err(RegistryError::Conflict { .. })));
    let (same, _) = folder_with(&[base("acme/BASE", "weights")]);
    assert_eq!(Registry::open(&[registry_path(&temp), registry_path(&same)]).unwrap().len(), 1);
}
