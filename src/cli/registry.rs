// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear registry`: the registry of base models.
//!
//! In: a checkpoint to add, an id, or an archive. Out: the registry changed, listed, or checked.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use forebear::attest;
use forebear::bases::{Base, FaultKind, NewBase, Registry, RegistryError, RegistryFolder};
use forebear::changes::Repository;
use forebear::fingerprint::Detail;
use forebear::reports::{harmless, plural};
use serde_json::{Value, json};

use super::arguments::Globals;
use super::output::{Output, beside, persist, read_text};
use super::registry_code::{self, AddCode};
use super::run::Outcome;
use super::{load, online, places, registry_signed, witness};

/// List and change the registry of base models
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Add(Add),
    AddCode(AddCode),
    /// List the bases
    List,
    /// Show everything that is known of a base
    Show {
        /// Id of the base
        id: String,
        /// Print the license text that the base came with and nothing else
        #[arg(long)]
        license_text: bool,
    },
    /// Remove a base
    Remove {
        /// Id of the base
        id: String,
    },
    /// Check the digest of every file, and with --allowed-signers whose signature there is
    Verify {
        /// Whose signatures count, as in ssh-keygen(1)
        #[arg(long, value_name = "FILE")]
        allowed_signers: Option<PathBuf>,
    },
    /// Sign the registry with your SSH key, after looking at what is in it
    ///
    /// The signature is over the lists of bases and code, which name every other file by its SHA-256. Any change of the
    /// registry wants a new one. `require-signature` in policy.toml asks for it.
    Sign {
        /// A private key, or the public key of one in the agent or on a token; git's user.signingkey if not given
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Write bases to one file, to be carried elsewhere
    Export {
        /// The file to write
        file: PathBuf,
        /// Ids of the bases; all if none are given
        ids: Vec<String>,
    },
    /// Place the bases of a file made by `export`, once all their digests are verified
    Import {
        /// The file to read
        file: PathBuf,
    },
}

/// Fingerprint a base model and add it
///
/// If PATH is a folder, its LICENSE and NOTICE files are kept with the base unless others are given.
#[derive(Args, Debug)]
struct Add {
    /// A checkpoint, a folder of shards, or a fingerprint file
    path: PathBuf,
    /// Id of the base, usually its name on a hub: `Qwen/Qwen2.5-7B`
    #[arg(long)]
    id: String,
    /// Its license: an SPDX expression or a known model license id
    #[arg(long)]
    license: String,
    /// Where it was had, a URL
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Commit or tag at the source
    #[arg(long)]
    revision: Option<String>,
    /// File with the license text as the base ships it
    #[arg(long, value_name = "FILE")]
    license_text: Option<PathBuf>,
    /// File with the notice the base ships
    #[arg(long, value_name = "FILE")]
    notice: Option<PathBuf>,
    /// Source file of the base whose copyright and SPDX lines are kept; may be given more than once
    #[arg(long = "header", value_name = "FILE")]
    headers: Vec<PathBuf>,
    /// Signed list of its files (OpenSSF model signing), whose digests must hold; `model.sig` beside it if not given
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Its tokenizer: a file, or a folder that holds one; what lies beside the weights if not given
    #[arg(long, value_name = "PATH")]
    tokenizer: Option<PathBuf>,
    /// Id of a known ancestor, or another name of the same weights; may be given more than once
    #[arg(long = "derived-from", value_name = "ID")]
    derived_from: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    let outcome = match &arguments.action {
        Action::Add(arguments) => add(arguments, globals, &mut out)?,
        Action::AddCode(arguments) => {
            registry_code::add(arguments, globals, &mut out)?;
            Outcome::Pass
        }
        Action::List => list(&open(globals)?, as_json, &mut out)?,
        Action::Show { id, license_text: true } => {
            let text = open(globals)?.show(id)?.license_text()?;
            write!(out, "{}", text.with_context(|| format!("{id} was registered without a license text"))?)?;
            Outcome::Pass
        }
        Action::Show { id, .. } => show(open(globals)?.show(id)?, as_json, &mut out)?,
        Action::Remove { id } => {
            let folder = places::registry_to_change(globals)?;
            let registry = RegistryFolder::open(&folder)?;
            let code = registry.remove_code(id)?.map(|entry| ("the code of ", entry.id));
            // An id may be that of code alone.
            let base = match registry.remove(id) {
                Err(RegistryError::UnknownBase { .. }) if code.is_some() => None,
                removed => Some(("", removed?.id)),
            };
            for (what, id) in base.into_iter().chain(code) {
                writeln!(out, "removed {what}{id} from {}", folder.display())?;
            }
            Outcome::Pass
        }
        Action::Verify { allowed_signers } => {
            let registry = open(globals)?;
            let signed = allowed_signers.as_ref().map_or(Ok(true), |file| seals(&registry, file, as_json, &mut out))?;
            match verify(&registry, as_json, &mut out)? {
                Outcome::Pass if !signed => Outcome::Block,
                outcome => outcome,
            }
        }
        Action::Sign { key } => {
            let folder = places::registry_to_change(globals)?;
            let key = match key {
                Some(path) => witness::Key::at(path),
                None => witness::key(None, &Repository::discover(Path::new("."))?)?,
            };
            RegistryFolder::open(&folder)?
                .sign(|statement| Ok::<_, anyhow::Error>(attest::sign(statement, key.path())?.armored()))?;
            writeln!(out, "signed {}", folder.display())?;
            Outcome::Pass
        }
        Action::Export { file, ids } => {
            let mut archive = beside(file)?;
            let written = open(globals)?.export(ids, archive.as_file_mut())?;
            persist(archive, file)?;
            writeln!(out, "wrote {}{} to {}", bases(written.bases), and_code(written.code), file.display())?;
            Outcome::Pass
        }
        Action::Import { file } => import(file, globals, &mut out)?,
    };
    out.finish()?;
    Ok(outcome)
}

fn open(globals: &Globals) -> anyhow::Result<Registry> {
    Ok(Registry::open(&places::registries(globals)?)?)
}

fn and_code(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and the code of {}", plural(count as u64, "model", "models")) }
}

fn bases(count: usize) -> String {
    plural(count as u64, "base", "bases")
}

fn add(arguments: &Add, globals: &Globals, out: &mut Output) -> anyhow::Result<Outcome> {
    let url = online::url(&arguments.path);
    let opened = url.map(|url| online::opened(url, globals)).transpose()?;
    let text = |given: &Option<PathBuf>, names: &[&str]| -> anyhow::Result<Option<String>> {
        if let (None, Some(url)) = (given, url) {
            return online::text(url, names, globals);
        }
        let path = given.clone().or_else(|| found_in(&arguments.path, names));
        path.map(|path| read_text(&path)).transpose()
    };
    let license_text = text(&arguments.license_text, &["LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"])?;
    let notice = text(&arguments.notice, &["NOTICE", "NOTICE.txt", "Notice.txt", "NOTICE.md"])?;
    let headers = arguments.headers.iter().map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        load::headers(path).map(|lines| (name, lines))
    });
    let headers = headers.collect::<anyhow::Result<Vec<_>>>()?;
    let tokenizer = load::tokenizer_path(arguments.tokenizer.as_ref().unwrap_or(&arguments.path), globals)?;
    if let (Some(path), None) = (&arguments.tokenizer, &tokenizer) {
        anyhow::bail!("{} holds no tokenizer that can be read", path.display());
    }
    let fingerprint = load::fingerprint_path(&arguments.path, globals)?.reduced(Detail::Base);
    let signed = if url.is_none() {
        registry_signed::verified(&arguments.path, arguments.manifest.as_deref(), &fingerprint)?
    } else {
        anyhow::ensure!(arguments.manifest.is_none(), "a signed list is compared with files here; download the base");
        None
    };
    let base = NewBase {
        id: arguments.id.clone(),
        license: arguments.license.clone(),
        source: arguments.source.clone().or_else(|| opened.as_ref().map(|opened| opened.source.clone())),
        revision: arguments.revision.clone().or_else(|| opened.and_then(|opened| opened.commit)),
        fingerprint: fingerprint.to_bytes()?,
        parameters: fingerprint.parameters,
        architecture: fingerprint.architecture().to_owned(),
        added: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        license_text,
        notice,
        headers,
        tokenizer,
        derived_from: arguments.derived_from.clone(),
    };
    let folder = places::registry_to_change(globals)?;
    let entry = RegistryFolder::open_or_create(&folder)?.add(&base)?;
    let texts = [
        ("license text", base.license_text.is_some()),
        ("notice", base.notice.is_some()),
        ("tokenizer", base.tokenizer.is_some()),
    ];
    let kept: Vec<&str> = texts.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    let kept = if kept.is_empty() {
        "without license text or notice".to_owned()
    } else {
        format!("with its {}", listed(&kept))
    };
    writeln!(out, "added {} to {}, {kept}", entry.id, folder.display())?;
    if let Some(signed) = signed {
        writeln!(out, "{}", harmless(&signed))?;
    }
    Ok(Outcome::Pass)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => words.concat(),
    }
}

fn found_in(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn list(registry: &Registry, as_json: bool, out: &mut Output) -> anyhow::Result<Outcome> {
    if as_json {
        let bases: Vec<Value> = registry.list().map(facts).collect();
        forebear::reports::json(&json!({"schema_version": 1, "bases": bases, "code": registry.code_entries()?}), out)?;
        return Ok(Outcome::Pass);
    }
    registry_code::list(registry, out)?;
    let widest = registry.list().map(|base| base.entry.id.len()).max().unwrap_or(0);
    for base in registry.list() {
        let entry = &base.entry;
        let parameters = plural(entry.parameters, "parameter", "parameters");
        let facts = harmless(&format!("{}, {}, {parameters}", entry.license, entry.architecture));
        writeln!(out, "{:<widest$}  {facts}", entry.id)?;
    }
    writeln!(out, "{}", bases(registry.len()))?;
    Ok(Outcome::Pass)
}

fn show(base: &Base, as_json: bool, out: &mut Output) -> anyhow::Result<Outcome> {
    // Reading verifies: what is shown as held is held.
    base.fingerprint_bytes()?;
    let (license_text, notice, headers) = (base.license_text()?, base.notice()?, base.headers()?);
    let tokenizer = base.tokenizer()?.map(|print| print.pieces);
    if as_json {
        let mut facts = facts(base);
        facts["license_text"] = json!(license_text);
        facts["notice"] = json!(notice);
        facts["headers"] = json!(headers);
        facts["tokenizer"] = json!(tokenizer.map(|pieces| json!({"pieces": pieces})));
        forebear::reports::json(&facts, out)?;
        return Ok(Outcome::Pass);
    }
    let entry = &base.entry;
    let or_none = |text: Option<&str>| text.unwrap_or("not recorded").to_owned();
    let lines = |text: Option<&str>| {
        text.map_or("not recorded".to_owned(), |text| plural(text.lines().count() as u64, "line", "lines"))
    };
    for (label, value) in [
        ("id", entry.id.clone()),
        ("license", entry.license.clone()),
        ("source", or_none(entry.source.as_deref())),
        ("revision", or_none(entry.revision.as_deref())),
        ("architecture", entry.architecture.clone()),
        ("parameters", plural(entry.parameters, "parameter", "parameters")),
        ("fingerprint", format!("sha256:{}", entry.fingerprint.sha256())),
        ("added", entry.added.clone()),
        ("derived from", or_none(Some(entry.derived_from.join(", ").as_str()).filter(|ids| !ids.is_empty()))),
        ("license text", lines(license_text.as_deref())),
        ("notice", lines(notice.as_deref())),
        ("headers", plural(headers.len() as u64, "file", "files")),
        ("tokenizer", tokenizer.map_or("not recorded".to_owned(), |pieces| plural(pieces.into(), "piece", "pieces"))),
        ("registry", base.store_name()),
    ] {
        writeln!(out, "{label:<13} {}", harmless(&value))?;
    }
    Ok(Outcome::Pass)
}

fn facts(base: &Base) -> Value {
    let entry = &base.entry;
    json!({
        "id": entry.id,
        "license": entry.license,
        "source": entry.source,
        "revision": entry.revision,
        "sha256": entry.fingerprint.sha256(),
        "parameters": entry.parameters,
        "architecture": entry.architecture,
        "added": entry.added,
        "derived_from": entry.derived_from,
        "registry": base.store_name(),
    })
}

/// A file that nothing refers to harms nobody; any other fault blocks.
fn verify(registry: &Registry, as_json: bool, out: &mut Output) -> anyhow::Result<Outcome> {
    let faults = registry.verify()?;
    let word = |kind: &FaultKind| match kind {
        FaultKind::Missing => "missing",
        FaultKind::Altered { .. } => "altered",
        FaultKind::Unreadable { .. } => "unreadable",
        FaultKind::Orphan => "orphan",
    };
    if as_json {
        let faults: Vec<Value> = faults
            .iter()
            .map(|fault| {
                json!({
                    "registry": fault.store, "file": fault.file, "kind": word(&fault.kind), "bases": fault.bases,
                    "remedy": fault.remedy(),
                })
            })
            .collect();
        forebear::reports::json(&json!({"schema_version": 1, "bases": registry.len(), "faults": faults}), out)?;
    } else {
        for fault in &faults {
            let of = if fault.bases.is_empty() { String::new() } else { format!(" ({})", fault.bases.join(", ")) };
            let (kind, store, file) = (word(&fault.kind), &fault.store, &fault.file);
            writeln!(out, "{}", harmless(&format!("{kind}: {store}/{file}{of}\n  help: {}", fault.remedy())))?;
        }
        writeln!(out, "{}, {}", bases(registry.len()), plural(faults.len() as u64, "fault", "faults"))?;
    }
    let grave = faults.iter().any(|fault| fault.kind != FaultKind::Orphan);
    Ok(if grave { Outcome::Block } else { Outcome::Pass })
}

/// Says who signed each registry; whether all are signed by somebody who may.
fn seals(registry: &Registry, signers: &Path, as_json: bool, out: &mut Output) -> anyhow::Result<bool> {
    fs::metadata(signers).with_context(|| format!("failed to read {}", signers.display()))?;
    let mut all = true;
    for seal in registry.seals()? {
        let by = match &seal.signature {
            None => Err("not signed".to_owned()),
            Some(signature) => {
                attest::signer(&seal.statement, signature, signers).map_err(|error| format!("not signed: {error}"))
            }
        };
        all &= by.is_ok();
        if !as_json {
            let said = by.map_or_else(|reason| reason, |principal| format!("signed by {principal}"));
            writeln!(out, "{}", harmless(&format!("{}: {said}", seal.store)))?;
        }
    }
    Ok(all)
}

fn import(file: &Path, globals: &Globals, out: &mut Output) -> anyhow::Result<Outcome> {
    let archive = File::open(file).with_context(|| format!("failed to read {}", file.display()))?;
    let folder = places::registry_to_change(globals)?;
    let existed = fs::exists(&folder)?;
    let imported = RegistryFolder::open_or_create(&folder)?
        .import(archive)
        .with_context(|| format!("failed to import {}", file.display()))?;
    let new = if existed { "" } else { " (new)" };
    let code = and_code(imported.code.len());
    write!(out, "added {}{code} to {}{new}", bases(imported.added.len()), folder.display())?;
    writeln!(out, ", {} already there", imported.present.len())?;
    Ok(Outcome::Pass)
}
