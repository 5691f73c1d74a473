// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether the tip of what is checked is attested, where the policy or the command line asks for it.
//!
//! In: a tree and the policy that counts. Out: the finding `hook-bypassed`, or none. Whose signatures count is read from
//! the base side: a push cannot add its own signer.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::attest::{envelopes, verify};
use crate::changes::{Published, Repository, ScopeKind, Snapshot};
use crate::findings::{self, Finding};
use crate::gate::{GateError, Options};
use crate::policy::Policy;
use crate::seen;

/// Longest file of allowed signers that is read.
const LONGEST: usize = 4 << 20;

/// How attestations are asked for.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Whether one is asked for whatever the policy says.
    pub always: bool,
    /// The file of allowed signers where the policy names none.
    pub allowed_signers: Option<PathBuf>,
}

/// Whether the policy that counts asks the hook to sign what passes.
pub fn signs(published: &Published, given: Option<&(String, String)>) -> Result<bool, GateError> {
    for snapshot in &published.snapshots {
        if seen::policy(snapshot, given)?.0.attest.sign {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The finding that the tip is not attested, where it has to be.
pub(crate) fn missing(
    published: &Published,
    snapshot: &Snapshot,
    policy: &Policy,
    options: &Options,
) -> Result<Option<Finding>, GateError> {
    let Some(witness) = options.witness.filter(|witness| witness.always || policy.attest.required) else {
        return Ok(None);
    };
    if !matches!(published.scope.kind, ScopeKind::Range | ScopeKind::Tree) {
        return Ok(None);
    }
    let (Some(commit), Some(repository)) = (&snapshot.tip, options.repository) else { return Ok(None) };
    let reason = match &policy.attest.allowed_signers {
        Some(path) => match signers_in(path, snapshot, Some(repository))? {
            Some(file) => unattested(repository, commit, file.path())?,
            None => Some(format!("{path}, which says whose signatures count, is not there")),
        },
        None => match &witness.allowed_signers {
            Some(path) => unattested(repository, commit, path)?,
            None => Some("nothing says whose signatures count; policy.toml does with [attest] allowed-signers".into()),
        },
    };
    Ok(reason.map(|reason| findings::hook_bypassed(commit, &reason)))
}

/// The file of those who may sign registries, where the policy asks for signatures.
pub(crate) fn registry_signers(
    snapshot: &Snapshot,
    policy: &Policy,
    repository: Option<&Repository>,
) -> Result<Option<NamedTempFile>, GateError> {
    if !policy.registry.require_signature {
        return Ok(None);
    }
    let path = policy.attest.allowed_signers.clone().unwrap_or_default();
    let file = signers_in(&path, snapshot, repository)?;
    let unknown = || GateError::Io { path: path.clone(), error: std::io::ErrorKind::NotFound.into() };
    file.map(Some).ok_or_else(unknown)
}

/// The file of allowed signers as the base side has it; in a tree without a base side, as the tree has it.
fn signers_in(
    path: &str,
    snapshot: &Snapshot,
    repository: Option<&Repository>,
) -> Result<Option<NamedTempFile>, GateError> {
    let content = if let (Some(commit), Some(repository)) = (&snapshot.base_commit, repository) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let found = repository.files_under(commit, folder)?.into_iter().find(|(name, _)| name == path);
        found.map(|(_, content)| content)
    } else {
        let file = snapshot.files.iter().find(|file| file.at_tip && file.path == path);
        file.and_then(|file| file.content().cloned())
    };
    let Some(content) = content else { return Ok(None) };
    let failed = |error| GateError::Io { path: path.to_owned(), error };
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(&content.read(LONGEST).map_err(failed)?).map_err(failed)?;
    Ok(Some(file))
}

/// Why no attestation of the commit counts; `None` if one does.
fn unattested(repository: &Repository, commit: &str, allowed: &Path) -> Result<Option<String>, GateError> {
    let Some(note) = repository.note(commit)? else {
        return Ok(Some("no note in refs/notes/forebear".to_owned()));
    };
    let mut first = None;
    for envelope in envelopes(&note) {
        let verified = envelope.map_err(Into::into).and_then(|envelope| verify(&envelope, allowed, Some(commit)));
        match verified {
            Ok(_) => return Ok(None),
            Err(error) => first = first.or_else(|| Some(error.to_string())),
        }
    }
    Ok(Some(first.unwrap_or_else(|| "its note is empty".to_owned())))
}
