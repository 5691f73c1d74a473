// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The bases that a tree is checked against.
//!
//! In: a snapshot, the policy that counts, and registries named on the command line. Out: [`Known`], and in which
//! ways the push changes a registry it is checked by. A registry inside the repository is read from the base side,
//! with what the push adds; what the push takes away or replaces does not count and is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::attest;
use crate::bases::{Base, KnownTokenizer, ReadStored, Registry, RegistryError, SIGNATURE, Store};
use crate::changes::{Content, Repository, Snapshot};
use crate::code::CodeCorpus;
use crate::documents::TokenizerPrint;
use crate::evidence::candidates::{Candidates, EVERY};
use crate::findings::{BaseFacts, Finding, Rule};
use crate::fingerprint::{Cache, Fingerprint};
use crate::gate::GateError;
use crate::policy::Policy;
use crate::seen::{REGISTRY, sha256};

/// The bases that a tree is checked against.
pub(crate) struct Known {
    registry: Registry,
    /// Those of them that the push has no hand in.
    settled: Registry,
}

/// A way in which a push changes a registry it is checked by.
pub(crate) struct RegistryChange {
    path: String,
    what: String,
}

impl RegistryChange {
    /// The finding of rule `policy-weakened`.
    pub(crate) fn finding(&self) -> Finding {
        Finding::new(
            Rule::PolicyWeakened,
            format!("{} {}", self.path, self.what),
            "have the change reviewed and merged on its own where the repository is reviewed; it counts once it is there",
            &[&self.path, &self.what],
        )
        .at(&self.path, None)
    }
}

impl Known {
    /// Opens every registry; if there are `signers`, each must be signed by one of them.
    pub(crate) fn gather(
        snapshot: &Snapshot,
        policy: &Policy,
        named: &[PathBuf],
        repository: Option<&Repository>,
        signers: Option<&Path>,
    ) -> Result<(Self, Vec<RegistryChange>), GateError> {
        let mut stores: Vec<Store> = named.iter().cloned().map(Store::Folder).collect();
        let mut settled = stores.clone();
        let mut changes = Vec::new();
        let mut folders: Vec<String> = policy.registry.paths.iter().map(|path| folder(path)).collect();
        // The default folder counts beside those that are named: a push that names another must not switch it off.
        if !folders.iter().any(|folder| folder == REGISTRY) {
            folders.push(REGISTRY.to_owned());
        }
        for folder in folders {
            let tip = snapshot.files.iter().filter(|file| file.at_tip);
            let pushed = Tree::of(&folder, tip.filter_map(|file| Some((file.path.clone(), file.content()?.clone()))));
            let base = Tree::of(&folder, base_files(snapshot, &folder, repository)?);
            match (base, pushed) {
                (Some(base), pushed) => {
                    let base = base.store(format!("{folder} of the base side"));
                    let pushed = pushed.map(|tree| tree.store(folder.clone()));
                    let removed = if snapshot.base_elsewhere { Removed::Ignored } else { Removed::Told };
                    changes.extend(compared(&folder, &base, pushed.as_ref(), removed)?);
                    // What the push adds counts at once; where it replaces a base, the base side's counts.
                    settled.push(base.clone());
                    let both: Vec<Store> = [Some(base.clone()), pushed].into_iter().flatten().collect();
                    match Registry::gather(both.clone()) {
                        Ok(_) => stores.extend(both),
                        Err(RegistryError::Conflict { .. }) => stores.push(base),
                        Err(error) => return Err(error.into()),
                    }
                }
                (None, Some(pushed)) => stores.push(pushed.store(folder)),
                // A registry that the policy names and nobody has would be a silent hole.
                (None, None) if policy.registry.paths.iter().any(|path| self::folder(path) == folder) => {
                    return Err(RegistryError::NotARegistry { store: folder }.into());
                }
                (None, None) => {}
            }
        }
        if let Some(signers) = signers {
            stores.iter().try_for_each(|store| signed(store, signers))?;
        }
        Ok((Self { registry: Registry::gather(stores)?, settled: Registry::gather(settled)? }, changes))
    }

    /// SHA-256 over one line a base, in the order of ids: id, digest of the fingerprint file, license, separated by tabs.
    pub(crate) fn digest(&self) -> String {
        let mut lines: Vec<String> = self
            .registry
            .list()
            .map(|base| format!("{}\t{}\t{}\n", base.entry.id, base.entry.fingerprint.sha256(), base.entry.license))
            .collect();
        lines.sort();
        sha256(lines.concat().as_bytes())
    }

    /// Number of bases.
    pub(crate) fn len(&self) -> usize {
        self.registry.len()
    }

    /// The bases, ready to be searched; of many, those that an index in the cache does not rule out.
    pub(crate) fn candidates(&self, cache: Option<&Cache>) -> Result<Candidates<'_, Base>, GateError> {
        Ok(Candidates::of_registry(&self.registry, cache)?)
    }

    /// The base whose files have these digests, and its fingerprint. Only a base that the push has no hand in counts: one
    /// that comes with it could give the digests of a model another fingerprint. Registries with an index are not asked,
    /// since that would read every fingerprint.
    pub(crate) fn by_digests(&self, digests: &[&str]) -> Option<(String, Fingerprint)> {
        let wanted: BTreeSet<&str> = digests.iter().copied().collect();
        self.settled.list().take_while(|_| self.settled.len() <= EVERY).find_map(|base| {
            // A base that cannot be read is an error as soon as the models are compared.
            let bytes = base.fingerprint_bytes().ok()?;
            let sources = Fingerprint::sources_in(&bytes).ok()?;
            let same = sources.len() == digests.len()
                && sources.iter().map(|source| source.sha256.as_str()).collect::<BTreeSet<_>>() == wanted;
            let print = same.then(|| Fingerprint::from_bytes(&bytes).ok()).flatten()?;
            Some((base.entry.id.clone(), print))
        })
    }

    /// Reads the fingerprint of every base, and has its digest checked.
    pub(crate) fn verify_fingerprints(&self) -> Result<(), GateError> {
        for base in self.registry.list() {
            base.fingerprint_bytes()?;
        }
        Ok(())
    }

    /// The prints of known code: built in, and of the registries.
    pub(crate) fn code(&self) -> Result<CodeCorpus, GateError> {
        Ok(self.registry.code_corpus()?)
    }

    /// The prints of known tokenizers: built in, and of the bases.
    pub(crate) fn tokenizers(&self) -> Result<Vec<KnownTokenizer>, GateError> {
        Ok(self.registry.tokenizers()?)
    }

    /// The print of a base's tokenizer.
    pub(crate) fn tokenizer_of(&self, id: &str) -> Result<Option<TokenizerPrint>, GateError> {
        Ok(self.registry.get(id).map(Base::tokenizer).transpose()?.flatten())
    }

    /// What the registries say of the bases, by id.
    pub(crate) fn facts(&self) -> Result<BTreeMap<String, BaseFacts>, GateError> {
        self.registry
            .list()
            .map(|base| {
                let entry = &base.entry;
                let facts = BaseFacts {
                    id: entry.id.clone(),
                    license: entry.license.clone(),
                    license_text: base.license_text()?,
                    notice_text: base.notice()?,
                    headers: base.headers()?,
                    source: entry.source.clone(),
                    revision: entry.revision.clone(),
                    aliases: Vec::new(),
                    ancestors: entry.derived_from.clone(),
                    has_tokenizer: entry.tokenizer.is_some(),
                };
                Ok((entry.id.clone(), facts))
            })
            .collect()
    }
}

/// Whether a registry is signed by somebody who may. What a push adds to one is only believed if it is signed anew.
fn signed(store: &Store, signers: &Path) -> Result<(), RegistryError> {
    let seal = store.seal()?;
    let reason = match &seal.signature {
        None => format!("it has no {SIGNATURE}"),
        Some(signature) => match attest::signer(&seal.statement, signature, signers) {
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        },
    };
    Err(RegistryError::Unsigned { store: seal.store, reason })
}

/// A registry's path with one slash at its end.
fn folder(path: &str) -> String {
    format!("{}/", path.trim_start_matches("./").trim_end_matches('/'))
}

/// Files of the base side under a folder.
fn base_files(
    snapshot: &Snapshot,
    folder: &str,
    repository: Option<&Repository>,
) -> Result<Vec<(String, Content)>, GateError> {
    match (&snapshot.base_commit, repository) {
        (Some(commit), Some(repository)) if folder != REGISTRY => {
            Ok(repository.files_under(commit, folder.trim_end_matches('/'))?)
        }
        _ => Ok(snapshot.base_files.clone()),
    }
}

/// Whether bases that the pushed registry has not were removed by the push.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Removed {
    Told,
    Ignored,
}

/// In which ways the pushed registry has less than, or other than, the base side's.
fn compared(
    folder: &str,
    base: &Store,
    pushed: Option<&Store>,
    removed: Removed,
) -> Result<Vec<RegistryChange>, GateError> {
    let before = Registry::gather(vec![base.clone()])?;
    let after = pushed.map(|store| Registry::gather(vec![store.clone()])).transpose()?.unwrap_or_default();
    let change = |what: String| RegistryChange { path: format!("{folder}index.toml"), what };
    let code = after.code_entries()?;
    let of_code = before.code_entries()?.into_iter().filter_map(|was| {
        let what = match code.iter().find(|now| now.id == was.id) {
            None if removed == Removed::Told => format!("removes the code of {}", was.id),
            Some(now) if *now != was => format!("replaces the code of {}, or what the registry says of it", was.id),
            _ => return None,
        };
        Some(RegistryChange { path: format!("{folder}code.toml"), what })
    });
    let of_code: Vec<RegistryChange> = of_code.collect();
    Ok(before
        .list()
        .filter_map(|base| {
            let id = &base.entry.id;
            match after.get(id) {
                None => (removed == Removed::Told).then(|| change(format!("removes the base {id}"))),
                Some(now) if now.entry.fingerprint != base.entry.fingerprint => {
                    Some(change(format!("replaces the fingerprint of the base {id}")))
                }
                Some(now) if now.entry.license != base.entry.license => Some(change(format!(
                    "changes the license of the base {id} from {} to {}",
                    base.entry.license, now.entry.license
                ))),
                // Its license text, notice, headers, or ancestors: what is owed to it hangs on them.
                Some(now) if now.entry != base.entry => {
                    Some(change(format!("changes what the registry says of the base {id}")))
                }
                Some(_) => None,
            }
        })
        .chain(of_code)
        .collect())
}

/// The files of a registry that is not on disk, by path inside it.
struct Tree(BTreeMap<String, Content>);

impl Tree {
    /// The files under `folder`, if an index is among them.
    fn of(folder: &str, files: impl IntoIterator<Item = (String, Content)>) -> Option<Self> {
        let inside: BTreeMap<String, Content> = files
            .into_iter()
            .filter_map(|(path, content)| Some((path.strip_prefix(folder)?.to_owned(), content)))
            .collect();
        inside.contains_key("index.toml").then_some(Self(inside))
    }

    fn store(self, name: String) -> Store {
        Store::Reader(name, Arc::new(self))
    }
}

impl ReadStored for Tree {
    fn read(&self, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        self.0.get(path).map(|content| content.read(usize::try_from(limit).unwrap_or(usize::MAX))).transpose()
    }
}
