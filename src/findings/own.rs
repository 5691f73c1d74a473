// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whose copyright line it is: the releaser's own, somebody's who is accounted for, or nobody's known.

use crate::licenses::{copyright_key, copyright_lines};

use super::facts::{BaseFacts, Facts};

/// Whether the line names a holder of `[release] copyright`.
pub(super) fn is_own(facts: &Facts, line: &str) -> bool {
    let line = format!(" {} ", copyright_key(line));
    let holders = facts.declared.release.copyright.iter().map(|holder| copyright_key(holder));
    holders.filter(|holder| !holder.is_empty()).any(|holder| line.contains(&format!(" {holder} ")))
}

/// Keys of the copyright lines that came with a base.
pub(super) fn keys_of_base(base: &BaseFacts) -> Vec<String> {
    let texts = base.license_text.iter().chain(&base.notice_text).flat_map(|text| copyright_lines(text));
    let headers = base.headers.iter().flat_map(|(_, lines)| lines.iter().map(String::as_str));
    keys(texts.chain(headers))
}

/// Keys of the copyright lines in the tree's licenses, notices, `REUSE.toml` and `.license` files.
pub(super) fn keys_of_documents(facts: &Facts) -> Vec<String> {
    let documents = facts.documents;
    let licenses = documents.licenses.iter().flat_map(|file| copyright_lines(&file.text));
    let notices = documents.notices.iter().flat_map(|file| copyright_lines(&file.text));
    let rights = documents.rights.iter().flat_map(|rights| rights.copyright.iter().map(String::as_str));
    keys(licenses.chain(notices).chain(rights))
}

fn keys<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    lines.map(copyright_key).filter(|key| !key.is_empty()).collect()
}

/// Whether one of the keys is this line's, or part of it, or holds it; whole words count.
pub(super) fn among(keys: &[String], line: &str) -> bool {
    let key = format!(" {} ", copyright_key(line));
    keys.iter().map(|other| format!(" {other} ")).any(|other| other.contains(&key) || key.contains(&other))
}
