// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! OpenSSF model signing: the list of a model's files in `model.sig`, a sigstore bundle or a DSSE envelope.
//!
//! In: the bundle's bytes and the model's folder. Out: how many files have the digests that it lists. Its signature is
//! by a certificate, a transparency log, or a bare key, none of which is checked here; whoever shows it says so.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::dsse::{DsseError, Envelope};

/// Predicate of OpenSSF model signing, version 1.
const PREDICATE: &str = "https://model_signing/signature/v1.0";
/// Most files in a list.
const MOST: usize = 100_000;

/// The files of a model, each with its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Path in the model's folder, and SHA-256 in hex.
    pub files: Vec<(String, String)>,
}

/// Why a manifest cannot be used, or does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no envelope.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// It is not what model signing writes.
    #[error("not a manifest of OpenSSF model signing: {0}")]
    Form(String),
    /// A path leaves the folder.
    #[error("its path {0:?} leads out of the folder")]
    Path(String),
    /// A file cannot be read.
    #[error("it lists {path:?}, which cannot be read: {error}")]
    Missing {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file is another one.
    #[error("it lists {path:?} with SHA-256 {expected}, and the file has {found}")]
    Differs {
        /// The file.
        path: String,
        /// Digest in the list.
        expected: String,
        /// Digest of the file.
        found: String,
    },
    /// A file of the model is not in the list.
    #[error("it does not list {0:?}")]
    Unlisted(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
    predicate: Predicate,
}

#[derive(Deserialize)]
struct Subject {
    digest: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Predicate {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

impl Manifest {
    /// Reads a sigstore bundle, or the DSSE envelope in one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let form = |reason: &str| ManifestError::Form(reason.to_owned());
        let bundle: Value = serde_json::from_slice(bytes).map_err(|error| ManifestError::Form(error.to_string()))?;
        let envelope = match bundle.get("dsseEnvelope") {
            Some(envelope) => Envelope::parse(envelope.to_string().as_bytes())?,
            None => Envelope::parse(bytes)?,
        };
        let statement: Statement =
            serde_json::from_slice(&envelope.payload).map_err(|error| ManifestError::Form(error.to_string()))?;
        if statement.predicate_type != PREDICATE {
            return Err(ManifestError::Form(format!("its predicate is {:?}", statement.predicate_type)));
        }
        if statement.predicate.resources.len() > MOST {
            return Err(form("it lists too many files"));
        }
        let mut all = Sha256::new();
        let mut files = Vec::new();
        for resource in statement.predicate.resources {
            let digest = data_encoding::HEXLOWER_PERMISSIVE.decode(resource.digest.as_bytes());
            let digest = digest.ok().filter(|digest| digest.len() == 32 && resource.algorithm == "sha256");
            all.update(digest.ok_or_else(|| form("a digest in it is not SHA-256"))?);
            let plain = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
            if !Path::new(&resource.name).components().all(plain) {
                return Err(ManifestError::Path(resource.name));
            }
            files.push((resource.name, resource.digest.to_ascii_lowercase()));
        }
        // The subject is the digest over the digests in the order of the list: what others compare must be about these.
        let subject = statement.subject.first().and_then(|subject| subject.digest.get("sha256"));
        let all = data_encoding::HEXLOWER.encode(&all.finalize());
        if statement.subject.len() != 1 || subject.is_none_or(|subject| !subject.eq_ignore_ascii_case(&all)) {
            return Err(form("its subject is not the digest over the files it lists"));
        }
        Ok(Self { files })
    }

    /// Compares the files in a folder with the list; `needed` names those that must be in it. Returns how many agree.
    pub fn verify(&self, folder: &Path, needed: &[String]) -> Result<usize, ManifestError> {
        if let Some(unlisted) = needed.iter().find(|path| !self.files.iter().any(|(name, _)| name == *path)) {
            return Err(ManifestError::Unlisted(unlisted.clone()));
        }
        for (path, expected) in &self.files {
            let found = sha256(&folder.join(path));
            let found = found.map_err(|error| ManifestError::Missing { path: path.clone(), error })?;
            if found != *expected {
                return Err(ManifestError::Differs { path: path.clone(), expected: expected.clone(), found });
            }
        }
        Ok(self.files.len())
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::attest::dsse::EnvelopeSignature;

    fn bundle(files: &[(&str, &[u8])]) -> Vec<u8> {
        let digests: Vec<_> = files.iter().map(|(_, bytes)| Sha256::digest(bytes)).collect();
        let all = data_encoding::HEXLOWER.encode(&Sha256::digest(digests.concat()));
        let resource = |(name, bytes): &(&str, &[u8])| json!({"name": name, "algorithm": "sha256", "digest": data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))});
        let resources: Vec<Value> = files.iter().map(resource).collect();
        let payload = json!({
            "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "model", "digest": {"sha256": all}}],
            "predicateType": PREDICATE, "predicate": {"serialization": {"method": "files"}, "resources": resources},
        });
        let signatures = vec![EnvelopeSignature { keyid: String::new(), sig: vec![1] }];
        let payload = payload.to_string().into_bytes();
        let envelope = Envelope { payload_type: "application/vnd.in-toto+json".to_owned(), payload, signatures };
        let envelope: Value = serde_json::from_str(&envelope.to_line()).unwrap();
        json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn the_digests_of_the_files_decide() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), b"a").unwrap();
        let manifest = Manifest::parse(&bundle(&[("a.bin", b"a")])).unwrap();
        assert_eq!(manifest.verify(folder.path(), &["a.bin".to_owned()]).unwrap(), 1);
        let unlisted = manifest.verify(folder.path(), &["b.bin".to_owned()]).unwrap_err();
        assert_eq!(unlisted.to_string(), "it does not list \"b.bin\"");
        fs::write(folder.path().join("a.bin"), b"b").unwrap();
        assert!(matches!(manifest.verify(folder.path(), &[]), Err(ManifestError::Differs { .. })));
        fs::remove_file(folder.path().join("a.bin")).unwrap();
        assert!(matches!(manifest.verify(folder.path(), &[]), Err(ManifestError::Missing { .. })));
    }

    #[test]
    fn a_list_that_leaves_the_folder_or_is_not_what_was_signed_is_refused() {
        assert!(matches!(Manifest::parse(&bundle(&[("../a", b"a")])), Err(ManifestError::Path(_))));
        assert!(matches!(Manifest::parse(&bundle(&[("/a", b"a")])), Err(ManifestError::Path(_))));
        assert!(matches!(Manifest::parse(b"{}"), Err(ManifestError::Envelope(_))));
        let other = String::from_utf8(bundle(&[("a", b"a")])).unwrap();
        let value: Value = serde_json::from_str(&other).unwrap();
        let payload = value["dsseEnvelope"]["payload"].as_str().unwrap();
        let statement = String::from_utf8(data_encoding::BASE64.decode(payload.as_bytes()).unwrap()).unwrap();
        let swapped = statement.replacen("ca978112ca1b", "000000000000", 1);
        let swapped = other.replace(payload, &data_encoding::BASE64.encode(swapped.as_bytes()));
        let error = Manifest::parse(swapped.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("not the digest over the files"), "{error}");
    }
}
