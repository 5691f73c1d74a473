// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs the cases and counts what was missed and who was falsely accused.
//!
//! In: a zoo and what to run. Out: a [`Row`] a case, and for each method its AUC and its errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use forebear::evidence::{Comparison, compare};
use forebear::fingerprint::Fingerprint;
use serde::Serialize;

use crate::cases::{Case, Truth, cases};
use crate::error::Error;
use crate::launder::launder;
use crate::measure::fingerprint;
use crate::rival::{ModelDna, Verdict};
use crate::statistics::{auc, best_threshold, errors};
use crate::zoo::Zoo;

/// σ-profile correlation above which the publication of 2025 speaks of descent.
pub const SIGMA_PUBLISHED: f64 = 0.9;

/// What the methods say of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the base.
    pub base: String,
    /// Name of the suspect and its disguise.
    pub suspect: String,
    /// What is known of the pair.
    pub truth: Truth,
    /// Whether forebear speaks of descent.
    pub descent: bool,
    /// What forebear says.
    pub comparison: Comparison,
    /// What modelDNA says, where it was asked.
    pub modeldna: Option<Verdict>,
    /// Time for the suspect's fingerprint and the comparison.
    pub seconds: f64,
}

/// What is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only rows whose "BASE SUSPECT TRANSFORM" contains this.
    pub only: Option<String>,
    /// A Python that has modelDNA.
    pub modeldna: Option<PathBuf>,
    /// A table of pairs (label, kind, id, id) and the folder of the ids.
    pub pairs: Option<(PathBuf, PathBuf)>,
    /// Seed of the transforms.
    pub seed: u64,
}

/// Runs every case; `done` is told of each row.
pub fn run(zoo: &Zoo, options: &Options, done: &mut dyn FnMut(&Row)) -> Result<Vec<Row>, Error> {
    let scratch = tempfile::tempdir().map_err(|error| Error::io(Path::new("a temporary folder"), error))?;
    let home = scratch.path().join("home");
    fs::create_dir(&home).map_err(|error| Error::io(&home, error))?;
    let rival = options.modeldna.as_deref().map(|python| ModelDna::new(python, &home)).transpose()?;
    let mut bench = Bench { rival, prints: BTreeMap::new() };
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        done(&row);
        rows.push(row);
    };
    let wanted = |name: &str| options.only.as_ref().is_none_or(|pattern| name.contains(pattern.as_str()));
    for case in cases(zoo)?.into_iter().filter(|case| wanted(&format!("{} {}", case.base.name, case.label()))) {
        add(bench.case(&case, options.seed, &scratch.path().join("suspect"))?);
    }
    if let Some((table, folder)) = &options.pairs {
        for pair in pairs(table, folder)?.into_iter().filter(|pair| wanted(&format!("{} {}", pair.base, pair.suspect)))
        {
            match bench.row(pair.base, &pair.base_path, pair.suspect, &pair.path, pair.truth) {
                Ok(row) => add(row),
                // A format that is not read has no numbers; `check` says so of it.
                Err(Error::Unread { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    if rows.is_empty() {
        return Err(Error::Nothing("no case has this pattern in its name".into()));
    }
    Ok(rows)
}

struct Bench {
    rival: Option<ModelDna>,
    prints: BTreeMap<PathBuf, Fingerprint>,
}

impl Bench {
    fn case(&mut self, case: &Case, seed: u64, place: &Path) -> Result<Row, Error> {
        let (base, label) = (case.base.name.clone(), case.label());
        let Some(transform) = &case.transform else {
            return self.row(base, &case.base.path, label, &case.suspect.path, case.truth);
        };
        let other = case.other.map(|other| other.path.as_path());
        launder(&case.suspect.path, place, transform.name, seed, other)?;
        let row = self.row(base, &case.base.path, label, place, case.truth);
        fs::remove_dir_all(place).map_err(|error| Error::io(place, error))?;
        row
    }

    fn row(&mut self, base: String, from: &Path, suspect: String, path: &Path, truth: Truth) -> Result<Row, Error> {
        if !self.prints.contains_key(from) {
            self.prints.insert(from.to_owned(), fingerprint(from)?);
        }
        let modeldna = self.rival.as_ref().map(|rival| rival.compare(path, from)).transpose()?;
        let start = Instant::now();
        let print = fingerprint(path)?;
        let base_print = &self.prints[from];
        let comparison = Comparison { base: base.clone(), suspect: suspect.clone(), ..compare(&print, base_print, 1) };
        let seconds = start.elapsed().as_secs_f64();
        let descent = comparison.relation.is_descent();
        Ok(Row { base, suspect, truth, descent, comparison, modeldna, seconds })
    }
}

/// A pair of a table.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Id of the base.
    pub base: String,
    /// Where it is.
    pub base_path: PathBuf,
    /// Id of the suspect.
    pub suspect: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is known.
    pub truth: Truth,
}

/// Reads a table of pairs: P rows descend, N rows are unrelated; others are left out, as are those not in the folder.
pub fn pairs(table: &Path, folder: &Path) -> Result<Vec<Pair>, Error> {
    let text = fs::read_to_string(table).map_err(|error| Error::io(table, error))?;
    let mut found = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [label, _, base, suspect, ..] = fields[..] else { continue };
        let truth = match label {
            "P" => Truth::Descends,
            "N" => Truth::Unrelated,
            _ => continue,
        };
        let (base_path, path) = (folder.join(base), folder.join(suspect));
        if base_path.exists() && path.exists() {
            found.push(Pair { base: base.into(), base_path, suspect: suspect.into(), path, truth });
        }
    }
    Ok(found)
}

/// What a method amounts to over the rows it could score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The method, with its threshold where it has one.
    pub method: String,
    /// Rows that descend, and of these the ones missed.
    pub descends: (usize, usize),
    /// Rows that are unrelated, and of these the ones accused.
    pub unrelated: (usize, usize),
    /// Area under the ROC curve of its score.
    pub auc: Option<f64>,
}

/// Sums up the rows; those of one initialisation are in none of the counts.
pub fn summaries(rows: &[Row]) -> Vec<Summary> {
    let scores = |truth: Truth, score: &dyn Fn(&Row) -> f64| -> Vec<f64> {
        rows.iter().filter(|row| row.truth == truth).map(score).collect()
    };
    let both = |score: &dyn Fn(&Row) -> f64| (scores(Truth::Descends, score), scores(Truth::Unrelated, score));
    let summary = |method: String, score: &dyn Fn(&Row) -> f64, wrong: (usize, usize)| {
        let (positives, negatives) = both(score);
        let area = auc(&positives, &negatives);
        Summary { method, descends: (positives.len(), wrong.0), unrelated: (negatives.len(), wrong.1), auc: area }
    };
    let decided = |said: &dyn Fn(&Row) -> bool| {
        let wrong = |truth, descent| rows.iter().filter(|row| row.truth == truth && said(row) == descent).count();
        (wrong(Truth::Descends, false), wrong(Truth::Unrelated, true))
    };

    let forebear = |row: &Row| -row.comparison.log10_p.unwrap_or(0.0);
    // A profile that cannot be had is no evidence.
    let sigma = |row: &Row| row.comparison.context.sigma_profile.as_ref().map_or(-1.0, |sigma| sigma.r);
    let (positives, negatives) = both(&sigma);
    let mut all = vec![
        summary("forebear".into(), &forebear, decided(&|row| row.descent)),
        summary(format!("σ-profile above {SIGMA_PUBLISHED}"), &sigma, errors(&positives, &negatives, SIGMA_PUBLISHED)),
    ];
    if let Some((threshold, wrong)) = best_threshold(&positives, &negatives) {
        all.push(summary(format!("σ-profile above {threshold:.3} (the best here)"), &sigma, wrong));
    }
    if rows.iter().any(|row| row.modeldna.is_some()) {
        let probability = |row: &Row| row.modeldna.as_ref().and_then(|said| said.probability).unwrap_or(0.0);
        let (positives, negatives) = both(&probability);
        let said = decided(&|row| row.modeldna.as_ref().is_some_and(Verdict::is_descent));
        all.push(summary("modelDNA 0.1.0, its verdict".into(), &probability, said));
        if let Some((threshold, wrong)) = best_threshold(&positives, &negatives) {
            all.push(summary(format!("modelDNA 0.1.0 above {threshold:.3} (the best here)"), &probability, wrong));
        }
    }
    all
}
