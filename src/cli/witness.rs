// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Keys and attestations on the command line: what `attest`, `check`, and the hook share.
//!
//! In: options, git's configuration, and the environment. Out: a key to sign with, whose signatures count, and notes.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use forebear::attest::{self, Envelope, EnvelopeSignature, PAYLOAD_TYPE, Statement};
use forebear::changes::Repository;
use forebear::gate::Witness;
use forebear::reports::Report;
use tempfile::NamedTempFile;

/// A key to sign with; a public key that git's configuration holds is a file as long as this lives.
pub(super) struct Key {
    path: PathBuf,
    _file: Option<NamedTempFile>,
}

impl Key {
    /// The key in a file.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), _file: None }
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The key that is given, or git's.
pub(super) fn key(given: Option<&Path>, repository: &Repository) -> anyhow::Result<Key> {
    if let Some(path) = given {
        return Ok(Key::at(path));
    }
    let Some(configured) = repository.signing_key()? else {
        bail!(
            "no key to sign with; give --key FILE, or tell git: git config gpg.format ssh, and git config user.signingkey FILE"
        );
    };
    let literal = configured.strip_prefix("key::").or(configured.starts_with("ssh-").then_some(configured.as_str()));
    let Some(literal) = literal else { return Ok(Key { path: PathBuf::from(configured), _file: None }) };
    let mut file = NamedTempFile::with_suffix(".pub").context("failed to write the public key")?;
    writeln!(file, "{literal}").context("failed to write the public key")?;
    Ok(Key { path: file.path().to_owned(), _file: Some(file) })
}

/// Signs what a report says of a commit.
pub(super) fn signed(report: &Report, commit: &str, key: &Key) -> anyhow::Result<Envelope> {
    let payload = serde_json::to_vec(&Statement::of(report, commit)).context("failed to write the statement")?;
    let mut envelope = Envelope { payload_type: PAYLOAD_TYPE.to_owned(), payload, signatures: Vec::new() };
    let signature = attest::sign(&envelope.signed_bytes(), &key.path)?;
    envelope.signatures.push(EnvelopeSignature { keyid: signature.fingerprint(), sig: signature.as_bytes().to_vec() });
    Ok(envelope)
}

/// How attestations are asked for: in continuous integration as the policy says, elsewhere only by name.
pub(super) fn witness(require: bool, repository: Option<&Repository>) -> anyhow::Result<Option<Witness>> {
    let is_true = |name: &str| env::var(name).is_ok_and(|value| value == "true");
    let Some(repository) = repository.filter(|_| require || is_true("CI") || is_true("GITHUB_ACTIONS")) else {
        if require {
            bail!("--require-attestation asks for commits; it cannot be used with --path");
        }
        return Ok(None);
    };
    Ok(Some(Witness { always: require, allowed_signers: repository.allowed_signers()? }))
}
