// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What settles a question: the digests of files, values where they stand, or the tests of whole blocks.

use std::fs;
use std::path::{Path, PathBuf};

use forebear::fingerprint::Fingerprint;
use serde_json::Value;

use crate::git_harness::{Git, Sandbox};

/// A repository whose checkpoints are in Git LFS, and a registry beside it that knows northwind/Tern.
struct Release {
    sandbox: Sandbox,
    git: Git,
}

impl Release {
    /// With a copy of one of the bundled models in it.
    fn of(model: &str) -> Self {
        let sandbox = Sandbox::new();
        let git = sandbox.init("work", &[]);
        git.git("lfs install --local --skip-repo");
        git.git("lfs track *.safetensors");
        fs::create_dir(git.path.join("model")).unwrap();
        for file in fs::read_dir(demo(model)).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), git.path.join("model").join(file.file_name())).unwrap();
        }
        let release = Self { sandbox, git };
        release.commit();
        let base = demo("F1").display().to_string();
        let add = ["registry", "add", &base, "--id", "northwind/Tern", "--license", "apache-2.0"];
        release.forebear(&[add.as_slice(), &["--registry", "../registry"]].concat());
        release
    }

    fn commit(&self) {
        self.git.git("add --all .");
        self.git.git("commit --quiet --message Change");
    }

    fn forebear(&self, arguments: &[&str]) -> String {
        let mut command = self.git.command(env!("CARGO_BIN_EXE_forebear"));
        let output = command.args(arguments).env_remove("FOREBEAR_REGISTRY").output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The best match of the one model, and how many bytes of weights were read.
    fn found(&self, arguments: &[&str]) -> (Value, u64) {
        let check = ["check", "--tree", "HEAD", "--no-cache", "--format", "json"];
        let report: Value = serde_json::from_str(&self.forebear(&[&check, arguments].concat())).unwrap();
        assert_eq!(report["models"].as_array().map(Vec::len), Some(1));
        (report["models"][0]["matches"][0].clone(), report["stats"]["bytes_read"].as_u64().unwrap())
    }
}

fn demo(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo").join(model)
}

/// Base, relation, tier, and the deciding mechanism.
fn told(found: &Value) -> [&str; 4] {
    [&found["base"], &found["relation"], &found["tier"], &found["mechanisms"][0]["mechanism"]]
        .map(|value| value.as_str().unwrap_or_default())
}

#[test]
fn a_copy_in_git_lfs_is_told_by_its_digest_and_not_read() {
    let release = Release::of("F1");
    let (found, read) = release.found(&["--registry", "../registry"]);
    assert_eq!(told(&found), ["northwind/Tern", "identical", "file-digests", "file-digests"]);
    assert_eq!(read, 0);
    assert!(found["mechanisms"].as_array().unwrap().iter().any(|one| one["mechanism"] == "exact-hash"));
}

#[test]
fn a_copy_whose_digest_nobody_gives_is_told_by_its_values() {
    let release = Release::of("F1");
    release.git.git("lfs untrack *.safetensors");
    release.git.git("add --renormalize .");
    release.commit();
    let (found, read) = release.found(&["--registry", "../registry"]);
    assert_eq!(told(&found)[..3], ["northwind/Tern", "identical", "in-place"]);
    assert!(read > 100_000);
    let said = release.forebear(&["check", "--tree", "HEAD", "-v", "--registry", "../registry"]);
    assert!(said.contains("settled by values at the same places"), "{said}");
}

#[test]
fn a_changed_model_gets_every_test() {
    let (found, read) = Release::of("F1-cpt").found(&["--registry", "../registry"]);
    assert_eq!(told(&found)[..3], ["northwind/Tern", "derived", "blocks"]);
    assert!(read > 100_000);
}

/// Somebody pushes a registry that says of the model's digest: these are the weights of something else.
#[test]
fn a_registry_that_is_pushed_with_a_model_is_not_asked_for_its_digest() {
    let release = Release::of("F1-cpt");
    let pointer = release.git.run(["show", "HEAD:model/model.safetensors"]);
    let sha256 = pointer.split("sha256:").nth(1).and_then(|rest| rest.get(..64)).unwrap().to_owned();
    let unrelated = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zoo/F2");
    let own = release.sandbox.path("other.fp");
    release.forebear(&["fingerprint", &unrelated.display().to_string(), "--save", &own.display().to_string()]);
    let mut forged = Fingerprint::read(&own).unwrap();
    forged.sources.truncate(1);
    forged.sources[0].sha256 = sha256;
    fs::write(&own, forged.to_bytes().unwrap()).unwrap();
    release.forebear(&[
        "registry",
        "add",
        &own.display().to_string(),
        "--id",
        "evil/Other",
        "--license",
        "mit",
        "--registry",
        "registry",
    ]);
    release.commit();
    let (found, read) = release.found(&["--registry", "../registry"]);
    assert_eq!(told(&found)[..3], ["northwind/Tern", "derived", "blocks"]);
    assert!(read > 100_000);
    // The same registry, given by whoever runs the check, is believed: it is theirs.
    let (found, read) = release.found(&["--registry", "registry"]);
    assert_eq!((told(&found)[0], told(&found)[2], read), ("evil/Other", "file-digests", 0));
}

/// `identify --quick` reads a few matrices, says how much that was, and reads everything where they settle nothing.
#[test]
fn a_quick_look_is_enough_for_descent_and_never_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let forebear = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_forebear"));
        let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let base = demo("F1").display().to_string();
    forebear(&["registry", "add", &base, "--id", "northwind/Tern", "--license", "mit", "--registry", "registry"]);
    let identify = |model: &Path| -> Value {
        let model = model.display().to_string();
        let identify = ["identify", &model, "--quick", "--no-cache", "--registry", "registry", "--format", "json"];
        serde_json::from_str(&forebear(&identify)).unwrap()
    };
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zoo");

    let found = identify(&demo("F1-cpt"));
    assert_eq!(told(&found["matches"][0])[..3], ["northwind/Tern", "derived", "glance"]);
    let (read, of) = (found["glance"]["bytes"].as_u64().unwrap(), found["glance"]["of"].as_u64().unwrap());
    assert!(read * 4 < of, "{read} of {of}");

    // Equal values of a few matrices are not called a copy of all.
    assert_eq!(told(&identify(&demo("F1"))["matches"][0])[1], "derived");

    // Layers that stand elsewhere, experts, another network: what the look leaves open is looked at in full.
    for (name, relation) in [("F1-moe", "derived"), ("F2", "")] {
        let found = identify(&zoo.join(name));
        let [_, relation_found, tier, _] = told(&found["matches"][0]);
        assert_eq!(relation_found, relation, "{name}");
        assert!(tier == "blocks" || tier == "glance" || relation.is_empty(), "{name}: {tier}");
        assert!(!relation.is_empty() || found["glance"].is_null(), "{name}");
    }
    let said = forebear(&["identify", &demo("F1-cpt").display().to_string(), "--quick", "--registry", "registry"]);
    assert!(said.contains("settled by a few matrices; the others were not read"), "{said}");
    assert!(said.contains("without --quick all is read"), "{said}");
}
