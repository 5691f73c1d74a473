// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear attest`: made and verified with real git and real ssh-keygen, and refused whenever anything is not as it
//! was signed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use data_encoding::{BASE64, HEXLOWER};
use forebear::attest::{Envelope, NAMESPACE, SshSignature};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::git_harness::{Git, Sandbox};

/// A repository with a model that passes, and a key that may sign.
struct Story {
    sandbox: Sandbox,
    git: Git,
    commit: String,
}

impl Story {
    fn new(policy: &str) -> Self {
        let sandbox = Sandbox::new();
        let git = sandbox.init("work", &[]);
        let story = Self { sandbox, git, commit: String::new() };
        story.key("alice");
        story.allow("alice@example.com namespaces=\"forebear\"", "alice");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1");
        story.git.write("m/model.safetensors", fs::read(root.join("model.safetensors")).unwrap());
        story.git.write("m/config.json", fs::read(root.join("config.json")).unwrap());
        story.git.write("policy.toml", format!("schema = 1\n{policy}"));
        fs::copy(story.signers(), story.git.path.join("signers")).unwrap();
        let commit = story.git.commit("a model");
        Self { commit, ..story }
    }

    fn key(&self, name: &str) -> PathBuf {
        let path = self.sandbox.path(name);
        if !path.exists() {
            let mut command = self.git.command("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path);
            assert!(command.status().unwrap().success());
        }
        path
    }

    fn signers(&self) -> PathBuf {
        self.sandbox.path("signers")
    }

    /// Writes the file of allowed signers: whose signature counts, and whose key it is.
    fn allow(&self, who: &str, key: &str) {
        let public = fs::read_to_string(self.key(key).with_extension("pub")).unwrap();
        fs::write(self.signers(), format!("{who} {public}")).unwrap();
    }

    fn run(git: &Git, arguments: &[&str], ci: bool) -> (Option<i32>, String) {
        let mut command = git.command(env!("CARGO_BIN_EXE_forebear"));
        command.args(arguments).env_remove("GITHUB_ACTIONS").env_remove("CI");
        if ci {
            command.env("CI", "true");
        }
        said(&command.output().unwrap())
    }

    fn forebear(&self, arguments: &[&str]) -> (Option<i32>, String) {
        Self::run(&self.git, arguments, false)
    }

    fn attest(&self, key: &str) {
        let key = self.key(key);
        let (code, said) = self.forebear(&["attest", "--key", key.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
    }

    fn verify(&self, what: &str) -> (Option<i32>, String) {
        self.forebear(&["attest", "verify", "--allowed-signers", self.signers().to_str().unwrap(), what])
    }

    fn envelope(&self) -> Envelope {
        let note = self.git.run(["notes", "--ref=refs/notes/forebear", "show", "HEAD"]);
        Envelope::parse(note.as_bytes()).unwrap()
    }

    /// Verifies an envelope in a file.
    fn verify_envelope(&self, envelope: &Envelope) -> (Option<i32>, String) {
        let path = self.sandbox.path("envelope.json");
        fs::write(&path, envelope.to_line()).unwrap();
        self.verify(path.to_str().unwrap())
    }

    /// Signs bytes with ssh-keygen itself.
    fn ssh_sign(&self, bytes: &[u8], namespace: &str) -> SshSignature {
        let mut command = self.git.command("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(self.key("alice"));
        let output = Git::pipe(command, bytes);
        assert!(output.status.success());
        SshSignature::from_armored(&String::from_utf8(output.stdout).unwrap()).unwrap()
    }
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn what_passed_is_signed_and_verified_and_the_models_are_compared() {
    let story = Story::new("");
    story.attest("alice");
    let (code, said) = story.verify("HEAD");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("valid: signed by alice@example.com with SHA256:"), "{said}");
    assert!(said.contains(&story.commit) && said.contains("model   m/model.safetensors sha256:"), "{said}");
    let payload: Value = serde_json::from_slice(&story.envelope().payload).unwrap();
    assert_eq!(payload["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(payload["predicateType"], "https://forebear.dev/lineage/v1");
    assert_eq!(payload["subject"][0]["digest"]["gitCommit"], story.commit);
    assert_eq!(payload["predicate"]["verdict"], "pass");
    let digests = payload["predicate"]["digests"].as_array().unwrap();
    let names: Vec<&Value> = digests.iter().map(|one| &one["what"]).collect();
    assert_eq!(names, ["policy", "registry"]);
    // sha256sum of the file is the digest that is signed.
    let mut sum = story.git.command("sha256sum");
    let sum = String::from_utf8(sum.arg("m/model.safetensors").output().unwrap().stdout).unwrap();
    assert_eq!(payload["subject"][1]["digest"]["sha256"].as_str(), sum.split(' ').next());
}

#[test]
fn openssh_accepts_what_forebear_signs_and_forebear_what_openssh_signs() {
    let story = Story::new("");
    story.attest("alice");
    let envelope = story.envelope();
    let armored = SshSignature::parse(&envelope.signatures[0].sig).unwrap().armored();
    let file = story.sandbox.path("s.sig");
    fs::write(&file, armored).unwrap();
    let mut command = story.git.command("ssh-keygen");
    command.args(["-Y", "verify", "-n", NAMESPACE, "-I", "alice@example.com", "-s"]).arg(&file).arg("-f");
    command.arg(story.signers());
    let signed = format!("DSSEv1 28 application/vnd.in-toto+json {} ", envelope.payload.len()).into_bytes();
    let output = Git::pipe(command, &[signed, envelope.payload.clone()].concat());
    assert!(output.status.success(), "{}", said(&output).1);

    let mut theirs = envelope.clone();
    theirs.signatures[0].sig = story.ssh_sign(&envelope.signed_bytes(), NAMESPACE).as_bytes().to_vec();
    assert_eq!(story.verify_envelope(&theirs).0, Some(0));
    theirs.signatures[0].sig = story.ssh_sign(&envelope.signed_bytes(), "git").as_bytes().to_vec();
    let (code, said) = story.verify_envelope(&theirs);
    assert!(code == Some(1) && said.contains("refused: the signature was made for \"git\""), "{said}");
}

#[test]
fn the_documented_commands_take_an_envelope_apart() {
    let story = Story::new("");
    story.attest("alice");
    fs::write(story.git.path.join("envelope.json"), story.envelope().to_line()).unwrap();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/attest.md")).unwrap();
    let (_, rest) = page.split_once("<!-- by hand -->\n\n```sh\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    fs::copy(story.signers(), story.git.path.join("allowed_signers")).unwrap();
    let mut command = story.git.command("bash");
    let output = command.args(["-euo", "pipefail", "-c", script]).output().unwrap();
    let (code, said) = said(&output);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Good \"forebear\" signature for alice@example.com"), "{said}");
}

#[test]
fn what_is_altered_or_signed_by_nobody_known_is_refused() {
    let story = Story::new("");
    let (code, said) = story.verify("HEAD");
    assert!(code == Some(1) && said.contains("no attestation"), "{said}");
    story.attest("alice");
    let envelope = story.envelope();

    let mut altered = envelope.clone();
    let text = String::from_utf8(altered.payload).unwrap();
    altered.payload = text.replacen("\"pass\"", "\"pasS\"", 1).into_bytes();
    let (code, said) = story.verify_envelope(&altered);
    assert!(code == Some(1) && said.contains("does not hold"), "{said}");
    altered = Envelope { payload_type: "text/plain".into(), ..envelope.clone() };
    assert!(story.verify_envelope(&altered).1.contains("refused: the payload is of type"));

    story.allow("alice@example.com valid-before=\"20200101\"", "alice");
    let (code, said) = story.verify_envelope(&envelope);
    assert!(code == Some(1) && said.contains("is not the key of an allowed signer today"), "{said}");
    story.allow("alice@example.com namespaces=\"git\"", "alice");
    assert_eq!(story.verify_envelope(&envelope).0, Some(1));
    story.allow("mallory@example.com", "mallory");
    let (code, said) = story.verify_envelope(&envelope);
    assert!(code == Some(1) && said.contains("is not the key of an allowed signer"), "{said}");
    let (code, _) = story.forebear(&["attest", "verify", "--allowed-signers", "missing", "HEAD"]);
    assert_eq!(code, Some(2), "without knowing whose signatures count, nothing can be checked");
}

#[test]
fn an_attestation_of_one_commit_is_none_of_another() {
    let story = Story::new("");
    story.attest("alice");
    let line = story.envelope().to_line();
    story.git.put("m/more.txt", "more");
    fs::write(story.sandbox.path("line"), line).unwrap();
    let file = story.sandbox.path("line");
    story.git.run(["notes", "--ref=refs/notes/forebear", "add", "-F", file.to_str().unwrap(), "HEAD"]);
    let (code, said) = story.verify("HEAD");
    assert!(code == Some(1) && said.contains("it is about commit"), "{said}");
}

#[test]
fn several_attestations_of_a_commit_survive_and_reach_a_clone() {
    let story = Story::new("");
    story.attest("alice");
    story.attest("bob");
    let bare = story.sandbox.bare("hub.git", &[]);
    story.git.run(["push", "--quiet", bare.path.to_str().unwrap(), "main", "refs/notes/forebear"]);
    let clone = story.sandbox.clone_of("hub.git", "clone", &[]);
    let signers = story.signers();
    let verify = ["attest", "verify", "--allowed-signers", signers.to_str().unwrap(), "HEAD"];
    let (code, said) = Story::run(&clone, &verify, false);
    assert!(code == Some(1) && said.contains("git fetch origin refs/notes/forebear:refs/notes/forebear"), "{said}");
    clone.git("fetch --quiet origin refs/notes/forebear:refs/notes/forebear");
    let (code, said) = Story::run(&clone, &verify, false);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("valid: signed by alice@example.com").count(), 1, "{said}");
    assert_eq!(said.matches("refused: ").count(), 1, "bob is not allowed to sign: {said}");
}

#[test]
fn what_does_not_pass_is_not_signed() {
    let story = Story::new("");
    story.git.put("m/broken.safetensors", vec![0xff; 4096]);
    let key = story.key("alice");
    let (code, said) = story.forebear(&["attest", "--key", key.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(story.verify("HEAD").0, Some(1));
    let (code, said) = story.forebear(&["attest", "--audit"]);
    assert!(code == Some(2) && said.contains("--audit"), "{said}");
}

#[test]
fn continuous_integration_asks_where_the_policy_does() {
    let story = Story::new("[attest]\nrequired = true\nallowed-signers = \"signers\"\n");
    let check = ["check", "--tree", "HEAD", "--format", "json"];
    let fired = |arguments: &[&str], ci: bool| {
        let (_, said) = Story::run(&story.git, arguments, ci);
        let report: Value = serde_json::from_str(&said).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["rule"] == "hook-bypassed");
        found.map(|finding| finding["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(fired(&check, false), None, "nobody is asked before the hook has run");
    assert!(fired(&check, true).unwrap().ends_with("no note in refs/notes/forebear"));
    assert!(fired(&[&check[..], &["--require-attestation"]].concat(), false).is_some());
    story.attest("alice");
    assert_eq!(fired(&check, true), None);
    assert_eq!(fired(&["check", "HEAD~0..HEAD", "--format", "json"], true), None);

    // The push names its own signer, who does not count: whose signatures do is the base side's.
    let base = story.commit.clone();
    story.allow("mallory@example.com", "mallory");
    fs::copy(story.signers(), story.git.path.join("signers")).unwrap();
    story.git.commit("mine");
    story.attest("mallory");
    let range = format!("{base}..HEAD");
    let said = fired(&["check", &range, "--format", "json"], true).unwrap();
    assert!(said.contains("is not the key of an allowed signer"), "{said}");
}

#[test]
fn the_hook_signs_what_passed_where_the_policy_asks() {
    let story = Story::new("[attest]\nsign = true\n");
    let bare = story.sandbox.bare("hub.git", &[]);
    story.git.run(["remote", "add", "origin", bare.path.to_str().unwrap()]);
    let line = format!("refs/heads/main {} refs/heads/main {}\n", story.commit, "0".repeat(40));
    let hook = || {
        let mut command = story.git.command(env!("CARGO_BIN_EXE_forebear"));
        command.args(["hook", "pre-push", "origin", bare.path.to_str().unwrap()]);
        said(&Git::pipe(command, line.as_bytes()))
    };
    let (code, said) = hook();
    assert!(code == Some(2) && said.contains("no key to sign with"), "{said}");
    story.git.git("config gpg.format ssh");
    story.git.run(["config", "user.signingkey", story.key("alice").to_str().unwrap()]);
    let (code, said) = hook();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("publish the note: git push origin refs/notes/forebear"), "{said}");
    story.git.run(["config", "gpg.ssh.allowedSignersFile", story.signers().to_str().unwrap()]);
    assert_eq!(story.forebear(&["attest", "verify"]).0, Some(0));
    assert!(BASE64.encode(&story.envelope().payload).len() > 100);
}

#[test]
fn a_base_whose_files_are_not_those_of_its_signed_list_is_not_registered() {
    let story = Story::new("");
    let mut sum = story.git.command("sha256sum");
    let sum = String::from_utf8(sum.arg("m/model.safetensors").output().unwrap().stdout).unwrap();
    let digest = sum.split(' ').next().unwrap().to_owned();
    let folder = story.git.path.join("m");
    let sign = |digest: &str| {
        let all = Sha256::digest(HEXLOWER.decode(digest.as_bytes()).unwrap());
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "m", "digest": {"sha256": HEXLOWER.encode(&all)}}],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": {"resources": [{"name": "model.safetensors", "algorithm": "sha256", "digest": digest}]},
        });
        let payload = BASE64.encode(statement.to_string().as_bytes());
        let envelope = json!({
            "payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "AA=="}],
        });
        fs::write(folder.join("model.sig"), json!({"dsseEnvelope": envelope}).to_string()).unwrap();
    };
    let add = ["registry", "add", "m", "--id", "acme/base", "--license", "mit", "--registry", "bases"];
    sign(&digest.replace(&digest[..4], if digest.starts_with("0000") { "1111" } else { "0000" }));
    let (code, said) = story.forebear(&add);
    assert!(code == Some(2) && said.contains("nothing was added"), "{said}");
    assert!(!story.git.path.join("bases").exists());
    sign(&digest);
    let (code, said) = story.forebear(&add);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("digests verified for 1 file, signature not verified"), "{said}");
}
