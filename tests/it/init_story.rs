// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear init` in repositories with a checkpoint, a card, and a remote: from flags, without a terminal, and as an
//! interview behind one, up to the push that it stops.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::command_line::{failure, forebear, stdout};
use crate::git_harness::{Git, Sandbox};

const CARD: &str = "---\nlicense: apache-2.0\nbase_model: northwind/Tern-250K\n---\n# Orca\n";

/// A repository that publishes a derivative of a registered base, with a remote that has nothing yet.
fn repository(sandbox: &Sandbox) -> Git {
    sandbox.bare("acme/orca.git", &[]);
    let git = sandbox.init("work", &[]);
    git.run(["remote", "add", "hub", &format!("file://{}", sandbox.path("acme/orca.git").display())]);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    let weights = git.path.join("checkpoints/orca");
    fs::create_dir_all(&weights).unwrap();
    for name in ["model.safetensors", "config.json"] {
        fs::copy(data.join("F1-cpt").join(name), weights.join(name)).unwrap();
    }
    fs::write(git.path.join("README.md"), CARD).unwrap();
    let base = data.join("F1/model.safetensors");
    let add = ["registry", "add", base.to_str().unwrap(), "--id", "northwind/Tern-250K", "--license", "Apache-2.0"];
    stdout(&git.path, &add);
    git
}

/// What the program says, without places of this machine and the time it took.
fn said(git: &Git, arguments: &[&str]) -> String {
    plain(git, &stdout(&git.path, arguments))
}

fn plain(git: &Git, text: &str) -> String {
    let text = text.replace(&git.path.display().to_string(), "[work]");
    let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
        Some((before, after)) if after.contains(" s") && line.contains(" file") => format!("{before} in […]"),
        _ => line.trim_end().to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn policy(git: &Git) -> (String, toml::Table) {
    let text = fs::read_to_string(git.path.join("policy.toml")).unwrap();
    let parsed = toml::from_str(&text).unwrap();
    (text, parsed)
}

#[test]
fn a_repository_is_looked_at_and_the_hook_is_installed() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    assert_snapshot!(said(&git, &["init", "--yes"]), @"
    seen:
        checkpoints/orca/**: 1 weight file; not committed, and not given to Git LFS; README.md names northwind/Tern-250K (finetune)
        1 base registered
    wrote [work]/policy.toml for 1 model; read it and correct what was guessed
    installed [work]/.git/hooks/pre-push

    `forebear check --path .` now says:
    deny[missing-license-text]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks for a copy of its text (§4(a)), and no license file beside
        the weights or above them holds it
    warn[unmarked-modification]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks that changed files are marked as changed (§4(b)), and no
        notice, card or README beside the weights or above them says that northwind/Tern-250K was
        changed
    note[unattested-obligation]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks to keep its copyright notices (§4(c) (Source form)), and
        the license text of northwind/Tern-250K is not registered, so which notices to keep is not known
    blocked: 1 denied, 1 warning — 1 checkpoint (507.1 kB), 8 files, compared with 1 base in […]

    next: `forebear check --path .` says what to do for each; `forebear fix --dry-run` shows what it can write for you
    ");

    let (_, parsed) = policy(&git);
    assert_eq!(parsed["release"]["name"].as_str(), Some("acme/orca"), "the remote's name");
    assert_eq!(parsed["release"]["license"].as_str(), Some("apache-2.0"), "the card's license");
    assert_eq!(parsed["release"]["branches"][0].as_str(), Some("main"), "the branch that is checked out");
    assert_eq!(parsed["model"].as_array().map(Vec::len), Some(1), "a registry's fingerprints are no models");
    assert_eq!(parsed["model"][0]["paths"][0].as_str(), Some("checkpoints/orca/**"));
    assert_eq!(parsed["model"][0]["bases"][0]["id"].as_str(), Some("northwind/Tern-250K"));

    let doctor = stdout(&git.path, &["doctor", "--no-cache"]);
    assert!(!doctor.contains("fail"), "{doctor}");
    let again = stdout(&git.path, &["init", "--yes"]);
    assert!(!again.contains("wrote ") && !again.contains("installed "), "{again}");
    assert!(again.contains("declares every model that was seen"), "{again}");

    // The lineage is declared by the card; what the base's license asks for is not shipped.
    git.run(["add", "--all"]);
    git.run(["commit", "--quiet", "--message", "Publish"]);
    let pushed = git.try_run(["push", "hub", "main"]);
    let said = String::from_utf8(pushed.stderr).unwrap();
    assert!(!pushed.status.success(), "{said}");
    assert!(said.contains("deny[missing-license-text]") && !said.contains("[undeclared-lineage]"), "{said}");
    let checked = forebear(&git.path).args(["check", "--tree", "HEAD"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(1), "the same without the hook");
}

#[test]
fn without_a_terminal_the_defaults_are_taken_and_lineage_is_left_open() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    fs::remove_file(git.path.join("README.md")).unwrap();
    assert_snapshot!(said(&git, &["init"]), @r#"
    seen:
        checkpoints/orca/**: 1 weight file; not committed, and not given to Git LFS; no card names a base
        1 base registered
    no terminal, so nothing is asked: the defaults are taken, as with --yes
    wrote [work]/policy.toml for 1 model; read it and correct what was guessed
        checkpoints/orca/**: no card names a base; name it there, or say `origin = "from-scratch"`
    installed [work]/.git/hooks/pre-push

    `forebear check --path .` now says:
    deny[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation from
        northwind/Tern-250K (derived, log10 p −452.0); northwind/Tern-250K is not declared for this path
    deny[missing-license-text]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks for a copy of its text (§4(a)), and no license file beside
        the weights or above them holds it
    warn[unmarked-modification]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks that changed files are marked as changed (§4(b)), and no
        notice, card or README beside the weights or above them says that northwind/Tern-250K was
        changed
    note[unattested-obligation]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks to keep its copyright notices (§4(c) (Source form)), and
        the license text of northwind/Tern-250K is not registered, so which notices to keep is not known
    blocked: 2 denied, 1 warning — 1 checkpoint (507.1 kB), 7 files, compared with 1 base in […]

    next: `forebear check --path .` says what to do for each; `forebear fix --dry-run` shows what it can write for you
    "#);
    let (text, parsed) = policy(&git);
    assert_snapshot!(text, @r#"
    # What this repository publishes, and what may not be published from it.
    # forebear reads this file before a push; every key but `schema` has a default, unknown keys are errors.
    schema = 1

    [release]                          # what this repository publishes
    name = "acme/orca"
    # license = "Apache-2.0"    # SPDX expression, or a known model license id
    # copyright = ["Acme Inc."]        # whose copyright lines are the releaser's own
    branches = ["main"]    # denied findings block here; elsewhere they warn
    tags = ["v*"]

    [registry]
    # paths = ["registry/"]            # registries of base models in this repository, beside registry/
    # require-signature = true         # only those signed by one of [attest] allowed-signers: forebear registry sign

    # [attest]                           # signed attestations of what passed
    # sign = true                        # the pre-push hook signs what passes; git's SSH key: `git config gpg.format ssh`
    # required = true                    # continuous integration asks for it: rule hook-bypassed
    # allowed-signers = "allowed_signers"    # whose signatures count, as in ssh-keygen(1)

    # [baseline]                         # findings that are known and do not block; read from the base side
    # file = "baseline.toml"             # forebear check --tree HEAD --baseline baseline.toml --write-baseline

    # One entry a released model. What is declared is checked against the weights; `*` stays inside a folder.
    # Seen: 1 weight file; not committed, and not given to Git LFS; no card names a base. Check it.
    [[model]]
    paths = ["checkpoints/orca/**"]
    # Nothing here says what it comes from, and only you can. Take one:
    # origin = "derived"
    # bases = [{ id = "OWNER/NAME", relation = "finetune" }]    # finetune | adapter | merge | quantized | pruned | upcycled | distilled | continued-pretraining
    # origin = "from-scratch"

    [rules]                            # deny | warn | note | allow; forebear explain RULE says more
    undeclared-lineage = "deny"
    missing-license-text = "deny"
    missing-notice = "deny"

    # A waiver accepts a finding for a time. It is keyed to the content of the model; expired or unused, it is itself a finding.
    # [[waiver]]
    # rule = "undeclared-lineage"
    # model = "sha256:..."              # the content id that the finding prints
    # base = "Qwen/Qwen2.5-7B"
    # owner = "release-team@acme.example"
    # reason = "research-only branch, not distributed"
    # expires = 2026-12-31
    "#);
    assert!(parsed["model"][0].get("origin").is_none() && parsed["model"][0].get("bases").is_none());
    let checked = forebear(&git.path).args(["check", "--path", "."]).output().unwrap();
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("deny[undeclared-lineage]"), "{told}");
}

#[test]
fn checkpoints_in_git_lfs_release_branches_and_programs_that_manage_hooks_are_seen() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    git.git("lfs install --local");
    git.write(".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
    git.write(".pre-commit-config.yaml", "repos:\n- repo: https://github.com/forebear/forebear\n");
    git.write("checkpoints/orca/tokenizer.json", "{}");
    git.write("LICENSE", fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE")).unwrap());
    git.commit("Add Orca");
    git.git("push --quiet --no-verify hub main main:release/1");
    git.git("config gpg.format ssh");
    let told = said(&git, &["init", "--yes", "--no-check", "--sign"]);
    assert!(
        told.contains("checkpoints/orca/**: 1 weight file; in Git LFS; tokenizer.json beside; README.md"),
        "{told}"
    );
    assert!(told.contains("    LICENSE: apache-2.0\n"), "{told}");
    assert!(told.contains("left the hook out: .pre-commit-config.yaml names forebear"), "{told}");
    let (text, parsed) = policy(&git);
    let branches: Vec<_> =
        parsed["release"]["branches"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(branches, ["main", "release/*"]);
    assert!(parsed["attest"]["sign"].as_bool().unwrap() && text.contains("git signs with SSH here"), "{text}");
}

#[test]
fn an_existing_policy_is_kept_and_what_it_does_not_declare_is_shown() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    let own = "schema = 1 # mine\n[[model]]\npaths = [\"other/**\"]\norigin = \"from-scratch\"\n";
    git.write("policy.toml", own).write(".github/workflows/own.yaml", "# forebear\n");
    assert_snapshot!(said(&git, &["init", "--no-hook"]), @r#"
    seen:
        checkpoints/orca/**: 1 weight file; not committed, and not given to Git LFS; README.md names northwind/Tern-250K (finetune)
        1 base registered
    no terminal, so nothing is asked: the defaults are taken, as with --yes
    kept [work]/policy.toml: it is there already; it does not declare 1 model, so add:
        # Seen: 1 weight file; not committed, and not given to Git LFS; README.md names northwind/Tern-250K (finetune). Check it.
        [[model]]
        paths = ["checkpoints/orca/**"]
        origin = "derived"                # "derived" | "from-scratch"
        bases = [{ id = "northwind/Tern-250K", relation = "finetune" }]    # finetune | adapter | merge | quantized | pruned | upcycled | distilled | continued-pretraining
    kept .github/workflows/own.yaml: it runs forebear already
    left the hook out; `forebear hook install` installs it

    `forebear check --path .` now says:
    deny[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation from
        northwind/Tern-250K (derived, log10 p −452.0); northwind/Tern-250K is not declared for this path
        (the model card names it, policy.toml does not)
    deny[missing-license-text]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks for a copy of its text (§4(a)), and no license file beside
        the weights or above them holds it
    warn[unmarked-modification]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks that changed files are marked as changed (§4(b)), and no
        notice, card or README beside the weights or above them says that northwind/Tern-250K was
        changed
    note[unattested-obligation]: checkpoints/orca/model.safetensors: the license of
        northwind/Tern-250K (Apache-2.0) asks to keep its copyright notices (§4(c) (Source form)), and
        the license text of northwind/Tern-250K is not registered, so which notices to keep is not known
    blocked: 2 denied, 1 warning — 1 checkpoint (507.1 kB), 9 files, compared with 1 base in […]

    next: `forebear check --path .` says what to do for each; `forebear fix --dry-run` shows what it can write for you
    "#);
    assert_eq!(policy(&git).0, own);
    let files = fs::read_dir(git.path.join(".github/workflows")).unwrap().count();
    assert_eq!((files, git.path.join(".git/hooks/pre-push").exists()), (1, false));

    // One that is broken is said, and nothing is written.
    git.write("policy.toml", "schema = 1\n[modell]\n");
    fs::remove_dir_all(git.path.join(".github/workflows")).unwrap();
    let (code, told) = failure(&git.path, &["init", "--yes"]);
    assert!(code == Some(2) && told.contains("modell"), "{told}");
    assert!(!git.path.join(".github/workflows").exists() && !git.path.join(".git/hooks/pre-push").exists());
}

#[test]
fn flags_answer_without_a_terminal() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    fs::remove_file(git.path.join("README.md")).unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let answers =
        ["--name", "acme/Orca \"7B\"", "--license", "none", "--branch", "trunk", "--base", "a/b", "--base", "c/d"];
    let options = ["init", "--workflow", "--no-hook", "--no-check", "--pin", commit];
    git.write(".github/CODEOWNERS", "* @acme\n");
    stdout(&git.path, &[&options[..], &answers].concat());
    let (_, parsed) = policy(&git);
    assert_eq!(parsed["release"]["name"].as_str(), Some("acme/Orca \"7B\""));
    assert!(parsed["release"].get("license").is_none());
    assert_eq!(parsed["model"][0]["bases"][1]["relation"].as_str(), Some("merge"));
    let workflow = fs::read_to_string(git.path.join(".github/workflows/forebear.yml")).unwrap();
    assert!(workflow.contains("    branches: [\"trunk\"]\n"), "{workflow}");
    assert!(workflow.ends_with(&format!("      - uses: forebear/forebear@{commit}\n")), "{workflow}");
    let (code, told) = failure(&git.path, &["init", "--pin", "v1"]);
    assert!(code == Some(2) && told.contains("a commit has 40 or 64 hex digits"), "{told}");
    // An answer that no policy may hold is an error, and nothing is written.
    fs::remove_file(git.path.join("policy.toml")).unwrap();
    let (code, told) = failure(&git.path, &["init", "--yes", "--branch", "rel{ease"]);
    assert!(code == Some(2) && told.contains("not a valid glob"), "{told}");
    assert!(!git.path.join("policy.toml").exists() && !git.path.join(".git/hooks/pre-push").exists());
}

/// Answers the program behind a terminal; returns the exit code and what was shown.
fn interview(git: &Git, answers: &[(&str, &str)]) -> (Option<i32>, String) {
    let script = git.path.with_extension("answers");
    let lines: Vec<String> = answers.iter().map(|(question, answer)| format!("{question}\t{answer}")).collect();
    fs::write(&script, lines.join("\n")).unwrap();
    let helper = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/interview.py");
    let mut command = git.command("python3");
    command.arg(helper).arg(&script).args([env!("CARGO_BIN_EXE_forebear"), "init", "--no-check"]);
    let output = command.env("TERM", "xterm").output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), plain(git, &shown))
}

#[test]
fn what_cannot_be_seen_is_asked_and_answers_are_written() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    fs::remove_file(git.path.join("README.md")).unwrap();
    git.write(".github/CODEOWNERS", "* @acme\n");
    let (code, shown) = interview(
        &git,
        &[
            ("Name of the release", ""),
            ("License of the release", "mit"),
            ("Branches on which findings block", "rel{ease"),
            ("rel{ease is not a valid pattern", "main, release/*"),
            ("Bases of checkpoints/orca/**", "northwind/Tern-250K"),
            ("Install the pre-push hook", "maybe"),
            ("say yes or no", "no"),
            ("Write a GitHub workflow", ""),
        ],
    );
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("wrote [work]/policy.toml for 1 model"), "{shown}");
    assert!(shown.contains("left the hook out; `forebear hook install` installs it"), "{shown}");
    let (_, parsed) = policy(&git);
    assert_eq!(parsed["release"]["license"].as_str(), Some("mit"));
    assert_eq!(parsed["release"]["branches"][1].as_str(), Some("release/*"));
    assert_eq!(parsed["model"][0]["bases"][0]["id"].as_str(), Some("northwind/Tern-250K"));
    let workflow = fs::read_to_string(git.path.join(".github/workflows/forebear.yml")).unwrap();
    assert!(workflow.contains("    branches: [\"main\", \"release/*\"]\n"), "{workflow}");
    assert!(!git.path.join(".git/hooks/pre-push").exists());
}

#[test]
fn whoever_stops_in_the_middle_leaves_everything_as_it_was() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    let before = git.git("status --porcelain --untracked-files=all");
    let (code, shown) = interview(&git, &[("Name of the release", "acme/Orca"), ("License of the release", "^C")]);
    assert_eq!(code, Some(130), "{shown}");
    assert_eq!(git.git("status --porcelain --untracked-files=all"), before, "{shown}");
    assert!(!git.path.join(".git/hooks/pre-push").exists());
}
