// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What holds for all commands: exit codes, where reports go, and the commands that need no model.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;
use tempfile::tempdir;

/// The program, away from this machine's settings.
pub(crate) fn forebear(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebear"));
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder));
    command
}

/// What the program writes to stdout; it must succeed.
pub(crate) fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = forebear(folder).args(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

/// The exit code, and what the program writes to stderr.
pub(crate) fn failure(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = forebear(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn wrong_usage_could_not_check() {
    let folder = tempdir().unwrap();
    for arguments in [&["no-such-command"][..], &["check", "--no-such-option"], &["-D", "no-such-rule", "explain"], &[]]
    {
        let (code, said) = failure(folder.path(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(!said.is_empty());
    }
}

#[test]
fn asking_for_help_or_the_version_is_no_failure() {
    let folder = tempdir().unwrap();
    assert!(stdout(folder.path(), &["--help"]).contains("Exit codes: 0 nothing denied"));
    assert_eq!(stdout(folder.path(), &["--version"]), format!("forebear {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_rule_is_explained_and_a_mistyped_one_is_answered() {
    let folder = tempdir().unwrap();
    assert!(stdout(folder.path(), &["explain", "undeclared-lineage"]).contains("undeclared-lineage"));
    assert!(stdout(folder.path(), &["explain"]).lines().any(|line| line.starts_with("missing-notice ")));
    let (code, said) = failure(folder.path(), &["explain", "undeclared-linage"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("did you mean `undeclared-lineage`?"), "{said}");
}

#[test]
fn a_report_goes_to_a_file_whole_or_not_at_all() {
    let folder = tempdir().unwrap();
    assert_eq!(stdout(folder.path(), &["schema", "--output", "schema.json"]), "");
    let schema: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("schema.json")).unwrap()).unwrap();
    assert_eq!(schema["title"], "Report");
    let (code, said) = failure(folder.path(), &["schema", "--output", "missing/schema.json"]);
    assert_eq!(code, Some(2));
    assert!(said.starts_with("error: cannot write missing/schema.json"), "{said}");
    let (code, _) = failure(folder.path(), &["registry", "show", "nothing", "--output", "left.txt"]);
    assert_eq!(code, Some(2));
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left of a report that failed");
}

#[test]
fn every_schema_is_a_schema() {
    let folder = tempdir().unwrap();
    for output in ["check", "compare", "identify", "fingerprint", "policy"] {
        let schema = serde_json::from_str(&stdout(folder.path(), &["schema", output])).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{output}");
    }
}

/// A policy as the schema sees it: dates are strings there.
fn as_json(policy: &str) -> serde_json::Value {
    fn walk(value: toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(walk).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, walk(value))).collect(),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    walk(toml::Value::Table(toml::from_str(policy).unwrap()))
}

#[test]
fn the_schema_of_the_policy_takes_what_the_program_takes() {
    let folder = tempdir().unwrap();
    let schema: serde_json::Value = serde_json::from_str(&stdout(folder.path(), &["schema", "policy"])).unwrap();
    let rules: serde_json::Value =
        serde_json::from_str(&stdout(folder.path(), &["explain", "--format", "json"])).unwrap();
    for rule in rules.as_array().unwrap() {
        let described = &schema["properties"]["rules"]["properties"][rule["rule"].as_str().unwrap()];
        assert_eq!(described["default"], rule["default_level"], "{rule}");
    }
    let own = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml")).unwrap();
    // The commented examples of the file count too.
    let live = own.lines().map(|line| {
        let rest = line.strip_prefix("# ").unwrap_or(line).trim_start();
        let setting = rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        if setting { rest.replace("sha256:...", &format!("sha256:{}", "ab".repeat(32))) } else { line.to_owned() }
    });
    let examples = live.collect::<Vec<_>>().join("\n");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let accepted = |policy: &str| {
        fs::write(folder.path().join("policy.toml"), policy).unwrap();
        let program = forebear(folder.path()).args(["registry", "list"]).output().unwrap().status.success();
        (validator.is_valid(&as_json(policy)), program)
    };
    assert_eq!(accepted(&own), (true, true));
    assert!(examples.contains("\n[[waiver]]\nrule = ") && examples.contains("\n[[model]]\npaths = "), "{examples}");
    assert_eq!(accepted(&examples), (true, true), "{examples}");
    for wrong in [
        "",
        "schema = 2",
        "schema = 1\nlicence = \"MIT\"",
        "schema = 1\n[release]\nname = \" \"",
        "schema = 1\n[registry]\npaths = [\"../elsewhere\"]",
        "schema = 1\n[registry]\npaths = [\"/elsewhere\"]",
        "schema = 1\n[rules]\nmissing-notices = \"deny\"",
        "schema = 1\n[rules]\nmissing-notice = \"error\"",
        "schema = 1\n[[model]]\npaths = []",
        "schema = 1\n[[model]]\npaths = [\"a\"]\nbases = [{ id = \"a/b\" }]",
        "schema = 1\n[[model]]\npaths = [\"a\"]\nbases = [{ id = \"a/b\", relation = \"copied\" }]",
        "schema = 1\n[[waiver]]\nrule = \"unused-waiver\"\nowner = \"a\"\nreason = \"b\"\nexpires = 2026-12-31",
        "schema = 1\n[[waiver]]\nrule = \"missing-notice\"\nmodel = \"x\"\nowner = \"a\"\nreason = \"b\"\nexpires = 2026-12-31",
        "schema = 1\n[[waiver]]\nrule = \"missing-notice\"\nowner = \"a\"\nreason = \"b\"",
    ] {
        assert_eq!(accepted(wrong), (false, false), "{wrong}");
    }
}

#[test]
fn completions_and_manual_pages_are_written() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(folder.path(), &["completions", shell]).contains("forebear"), "{shell}");
    }
    assert!(stdout(folder.path(), &["man"]).contains(".TH forebear 1"));
    stdout(folder.path(), &["man", "--dir", "pages"]);
    assert!(folder.path().join("pages/forebear-registry-add.1").is_file());
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let folder = tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_forebear"))
        .args(["completions", "bash"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn formats_that_a_command_does_not_write_are_refused() {
    let folder = tempdir().unwrap();
    let (code, said) = failure(folder.path(), &["explain", "--format", "sarif"]);
    assert_eq!(code, Some(2));
    assert_snapshot!(said, @"error: this command writes `human` or `json`, not `sarif`");
}

#[test]
fn color_is_written_only_if_it_is_wanted() {
    let folder = tempdir().unwrap();
    let said = |color: &str, no_color: bool| {
        let mut command = forebear(folder.path());
        command.args(["registry", "show", "x", "--color", color]);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        command.output().unwrap().stderr.contains(&0x1b)
    };
    assert!(said("always", false));
    assert!(!said("never", false) && !said("auto", false) && !said("auto", true));
}

#[test]
fn a_policy_is_written_once_and_never_over_another() {
    let folder = tempdir().unwrap();
    fs::create_dir_all(folder.path().join("checkpoints/orca")).unwrap();
    fs::write(folder.path().join("checkpoints/orca/model.safetensors"), "").unwrap();
    let card = "---\nlicense: apache-2.0\nbase_model: acme/\"base\n---\n";
    fs::write(folder.path().join("README.md"), card).unwrap();
    let said = stdout(folder.path(), &["init"]);
    assert!(said.contains("wrote ") && said.contains("no git repository here"), "{said}");
    assert!(said.contains("next: `forebear registry add"), "{said}");
    let policy = fs::read_to_string(folder.path().join("policy.toml")).unwrap();
    let parsed: toml::Table = toml::from_str(&policy).unwrap();
    assert_eq!(parsed["model"][0]["bases"][0]["id"].as_str(), Some("acme/\"base"));
    assert!(stdout(folder.path(), &["init"]).contains("kept "));
    assert_eq!(fs::read_to_string(folder.path().join("policy.toml")).unwrap(), policy);
}

#[test]
fn the_doctor_fails_where_nothing_would_be_checked() {
    let folder = tempdir().unwrap();
    let output = forebear(folder.path()).arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("fail  hook      there is no git repository here"), "{said}");
    let output = forebear(folder.path()).args(["doctor", "--format", "json"]).output().unwrap();
    let lines: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(lines.as_array().unwrap().iter().any(|line| line["subject"] == "hook" && line["state"] == "fail"));
}

#[cfg(unix)]
#[test]
fn the_doctor_passes_where_a_push_would_be_checked() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempdir().unwrap();
    let git = std::process::Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status().unwrap();
    assert!(git.success());
    let hook = folder.path().join(".git/hooks/pre-push");
    stdout(folder.path(), &["hook", "install"]);
    let said = stdout(folder.path(), &["doctor"]);
    let runs = format!("runs forebear {}", env!("CARGO_PKG_VERSION"));
    assert!(said.contains(&runs) && said.contains("ok    git "), "{said}");
    fs::set_permissions(&hook, PermissionsExt::from_mode(0o644)).unwrap();
    let output = forebear(folder.path()).arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "git skips a hook that is not executable");
}

#[test]
fn a_policy_cannot_name_a_registry_outside_the_repository() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("policy.toml"), "schema = 1\n[registry]\npaths = [\"../elsewhere\"]\n").unwrap();
    let (code, said) = failure(folder.path(), &["registry", "list"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("not a path inside the repository"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_folder_of_links_is_read_as_the_cache_of_a_hub_needs() {
    let folder = tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1");
    let snapshot = folder.path().join("snapshot");
    fs::create_dir(&snapshot).unwrap();
    for name in ["model.safetensors", "config.json"] {
        std::os::unix::fs::symlink(model.join(name), snapshot.join(name)).unwrap();
    }
    let said = stdout(folder.path(), &["fingerprint", "snapshot"]);
    assert!(said.contains("250,944 parameters"), "{said}");
}
