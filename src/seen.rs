// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the stages saw, as the rules want it.
//!
//! In: a snapshot and what was collected from it. Out: the policy that counts, and the facts about models, sources
//! and files that could not be read. Nothing is decided here.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::changes::{Content, File, FileState, ScopeKind, Snapshot};
use crate::checkpoints::{CheckpointError, is_checkpoint_name};
use crate::code::{CodeCorpus, CodePrints, credits, headers, is_source, leftovers};
use crate::documents::is_legal;
use crate::evidence::Comparison;
use crate::findings::{FormerText, ModelFacts, SourceFacts, UnverifiableFacts, UnverifiableKind};
use crate::fingerprint::{Collected, Fingerprint, FingerprintError, MatrixPrint, Unread};
use crate::gate::{GateError, Options};
use crate::policy::{Baseline, NamedBaseline, Policy, Weakening};
use crate::reports::JudgedDigest;

/// Largest policy read, in bytes.
const LARGEST_POLICY: usize = 1 << 20;
/// Bytes of a source file that are read for its header.
const LARGEST_SOURCE: usize = 1 << 20;
/// What a text of the base side is called.
const EARLIER: &str = "earlier version";
/// Where a repository keeps its policy.
const POLICY: &str = "policy.toml";
/// Where a repository keeps its registry when the policy names none.
pub(crate) const REGISTRY: &str = "registry/";

/// The policy that counts: one given by name, else the base side's with the push's declarations.
pub(crate) fn policy(
    snapshot: &Snapshot,
    given: Option<&(String, String)>,
) -> Result<(Policy, Vec<Weakening>), GateError> {
    if let Some((path, text)) = given {
        return Ok((parse(path, text)?, Vec::new()));
    }
    let pushed = snapshot.files.iter().find(|file| file.at_tip && file.path == POLICY).and_then(File::content);
    let pushed = read(POLICY, pushed)?;
    let mut base = match read(POLICY, snapshot.base_policy.as_ref()) {
        // A policy that was published broken must not keep its own repair from being pushed; the push's own is valid.
        Err(GateError::Policy(_)) => None,
        read => read?,
    };
    if let Some(base) = &mut base {
        // Findings about it are placed where the file is.
        base.path = Some(POLICY.to_owned());
    }
    let nothing_removed = snapshot.base_elsewhere && pushed.is_none();
    let (policy, weakenings) = Policy::effective(base.as_ref(), &pushed.unwrap_or_default());
    let mut weakenings = if nothing_removed { Vec::new() } else { weakenings };
    weakenings.extend(snapshot.files.iter().filter_map(doubles));
    Ok((policy, weakenings))
}

/// A file that the push brings and that takes the place of the policy or the registry where case does not count.
fn doubles(file: &File) -> Option<Weakening> {
    let lower = file.path.to_lowercase();
    let what = match lower.split_once('/') {
        None if lower == POLICY && file.path != POLICY => POLICY,
        Some(("registry", _)) if !file.path.starts_with(REGISTRY) => REGISTRY,
        _ => return None,
    };
    let what = format!("differs from {what} in case alone, and takes its place where case does not count");
    (file.introduced && file.at_tip).then(|| Weakening { path: file.path.clone(), what, span: None })
}

/// Digests of the policy files that [`policy`] reads.
pub(crate) fn policy_digests(snapshot: &Snapshot, given: Option<&(String, String)>) -> Vec<JudgedDigest> {
    let of = |what: &str, bytes: &[u8]| JudgedDigest { what: what.to_owned(), sha256: sha256(bytes) };
    if let Some((_, text)) = given {
        return vec![of("policy", text.as_bytes())];
    }
    let pushed = snapshot.files.iter().find(|file| file.at_tip && file.path == POLICY).and_then(File::content);
    let sides = [("policy", pushed), ("base-policy", snapshot.base_policy.as_ref())];
    // They were read before, to judge by; one that cannot be read now was not judged by either.
    let read = |content: &Content| content.read(LARGEST_POLICY).ok();
    sides.into_iter().filter_map(|(what, content)| Some(of(what, &read(content?)?))).collect()
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The baseline that counts, and what the push adds to it: the one that the command line names, or else the policy. A
/// file inside the repository is read from the base side; one that is not published, and where nothing is published, is
/// the word of whoever runs the check.
pub(crate) fn baseline(
    snapshot: &Snapshot,
    kind: ScopeKind,
    options: &Options,
    policy: &Policy,
    remarks: &mut Vec<String>,
) -> Result<(Baseline, Vec<Weakening>), GateError> {
    let by_policy = |path: &String| NamedBaseline { path: path.clone(), inside: Some(path.clone()), text: None };
    let given = options.overrides.baseline.clone();
    let in_folder = kind == ScopeKind::Path && given.is_some();
    let Some(named) = given.or_else(|| policy.baseline.as_ref().map(by_policy)) else {
        return Ok((Baseline::default(), Vec::new()));
    };
    let text = |content: &Content| text(&named.path, content);
    let parsed = |text: &String| Baseline::parse(&named.path, text).map_err(|error| GateError::Policy(Box::new(error)));
    let inside = named.inside.as_ref().filter(|_| !in_folder);
    let at_tip = inside.and_then(|inside| snapshot.files.iter().find(|file| file.at_tip && file.path == *inside));
    let published = at_tip.and_then(File::content).map(text).transpose()?;
    let before = match (inside, &snapshot.base_commit, options.repository) {
        (Some(inside), Some(commit), Some(repository)) => {
            repository.file_at(commit, inside)?.as_ref().map(text).transpose()?
        }
        _ => None,
    };
    // One that was published broken must not keep its own repair from being pushed; it lets nothing pass.
    let before = before.and_then(|text| parsed(&text).ok());
    match (published, before, &named.text) {
        // A whole tree that nothing stands beside has no side to be read from.
        (Some(text), ..) if snapshot.base_commit.is_none() && matches!(kind, ScopeKind::Tree | ScopeKind::Path) => {
            Ok((parsed(&text)?, Vec::new()))
        }
        (Some(text), before, _) => Ok(Baseline::effective(before.as_ref(), &parsed(&text)?)),
        (None, Some(before), _) if snapshot.base_elsewhere => Ok((before, Vec::new())),
        // It was known before, and the push removes it.
        (None, Some(_), _) => Ok((Baseline::empty(&named.path), Vec::new())),
        (None, None, Some(text)) => Ok((parsed(text)?, Vec::new())),
        (None, None, None) if options.overrides.baseline.is_some() => Err(GateError::Io {
            path: named.path.clone(),
            error: std::io::Error::other("there is no such baseline; `--write-baseline` writes one"),
        }),
        (None, None, None) => {
            let path = &named.path;
            remarks.push(format!(
                "the policy names the baseline {path}, which is not there, so nothing is known; \
                 `forebear check --tree HEAD --baseline {path} --write-baseline` writes it"
            ));
            Ok((Baseline::empty(path), Vec::new()))
        }
    }
}

fn read(path: &str, content: Option<&Content>) -> Result<Option<Policy>, GateError> {
    let Some(content) = content else { return Ok(None) };
    parse(path, &text(path, content)?).map(Some)
}

fn text(path: &str, content: &Content) -> Result<String, GateError> {
    let failed = |error| GateError::Io { path: path.to_owned(), error };
    let bytes = content.read(LARGEST_POLICY).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| failed(std::io::Error::other(error)))
}

fn parse(path: &str, text: &str) -> Result<Policy, GateError> {
    Policy::parse(path, text).map_err(|error| GateError::Policy(Box::new(error)))
}

/// The models, with what they were compared with.
pub(crate) fn models(
    files: &[File],
    collected: &Collected,
    comparisons: &[Vec<Comparison>],
    searched: usize,
    in_git: bool,
) -> Vec<ModelFacts> {
    collected
        .models
        .iter()
        .zip(comparisons)
        .map(|(model, comparisons)| {
            let parts = || model.files.iter().filter_map(|at| files.get(*at));
            ModelFacts {
                path: model.fingerprint.name.clone(),
                files: parts().map(|file| file.path.clone()).collect(),
                id: model.fingerprint.model_id(),
                format: model.fingerprint.format.clone(),
                comparisons: comparisons.clone(),
                searched,
                parameters: model.fingerprint.parameters,
                comparable: comparable(&model.fingerprint),
                introduced: model.introduced,
                outside_lfs: in_git && parts().any(|file| file.lfs.is_none() && !will_be_in_lfs(file)),
                hazards: model.hazards.clone(),
                licenses: model.licenses.clone(),
            }
        })
        .collect()
}

/// A file of the work tree that git has not taken yet, and that it will give to Git LFS.
fn will_be_in_lfs(file: &File) -> bool {
    file.lfs_attribute && file.id.starts_with("unhashed:")
}

/// Parameters in matrices that are evidence.
fn comparable(print: &Fingerprint) -> u64 {
    print.matrices.iter().filter(|matrix| matrix.is_evidence()).map(MatrixPrint::elements).sum()
}

/// The source files that the range brings, with their headers before and after, and whose code they hold; and those
/// that could not be read. A file whose Git LFS object is missing is told by [`unverifiable`].
pub(crate) fn sources(
    files: &[File],
    corpus: impl FnOnce() -> Result<CodeCorpus, GateError>,
) -> Result<(Vec<SourceFacts>, Vec<UnverifiableFacts>), GateError> {
    // A header stands at the top, whatever follows it.
    let text =
        |content: &Content| content.head(LARGEST_SOURCE).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let brought: Vec<&File> =
        files.iter().filter(|file| file.introduced && file.at_tip && is_source(&file.path)).collect();
    // The corpus takes longer to read than a push without source files to check.
    let corpus = if brought.is_empty() { CodeCorpus::default() } else { corpus()? };
    let facts = brought.par_iter().filter_map(|file| {
        let now = text(file.content()?).map_err(|error| no_text(&file.path, "content", &error));
        let before = file.previous.as_ref().map(text).transpose();
        let before = before.map_err(|error| no_text(&file.path, EARLIER, &error));
        let read = now.and_then(|now| Ok((now, before?)));
        Some(read.map(|(now, before)| SourceFacts {
            path: file.path.clone(),
            headers: headers(&now),
            previous: before.map(|text| headers(&text)),
            attribution: corpus.attribute(&CodePrints::of(&file.path, &now)),
            leftovers: leftovers(&file.path, &now),
            credits: credits(&now),
        }))
    });
    Ok(parted(facts.collect()))
}

fn parted<T>(read: Vec<Result<T, UnverifiableFacts>>) -> (Vec<T>, Vec<UnverifiableFacts>) {
    let mut parts = (Vec::new(), Vec::new());
    for result in read {
        match result {
            Ok(fact) => parts.0.push(fact),
            Err(unread) => parts.1.push(unread),
        }
    }
    parts
}

fn no_text(path: &str, what: &str, error: &std::io::Error) -> UnverifiableFacts {
    UnverifiableFacts {
        path: path.to_owned(),
        what: what.to_owned(),
        reason: format!("its {what} cannot be read: {error}"),
        remedy: String::new(),
        kind: UnverifiableKind::Unreadable,
    }
}

/// License and notice files of the base side that the range removes or changes, and those that could not be read. Where
/// the base side is another ref, this tree did not change them.
pub(crate) fn former(snapshot: &Snapshot) -> (Vec<FormerText>, Vec<UnverifiableFacts>) {
    if snapshot.base_elsewhere {
        return (Vec::new(), Vec::new());
    }
    let text = |path: &str, content: &Content, gone| {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        is_legal(path).then(|| match content.head(LARGEST_SOURCE) {
            Ok(bytes) => Ok(FormerText { path: path.to_owned(), text: text(bytes), gone }),
            Err(error) => Err(no_text(path, EARLIER, &error)),
        })
    };
    let changed =
        snapshot.files.iter().filter(|file| file.at_tip).filter_map(|file| Some((file, file.previous.as_ref()?)));
    let removed = snapshot.removed.iter().filter_map(|(path, content)| text(path, content, true));
    parted(removed.chain(changed.filter_map(|(file, content)| text(&file.path, content, false))).collect())
}

/// Everything that looks like a model and could not be read. LFS objects of files that the push does not change are
/// not asked for where the remote has the ref already: they are told in a remark. A new ref publishes all it holds.
pub(crate) fn unverifiable(
    snapshot: &Snapshot,
    collected: &Collected,
    in_git: bool,
    remarks: &mut Vec<String>,
) -> Vec<UnverifiableFacts> {
    let files = &snapshot.files;
    let new_ref = snapshot.base_commit.is_none() || snapshot.base_elsewhere;
    let mut facts: Vec<UnverifiableFacts> = collected.unread.iter().map(unread).collect();
    facts.extend(collected.unverifiable.iter().filter_map(|found| {
        Some(UnverifiableFacts {
            path: files.get(found.file)?.path.clone(),
            what: found.what.clone(),
            reason: format!("{}: {}", found.what, found.reason),
            remedy: found.remedy.clone(),
            kind: if found.certain { UnverifiableKind::Unsupported } else { UnverifiableKind::Suspected },
        })
    }));
    let missing = |file: &&File| matches!(file.state, FileState::MissingLfs);
    facts.extend(files.iter().filter(missing).filter(|file| file.introduced || new_ref).map(|file| {
        UnverifiableFacts {
            path: file.path.clone(),
            what: "Git LFS object".into(),
            reason: "it is not on this machine".into(),
            remedy: String::new(),
            kind: UnverifiableKind::MissingLfs,
        }
    }));
    facts.extend(files.iter().filter(|file| file.introduced).filter_map(submodule));
    // In git a link is a name and no more.
    facts.extend(files.iter().filter(|_| !in_git).filter_map(link));
    let unchanged = files.iter().filter(missing).filter(|file| !file.introduced && !new_ref).count();
    if unchanged > 0 {
        remarks.push(format!(
            "Git LFS objects of files that are unchanged here were not looked at, because they are not on this machine: \
             {unchanged}"
        ));
    }
    facts
}

/// A submodule is published elsewhere, and whoever clones this repository may have it too.
fn submodule(file: &File) -> Option<UnverifiableFacts> {
    let FileState::NotAFile(what @ "submodule") = file.state else { return None };
    let short = file.id.get(..12).unwrap_or(&file.id);
    Some(UnverifiableFacts {
        path: file.path.clone(),
        what: what.to_owned(),
        reason: format!("it is a submodule, and what commit {short} of that repository holds was not looked at"),
        remedy: format!("run `forebear check --tree {short}` there, or publish without the submodule"),
        kind: UnverifiableKind::Suspected,
    })
}

/// What uploads a folder follows its links.
fn link(file: &File) -> Option<UnverifiableFacts> {
    let FileState::NotAFile(what @ ("symbolic link" | "link to a folder" | "special file")) = file.state else {
        return None;
    };
    let kind = match what {
        "link to a folder" => UnverifiableKind::Suspected,
        _ if is_checkpoint_name(&file.path) => UnverifiableKind::Unsupported,
        _ => return None,
    };
    Some(UnverifiableFacts {
        path: file.path.clone(),
        what: what.to_owned(),
        reason: format!("it is a {what}, and what it stands for was not looked at"),
        remedy: "check a copy in which files stand in place of links (`cp -RL`)".to_owned(),
        kind,
    })
}

fn unread(unread: &Unread) -> UnverifiableFacts {
    let (kind, what) = match &unread.error {
        FingerprintError::WrongDigest { .. } => (UnverifiableKind::WrongDigest, format!("{} file", unread.format)),
        FingerprintError::Checkpoint(CheckpointError::Unsupported { what, .. }) => {
            (UnverifiableKind::Unsupported, what.clone())
        }
        FingerprintError::Checkpoint(CheckpointError::UnsafePickle(_)) => {
            (UnverifiableKind::UnsafePickle, format!("{} file", unread.format))
        }
        FingerprintError::Checkpoint(CheckpointError::MissingPart(_)) => {
            (UnverifiableKind::MissingPart, format!("{} file", unread.format))
        }
        FingerprintError::Checkpoint(CheckpointError::Malformed { .. }) => {
            (UnverifiableKind::Malformed, format!("{} file", unread.format))
        }
        _ => (UnverifiableKind::Unreadable, format!("{} file", unread.format)),
    };
    let reason = match &unread.error {
        FingerprintError::Checkpoint(CheckpointError::Unsupported { what, reason }) => format!("{what}: {reason}"),
        other => other.to_string(),
    };
    UnverifiableFacts { path: unread.path.clone(), what, reason, remedy: String::new(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: Content) -> File {
        File::present(path.into(), "id".into(), 1, content)
    }

    fn gone() -> Content {
        Content::Disk("/no/such/file".into())
    }

    #[test]
    fn a_source_file_that_cannot_be_read_is_told() {
        let kept = || Content::memory(*b"# Copyright 2024 Orca\n");
        let changed = File { previous: Some(gone()), ..file("b.py", kept()) };
        let files = [file("a.py", gone()), changed, file("c.py", kept()), file("d.bin", gone())];
        let (read, unread) = sources(&files, || Ok(CodeCorpus::default())).ok().unwrap_or_default();
        assert_eq!(read.iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), ["c.py"]);
        let unread: Vec<_> = unread.iter().map(|file| (file.path.as_str(), file.what.as_str(), file.kind)).collect();
        assert_eq!(
            unread,
            [("a.py", "content", UnverifiableKind::Unreadable), ("b.py", EARLIER, UnverifiableKind::Unreadable)]
        );
    }

    #[test]
    fn an_earlier_notice_that_cannot_be_read_is_told() {
        let removed =
            vec![("NOTICE".into(), gone()), ("LICENSE".into(), Content::memory(*b"MIT")), ("x.py".into(), gone())];
        let (read, unread) = former(&Snapshot { removed, ..Snapshot::default() });
        assert_eq!(read.iter().map(|text| text.path.as_str()).collect::<Vec<_>>(), ["LICENSE"]);
        assert_eq!(unread.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["NOTICE"]);
    }
}
