// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A release in the making: a repository that knows the base `northwind/Tern` (F1, trained from scratch), and what
//! people add to it.

use std::fs;
use std::path::PathBuf;

use crate::push::Watched;

/// Id of the registered base.
pub(crate) const TERN: &str = "northwind/Tern";
/// Where a released model lies.
pub(crate) const ORCA: &str = "checkpoints/orca/model.safetensors";

const NOTICE: &str = "Tern\nCopyright 2026 Northwind Research\n";

/// A repository with the hook whose `main`, on the server too, holds a registry with one base, a README and this
/// policy (see [`policy`]).
pub(crate) fn repository(policy: Option<&str>) -> Watched {
    let watched = Watched::new();
    start(&watched, policy);
    watched
}

/// Gives an empty repository its first, published commit: registry, README, policy.
pub(crate) fn start(watched: &Watched, policy: Option<&str>) {
    register(watched, TERN, "F1");
    watched.git.write("README.md", "# Orca\n\nModels fine-tuned from Tern, and others.\n");
    if let Some(policy) = policy {
        watched.git.write("policy.toml", policy);
    }
    watched.git.commit("Register the base");
    watched.git.git("push --quiet --no-verify --set-upstream origin main");
}

/// Registers a model of the zoo in the work tree.
pub(crate) fn register(watched: &Watched, id: &str, model: &str) {
    let folder = watched.sandbox.path(&format!("bases/{model}"));
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files(model) {
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::write(folder.join("LICENSE"), apache()).unwrap();
    fs::write(folder.join("NOTICE"), NOTICE).unwrap();
    let (code, said) =
        watched.forebear(&["registry", "add", &folder.to_string_lossy(), "--id", id, "--license", "Apache-2.0"]);
    assert_eq!(code, 0, "{said}");
}

/// Adds a model of the zoo as `checkpoints/orca`, in the work tree.
pub(crate) fn add(watched: &Watched, model: &str) {
    for (name, bytes) in files(model) {
        watched.git.write(&format!("checkpoints/orca/{name}"), bytes);
    }
}

/// Puts license and notice of the base into the work tree.
pub(crate) fn put_in_order(watched: &Watched) {
    watched.git.write("LICENSE", apache());
    watched.git.write("NOTICE", format!("Orca\nCopyright 2026 Acme\n\nBased on {NOTICE}"));
}

/// A policy that is strict on `main` and says nothing of Git LFS, with further tables.
pub(crate) fn policy(tables: &str) -> String {
    format!(
        "schema = 1\n\n[release]\nname = \"acme/Orca\"\nlicense = \"Apache-2.0\"\nbranches = [\"main\"]\n\n\
         [rules]\ncheckpoint-outside-lfs = \"allow\"\n\n{tables}"
    )
}

/// A declaration that Orca was trained from scratch.
pub(crate) const FROM_SCRATCH: &str = "[[model]]\npaths = [\"checkpoints/orca/**\"]\norigin = \"from-scratch\"\n";
/// A declaration that Orca descends from Tern.
pub(crate) const DECLARED: &str = "[[model]]\npaths = [\"checkpoints/orca/**\"]\norigin = \"derived\"\n\
                                   bases = [{ id = \"northwind/Tern\", relation = \"continued-pretraining\" }]\n";

/// Files of a model of the zoo: weights and config.
pub(crate) fn files(model: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(model)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name != "zoo.json").collect();
    names.sort();
    let read = |name: String| {
        let bytes = fs::read(folder(model).join(&name)).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// The weights of a model of the zoo that is one file.
pub(crate) fn weights(model: &str) -> Vec<u8> {
    fs::read(folder(model).join("model.safetensors")).unwrap()
}

fn folder(model: &str) -> PathBuf {
    let top = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let demo = top.join("data/demo").join(model);
    if demo.is_dir() { demo } else { top.join("tests/fixtures/zoo").join(model) }
}

fn apache() -> &'static str {
    forebear::licenses::text("apache-2.0").unwrap()
}
