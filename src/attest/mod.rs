// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What passed, signed: a report in, an in-toto statement in a DSSE envelope out, and the way back.
//!
//! `statement` says it, `dsse` wraps it, `sshsig` reads the signature's frame, `ssh_keygen` makes and checks the
//! signature, `verify` decides whether an envelope counts, `subjects` compares it with a tree. `manifest` reads what others sign: lists of a
//! model's files.
//!
//! The signatures are OpenSSH's, by `ssh-keygen -Y`, which is what git signs commits with: keys in an agent, on a
//! hardware token, and certificates work, and who may sign, for what, and when is decided by the program that defines
//! the allowed-signers format. No cryptography is done here.

mod dsse;
mod manifest;
mod ssh_keygen;
mod sshsig;
mod statement;
mod subjects;
mod verify;

pub use dsse::{DsseError, Envelope, EnvelopeSignature, PAYLOAD_TYPE};
pub use manifest::{Manifest, ManifestError};
pub use ssh_keygen::{SshKeygenError, sign, signer};
pub use sshsig::{NAMESPACE, SshSignature, SshSignatureError};
pub use statement::{Lineage, Owed, PREDICATE_TYPE, Predicate, STATEMENT_TYPE, Said, StatedModel, Statement, Subject};
pub use subjects::{Difference, differences};
pub use verify::{Attested, VerifyError, envelopes, verify};
