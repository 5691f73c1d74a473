// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The small trained families in the repository: every descendant of F1 is found for what it is, and no other network
//! is called one.

use std::path::{Path, PathBuf};

use forebear::changes;
use forebear::evidence::{Relation, compare};
use forebear::fingerprint::{Fingerprint, Progress, collect};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn load(folder: &Path) -> Fingerprint {
    let published = changes::folder(folder).unwrap();
    let mut found = collect(&published.snapshots[0].files, None, &Progress::default());
    found.models.pop().unwrap().fingerprint
}

fn zoo(name: &str) -> Fingerprint {
    load(&root().join("tests/fixtures/zoo").join(name))
}

#[test]
fn each_descendant_is_found_for_what_it_is() {
    let base = load(&root().join("data/demo/F1"));
    assert_eq!(compare(&base, &base, 1).relation, Relation::Identical);
    assert_eq!(compare(&load(&root().join("data/demo/F1-cpt")), &base, 1).relation, Relation::Derived);
    for (name, expected) in [
        ("F1-sft", &[Relation::Derived][..]),
        ("F1-merge", &[Relation::Derived]),
        ("F1-moe", &[Relation::Derived]),
        ("F1-deep", &[Relation::Derived]),
        ("F1-hwide", &[Relation::Derived, Relation::Partial]),
        ("F1-frozen", &[Relation::Partial]),
        // Trained apart from one starting point: less than descent, more than nothing.
        ("F1-reseed", &[Relation::SharedOrigin]),
    ] {
        let found = compare(&zoo(name), &base, 1);
        assert!(expected.contains(&found.relation), "{name}: {:?}, {:?}", found.relation, found.log10_p);
    }
}

#[test]
fn nothing_is_found_between_networks_that_share_no_weights() {
    let base = load(&root().join("data/demo/F1"));
    let (other, third, student) = (zoo("F2"), zoo("F3"), zoo("F1-distil"));
    for (what, suspect, base) in [
        ("F2 and F1", &other, &base),
        ("F1 and F2", &base, &other),
        ("F3 and F1", &third, &base),
        ("F3 and F2", &third, &other),
        ("a student that learnt from outputs alone", &student, &base),
    ] {
        let found = compare(suspect, base, 1);
        assert_eq!(found.relation, Relation::NoEvidence, "{what}: {:?}", found.log10_p);
    }
    for name in ["F1-sft", "F1-deep", "F1-moe"] {
        assert_eq!(compare(&zoo(name), &other, 1).relation, Relation::NoEvidence, "{name} and F2");
    }
}
