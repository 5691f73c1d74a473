// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which pairs the benchmark asks about.
//!
//! In: a zoo. Out: for each base that others were made from: every transform of it, every descendant as it is and
//! laundered, every model trained apart as it is, and those of the base's shape laundered too.

use serde::Serialize;

use crate::Error;
use crate::model::Llama;
use crate::read::read;
use crate::transforms::{Needs, TRANSFORMS, Transform, find};
use crate::zoo::{Kinship, Member, Zoo};

/// The disguise that descendants and strangers are put through.
pub const LAUNDRY: &str = "laundered-all";

/// A pair to ask about.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The base.
    pub base: &'a Member,
    /// The suspect, before it is disguised.
    pub suspect: &'a Member,
    /// The disguise.
    pub transform: Option<Transform>,
    /// What it is merged with.
    pub other: Option<&'a Member>,
    /// What is known of the pair.
    pub truth: Truth,
}

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// The suspect descends from the base.
    Descends,
    /// Both share an initialisation and no more.
    SameInitialisation,
    /// Neither.
    Unrelated,
}

impl Truth {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Descends => "descends",
            Self::SameInitialisation => "same initialisation",
            Self::Unrelated => "unrelated",
        }
    }
}

impl Case<'_> {
    /// Name of the suspect with its disguise.
    pub fn label(&self) -> String {
        match (&self.transform, self.other) {
            (None, _) => self.suspect.name.clone(),
            (Some(transform), None) => format!("{} {}", self.suspect.name, transform.name),
            (Some(transform), Some(other)) => format!("{} {} {}", self.suspect.name, transform.name, other.name),
        }
    }
}

/// Every case of the zoo.
pub fn cases(zoo: &Zoo) -> Result<Vec<Case<'_>>, Error> {
    let laundry = find(LAUNDRY)?;
    let mut cases = Vec::new();
    for base in zoo.bases() {
        let model = read(&base.path)?;
        let strangers = |member: &&Member| zoo.kinship(base, member) == Kinship::Unrelated;
        let mut shaped = Vec::new();
        for member in zoo.members().filter(strangers) {
            if same_shape(&model, &read(&member.path)?) {
                shaped.push(member);
            }
        }
        let case = |suspect, transform, truth| Case { base, suspect, transform, other: None, truth };
        for transform in TRANSFORMS.iter().filter(|transform| matches!(transform.needs, Needs::Any | Needs::Dense)) {
            cases.push(case(base, Some(*transform), Truth::Descends));
        }
        for transform in TRANSFORMS.iter().filter(|transform| transform.needs == Needs::Other) {
            let with = shaped.iter().find(|member| member.relation == "base").or(shaped.first()).copied();
            cases
                .extend(with.map(|other| Case { other: Some(other), ..case(base, Some(*transform), Truth::Descends) }));
        }
        for suspect in zoo.members().filter(|member| *member != base) {
            let truth = match zoo.kinship(base, suspect) {
                Kinship::Descends => Truth::Descends,
                Kinship::SameInitialisation => Truth::SameInitialisation,
                Kinship::Unrelated => Truth::Unrelated,
                Kinship::Relative => continue,
            };
            cases.push(case(suspect, None, truth));
            if truth != Truth::Unrelated || shaped.contains(&suspect) {
                cases.push(case(suspect, Some(laundry), truth));
            }
            let routed = truth == Truth::Descends && read(&suspect.path)?.layers.iter().any(|l| l.router.is_some());
            if routed {
                let only = TRANSFORMS.iter().filter(|transform| transform.needs == Needs::Experts);
                cases.extend(only.map(|transform| case(suspect, Some(*transform), truth)));
            }
        }
    }
    Ok(cases)
}

fn same_shape(a: &Llama, b: &Llama) -> bool {
    let shape = |model: &Llama| {
        let neurons = model.layers.first().and_then(|layer| layer.experts.first()).map(crate::model::Gated::neurons);
        let biased = model.layers.first().is_some_and(|layer| layer.query.bias.is_some());
        let routed = model.layers.iter().any(|layer| layer.router.is_some());
        (
            model.embedding.shape(),
            model.layers.len(),
            model.heads,
            model.kv_heads,
            model.head_dim,
            neurons,
            biased,
            routed,
        )
    };
    shape(a) == shape(b)
}
