// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Git LFS: pointer files, and where their objects lie on this machine.
//!
//! In: the bytes of a small blob. Out: the pointer it holds, and the path of the object if the local store has it.
//! Specification: git-lfs `docs/spec.md`, version 1. Nothing is downloaded.

use std::fs;
use std::path::{Path, PathBuf};

use super::LfsPointer;

/// git-lfs looks for pointers in blobs of fewer bytes than this (its `blobSizeCutoff`).
pub const POINTER_LIMIT: u64 = 1024;
/// The shortest text that can be a pointer: a version line, `oid sha256:` with 64 digits, and `size 0`.
pub const POINTER_MINIMUM: u64 = 100;

const VERSION: &str = "https://git-lfs.github.com/spec/v1";
/// Names of the format before version 1, which git-lfs still reads.
const OLD_VERSIONS: [&str; 3] =
    ["http://git-media.io/v/2", "https://hawser.github.com/spec/v1", "http://hawser.github.com/spec/v1"];

/// Returns the pointer git-lfs would see in `bytes`: the canonical form, and the older or untidy forms it also accepts
/// (old version names, CRLF, surrounding white space, extension and unknown keys).
pub fn parse(bytes: &[u8]) -> Option<LfsPointer> {
    if bytes.len() as u64 >= POINTER_LIMIT {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let mut lines = text.lines().map(str::trim_end);
    let version = lines.next()?.strip_prefix("version ")?;
    if version != VERSION && !OLD_VERSIONS.contains(&version) {
        return None;
    }
    let (mut sha256, mut size) = (None, None);
    for line in lines {
        let (key, value) = line.split_once(' ')?;
        let repeated = match key {
            "oid" => sha256.replace(oid(value)?).is_some(),
            "size" => size.replace(decimal(value)?).is_some(),
            _ => false,
        };
        if repeated {
            return None;
        }
    }
    Some(LfsPointer { sha256: sha256?, size: size? })
}

/// Returns the pointer if `bytes` are exactly what git-lfs writes: version, extensions, `oid`, `size`, keys in order,
/// LF after every line.
pub fn parse_strict(bytes: &[u8]) -> Option<LfsPointer> {
    let pointer = parse(bytes)?;
    let text = std::str::from_utf8(bytes).ok()?;
    let rest = text.strip_prefix(&format!("version {VERSION}\n"))?;
    let extensions = rest.strip_suffix(&format!("oid sha256:{}\nsize {}\n", pointer.sha256, pointer.size))?;
    let mut previous = "";
    for line in extensions.split_inclusive('\n') {
        let (key, value) = line.strip_suffix('\n')?.split_once(' ')?;
        let tidy = key.starts_with("ext-") && key > previous && oid(value)? == value.strip_prefix("sha256:")?;
        if !tidy {
            return None;
        }
        previous = key;
    }
    Some(pointer)
}

/// Writes the canonical pointer file.
pub fn encode(pointer: &LfsPointer) -> String {
    format!("version {VERSION}\noid sha256:{}\nsize {}\n", pointer.sha256, pointer.size)
}

/// The folders that may hold LFS objects, searched in order.
#[derive(Clone, Debug, Default)]
pub struct Store {
    roots: Vec<PathBuf>,
}

/// What the local store knows of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The object, of the promised size; its digest is checked by whoever reads it.
    Found(PathBuf),
    /// A file lies in the object's place, but of another size in bytes.
    WrongSize(u64),
    /// No such object here.
    Missing,
}

impl Store {
    /// Folders whose layout is `aa/bb/<oid>`.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots }
    }

    /// Looks for the object of `pointer`.
    pub fn find(&self, pointer: &LfsPointer) -> Lookup {
        let mut answer = Lookup::Missing;
        for root in &self.roots {
            let Some(path) = object_path(root, &pointer.sha256) else { continue };
            match fs::metadata(&path) {
                Ok(data) if data.is_file() && data.len() == pointer.size => return Lookup::Found(path),
                Ok(data) if data.is_file() => answer = Lookup::WrongSize(data.len()),
                _ => {}
            }
        }
        answer
    }
}

fn object_path(root: &Path, sha256: &str) -> Option<PathBuf> {
    Some(root.join(sha256.get(..2)?).join(sha256.get(2..4)?).join(sha256))
}

fn oid(value: &str) -> Option<String> {
    let digest = value.strip_prefix("sha256:")?;
    let valid = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    valid.then(|| digest.to_owned())
}

/// A size git-lfs would write: decimal digits only, within its signed 64 bits.
fn decimal(value: &str) -> Option<u64> {
    let size = value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse::<u64>().ok())??;
    i64::try_from(size).ok().map(|_| size)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pointer(size: u64) -> LfsPointer {
        LfsPointer { sha256: "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393".into(), size }
    }

    #[test]
    fn reads_the_example_of_the_specification() {
        let text = "version https://git-lfs.github.com/spec/v1\n\
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        assert_eq!(parse(text.as_bytes()).unwrap(), pointer(12345));
        assert_eq!(parse_strict(text.as_bytes()).unwrap(), pointer(12345));
        assert_eq!(encode(&pointer(12345)), text);
    }

    #[test]
    fn untidy_pointers_are_read_but_are_not_strict() {
        let tidy = encode(&pointer(7));
        let untidy = [
            tidy.replace('\n', "\r\n"),
            tidy.trim_end().to_owned(),
            tidy.replace(VERSION, "https://hawser.github.com/spec/v1"),
            format!("\n{tidy}\n"),
            tidy.replace("oid", "x-unknown key\noid"),
        ];
        for text in untidy {
            assert_eq!(parse(text.as_bytes()), Some(pointer(7)), "{text:?}");
            assert_eq!(parse_strict(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn extension_keys_are_strict_when_sorted() {
        let extension = |name: &str| format!("ext-{name} sha256:{}\n", "a".repeat(64));
        let sorted = encode(&pointer(7)).replace("oid", &format!("{}{}oid", extension("0-foo"), extension("1-bar")));
        assert_eq!(parse_strict(sorted.as_bytes()), Some(pointer(7)));
        let unsorted = encode(&pointer(7)).replace("oid", &format!("{}{}oid", extension("1-bar"), extension("0-foo")));
        assert_eq!(parse_strict(unsorted.as_bytes()), None);
    }

    #[test]
    fn what_git_lfs_would_not_read_is_not_a_pointer() {
        let tidy = encode(&pointer(7));
        let wrong = [
            tidy.replace("sha256:4d", "sha256:4D"),
            tidy.replace("sha256:4d", "sha256:"),
            tidy.replace("size 7", "size -7"),
            tidy.replace("size 7", "size +7"),
            tidy.replace("size 7", "size"),
            tidy.replace("size 7", "size 99999999999999999999"),
            format!("{tidy}size 8\n"),
            tidy.replace("version ", "vision "),
            tidy.replace("spec/v1", "spec/v9"),
            format!("{tidy}{}", "k v\n".repeat(400)),
        ];
        for text in wrong {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_store_object_of_another_size_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = pointer(3);
        let path = object_path(folder.path(), &wanted.sha256).unwrap();
        let store = Store::new(vec![folder.path().join("elsewhere"), folder.path().to_owned()]);
        assert_eq!(store.find(&wanted), Lookup::Missing);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"four").unwrap();
        assert_eq!(store.find(&wanted), Lookup::WrongSize(4));
        fs::write(&path, b"one").unwrap();
        assert_eq!(store.find(&wanted), Lookup::Found(path));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_pointer_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(pointer) = parse_strict(&bytes) {
                prop_assert_eq!(parse(&bytes), Some(pointer));
            }
        }

        #[test]
        fn every_pointer_is_read_back(digest in "[0-9a-f]{64}", size in 0..=i64::MAX as u64) {
            let pointer = LfsPointer { sha256: digest, size };
            let text = encode(&pointer);
            prop_assert!((POINTER_MINIMUM..POINTER_LIMIT).contains(&(text.len() as u64)));
            prop_assert_eq!(parse_strict(text.as_bytes()), Some(pointer));
        }

        #[test]
        fn a_changed_byte_is_not_the_same_pointer_in_strict_form(at in 0usize..130, byte in any::<u8>()) {
            let text = encode(&pointer(12345)).into_bytes();
            let mut changed = text.clone();
            let at = at % changed.len();
            changed[at] = byte;
            if changed != text {
                prop_assert_ne!(parse_strict(&changed), Some(pointer(12345)));
            }
        }
    }
}
