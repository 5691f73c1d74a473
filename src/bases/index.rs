// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `index.toml`: the readable list of a registry's bases.
//!
//! In: the text of an index. Out: [`Entry`]s sorted by id, or an [`IndexError`] with the span concerned;
//! and back to text, the same for the same entries.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::IndexError;
use super::stored::{Kind, Stored, is_digest};

/// The one version of the index there is.
const SCHEMA: i64 = 1;

/// What the index says about one base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Id, usually the name on a hub: `Qwen/Qwen2.5-7B`.
    pub id: String,
    /// SPDX expression or known model license id.
    pub license: String,
    /// Where it was had, a URL.
    pub source: Option<String>,
    /// Commit or tag at the source.
    pub revision: Option<String>,
    /// The fingerprint file.
    pub fingerprint: Stored,
    /// Number of parameters.
    pub parameters: u64,
    /// Architecture as the config names it, or `unknown`.
    pub architecture: String,
    /// Day it was added, `2026-01-10`.
    pub added: String,
    /// The license text as the base ships it.
    pub license_text: Option<Stored>,
    /// The notice the base ships.
    pub notice: Option<Stored>,
    /// Copyright and SPDX lines of the base's source files.
    pub headers: Option<Stored>,
    /// The print of its tokenizer.
    pub tokenizer: Option<Stored>,
    /// Ids of known ancestors and of other names of the same weights.
    pub derived_from: Vec<String>,
}

impl Entry {
    /// Every file the entry names, the fingerprint first.
    pub fn files(&self) -> impl Iterator<Item = &Stored> {
        let texts = [self.license_text.as_ref(), self.notice.as_ref(), self.headers.as_ref(), self.tokenizer.as_ref()];
        std::iter::once(&self.fingerprint).chain(texts.into_iter().flatten())
    }
}

/// Reads an index. `path` is only shown in errors.
pub(super) fn parse(path: &str, text: &str) -> Result<BTreeMap<String, Entry>, IndexError> {
    let fail = |span: Option<Range<usize>>, message: String, help: Option<&str>| IndexError {
        path: path.to_owned(),
        text: text.to_owned(),
        span,
        message,
        help: help.map(str::to_owned),
    };
    let document: Document =
        toml::from_str(text).map_err(|error| fail(error.span(), error.message().to_owned(), None))?;
    if *document.schema.get_ref() != SCHEMA {
        let message = format!("schema {} is not known, only {SCHEMA} is", document.schema.get_ref());
        return Err(fail(Some(document.schema.span()), message, Some("update forebear to read this registry")));
    }
    let mut entries = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in document.base {
        let span = line.id.span();
        let entry = line.check().map_err(|(span, message)| fail(Some(span), message, None))?;
        // Declarations name bases in any case, so two spellings of one id would be one base with two licenses.
        if !seen.insert(entry.id.to_ascii_lowercase()) {
            return Err(fail(Some(span), format!("`{}` stands here twice", entry.id), Some("remove one of the two")));
        }
        entries.insert(entry.id.clone(), entry);
    }
    Ok(entries)
}

/// Writes an index; entries are sorted by id.
pub(super) fn render(entries: &BTreeMap<String, Entry>) -> Result<String, toml::ser::Error> {
    let mut text = String::from(
        "# Base models, sorted by id. Written by `forebear registry`; every file is named by its SHA-256.\n",
    );
    let document = Written { schema: SCHEMA, base: entries.values().map(Line::of).collect() };
    text.push_str(&toml::to_string_pretty(&document)?);
    Ok(text)
}

/// Why a text cannot be the id of a base; ids are shown on terminals and compared byte by byte.
pub(super) fn id_fault(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        Some("it is empty")
    } else if id.len() > 200 {
        Some("it is longer than 200 bytes")
    } else if !id.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@+".contains(c)) {
        Some("only ASCII letters, digits and -_./:@+ may stand in it")
    } else {
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: Spanned<i64>,
    #[serde(default)]
    base: Vec<Line<Spanned<String>>>,
}

#[derive(Serialize)]
struct Written {
    schema: i64,
    base: Vec<Line<String>>,
}

/// One `[[base]]` as it stands in the file, with or without spans.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line<S> {
    id: S,
    license: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    sha256: S,
    fingerprint: S,
    parameters: u64,
    architecture: String,
    added: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_text: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer: Option<S>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    derived_from: Vec<String>,
}

impl Line<String> {
    fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id.clone(),
            license: entry.license.clone(),
            source: entry.source.clone(),
            revision: entry.revision.clone(),
            sha256: entry.fingerprint.sha256().to_owned(),
            fingerprint: entry.fingerprint.to_string(),
            parameters: entry.parameters,
            architecture: entry.architecture.clone(),
            added: entry.added.clone(),
            license_text: entry.license_text.as_ref().map(Stored::to_string),
            notice: entry.notice.as_ref().map(Stored::to_string),
            headers: entry.headers.as_ref().map(Stored::to_string),
            tokenizer: entry.tokenizer.as_ref().map(Stored::to_string),
            derived_from: entry.derived_from.clone(),
        }
    }
}

type Misplaced = (Range<usize>, String);

impl Line<Spanned<String>> {
    fn check(self) -> Result<Entry, Misplaced> {
        if let Some(reason) = id_fault(self.id.get_ref()) {
            return Err((self.id.span(), format!("not an id: {reason}")));
        }
        let fingerprint = stored(&self.fingerprint, Kind::Fingerprint)?;
        if !is_digest(self.sha256.get_ref()) {
            return Err((self.sha256.span(), "not a SHA-256 in lower-case hex".to_owned()));
        }
        if self.sha256.get_ref() != fingerprint.sha256() {
            return Err((self.sha256.span(), "not the digest in the name of the fingerprint file".to_owned()));
        }
        if self.added.get_ref().parse::<jiff::civil::Date>().is_err() {
            return Err((self.added.span(), "not a date like 2026-01-10".to_owned()));
        }
        let optional = |path: Option<Spanned<String>>, kind| path.map(|path| stored(&path, kind)).transpose();
        Ok(Entry {
            id: self.id.into_inner(),
            license: self.license,
            source: self.source,
            revision: self.revision,
            fingerprint,
            parameters: self.parameters,
            architecture: self.architecture,
            added: self.added.into_inner(),
            license_text: optional(self.license_text, Kind::License)?,
            notice: optional(self.notice, Kind::Notice)?,
            headers: optional(self.headers, Kind::Headers)?,
            tokenizer: optional(self.tokenizer, Kind::Tokenizer)?,
            derived_from: self.derived_from,
        })
    }
}

fn stored(path: &Spanned<String>, kind: Kind) -> Result<Stored, Misplaced> {
    Stored::parse(path.get_ref()).filter(|stored| stored.kind == kind).ok_or_else(|| {
        let example = Stored::of(kind, b"").to_string();
        (path.span(), format!("not the name of a stored file, which looks like `{example}`"))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            license: "Apache-2.0".to_owned(),
            source: Some("https://hub.example/acme/base".to_owned()),
            revision: None,
            fingerprint: Stored::of(Kind::Fingerprint, id.as_bytes()),
            parameters: 494_032_768,
            architecture: "Qwen2ForCausalLM".to_owned(),
            added: "2026-01-10".to_owned(),
            license_text: Some(Stored::of(Kind::License, b"license")),
            notice: None,
            headers: None,
            tokenizer: None,
            derived_from: vec!["acme/older".to_owned()],
        }
    }

    fn faults(text: &str) -> String {
        let error = parse("registry/index.toml", text).unwrap_err();
        let shown = error.span.and_then(|span| text.get(span).map(str::to_owned)).unwrap_or_default();
        format!("{} @ {shown:?}", error.message)
    }

    #[test]
    fn an_index_reads_well() {
        let entries = BTreeMap::from([("acme/base".to_owned(), entry("acme/base"))]);
        assert_snapshot!(render(&entries).unwrap(), @r#"
        # Base models, sorted by id. Written by `forebear registry`; every file is named by its SHA-256.
        schema = 1

        [[base]]
        id = "acme/base"
        license = "Apache-2.0"
        source = "https://hub.example/acme/base"
        sha256 = "9042fc5ea13583008b7a600798c0f11e87eaf3861c3ff62de31fd677db612003"
        fingerprint = "fingerprints/9042fc5ea13583008b7a600798c0f11e87eaf3861c3ff62de31fd677db612003.safetensors"
        parameters = 494032768
        architecture = "Qwen2ForCausalLM"
        added = "2026-01-10"
        license_text = "licenses/cc1d3b0234846714b0aeda6cc34b057b4305bb83dd447fb88f816efeb59a4e96.txt"
        derived_from = ["acme/older"]
        "#);
    }

    #[test]
    fn an_index_survives_being_written_and_parsed() {
        let entries: BTreeMap<String, Entry> =
            ["b/b", "a/a", "c"].into_iter().map(|id| (id.to_owned(), entry(id))).collect();
        let text = render(&entries).unwrap();
        assert_eq!(parse("index.toml", &text).unwrap(), entries);
        assert_eq!(render(&parse("index.toml", &text).unwrap()).unwrap(), text);
    }

    #[test]
    fn an_empty_index_is_a_registry_without_bases() {
        assert!(parse("index.toml", "schema = 1\n").unwrap().is_empty());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let good = render(&BTreeMap::from([("acme/base".to_owned(), entry("acme/base"))])).unwrap();
        let digest = entry("acme/base").fingerprint.sha256().to_owned();
        assert_snapshot!(faults(""), @r#"missing field `schema` @ """#);
        assert_snapshot!(faults("schema = 2"), @r#"schema 2 is not known, only 1 is @ "2""#);
        assert_snapshot!(faults("schema = 1\nbases = []"), @r#"unknown field `bases`, expected `schema` or `base` @ "bases""#);
        assert_snapshot!(faults(&good.replace("license =", "licence =")), @r#"unknown field `licence`, expected one of `id`, `license`, `source`, `revision`, `sha256`, `fingerprint`, `parameters`, `architecture`, `added`, `license_text`, `notice`, `headers`, `tokenizer`, `derived_from` @ "licence""#);
        assert_snapshot!(faults(&good.replace("494032768", "\"many\"")), @r#"invalid type: string "many", expected u64 @ "\"many\"""#);
        assert_snapshot!(faults(&good.replace("2026-01-10", "yesterday")), @r#"not a date like 2026-01-10 @ "\"yesterday\"""#);
        assert_snapshot!(faults(&good.replace("acme/base\"\nlicense", "acme\\nbase\"\nlicense")), @r#"not an id: only ASCII letters, digits and -_./:@+ may stand in it @ "\"acme\\nbase\"""#);
        assert_snapshot!(faults(&good.replace("fingerprints/", "../fingerprints/")), @r#"not the name of a stored file, which looks like `fingerprints/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.safetensors` @ "\"../fingerprints/9042fc5ea13583008b7a600798c0f11e87eaf3861c3ff62de31fd677db612003.safetensors\"""#);
        assert_snapshot!(faults(&good.replace(&format!("sha256 = \"{digest}\""), &format!("sha256 = \"{}\"", "0".repeat(64)))), @r#"not the digest in the name of the fingerprint file @ "\"0000000000000000000000000000000000000000000000000000000000000000\"""#);
        assert_snapshot!(faults(&format!("{good}{}", good.split_once("schema = 1\n").unwrap().1)), @r#"`acme/base` stands here twice @ "\"acme/base\"""#);
    }
}
