// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear fix`: a push is blocked, the release is put in order, and the push goes through.

use std::fs;

use forebear::licenses;
use serde_json::Value;

use super::release::{DECLARED, ORCA, TERN, add, files, policy, register, repository};
use crate::push::{Watched, joined};

const HOLDER: &str = "[release]\ncopyright = [\"Acme Inc.\"]\n";

/// A repository that knows Tern under a license, and Orca, committed and not pushed.
fn orca(license: &str, text: &str, policy: &str) -> Watched {
    let watched = Watched::new();
    let folder = watched.sandbox.path("tern");
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files("F1") {
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::write(folder.join("LICENSE"), text).unwrap();
    let arguments = ["registry", "add", &folder.to_string_lossy(), "--id", TERN, "--license", license];
    let (code, said) = watched.forebear(&arguments);
    assert_eq!(code, 0, "{said}");
    watched.git.write("policy.toml", policy);
    watched.git.commit("Register the base");
    watched.git.git("push --quiet --no-verify --set-upstream origin main");
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    watched
}

/// Runs `fix` until the end, asserts that a second run changes nothing, and says what the first said.
fn fixed(watched: &Watched, arguments: &[&str], code: i32) -> String {
    let (first, said) = watched.forebear(&[&["fix"], arguments].concat());
    assert_eq!(first, code, "{said}");
    let before = watched.git.git("status --porcelain") + &watched.git.git("diff");
    let (second, again) = watched.forebear(&[&["fix"], arguments].concat());
    assert!(again.starts_with("nothing to write\n"), "{again}");
    assert_eq!(second, code, "{again}");
    assert_eq!(watched.git.git("status --porcelain") + &watched.git.git("diff"), before);
    said
}

fn text(watched: &Watched, path: &str) -> String {
    fs::read_to_string(watched.git.path.join(path)).unwrap()
}

#[test]
fn a_base_under_apache_with_a_notice() {
    let watched = repository(Some(&policy(DECLARED)));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    watched.push(&["origin", "main"]).blocked(1, &["missing-license-text", "missing-notice"]);
    let said = fixed(&watched, &[], 0);
    assert_eq!(said, "wrote LICENSES/apache-2.0.txt (missing-license-text)\nwrote NOTICE (missing-notice)\n");
    assert_eq!(
        text(&watched, "NOTICE"),
        "From the NOTICE of northwind/Tern:\n\nTern\nCopyright 2026 Northwind Research\n"
    );
    assert_eq!(text(&watched, "LICENSES/apache-2.0.txt"), licenses::text("apache-2.0").unwrap());
    watched.git.commit("Put the release in order");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}

#[test]
fn a_base_under_llama_needs_a_name_and_two_attestations() {
    let watched =
        orca("llama3.1", licenses::text("llama3.1").unwrap(), &policy(DECLARED).replace("Apache-2.0", "llama3.1"));
    watched.git.put("README.md", "---\r\nlicense: mit   # as the code\r\ntags: [prose]\r\n---\r\n# Orca\r\nA model.");
    let blocked = ["missing-display-text", "missing-license-text", "missing-notice", "name-rule"];
    watched.push(&["origin", "main"]).blocked(1, &blocked);
    let place = watched.sandbox.path("fix.patch");
    fs::write(&place, watched.forebear(&["fix", "--dry-run"]).1).unwrap();
    watched.git.run(["apply", "--check", &place.to_string_lossy()]);
    let said = joined(&fixed(&watched, &[], 1));
    for words in ["deny[name-rule]", "why: a name is yours to choose", "attested = { aup = \"WHO 2026-01-31\" }"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(
        text(&watched, "README.md"),
        "---\r\nlicense: llama3.1   # as the code\r\ntags: [prose]\r\nbase_model: northwind/Tern\r\n\
         base_model_relation: finetune\r\n---\r\n# Orca\r\n\r\nBuilt with Llama\r\n\r\nA model."
    );
    let attested =
        "attested = { aup = \"legal@acme.example 2026-01-10\", scale-gate = \"legal@acme.example 2026-01-10\" }\n";
    let named = text(&watched, "policy.toml").replace("acme/Orca", "acme/Llama-Orca") + attested;
    watched.git.write("policy.toml", named);
    assert!(fixed(&watched, &[], 0).starts_with("nothing to write"));
    watched.git.commit("Put the release in order");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}

#[test]
fn a_base_under_gemma_needs_other_terms() {
    let watched = orca("gemma", licenses::text("gemma").unwrap(), &policy(DECLARED));
    watched.git.put("README.md", "---\nlicense: apache-2.0\nbase_model: northwind/Tern\n---\n# Orca\n");
    let blocked = ["missing-license-text", "missing-notice", "restrictions-not-passed-on"];
    watched.push(&["origin", "main"]).blocked(1, &blocked);
    let said = joined(&fixed(&watched, &[], 1));
    assert!(said.contains("why: under which terms the release is, only you can decide"), "{said}");
    let notice = text(&watched, "NOTICE");
    let paragraphs: Vec<&str> = notice.trim_end().split("\n\n").collect();
    assert_eq!(paragraphs.len(), 3, "{notice}");
    assert_eq!(paragraphs[0], licenses::lookup("gemma").unwrap().notice_text);
    assert!(paragraphs[1].starts_with("Use of this model and of its derivatives is subject to"), "{notice}");
    assert_eq!(paragraphs[2], "This is a modified version of northwind/Tern: trained further by acme.");
    let attested = "attested = { aup = \"legal@acme.example 2026-01-10\" }\n";
    let terms = text(&watched, "policy.toml").replace("\"Apache-2.0\"", "\"Apache-2.0 AND gemma\"") + attested;
    watched.git.write("policy.toml", terms);
    fixed(&watched, &[], 0);
    assert!(
        text(&watched, "README.md").starts_with(
            "---\nlicense: other\nbase_model: northwind/Tern\nlicense_name: \"Apache-2.0 AND gemma\"\nlicense_link: LICENSE\n---\n"
        ),
        "{}",
        text(&watched, "README.md")
    );
    watched.git.commit("Put the release in order");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}

#[test]
fn headers_and_the_copyright_of_a_base_under_mit() {
    let line = "Copyright (c) 2025 Northwind Research";
    let mit = format!("{line}\n\n{}", licenses::text("mit").unwrap());
    let watched = orca("mit", &mit, &policy(DECLARED).replace("[release]\n", HOLDER).replace("Apache-2.0", "MIT"));
    watched.git.write("train.py", "#!/usr/bin/env python\r\nimport torch\r\n");
    watched.git.write("kernel.cu", "int x;");
    watched.git.commit("Add code");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-attribution", "missing-license-text"]);
    assert_eq!(pushed.rules("warn"), ["missing-header"], "{}", pushed.said);
    fixed(&watched, &[], 0);
    let (year, code) = (jiff::Zoned::now().year(), text(&watched, "train.py"));
    assert_eq!(
        code,
        format!(
            "#!/usr/bin/env python\r\n# SPDX-FileCopyrightText: {year} Acme Inc.\r\n# SPDX-License-Identifier: MIT\r\n\r\nimport torch\r\n"
        )
    );
    assert!(text(&watched, "kernel.cu").ends_with("// SPDX-License-Identifier: MIT\n\nint x;"));
    assert!(text(&watched, "LICENSES/mit.txt").starts_with(line));
    watched.git.commit("Put the release in order");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}

#[test]
fn what_the_model_was_made_from_is_declared_only_where_it_is_asked_for() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let said = fixed(&watched, &[], 1);
    assert!(said.starts_with("nothing to write"), "{said}");
    let said = joined(&said);
    assert!(said.contains("bases = [{ id = \"northwind/Tern\", relation = \"finetune\" }]"), "{said}");
    assert!(said.contains("what the model was made from, only you can say"), "{said}");
    fixed(&watched, &["--declare"], 0);
    let declared = text(&watched, "policy.toml");
    let entry = format!(
        "\n\n[[model]]\npaths = [\"{ORCA}\"]\norigin = \"derived\"\nbases = [{{ id = \"{TERN}\", relation = \"finetune\" }}]\n"
    );
    assert!(declared.ends_with(&entry), "{declared}");
    watched.git.commit("Put the release in order");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}

#[test]
fn a_dry_run_prints_the_patch_that_would_be_written() {
    let watched = repository(Some(&policy(DECLARED)));
    add(&watched, "F1-cpt");
    watched.git.write("NOTICE", "Orca");
    watched.git.commit("Add Orca");
    let (code, patch) = watched.forebear(&["fix", "--dry-run"]);
    assert_eq!((code, watched.git.git("status --porcelain").as_str()), (0, ""), "{patch}");
    let place = watched.sandbox.path("fix.patch");
    fs::write(&place, &patch).unwrap();
    watched.git.run(["apply", &place.to_string_lossy()]);
    assert_eq!(text(&watched, "NOTICE").lines().next(), Some("Orca"));
    assert!(!text(&watched, "NOTICE").ends_with('\n'), "the missing line end is kept");
    assert!(watched.forebear(&["fix"]).1.starts_with("nothing to write"));
}

#[test]
fn a_range_a_folder_and_the_answer_for_programs() {
    let watched = repository(Some(&policy(DECLARED)));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let (code, said) = watched.forebear(&["fix", "origin/main..HEAD", "--dry-run", "--format", "json"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    let paths: Vec<&str> =
        told["patches"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!((code, paths), (0, vec!["LICENSES/apache-2.0.txt", "NOTICE"]), "{said}");
    assert_eq!((&told["patches"][1]["created"], &told["left"]), (&Value::Bool(true), &Value::Array(vec![])));
    // What lies in the work tree is not what was looked at.
    watched.git.write("NOTICE", "Orca\n");
    let (code, said) = watched.forebear(&["fix", "origin/main..HEAD"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("NOTICE is not written: it is not as it was when it was looked at"), "{said}");
    assert!(!watched.git.path.join("LICENSES").exists());
    let (code, said) = watched.forebear(&["fix", "--path", "."]);
    assert_eq!(code, 0, "{said}");
    assert!(text(&watched, "NOTICE").starts_with("Orca\n\nFrom the NOTICE of northwind/Tern:\n"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_edited_is_refused_by_name() {
    let watched = repository(Some(&policy(DECLARED)));
    add(&watched, "F1-cpt");
    watched.git.write("NOTICE", b"Orca, d\xe9riv\xe9\n");
    watched.git.commit("Add Orca");
    let said = fixed(&watched, &[], 1);
    assert!(
        said.starts_with("wrote LICENSES/apache-2.0.txt (missing-license-text)\nleft to do by hand: 1 finding\n"),
        "{said}"
    );
    assert!(said.contains("why: NOTICE is not UTF-8, so it is not edited"), "{said}");
    fs::remove_file(watched.git.path.join("NOTICE")).unwrap();
    std::os::unix::fs::symlink(watched.sandbox.path("elsewhere"), watched.git.path.join("NOTICE")).unwrap();
    let said = fixed(&watched, &[], 1);
    assert!(said.contains("why: NOTICE is a symbolic link and is not followed"), "{said}");
    assert!(!watched.sandbox.path("elsewhere").exists());
}

#[test]
fn the_work_tree_is_looked_at_as_git_would_take_it() {
    let watched = repository(Some(&policy(DECLARED)));
    watched.git.put(".gitignore", "scratch/\n");
    for (name, bytes) in files("F1-cpt") {
        watched.git.write(&format!("scratch/{name}"), bytes);
    }
    assert!(watched.forebear(&["fix"]).1.starts_with("nothing to write"), "what git ignores is left out");
    add(&watched, "F1-cpt");
    fixed(&watched, &[], 0);
    // A base replaced by another that was registered meanwhile, neither committed nor added.
    register(&watched, "other/Gull", "F2");
    let (code, said) = watched.forebear(&["fix", "--policy", "policy.toml"]);
    assert_eq!(code, 0, "{said}");
    for (name, bytes) in files("F2") {
        watched.git.write(&format!("checkpoints/orca/{name}"), bytes);
    }
    let (code, said) = watched.forebear(&["fix"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("[undeclared-lineage]") && said.contains("other/Gull"), "{said}");
}
