// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The frame of an SSH signature: OpenSSH's PROTOCOL.sshsig.
//!
//! In: its bytes. Out: namespace, public key, and hash as they are claimed. This reads and does not verify; `ssh-keygen`
//! does. Reading first gives better words than "incorrect namespace", and the fingerprint of the key.

use data_encoding::{BASE64, BASE64_NOPAD};
use sha2::{Digest, Sha256};

/// What forebear's signatures are for. A signature made for git or for a file is not believed to be an attestation.
pub const NAMESPACE: &str = "forebear";
const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Longest signature that is read; the largest RSA key needs some 5 KiB.
const LONGEST: usize = 64 << 10;

/// An SSH signature, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    /// What it was made for.
    pub namespace: String,
    /// Hash of the message that is signed.
    pub hash: String,
    /// The public key, or certificate, in SSH's encoding.
    pub public_key: Vec<u8>,
    bytes: Vec<u8>,
}

/// Why bytes are no SSH signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshSignatureError {
    /// It does not begin as one.
    #[error("not an SSH signature")]
    Magic,
    /// It is of a version that is not known.
    #[error("an SSH signature of version {0}; 1 is known")]
    Version(u32),
    /// A length runs past its end.
    #[error("an SSH signature that is cut off")]
    Short,
    /// Something follows it, or it is too long.
    #[error("an SSH signature with something behind it")]
    Long,
    /// A name in it is not text.
    #[error("an SSH signature whose names are not text")]
    Text,
    /// The frame of its text form is missing, or what is inside is not base64.
    #[error("not an armored SSH signature")]
    Armor,
}

impl SshSignature {
    /// Reads a signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, SshSignatureError> {
        if bytes.len() > LONGEST {
            return Err(SshSignatureError::Long);
        }
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(SshSignatureError::Magic)?;
        let version = number(&mut rest)?;
        if version != 1 {
            return Err(SshSignatureError::Version(version));
        }
        let public_key = string(&mut rest)?.to_vec();
        let namespace = text(&mut rest)?;
        let _reserved = string(&mut rest)?;
        let hash = text(&mut rest)?;
        let _signature = string(&mut rest)?;
        if !rest.is_empty() {
            return Err(SshSignatureError::Long);
        }
        Ok(Self { namespace, hash, public_key, bytes: bytes.to_vec() })
    }

    /// Reads the text form that `ssh-keygen -Y sign` writes.
    pub fn from_armored(armored: &str) -> Result<Self, SshSignatureError> {
        let inside = armored.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let inside: String = inside.ok_or(SshSignatureError::Armor)?.split_ascii_whitespace().collect();
        Self::parse(&BASE64.decode(inside.as_bytes()).map_err(|_| SshSignatureError::Armor)?)
    }

    /// The text form, 70 characters a line as OpenSSH writes it.
    pub fn armored(&self) -> String {
        let text = BASE64.encode(&self.bytes);
        let mut armored = format!("{BEGIN}\n");
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(70));
            armored += line;
            armored.push('\n');
            rest = after;
        }
        armored + END + "\n"
    }

    /// The bytes as they were read.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Fingerprint of the key, as `ssh-keygen -l` shows it; of a certificate, that of its bytes.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&self.public_key)))
    }
}

fn number(rest: &mut &[u8]) -> Result<u32, SshSignatureError> {
    let (head, tail) = rest.split_first_chunk::<4>().ok_or(SshSignatureError::Short)?;
    *rest = tail;
    Ok(u32::from_be_bytes(*head))
}

fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], SshSignatureError> {
    let length = number(rest)? as usize;
    let (head, tail) = rest.split_at_checked(length).ok_or(SshSignatureError::Short)?;
    *rest = tail;
    Ok(head)
}

fn text(rest: &mut &[u8]) -> Result<String, SshSignatureError> {
    String::from_utf8(string(rest)?.to_vec()).map_err(|_| SshSignatureError::Text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn made(namespace: &str, key: &[u8], signature: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(1_u32.to_be_bytes());
        for part in [key, namespace.as_bytes(), b"", b"sha512", signature] {
            bytes.extend((part.len() as u32).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    #[test]
    fn a_later_version_is_not_guessed_at() {
        let mut bytes = made("forebear", b"k", b"s");
        bytes[9] = 2;
        assert_eq!(SshSignature::parse(&bytes), Err(SshSignatureError::Version(2)));
        assert_eq!(SshSignature::parse(b"SSHSI"), Err(SshSignatureError::Magic));
        assert_eq!(SshSignature::from_armored("x"), Err(SshSignatureError::Armor));
    }

    proptest! {
        #[test]
        fn any_signature_survives_its_text_form(namespace in ".*", key: Vec<u8>, signature: Vec<u8>) {
            let parsed = SshSignature::parse(&made(&namespace, &key, &signature)).unwrap();
            prop_assert_eq!(&parsed.namespace, &namespace);
            prop_assert_eq!(&parsed.public_key, &key);
            prop_assert!(parsed.armored().lines().all(|line| line.len() <= 70));
            prop_assert_eq!(SshSignature::from_armored(&parsed.armored()), Ok(parsed));
        }

        #[test]
        fn a_signature_that_is_cut_off_or_continued_is_none(cut in 0_usize..60, more: u8) {
            let mut bytes = made("forebear", b"a key", b"a signature");
            let cut = cut.min(bytes.len() - 1);
            prop_assert!(SshSignature::parse(&bytes[..cut]).is_err());
            bytes.push(more);
            prop_assert_eq!(SshSignature::parse(&bytes), Err(SshSignatureError::Long));
        }

        #[test]
        fn any_bytes_give_a_signature_or_an_error(bytes: Vec<u8>, text in ".*") {
            let bytes = [MAGIC, &[0, 0, 0, 1], bytes.as_slice()].concat();
            if let Ok(parsed) = SshSignature::parse(&bytes) {
                prop_assert_eq!(parsed.as_bytes(), bytes.as_slice());
            }
            let _ = SshSignature::from_armored(&text);
        }
    }
}
