// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What did not change is not compared again; what is damaged, or was concluded of other bases, is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A repository with a model that descends from the one base of its registry.
struct Story(tempfile::TempDir);

impl Story {
    fn new() -> Self {
        let story = Self(tempfile::tempdir().unwrap());
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
        fs::create_dir_all(story.path("repo/model")).unwrap();
        for file in fs::read_dir(demo.join("F1-cpt")).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), story.path("repo/model").join(file.file_name())).unwrap();
        }
        story.git(&["init", "--quiet"]);
        story.add_base("northwind/Tern", &demo.join("F1"));
        story
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let status = Command::new("git").args(who).args(arguments).current_dir(self.path("repo")).status().unwrap();
        assert!(status.success());
    }

    fn forebear(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebear"));
        command.args(arguments).env("FOREBEAR_CACHE", self.path("cache")).env_remove("FOREBEAR_REGISTRY");
        let output = command.current_dir(self.path("repo")).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn add_base(&self, id: &str, folder: &Path) {
        let folder = folder.display().to_string();
        self.forebear(&["registry", "add", &folder, "--id", id, "--license", "apache-2.0"]);
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", "Add a base"]);
    }

    /// Alters or removes what stands for the base in the registry, and asks again: the exit code and what is said.
    fn with_base(&self, change: impl Fn(&Path)) -> (Option<i32>, String) {
        let file = fs::read_dir(self.path("repo/registry/fingerprints")).unwrap().next().unwrap().unwrap().path();
        change(&file);
        self.git(&["add", "--all", "."]);
        self.git(&["commit", "--quiet", "--message", "Alter the base"]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebear"));
        command.args(["check", "--tree", "HEAD"]).env("FOREBEAR_CACHE", self.path("cache"));
        let output = command.env_remove("FOREBEAR_REGISTRY").current_dir(self.path("repo")).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// What is said of the model's bases.
    fn found(&self) -> Value {
        let report: Value =
            serde_json::from_slice(&self.forebear(&["check", "--tree", "HEAD", "--format", "json"])).unwrap();
        let models = report["models"].as_array().unwrap();
        assert_eq!(models.len(), 1);
        models[0]["matches"].clone()
    }

    fn conclusions(&self) -> Vec<PathBuf> {
        let listed = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        listed(self.path("cache/conclusions")).flat_map(listed).collect()
    }
}

#[test]
fn what_was_found_is_kept_and_never_believed_when_damaged_or_of_other_bases() {
    let story = Story::new();
    let found = story.found();
    assert_eq!(found[0]["base"], "northwind/Tern");
    let [kept] = <[PathBuf; 1]>::try_from(story.conclusions()).unwrap();
    assert_eq!(story.found(), found);

    let whole = fs::read(&kept).unwrap();
    for at in [0, 31, 32, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&kept, damaged).unwrap();
        assert_eq!(story.found(), found);
        assert_eq!(fs::read(&kept).unwrap(), whole, "it is made again, the same");
    }
    fs::write(&kept, &whole[..40]).unwrap();
    assert_eq!(story.found(), found);

    // That it is read at all: an entry that is whole and says that nothing was found.
    let empty = b"[[],null]";
    fs::write(&kept, [Sha256::digest(empty).as_slice(), empty].concat()).unwrap();
    assert_eq!(story.found().as_array().map(Vec::len), Some(0));

    // Another base makes it another question.
    story.add_base("northwind/Other", &Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1-cpt"));
    let bases: Vec<String> = story.found().as_array().unwrap().iter().map(|one| one["base"].to_string()).collect();
    assert!(bases.contains(&"\"northwind/Other\"".to_owned()), "{bases:?}");
    assert_eq!(story.conclusions().len(), 2);
}

#[test]
fn a_cache_that_cannot_be_written_changes_no_verdict() {
    let story = Story::new();
    let found = story.found();
    fs::remove_dir_all(story.path("cache")).unwrap();
    fs::write(story.path("cache"), "not a folder").unwrap();
    assert_eq!(story.found(), found);
}

#[test]
fn a_base_that_is_gone_or_altered_is_an_error_although_its_conclusion_is_remembered() {
    let alter = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(file, bytes).unwrap();
    };
    for change in [&alter as &dyn Fn(&Path), &|file| fs::remove_file(file).unwrap()] {
        let story = Story::new();
        story.found();
        let (code, said) = story.with_base(change);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("northwind/Tern") || said.contains("fingerprints/"), "{said}");
    }
    // Nor does it matter that nothing is there to be compared.
    let story = Story::new();
    fs::remove_dir_all(story.path("repo/model")).unwrap();
    let (code, said) = story.with_base(|file| fs::remove_file(file).unwrap());
    assert_eq!(code, Some(2), "{said}");
}
