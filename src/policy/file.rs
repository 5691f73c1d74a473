// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `policy.toml` → [`Policy`]. Unknown keys and bad values are errors that point at their bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::findings::{DeclaredBase, DeclaredModel, DeclaredRelation, Origin, Release, Rule};

use super::attested::attested;
use super::model::{Attest, Policy, Registry, Setting, Waiver, glob};

/// The schema this program reads.
const SCHEMA: i64 = 1;
const DATE_HELP: &str = "write it as 2026-12-31, without quotes";

/// Why a policy cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct PolicyError {
    /// File read.
    pub path: String,
    /// What is wrong, a fragment.
    pub message: String,
    /// Bytes of `text` that are to blame.
    pub span: Option<Range<usize>>,
    /// What to do, if it is known.
    pub help: Option<String>,
    /// The whole file, for showing the place.
    pub text: String,
}

impl Policy {
    /// Reads a policy.
    pub fn parse(path: &str, text: &str) -> Result<Self, PolicyError> {
        let fault = |fault: Fault| fault.in_file(path, text);
        let file: PolicyFile = toml::from_str(text).map_err(|error| fault(Fault::from_toml(&error)))?;
        file.check(path).map_err(fault)
    }
}

/// A [`PolicyError`] before it knows its file.
pub(super) struct Fault {
    message: String,
    span: Option<Range<usize>>,
    help: Option<String>,
}

impl Fault {
    pub(super) fn at<T>(place: &Spanned<T>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span: Some(place.span()), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A fault that no place in the file is to blame for.
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None }
    }

    pub(super) fn in_file(self, path: &str, text: &str) -> PolicyError {
        let Self { message, span, help } = self;
        PolicyError { path: path.to_owned(), message, span, help, text: text.to_owned() }
    }

    pub(super) fn from_toml(error: &toml::de::Error) -> Self {
        let message = error.message().lines().next().unwrap_or("not valid TOML").to_owned();
        Self { help: suggestion(&message), span: error.span(), message }
    }
}

/// `did you mean` for serde's messages, which quote what was found and then what was expected in backticks.
fn suggestion(message: &str) -> Option<String> {
    if message.ends_with("expected a TOML datetime") {
        return Some(DATE_HELP.into());
    }
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let found = quoted.next()?;
    nearest(found, quoted)
}

pub(super) fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|name| (strsim::jaro_winkler(found, name), name));
    let (score, best) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.75).then(|| format!("did you mean `{best}`?"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    schema: Option<Spanned<i64>>,
    #[serde(default)]
    release: ReleaseFile,
    #[serde(default)]
    registry: RegistryFile,
    #[serde(default)]
    attest: AttestFile,
    #[serde(default)]
    baseline: BaselineFile,
    #[serde(default)]
    model: Vec<Spanned<ModelFile>>,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    waiver: Vec<Spanned<WaiverFile>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ReleaseFile {
    name: Option<Spanned<String>>,
    license: Option<Spanned<String>>,
    #[serde(default)]
    copyright: Vec<Spanned<String>>,
    #[serde(default)]
    branches: Vec<Spanned<String>>,
    #[serde(default)]
    tags: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RegistryFile {
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    require_signature: Option<Spanned<bool>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AttestFile {
    #[serde(default)]
    sign: bool,
    #[serde(default)]
    required: bool,
    allowed_signers: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BaselineFile {
    file: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ModelFile {
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    origin: Option<Spanned<Origin>>,
    #[serde(default)]
    bases: Vec<BaseFile>,
    #[serde(default)]
    tokenizer: Option<Spanned<String>>,
    #[serde(default)]
    attested: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BaseFile {
    id: Spanned<String>,
    relation: DeclaredRelation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WaiverFile {
    rule: Spanned<String>,
    model: Option<Spanned<String>>,
    base: Option<String>,
    owner: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
}

impl PolicyFile {
    fn check(self, path: &str) -> Result<Policy, Fault> {
        check_schema(self.schema.as_ref())?;
        let models = self.model.into_iter().map(model).collect::<Result<Vec<_>, _>>()?;
        check_duplicates(&models)?;
        let mut rules = BTreeMap::new();
        for (name, setting) in self.rules {
            rules.insert(rule(&name)?, level(&setting)?);
        }
        Ok(Policy {
            path: Some(path.to_owned()),
            release: release(self.release)?,
            registry: registry(self.registry, self.attest.allowed_signers.as_ref())?,
            attest: attest(self.attest)?,
            baseline: baseline(self.baseline)?,
            models,
            rules,
            waivers: self.waiver.into_iter().map(waiver).collect::<Result<_, _>>()?,
        })
    }
}

fn check_schema(schema: Option<&Spanned<i64>>) -> Result<(), Fault> {
    match schema {
        None => Err(Fault { message: "missing field `schema`".into(), span: Some(0..0), help: None }
            .help("write `schema = 1` at the top of the file")),
        Some(schema) if *schema.get_ref() != SCHEMA => {
            Err(Fault::at(schema, format!("schema {} is not known", schema.get_ref()))
                .help("this version of forebear reads `schema = 1`"))
        }
        Some(_) => Ok(()),
    }
}

fn release(file: ReleaseFile) -> Result<Release, Fault> {
    for pattern in file.branches.iter().chain(&file.tags) {
        if glob(pattern.get_ref()).is_none() {
            return Err(Fault::at(pattern, format!("`{}` is not a valid glob", pattern.get_ref())));
        }
    }
    for text in file.name.iter().chain(&file.license).chain(&file.copyright) {
        not_empty(text)?;
    }
    let all = |patterns: Vec<Spanned<String>>| patterns.into_iter().map(Spanned::into_inner).collect();
    Ok(Release {
        name: file.name.map(Spanned::into_inner),
        license: file.license.map(Spanned::into_inner),
        copyright: all(file.copyright),
        branches: all(file.branches),
        tags: all(file.tags),
    })
}

fn registry(file: RegistryFile, signers: Option<&Spanned<String>>) -> Result<Registry, Fault> {
    for path in &file.paths {
        inside(path, "use a relative path without `..`; a registry elsewhere is given with --registry")?;
    }
    let required = file.require_signature.filter(|required| *required.get_ref());
    if let (Some(required), None) = (&required, signers) {
        // A promise that nothing keeps would be a hole.
        return Err(Fault::at(required, "registries must be signed, and nothing says by whom")
            .help("name the file that does: allowed-signers in [attest]"));
    }
    let paths = file.paths.into_iter().map(Spanned::into_inner).collect();
    Ok(Registry { paths, require_signature: required.is_some() })
}

fn attest(file: AttestFile) -> Result<Attest, Fault> {
    if let Some(path) = &file.allowed_signers {
        not_empty(path)?;
        inside(path, "use a relative path without `..`; a file elsewhere is git's gpg.ssh.allowedSignersFile")?;
    }
    let AttestFile { sign, required, allowed_signers } = file;
    Ok(Attest { sign, required, allowed_signers: allowed_signers.map(Spanned::into_inner) })
}

fn baseline(file: BaselineFile) -> Result<Option<String>, Fault> {
    if let Some(path) = &file.file {
        not_empty(path)?;
        inside(path, "use a relative path without `..`; a file elsewhere is given with --baseline")?;
    }
    Ok(file.file.map(Spanned::into_inner))
}

/// A path that cannot leave the repository.
fn inside(path: &Spanned<String>, help: &str) -> Result<(), Fault> {
    let text = path.get_ref();
    if text.starts_with('/') || text.contains(['\\', ':']) || text.split('/').any(|part| part == "..") {
        return Err(Fault::at(path, format!("`{text}` is not a path inside the repository")).help(help));
    }
    Ok(())
}

fn model(file: Spanned<ModelFile>) -> Result<DeclaredModel, Fault> {
    let span = file.span();
    let place = file.span();
    let file = file.into_inner();
    if file.paths.is_empty() {
        return Err(Fault {
            message: "`paths` is empty, so the entry is about no model".into(),
            span: Some(place),
            help: None,
        });
    }
    let origin = file.origin.as_ref().map(|origin| *origin.get_ref()).unwrap_or_default();
    if origin == Origin::FromScratch
        && let Some(base) = file.bases.iter().find(|base| base.relation.is_weight_lineage())
    {
        return Err(Fault::at(&base.id, "a model from scratch has no base")
            .help("set `origin = \"derived\"`, or remove the base; only `distilled` takes no weights over"));
    }
    for (index, base) in file.bases.iter().enumerate() {
        not_empty(&base.id)?;
        let id = base.id.get_ref();
        if file.bases.iter().take(index).any(|other| other.id.get_ref().eq_ignore_ascii_case(id)) {
            return Err(Fault::at(&base.id, format!("base `{id}` is declared twice")));
        }
    }
    if let Some(tokenizer) = &file.tokenizer {
        not_empty(tokenizer)?;
    }
    let bases = file.bases.into_iter().map(|base| DeclaredBase { id: base.id.into_inner(), relation: base.relation });
    Ok(DeclaredModel {
        paths: globs(&file.paths)?,
        patterns: file.paths.into_iter().map(Spanned::into_inner).collect(),
        origin,
        bases: bases.collect(),
        tokenizer: file.tokenizer.map(Spanned::into_inner),
        attested: attested(file.attested)?,
        span,
    })
}

fn globs(patterns: &[Spanned<String>]) -> Result<GlobSet, Fault> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        not_empty(pattern)?;
        let glob = GlobBuilder::new(pattern.get_ref()).literal_separator(true).build();
        set.add(glob.map_err(|error| Fault::at(pattern, format!("not a valid glob: {}", error.kind())))?);
    }
    set.build().map_err(|error| Fault { message: format!("globs cannot be used: {error}"), span: None, help: None })
}

/// One path, two entries: the second would never count.
fn check_duplicates(models: &[DeclaredModel]) -> Result<(), Fault> {
    for (index, model) in models.iter().enumerate() {
        let earlier = models.iter().take(index).flat_map(|other| &other.patterns);
        if let Some(pattern) = earlier.into_iter().find(|pattern| model.patterns.contains(pattern)) {
            return Err(Fault {
                message: format!("`{pattern}` is declared by an earlier [[model]] entry"),
                span: Some(model.span.clone()),
                help: Some("keep one entry a model, with all its bases".into()),
            });
        }
    }
    Ok(())
}

fn rule(name: &Spanned<String>) -> Result<Rule, Fault> {
    Rule::from_id(name.get_ref()).ok_or_else(|| {
        let fault = Fault::at(name, format!("unknown rule `{}`", name.get_ref()));
        match nearest(name.get_ref(), Rule::ALL.iter().map(|rule| rule.id())) {
            Some(help) => fault.help(help),
            None => fault,
        }
    })
}

fn level(name: &Spanned<String>) -> Result<Setting, Fault> {
    Setting::from_name(name.get_ref()).ok_or_else(|| {
        Fault::at(name, format!("unknown level `{}`", name.get_ref()))
            .help("a level is `deny`, `warn`, `note` or `allow`")
    })
}

fn waiver(file: Spanned<WaiverFile>) -> Result<Waiver, Fault> {
    let span = file.span();
    let file = file.into_inner();
    let rule_id = rule(&file.rule)?;
    if matches!(rule_id, Rule::PolicyWeakened | Rule::ExpiredWaiver | Rule::UnusedWaiver) {
        return Err(Fault::at(&file.rule, format!("`{}` cannot be waived", rule_id.id()))
            .help("it watches the policy itself; set its level under [rules]"));
    }
    not_empty(&file.owner)?;
    not_empty(&file.reason)?;
    if let Some(model) = &file.model
        && !is_content_id(model.get_ref())
    {
        return Err(Fault::at(model, "a waiver names the model by content: `sha256:` and 64 hex digits")
            .help("the finding prints the content id; leave `model` out to cover every model"));
    }
    Ok(Waiver {
        rule: rule_id,
        model: file.model.map(|model| model.into_inner().to_ascii_lowercase()),
        base: file.base,
        owner: file.owner.into_inner(),
        reason: file.reason.into_inner(),
        expires: date(&file.expires)?,
        span,
    })
}

fn date(value: &Spanned<Datetime>) -> Result<Date, Fault> {
    let given = value.get_ref();
    let fault = || Fault::at(value, "`expires` is a date without a time").help(DATE_HELP);
    let date = given.date.filter(|_| given.time.is_none()).ok_or_else(fault)?;
    let part = |number: u8| i8::try_from(number).map_err(|_| fault());
    let year = i16::try_from(date.year).map_err(|_| fault())?;
    Date::new(year, part(date.month)?, part(date.day)?).map_err(|_| fault())
}

fn is_content_id(id: &str) -> bool {
    id.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
}

fn not_empty(text: &Spanned<String>) -> Result<(), Fault> {
    if text.get_ref().trim().is_empty() { Err(Fault::at(text, "an empty text")) } else { Ok(()) }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
