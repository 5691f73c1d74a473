// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The page: what stands where, and the policy that keeps anything else out.
//!
//! In: a [`Report`] and the time at which the page is written. Out: HTML.

use std::io::{self, Write};

use askama::Template;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::duties::{Duties, duties};
use super::faults::{Fault, faults, known, waived};
use super::models::{ModelView, models};
use super::unseen::unseen;
use crate::reports::Report;
use crate::reports::headline::Headline;
use crate::reports::text::{bytes, plural};

/// Style and script stand in the page as they are in these files, so that their digests are those of the policy.
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page of a report. `written` is the time at which that is done, for the foot of the page.
pub fn html(report: &Report, written: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = Page::of(report, written).render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

#[derive(Template)]
#[template(path = "html/page.html")]
struct Page<'a> {
    report: &'a Report,
    headline: Headline,
    style: &'static str,
    script: &'static str,
    style_digest: String,
    script_digest: String,
    scope: Vec<(&'static str, String)>,
    models: Vec<ModelView<'a>>,
    more_models: usize,
    duties: Vec<Duties<'a>>,
    faults: Vec<Fault>,
    waived: Vec<Fault>,
    known: Vec<Fault>,
    baseline: Option<&'a str>,
    unseen: Vec<String>,
    foot: Vec<(&'static str, String)>,
}

impl<'a> Page<'a> {
    fn of(report: &'a Report, written: &str) -> Self {
        let (models, more_models) = models(report);
        Self {
            report,
            headline: Headline::of(report),
            style: STYLE,
            script: SCRIPT,
            style_digest: digest(STYLE),
            script_digest: digest(SCRIPT),
            scope: scope(report),
            models,
            more_models,
            duties: duties(report),
            faults: faults(report),
            waived: waived(report),
            known: known(report),
            baseline: report.judged_by.as_ref().and_then(|by| Some(by.baseline.as_ref()?.path.as_str())),
            unseen: unseen(report),
            foot: foot(report, written),
        }
    }
}

/// A source as Content Security Policy Level 3 (§2.3.1) names it by digest.
fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

fn scope(report: &Report) -> Vec<(&'static str, String)> {
    let scope = &report.scope;
    let mut rows = vec![("Kind", scope.kind.clone())];
    if !scope.refs.is_empty() {
        rows.push((if scope.kind == "path" { "Folder" } else { "Refs" }, scope.refs.join(", ")));
    }
    if scope.commits > 0 {
        rows.push(("Commits", plural(scope.commits, "commit", "commits")));
    }
    rows.push(("Files", format!("{} ({})", plural(scope.files, "file", "files"), bytes(scope.bytes))));
    rows.push(("Model files", plural(report.models.len() as u64, "model", "models")));
    rows
}

fn foot(report: &Report, written: &str) -> Vec<(&'static str, String)> {
    let stats = &report.stats;
    let judged = report.judged_by.as_ref();
    let list = |list: &[String], none: &str| if list.is_empty() { none.to_owned() } else { list.join("; ") };
    let unsaid = || "not told by the report this was made from".to_owned();
    vec![
        ("Program", format!("{} {}, report format {}", report.tool.name, report.tool.version, report.schema_version)),
        ("Policy", judged.map_or_else(unsaid, |judged| list(&judged.policies, "none: no tree was looked at"))),
        (
            "Registries",
            judged.map_or_else(unsaid, |judged| {
                list(&judged.registries, "those in the repository under registry/, if there are any")
            }),
        ),
        ("Checked on", judged.map_or_else(unsaid, |judged| judged.date.clone())),
        ("Page written", written.to_owned()),
        (
            "Took",
            format!(
                "{:.1} s; {} read from checkpoints, {} from the cache",
                stats.seconds,
                bytes(stats.bytes_read),
                plural(stats.cache_hits, "fingerprint", "fingerprints")
            ),
        ),
    ]
}
