// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signatures by OpenSSH: `ssh-keygen -Y sign`, `find-principals`, and `verify`.
//!
//! In: bytes and a key, or a signature and the file of allowed signers. Out: a signature, or whose it is. Everything is
//! passed as arguments and files; no shell is involved.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::NamedTempFile;

use super::sshsig::{NAMESPACE, SshSignature, SshSignatureError};

/// Why a signature could not be made or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SshKeygenError {
    /// The program is missing, or a file could not be handed to it.
    #[error("cannot run ssh-keygen: {0}; it comes with the OpenSSH client (Debian: openssh-client)")]
    Run(#[from] io::Error),
    /// It made no signature.
    #[error("ssh-keygen made no signature with {key}: {said}")]
    Sign {
        /// The key.
        key: String,
        /// What it said.
        said: String,
    },
    /// What it made cannot be read.
    #[error("that is no signature by ssh-keygen: {0}")]
    Made(#[from] SshSignatureError),
    /// The key is nobody's who may sign now.
    #[error("{fingerprint} is not the key of an allowed signer today, according to {file}")]
    Unknown {
        /// Fingerprint of the key.
        fingerprint: String,
        /// The file of allowed signers.
        file: String,
    },
    /// The key is known, and the signature does not hold.
    #[error("the signature by {principal} does not hold: {said}")]
    Refused {
        /// Whose key it is.
        principal: String,
        /// What the program said.
        said: String,
    },
}

/// Signs bytes with a key: a private key's file, or a public key's whose private half is in the agent or on a token.
pub fn sign(bytes: &[u8], key: &Path) -> Result<SshSignature, SshKeygenError> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key);
    let output = piped(command, bytes)?;
    if !output.status.success() {
        return Err(SshKeygenError::Sign { key: key.display().to_string(), said: said(&output) });
    }
    Ok(SshSignature::from_armored(&String::from_utf8_lossy(&output.stdout))?)
}

/// Whose armored signature it is, if it holds over the bytes and the signer is allowed to make it now.
pub fn signer(bytes: &[u8], armored: &str, allowed: &Path) -> Result<String, SshKeygenError> {
    verify(bytes, &SshSignature::from_armored(armored)?, allowed)
}

/// Whose signature it is, if it holds over the bytes and the signer is allowed to make it now.
pub(super) fn verify(bytes: &[u8], signature: &SshSignature, allowed: &Path) -> Result<String, SshKeygenError> {
    let mut file = NamedTempFile::new()?;
    file.write_all(signature.armored().as_bytes())?;
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "find-principals", "-s"]).arg(file.path()).arg("-f").arg(allowed);
    let found = piped(command, b"")?;
    let names = String::from_utf8_lossy(&found.stdout).into_owned();
    let names: Vec<&str> = names.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
    if !found.status.success() || names.is_empty() {
        let fingerprint = signature.fingerprint();
        return Err(SshKeygenError::Unknown { fingerprint, file: allowed.display().to_string() });
    }
    let mut refused = None;
    for principal in names {
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "verify", "-n", NAMESPACE, "-I", principal, "-s"]).arg(file.path()).arg("-f").arg(allowed);
        let output = piped(command, bytes)?;
        if output.status.success() {
            return Ok(principal.to_owned());
        }
        refused = Some((principal.to_owned(), said(&output)));
    }
    let (principal, said) = refused.unwrap_or_default();
    Err(SshKeygenError::Refused { principal, said })
}

fn piped(mut command: Command, input: &[u8]) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // Written beside the reading, so that neither side waits for the other. A program that does not read is no error.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    })
}

/// What the program said, on one line.
fn said(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}
