// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Names in bills of materials: license expressions that the standards accept, ids of Hugging Face, digests as names.
//!
//! In: text that somebody else chose. Out: text that is valid where it goes.

use sha2::{Digest, Sha256};

/// A valid SPDX expression: the text if it is one, else a reference of its own, `LicenseRef-…`.
pub(super) fn expression(license: &str) -> String {
    let license = license.trim();
    let mut listed = ::spdx::identifiers::LICENSES.iter().map(|license| license.name);
    if let Some(name) = listed.find(|name| name.eq_ignore_ascii_case(license)) {
        return name.to_owned();
    }
    if ::spdx::Expression::parse(license).is_ok() {
        return license.to_owned();
    }
    let id: String = license.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    format!("LicenseRef-{}", if id.is_empty() { "unknown" } else { &id })
}

/// The package URL of a base that came from Hugging Face.
pub(super) fn package_url(id: &str, source: Option<&str>, revision: Option<&str>) -> Option<String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let (owner, name) = id.split_once('/')?;
    source.filter(|source| source.starts_with("https://huggingface.co/"))?;
    if !plain(owner) || !plain(name) {
        return None;
    }
    let version = revision.filter(|revision| plain(revision)).map(|revision| format!("@{}", revision.to_lowercase()));
    Some(format!("pkg:huggingface/{owner}/{name}{}", version.unwrap_or_default()))
}

/// An address that can stand in a document: HTTP, of visible ASCII without quotes or angle brackets.
pub(super) fn address(source: Option<&str>) -> Option<&str> {
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    source
        .filter(|text| ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) && text.chars().all(plain))
}

/// SHA-256 of a text, lower-case hex.
pub(super) fn digest(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// A UUID (version 8, RFC 9562 §5.8) made from the digest of a text.
pub(super) fn uuid(text: &str) -> String {
    let mut bytes: [u8; 16] = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(text.as_bytes())).for_each(|(byte, digest)| *byte = digest);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
