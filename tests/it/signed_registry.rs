// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Registries that somebody signed, with real ssh-keygen; and those that nobody who may did.

use std::fs;
use std::path::{Path, PathBuf};

use crate::git_harness::{Git, Sandbox};

/// A repository whose main branch has a registry of one base, and a policy that wants it signed by alice.
struct Release {
    sandbox: Sandbox,
    git: Git,
}

impl Release {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let git = sandbox.init("work", &[]);
        let release = Self { sandbox, git };
        let (alice, _) = (release.key("alice"), release.key("mallory"));
        let public = fs::read_to_string(alice.with_extension("pub")).unwrap();
        release.git.write("signers", format!("alice@example.com namespaces=\"forebear\" {public}"));
        release.git.write(
            "policy.toml",
            "schema = 1\n[registry]\nrequire-signature = true\n[attest]\nallowed-signers = \"signers\"\n",
        );
        release.add("F1", "northwind/Tern");
        release
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

    fn add(&self, model: &str, id: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo").join(model).display().to_string();
        let add = ["registry", "add", &folder, "--id", id, "--license", "mit", "--registry", "registry"];
        assert_eq!(self.forebear(&add).0, 0);
    }

    fn sign(&self, key: &str) {
        let key = self.key(key).display().to_string();
        let (code, said) = self.forebear(&["registry", "sign", "--key", &key, "--registry", "registry"]);
        assert_eq!((code, said.as_str()), (0, "signed registry\n"));
    }

    fn forebear(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.git.command(env!("CARGO_BIN_EXE_forebear"));
        let output = command.args(arguments).env_remove("FOREBEAR_REGISTRY").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
    }

    /// What `check` says of what is committed since main.
    fn check(&self) -> (i32, String) {
        self.git.commit("change");
        self.forebear(&["check", "--no-cache", "main..HEAD"])
    }
}

#[test]
fn a_registry_counts_once_somebody_who_may_has_signed_it() {
    let release = Release::new();
    release.git.commit("unsigned");
    let tree = ["check", "--no-cache", "--tree", "HEAD"];
    let (code, said) = release.forebear(&tree);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("registry/ is not signed as policy.toml asks: it has no registry.sig"), "{said}");
    assert!(said.contains("forebear registry sign"), "{said}");

    release.sign("mallory");
    release.git.commit("signed by somebody else");
    let (code, said) = release.forebear(&tree);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is not the key of an allowed signer today"), "{said}");
    let verify = ["registry", "verify", "--registry", "registry", "--allowed-signers", "signers"];
    assert_eq!(release.forebear(&verify).0, 1);

    release.sign("alice");
    release.git.commit("signed");
    assert_eq!(release.forebear(&tree).0, 0);
    assert_eq!(release.forebear(&verify), (0, "registry: signed by alice@example.com\n1 base, 0 faults\n".to_owned()));

    // No list can change under the signature, and no signature of something else will do.
    let index = fs::read_to_string(release.git.path.join("registry/index.toml")).unwrap();
    release.git.write("registry/index.toml", index.replace("license = \"mit\"", "license = \"apache-2.0\""));
    release.git.commit("another license");
    let (code, said) = release.forebear(&tree);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the signature by alice@example.com does not hold"), "{said}");
    release.git.write("registry/registry.sig", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
    release.git.commit("no signature");
    assert_eq!(release.forebear(&tree).0, 2);
}

#[test]
fn a_push_adds_to_a_signed_registry_only_signed_and_cannot_ask_for_less() {
    let release = Release::new();
    release.sign("alice");
    release.git.commit("signed");
    release.git.git("checkout --quiet -b work");

    release.add("F1-cpt", "northwind/Gull");
    let (code, said) = release.check();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("does not hold"), "{said}");
    release.sign("alice");
    assert_eq!(release.check().0, 0);

    // Neither by leaving the key out, nor by another file of signers.
    let mallory = fs::read_to_string(release.key("mallory").with_extension("pub")).unwrap();
    release.git.write("signers", format!("mallory@example.com namespaces=\"forebear\" {mallory}"));
    release.sign("mallory");
    let (code, said) = release.check();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is not the key of an allowed signer today"), "{said}");
    release.sign("alice");
    release.git.write("policy.toml", "schema = 1\n[attest]\nallowed-signers = \"signers\"\n");
    let (code, said) = release.check();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no longer requires registries to be signed"), "{said}");
}
