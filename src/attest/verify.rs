// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether an envelope counts: signed by somebody who may, over a statement that forebear makes, which says `pass`.
//!
//! In: an envelope and the file of allowed signers. Out: [`Attested`], or why not. Anything that is not certain is an
//! error.

use std::path::Path;

use super::dsse::{DsseError, Envelope, PAYLOAD_TYPE};
use super::ssh_keygen::{self, SshKeygenError};
use super::sshsig::{NAMESPACE, SshSignature, SshSignatureError};
use super::statement::{PREDICATE_TYPE, STATEMENT_TYPE, Statement};
use crate::reports::Verdict;

/// A statement that somebody answers for.
#[derive(Clone, Debug, PartialEq)]
pub struct Attested {
    /// Who signed, as the file of allowed signers names them.
    pub principal: String,
    /// Fingerprint of the key.
    pub key: String,
    /// What they signed.
    pub statement: Statement,
}

/// Why an envelope does not count.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no envelope.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// The payload is something else.
    #[error("the payload is of type {0:?}, not {PAYLOAD_TYPE}")]
    PayloadType(String),
    /// A signature cannot be read.
    #[error(transparent)]
    Signature(#[from] SshSignatureError),
    /// A signature was made for something else.
    #[error("the signature was made for {0:?}, not for {NAMESPACE:?}")]
    Namespace(String),
    /// A signature is not believed.
    #[error(transparent)]
    Refused(#[from] SshKeygenError),
    /// The payload is no statement of forebear's.
    #[error("the payload is no statement that this program knows: {0}")]
    Statement(String),
    /// The statement does not say that the check passed.
    #[error("it says that the check did not pass")]
    Verdict,
    /// The statement is about another commit, or about none.
    #[error("it is about {found}, not about commit {expected}")]
    Commit {
        /// What it is about.
        found: String,
        /// The commit asked for.
        expected: String,
    },
}

/// Verifies an envelope; with a commit, also that it is about that one.
pub fn verify(envelope: &Envelope, allowed: &Path, commit: Option<&str>) -> Result<Attested, VerifyError> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(VerifyError::PayloadType(envelope.payload_type.clone()));
    }
    let (principal, key) = signer(envelope, allowed)?;
    // Read only now: what nobody answers for is not looked at.
    let statement: Statement =
        serde_json::from_slice(&envelope.payload).map_err(|error| VerifyError::Statement(error.to_string()))?;
    if statement.statement_type != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
        let types = format!("{:?} with {:?}", statement.statement_type, statement.predicate_type);
        return Err(VerifyError::Statement(types));
    }
    if statement.predicate.verdict != Verdict::Pass {
        return Err(VerifyError::Verdict);
    }
    let about = statement.commit();
    if about.is_none() || commit.is_some_and(|commit| about != Some(commit)) {
        let found = about.map_or("no one commit".to_owned(), |about| format!("commit {about:?}"));
        return Err(VerifyError::Commit { found, expected: commit.unwrap_or("any").to_owned() });
    }
    Ok(Attested { principal, key, statement })
}

/// The first signer whose signature counts; where none does, why the first does not.
fn signer(envelope: &Envelope, allowed: &Path) -> Result<(String, String), VerifyError> {
    let bytes = envelope.signed_bytes();
    let mut first = None;
    for one in &envelope.signatures {
        let checked = SshSignature::parse(&one.sig).map_err(VerifyError::from).and_then(|signature| {
            if signature.namespace != NAMESPACE {
                return Err(VerifyError::Namespace(signature.namespace));
            }
            Ok((ssh_keygen::verify(&bytes, &signature, allowed)?, signature.fingerprint()))
        });
        match checked {
            Ok(signer) => return Ok(signer),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(VerifyError::Envelope(DsseError::Signatures(0))))
}

/// The envelopes in a note or file: one a line; a file that is one JSON document is one envelope.
pub fn envelopes(bytes: &[u8]) -> Vec<Result<Envelope, DsseError>> {
    if let Ok(one) = Envelope::parse(bytes) {
        return vec![Ok(one)];
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(Envelope::parse).collect()
}
