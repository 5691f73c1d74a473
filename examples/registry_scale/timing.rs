// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What it takes to identify one suspect in registries of any size.
//!
//! In: a folder with fingerprints and an index, made by the parent process. Out: one line of the table, measured in a
//! process of its own, so that its memory is that of nothing else.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use forebear::bases::{ReadStored, Registry, RegistryError, Store};
use forebear::evidence::candidates::{Candidates, KnownBase};
use forebear::fingerprint::{Fingerprint, splitmix64};

use super::decoys::{Extent, Pool};

/// A base of a made registry: one of the trained, or a decoy.
pub(crate) struct Made<'a> {
    id: String,
    digest: String,
    number: u64,
    real: Option<&'a Fingerprint>,
    pool: &'a Pool,
    extent: Extent,
}

impl KnownBase for Made<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    fn fingerprint(&self) -> Result<Fingerprint, RegistryError> {
        Ok(self.real.map_or_else(|| self.pool.decoy(self.number, self.extent), Clone::clone))
    }
}

/// A registry of `count` bases: `real` ones first, then decoys.
pub(crate) fn registry<'a>(count: usize, real: &'a [Fingerprint], pool: &'a Pool, extent: Extent) -> Vec<Made<'a>> {
    (0..count as u64)
        .map(|number| {
            let real = real.get(number as usize);
            let part = |at: u64| format!("{:016x}", splitmix64(number << 2 | at));
            let digest = (0..4).map(part).collect();
            let id = real.map_or_else(|| format!("made/{number:06}"), |print| print.name.clone());
            Made { id, digest, number, real, pool, extent }
        })
        .collect()
}

/// Where the parent leaves things.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    /// The index file.
    pub(crate) fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// Fingerprints of the trained bases.
    pub(crate) fn bases(&self) -> PathBuf {
        self.0.join("bases")
    }

    /// The suspect's fingerprint.
    pub(crate) fn suspect(&self) -> PathBuf {
        self.0.join("suspect")
    }

    /// All fingerprints of a folder, by file name.
    pub(crate) fn prints(folder: &Path) -> io::Result<Vec<Fingerprint>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.sort();
        paths.iter().map(|path| Fingerprint::read(path).map_err(io::Error::other)).collect()
    }
}

/// Runs `measure` in a new process and prints its line.
pub(crate) fn line(count: usize, place: &Place) -> io::Result<()> {
    let status = Command::new(std::env::current_exe()?).arg("--one").arg(count.to_string()).arg(&place.0).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{count} bases: {status}"))) }
}

/// Measures one size and prints the line.
pub(crate) fn measure(count: usize, place: &Place) -> io::Result<()> {
    let real = Place::prints(&place.bases())?;
    let pool = Pool::of(real.clone());
    let suspect = Fingerprint::read(&place.suspect()).map_err(io::Error::other)?;
    let bases = registry(count, real.get(..10).unwrap_or(&real), &pool, Extent::Whole);
    let text = index_text(&bases);
    let before = memory("VmRSS:");
    let started = Instant::now();
    let opened =
        Registry::gather(vec![Store::Reader("made".into(), Arc::new(Index(text)))]).map_err(io::Error::other)?;
    let listed = started.elapsed().as_secs_f64();
    let candidates = Candidates::open(bases.iter().collect(), Some(&place.index())).map_err(io::Error::other)?;
    let loaded = started.elapsed().as_secs_f64();
    let found = candidates.search(&suspect, &[]).map_err(io::Error::other)?;
    let all = started.elapsed().as_secs_f64();
    let compared = found.examined.as_ref().map_or(count, |examined| examined.compared);
    let size = fs::metadata(place.index()).map_or(0, |metadata| metadata.len());
    println!(
        "| {} | {compared} | {} | {listed:.2} | {:.2} | {:.2} | {all:.2} | {} | {} |",
        opened.len(),
        found.matches.len(),
        loaded - listed,
        all - loaded,
        if count > 64 { format!("{:.1}", size as f64 / f64::from(1 << 20)) } else { "–".to_owned() },
        memory("VmHWM:").saturating_sub(before) >> 10,
    );
    Ok(())
}

/// The heading of the table.
pub(crate) fn heading() {
    println!(
        "| bases | compared completely | with evidence | reading `index.toml`, s | reading the index, s | choosing and comparing, s | all, s | index, MiB | memory, MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

/// `index.toml` of a registry.
struct Index(String);

impl ReadStored for Index {
    fn read(&self, path: &str, _limit: u64) -> io::Result<Option<Vec<u8>>> {
        Ok((path == "index.toml").then(|| self.0.clone().into_bytes()))
    }
}

fn index_text(bases: &[Made]) -> String {
    let mut text = "schema = 1\n".to_owned();
    for Made { id, digest, .. } in bases {
        let id: String =
            id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_./".contains(c) { c } else { '-' }).collect();
        let _ = write!(
            text,
            "[[base]]\nid = \"{id}\"\nlicense = \"Apache-2.0\"\nsha256 = \"{digest}\"\nfingerprint = \"fingerprints/{digest}.safetensors\"\nparameters = 1631872\narchitecture = \"LlamaForCausalLM\"\nadded = \"2026-01-10\"\n"
        );
    }
    text
}

/// KiB that Linux tells of this process; zero elsewhere.
fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
