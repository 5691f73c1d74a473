// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Power: what each mechanism still sees of a base after noise, redrawing, and further training of known strength.
//!
//! In: a zoo. Out: one line a copy, as it is and in disguise: log10 p and effect of each mechanism.

use std::path::Path;

use forebear::evidence::{Comparison, compare};
use rayon::prelude::*;
use serde::Serialize;

use crate::cases::LAUNDRY;
use crate::error::Error;
use crate::measure::{fingerprint, mechanism};
use crate::model::Llama;
use crate::read::read;
use crate::report::{MECHANISMS, cell};
use crate::transforms::{Transform, find};
use crate::write::write;
use crate::zoo::{Kinship, Zoo};

/// Transforms that come in strengths.
const STRENGTHS: [&str; 11] = [
    "none",
    "noise-1",
    "noise-5",
    "noise-10",
    "noise-20",
    "noise-50",
    "noise-100",
    "noise-200",
    "attention-redrawn-30",
    "attention-redrawn-50",
    "attention-redrawn-70",
];

/// What is seen of one copy.
#[derive(Clone, Debug, Serialize)]
pub struct Power {
    /// The base.
    pub base: String,
    /// The copy.
    pub copy: String,
    /// Compared as it is.
    pub plain: Comparison,
    /// Compared after laundering.
    pub laundered: Comparison,
}

/// Measures the strengths on every base of the zoo, and every descendant.
pub fn power(zoo: &Zoo, seed: u64) -> Result<Vec<Power>, Error> {
    let laundry = find(LAUNDRY)?;
    let mut found = Vec::new();
    for base in zoo.bases() {
        let print = fingerprint(&base.path)?;
        let model = read(&base.path)?;
        let mut copies: Vec<(String, Llama)> = Vec::new();
        for name in STRENGTHS {
            copies.push((name.to_owned(), find(name)?.apply(&model, seed, None)?.model));
        }
        for member in zoo.members().filter(|m| *m != base && zoo.kinship(base, m) == Kinship::Descends) {
            copies.push((format!("{} ({})", member.name, member.relation), read(&member.path)?));
        }
        let measured: Vec<Power> = copies
            .par_iter()
            .map(|(name, copy)| {
                let plain = compare(&printed(copy, &find("none")?, seed)?, &print, 1);
                let laundered = compare(&printed(copy, &laundry, seed + 1)?, &print, 1);
                Ok(Power { base: base.name.clone(), copy: name.clone(), plain, laundered })
            })
            .collect::<Result<_, Error>>()?;
        found.extend(measured);
    }
    Ok(found)
}

fn printed(model: &Llama, transform: &Transform, seed: u64) -> Result<forebear::fingerprint::Fingerprint, Error> {
    let scratch = tempfile::tempdir().map_err(|error| Error::io(Path::new("a temporary folder"), error))?;
    let done = transform.apply(model, seed, None)?;
    let place = scratch.path().join("copy");
    write(&done.model, done.form, &place)?;
    fingerprint(&place)
}

/// The table as markdown: a line for the copy as it is and one for the laundered copy.
pub fn markdown(power: &[Power]) -> String {
    let mut names = vec!["base", "copy", "", "relation", "log10 p"];
    names.extend(MECHANISMS.map(|(_, name)| name));
    let mut lines = vec![format!("| {} |", names.join(" | ")), format!("|{}", "---|".repeat(names.len()))];
    for line in power {
        for (how, comparison) in [("plain", &line.plain), ("laundered", &line.laundered)] {
            let mut cells = vec![line.base.clone(), line.copy.clone(), how.to_owned()];
            cells.push(comparison.relation.name().to_owned());
            cells.push(comparison.log10_p.map_or("–".into(), |p| format!("{p:.1}")));
            cells.extend(MECHANISMS.map(|(name, _)| cell(mechanism(comparison, name))));
            lines.push(format!("| {} |", cells.join(" | ")));
        }
    }
    lines.join("\n")
}
