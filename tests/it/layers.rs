// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The house keeps its order: data flows one way, and every file says what it is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders, and what each may import: what stands before it, and knowledge.
///
/// Three reach sideways: `findings` read the owner's declarations, which are types of `policy`; `bases` hand out
/// fingerprints and prints of code and tokenizers; `licenses` look for a text among documents.
const MAY_IMPORT: [(&str, &[&str]); 14] = [
    ("changes", &[]),
    ("remote", &["changes"]),
    ("checkpoints", &["changes"]),
    ("code", &["licenses", "changes", "checkpoints"]),
    ("documents", &["changes", "checkpoints", "code"]),
    ("fingerprint", &["changes", "checkpoints", "code", "documents", "linear"]),
    ("evidence", &["changes", "checkpoints", "code", "documents", "fingerprint", "bases", "licenses"]),
    (
        "findings",
        &["changes", "checkpoints", "code", "documents", "fingerprint", "evidence", "bases", "licenses", "policy"],
    ),
    (
        "policy",
        &["changes", "checkpoints", "code", "documents", "fingerprint", "evidence", "findings", "bases", "licenses"],
    ),
    (
        "fix",
        &[
            "changes",
            "checkpoints",
            "code",
            "documents",
            "fingerprint",
            "evidence",
            "findings",
            "policy",
            "bases",
            "licenses",
        ],
    ),
    // What is attested is what a report says, of files that were published.
    ("attest", &["changes", "evidence", "findings", "reports"]),
    ("bases", &["code", "documents", "fingerprint"]),
    ("licenses", &["documents"]),
    ("linear", &[]),
];

fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Folders of this crate that a source file imports, wherever `crate::` stands in its code.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| {
            let list = rest.strip_prefix('{').and_then(|rest| rest.split_once("};")).map(|(list, _)| list);
            let first = |path: &str| {
                path.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>()
            };
            match list {
                Some(list) => list.split(',').map(first).collect(),
                None => vec![first(rest)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn stages_import_only_what_stands_before_them() -> io::Result<()> {
    let may: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    for path in sources(&root().join("src"))? {
        let inside = path.strip_prefix(root().join("src")).unwrap_or(&path);
        let Some(stage) = inside.iter().next().and_then(|part| part.to_str()).filter(|stage| may.contains_key(stage))
        else {
            continue;
        };
        for import in imports(&fs::read_to_string(&path)?) {
            let known = root().join("src").join(&import).is_dir() || import == "gate";
            let allowed = import == stage || may.get(stage).is_some_and(|may| may.contains(&import.as_str()));
            if known && !allowed {
                wrong.push(format!("{} imports {import}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the direction of the data:\n{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::policy::Policy;\n// use crate::gate::x;\nuse crate::{findings::Finding, bases};\nfn f(_: crate::reports::Report) {}";
    assert_eq!(imports(text), ["policy", "findings", "bases", "reports"]);
}

#[test]
fn only_the_command_line_prints_reads_the_environment_or_uses_anyhow() -> io::Result<()> {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src"))? {
        let inside = path.strip_prefix(root().join("src")).unwrap_or(&path);
        // git's own variables say which objects a hook must see, and gix does not read all of them.
        if inside == Path::new("changes/repository.rs") {
            continue;
        }
        if inside.starts_with("cli") || inside == Path::new("main.rs") || inside.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for banned in ["env::var", "anyhow::", "use clap", "println!", "eprintln!"] {
                if code.contains(banned) {
                    wrong.push(format!("{}:{} has `{banned}`", inside.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "only src/cli may do this:\n{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_source_file_says_whose_it_is_and_what_it_is_for() -> io::Result<()> {
    let mut wrong = Vec::new();
    let files = [sources(&root().join("src"))?, sources(&root().join("tests"))?].concat();
    assert!(files.len() > 30, "the sources were not found");
    for path in files {
        let text = fs::read_to_string(&path)?;
        let mut lines = text.lines();
        let owner = lines.next().is_some_and(|line| line.starts_with("// SPDX-FileCopyrightText: "));
        let license = lines.next() == Some("// SPDX-License-Identifier: Apache-2.0");
        let purpose = lines.next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12);
        if !(owner && license && purpose) {
            wrong.push(path.strip_prefix(root()).unwrap_or(&path).display().to_string());
        }
    }
    assert!(wrong.is_empty(), "without SPDX lines or a `//!` line after them:\n{}", wrong.join("\n"));
    Ok(())
}
