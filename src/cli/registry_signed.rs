// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A base that comes with a signed list of its files (OpenSSF model signing): the digests are checked before its
//! fingerprint is trusted.
//!
//! In: the base's folder and its manifest. Out: one line to say, or a refusal.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use forebear::attest::Manifest;
use forebear::fingerprint::Fingerprint;
use forebear::reports::plural;

/// Where model signing puts it.
const NAME: &str = "model.sig";
/// Longest manifest that is read.
const LONGEST: u64 = 64 << 20;

/// Compares the base with the list that is given or lies beside it; `None` if there is none.
pub(super) fn verified(base: &Path, given: Option<&Path>, print: &Fingerprint) -> anyhow::Result<Option<String>> {
    let folder: PathBuf = if base.is_dir() {
        base.to_owned()
    } else {
        base.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
    };
    let beside = folder.join(NAME);
    let Some(path) = given.map(Path::to_owned).or_else(|| fs::exists(&beside).unwrap_or(true).then_some(beside)) else {
        return Ok(None);
    };
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = File::open(&path).with_context(|| format!("failed to read {shown}"))?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).with_context(|| format!("failed to read {shown}"))?;
    ensure!(bytes.len() as u64 <= LONGEST, "failed to read {shown}: longer than {LONGEST} bytes");
    let inside = |path: &str| {
        let path = Path::new(path);
        let inside = path.strip_prefix(&folder).ok().or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
        inside.to_string_lossy().into_owned()
    };
    let needed: Vec<String> = print.sources.iter().map(|source| inside(&source.path)).collect();
    let refused = || format!("{shown} does not hold for {}; nothing was added", base.display());
    let manifest = Manifest::parse(&bytes).with_context(refused)?;
    let count = manifest.verify(&folder, &needed).with_context(refused)?;
    let files = plural(count as u64, "file", "files");
    Ok(Some(format!("{shown}: digests verified for {files}, signature not verified; `model_signing verify` does that")))
}
