// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What documents say of a model's origin beside its card's front matter → where it disagrees with declarations or
//! evidence. Part of rule `card-mismatch`.

use crate::code::families_named;
use crate::documents::{Stated, StatedKind, bare_name, hub_id};
use crate::evidence::Comparison;

use super::declared::{DeclaredBase, DeclaredModel, DeclaredRelation, Origin};
use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Level, Rule};
use super::lineage::{Kinship, descents, find, kinship, listed, numbers, undeclared_families};
use super::origins::Told;

/// Disagreements about one model.
pub(super) fn of_model(facts: &Facts, told: &Told, model: &ModelFacts) -> Vec<Finding> {
    let case = Case {
        facts,
        told,
        model,
        entry: facts.declared.model_for(&model.path),
        undeclared: undeclared_families(facts, model).into_iter().flatten().collect(),
    };
    let stated: Vec<&Stated> = facts.documents.stated_for(&model.path, &model.files).collect();
    let mut findings: Vec<Finding> = stated.iter().filter_map(|stated| case.of(stated)).collect();
    findings.extend(case.another(&stated));
    findings
}

/// One model, and what is known of it.
struct Case<'a> {
    facts: &'a Facts<'a>,
    told: &'a Told,
    model: &'a ModelFacts,
    entry: Option<&'a DeclaredModel>,
    /// Descents that no declaration covers.
    undeclared: Vec<&'a Comparison>,
}

impl Case<'_> {
    fn of(&self, stated: &Stated) -> Option<Finding> {
        match stated.kind {
            StatedKind::FromScratch => self.scratch(stated),
            StatedKind::MergeMethod => self.merge(stated),
            StatedKind::Base | StatedKind::Parent | StatedKind::LoadedFrom => self.origin(stated),
            StatedKind::Teacher => None,
        }
    }

    /// A sentence that says "from scratch" of weights that descend from a base, or are declared to.
    fn scratch(&self, stated: &Stated) -> Option<Finding> {
        let model = &self.model.path;
        if let Some(best) = self.undeclared.first().copied().or_else(|| descents(self.model).next()) {
            let message = format!(
                "{} says “{}”, and {model} is consistent with derivation from {} ({})",
                stated.path,
                stated.value,
                best.base,
                numbers(best)
            );
            let remedy = format!("correct the sentence in {}, and name {} as the base", stated.path, best.base);
            return Some(self.finding(stated, message, remedy, Some(&best.base)));
        }
        let entry = self.entry?;
        let bases: Vec<&str> = entry.bases.iter().filter(|base| base.relation.is_weight_lineage()).map(id).collect();
        // A README for several models may speak of one that is from scratch.
        let nearest =
            |other: &&ModelFacts| self.facts.documents.nearest_readme(&other.path) == Some(stated.path.as_str());
        let all_derived = self.facts.models.iter().filter(nearest).all(|other| {
            let entry = self.facts.declared.model_for(&other.path);
            entry.is_some_and(|entry| entry.origin == Origin::Derived && !entry.bases.is_empty())
        });
        let first = bases.first().filter(|_| all_derived)?;
        let message = format!(
            "{} says “{}”, and policy.toml declares {model} to be made from {}",
            stated.path,
            stated.value,
            listed(&bases)
        );
        let remedy = format!("correct the sentence in {}, or policy.toml", stated.path);
        Some(self.finding(stated, message, remedy, Some(first)))
    }

    /// A merge that is declared to be something else.
    fn merge(&self, stated: &Stated) -> Option<Finding> {
        let bases = &self.entry?.bases;
        let first = bases.iter().find(|base| base.relation.is_weight_lineage())?;
        if bases.iter().any(|base| base.relation == DeclaredRelation::Merge) {
            return None;
        }
        let (method, relation) = (&stated.value, first.relation.name());
        let message = format!(
            "{} says {} {method}, and policy.toml declares {relation} for {}",
            stated.path, stated.field, self.model.path
        );
        let remedy = format!("declare the parents in policy.toml with relation = \"merge\", or remove {}", stated.path);
        Some(self.finding(stated, message, remedy, None))
    }

    /// A model that is named as what this one was made or loaded from.
    fn origin(&self, stated: &Stated) -> Option<Finding> {
        let known = || find(self.facts.bases, &stated.value).map(|base| base.id.clone());
        match hub_id(&stated.value).or_else(known) {
            Some(id) => self.named(stated, &id),
            None => self.hinted(stated),
        }
    }

    fn named(&self, stated: &Stated, id: &str) -> Option<Finding> {
        if self.is_itself(stated, id) || self.declared(stated).any(|base| self.agrees(stated, &base.id, id)) {
            return None;
        }
        let descent = self.undeclared.iter().find(|found| self.agrees(stated, &found.base, id));
        let (path, field, model) = (&stated.path, &stated.field, &self.model.path);
        let what = if stated.kind == StatedKind::Parent {
            format!("{field} {id} as part of a merge")
        } else {
            format!("{field} {id}")
        };
        let against = match self.entry {
            Some(entry) if entry.origin == Origin::FromScratch => {
                format!("and policy.toml declares {model} to be from scratch")
            }
            Some(_) => format!("which policy.toml does not declare for {model}"),
            None if descent.is_some() => format!("which policy.toml does not declare for {model}"),
            // Configs are copied along with code: alone they say nothing where nothing is declared.
            None if stated.kind == StatedKind::LoadedFrom || self.in_card(id) => return None,
            None => format!("which neither policy.toml nor the model card declares for {model}"),
        };
        let message = format!("{path} names {what}, {against}");
        let remedy = format!("declare {id} in policy.toml, or correct {path}");
        Some(self.finding(stated, message, remedy, Some(descent.map_or(id, |found| &found.base))))
    }

    /// A path of somebody's machine, or a bare name: a hint where it names a family, and no more.
    fn hinted(&self, stated: &Stated) -> Option<Finding> {
        let name = bare_name(&stated.value);
        let families = families_named(&stated.value);
        let is_of = |base: &str| {
            !name.is_empty() && bare_name(base) == name
                || families_named(base).iter().any(|family| families.contains(family))
        };
        let own = self.facts.declared.release.name.as_deref();
        if own.is_some_and(is_of) || self.declared(stated).any(|base| is_of(&base.id)) {
            return None;
        }
        let place = if stated.value.contains(['/', '\\']) { "a local path" } else { "a bare name" };
        let (path, field, value, model) = (&stated.path, &stated.field, &stated.value, &self.model.path);
        if let Some(found) = self.undeclared.iter().find(|found| is_of(&found.base)) {
            let message = format!("{path} says {field} {value}, {place} that reads like {}", found.base);
            return Some(self.finding(
                stated,
                message,
                format!("declare {} in policy.toml", found.base),
                Some(&found.base),
            ));
        }
        let family = families.iter().find(|family| self.told.anything && !self.told.family(family))?;
        let message = format!(
            "{path} says {field} {value}, {place} that names {}, which nothing declares for {model}; a path is a hint and no evidence",
            family.name
        );
        let remedy = format!(
            "if {} was used, declare it in policy.toml; if not, remove {field} from {path}; `forebear identify {model}` \
              compares the weights",
            family.name
        );
        let mut finding = self.finding(stated, message, remedy, None);
        finding.about = vec![family.name.clone()];
        // A declared base of a family that is not known here may well be of this one.
        let unknown =
            self.entry.is_some_and(|entry| entry.bases.iter().any(|base| families_named(&base.id).is_empty()));
        Some(if unknown { finding.capped(Level::Note) } else { finding.capped(Level::Warn) })
    }

    /// Without a declaration: a file names bases, and the evidence is for one outside their line.
    fn another(&self, stated: &[&Stated]) -> Option<Finding> {
        let best = self.undeclared.first().filter(|_| self.entry.is_none())?;
        let bases = || stated.iter().filter(|one| matches!(one.kind, StatedKind::Base | StatedKind::Parent));
        let ids = || bases().filter_map(|one| Some((one, hub_id(&one.value)?)));
        let (first, id) = ids().next()?;
        if ids().any(|(one, id)| descents(self.model).any(|found| self.agrees(one, &found.base, &id)))
            || self.in_card(&id)
        {
            return None;
        }
        let message = format!(
            "{} names {} {id}, and {} is consistent with derivation from {} ({})",
            first.path,
            first.field,
            self.model.path,
            best.base,
            numbers(best)
        );
        let remedy = format!("correct {}, and declare {} in policy.toml", first.path, best.base);
        let mut finding =
            Finding::new(Rule::CardMismatch, message, remedy, &[&self.model.id, "stated", &id, &best.base])
                .at(&first.path, first.line)
                .of_model(&self.model.path, &self.model.id);
        finding.base = Some(best.base.clone());
        Some(finding)
    }

    /// The declared bases that a statement may mean: those of the model, and of any where the file is not beside it.
    fn declared(&self, stated: &Stated) -> impl Iterator<Item = &DeclaredBase> {
        let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let beside = folder(&stated.path) == folder(&self.model.path);
        let others = self.facts.declared.models.iter().filter(move |_| !beside).flat_map(|model| &model.bases);
        self.entry.into_iter().flat_map(|entry| &entry.bases).chain(others)
    }

    /// Whether an id means a base: the same, in one line with it, or a copy stored in another way.
    fn agrees(&self, stated: &Stated, base: &str, id: &str) -> bool {
        let kin = kinship(self.facts.bases, base, id);
        matches!(kin, Kinship::Same | Kinship::Line)
            || kin == Kinship::Siblings && stated.kind == StatedKind::LoadedFrom
            || bare_name(base) == bare_name(id)
    }

    /// Whether an id is that of the release, or of an earlier stage of it by the same owner.
    fn is_itself(&self, stated: &Stated, id: &str) -> bool {
        let owner = |id: &str| id.split('/').next().unwrap_or_default().to_lowercase();
        self.facts.declared.release.name.as_deref().is_some_and(|name| {
            bare_name(name) == bare_name(id) || stated.kind == StatedKind::LoadedFrom && owner(name) == owner(id)
        })
    }

    fn in_card(&self, id: &str) -> bool {
        let card = self.facts.documents.card_for(&self.model.path);
        card.is_some_and(|card| card.base_models.iter().any(|claim| bare_name(&claim.value) == bare_name(id)))
    }

    fn finding(&self, stated: &Stated, message: String, remedy: String, base: Option<&str>) -> Finding {
        let identity = [stated.path.as_str(), &stated.field, &stated.value];
        let mut finding = Finding::new(Rule::CardMismatch, message, remedy, &identity)
            .at(&stated.path, stated.line)
            .of_model(&self.model.path, &self.model.id);
        finding.base = base.map(str::to_owned);
        finding
    }
}

fn id(base: &DeclaredBase) -> &str {
    &base.id
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::changes::{Content, File};
    use crate::evidence::Relation;
    use crate::findings::samples::{Sample, comparison, declared, model};

    fn sample(files: &[(&str, &str)]) -> Sample {
        let mut sample = Sample::default();
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("a/b", "finetune")]));
        let file = |(path, text): &(&str, &str)| {
            File::present((*path).into(), "0".into(), text.len() as u64, Content::memory(text.as_bytes().to_vec()))
        };
        sample.documents = crate::documents::read(&files.iter().map(file).collect::<Vec<_>>()).0;
        sample
    }

    fn said(sample: &Sample) -> String {
        let facts = sample.facts();
        let told = Told::of(&facts);
        let found = sample.models.iter().flat_map(|model| of_model(&facts, &told, model));
        let lines =
            found.map(|one| format!("{}: {}", one.line.map_or("-".into(), |line| line.to_string()), one.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn from_scratch_in_a_card_is_compared_with_declarations_and_evidence() {
        let mut sample = sample(&[("README.md", "# Orca\n\n本模型从零训练。\n")]);
        assert_snapshot!(said(&sample), @"3: README.md says “本模型从零训练。”, and policy.toml declares w/m.safetensors to be made from a/b");
        sample.models[0].comparisons.push(comparison("a/b", Relation::Derived, -30.0));
        assert_snapshot!(said(&sample), @"3: README.md says “本模型从零训练。”, and w/m.safetensors is consistent with derivation from a/b (derived, log10 p −30.0)");
        sample.models[0].comparisons.clear();
        sample.declared[0].origin = Origin::FromScratch;
        sample.declared[0].bases.clear();
        assert_eq!(said(&sample), "");
    }

    #[test]
    fn a_merge_names_its_parents_and_its_method() {
        let config = "models:\n  - model: a/b\n  - model: c/d\nmerge_method: ties\n";
        let mut sample = sample(&[("w/mergekit_config.yml", config)]);
        assert_snapshot!(said(&sample), @"
        3: w/mergekit_config.yml names model c/d as part of a merge, which policy.toml does not declare for w/m.safetensors
        4: w/mergekit_config.yml says merge_method ties, and policy.toml declares finetune for w/m.safetensors
        ");
        sample.declared[0] = declared("w/**", &[("a/b", "merge"), ("c/d", "merge")]);
        assert_eq!(said(&sample), "");
        sample.declared.clear();
        assert_snapshot!(said(&sample), @"
        2: w/mergekit_config.yml names model a/b as part of a merge, which neither policy.toml nor the model card declares for w/m.safetensors
        3: w/mergekit_config.yml names model c/d as part of a merge, which neither policy.toml nor the model card declares for w/m.safetensors
        ");
    }

    #[test]
    fn a_local_path_is_a_hint_and_an_id_is_an_id() {
        let config = |value: &str| format!("{{\n\"_name_or_path\": \"{value}\"}}");
        let run = |value: &str, base: &str| {
            let mut sample = sample(&[("w/config.json", &config(value))]);
            sample.declared[0] = declared("w/**", &[(base, "finetune")]);
            said(&sample)
        };
        let path = "/mnt/ckpt/qwen2-7b-base";
        assert_snapshot!(run(path, "google/gemma-2b"), @"2: w/config.json says _name_or_path /mnt/ckpt/qwen2-7b-base, a local path that names Qwen, which nothing declares for w/m.safetensors; a path is a hint and no evidence");
        for (value, base) in [(path, "Qwen/Qwen2.5-7B"), ("/data/gemma-2b", "google/gemma-2b"), ("/data/run-7", "a/b")]
        {
            assert_eq!(run(value, base), "", "{value}");
        }
        assert_snapshot!(run("c/d", "a/b"), @"2: w/config.json names _name_or_path c/d, which policy.toml does not declare for w/m.safetensors");
        for value in ["a/b", "unsloth/b-bnb-4bit"] {
            assert_eq!(run(value, "a/b"), "", "{value}");
        }
    }

    #[test]
    fn a_hint_beside_a_base_of_unknown_family_is_a_note() {
        let sample = sample(&[("w/config.json", r#"{"_name_or_path": "/ckpt/deepseekv3"}"#)]);
        let facts = sample.facts();
        let found = of_model(&facts, &Told::of(&facts), &sample.models[0]);
        assert_eq!(found.iter().map(|one| one.level).collect::<Vec<_>>(), [Level::Note]);
    }

    #[test]
    fn without_a_declaration_what_files_name_is_compared_with_the_evidence() {
        let mut sample =
            sample(&[("w/axolotl.yaml", "base_model: c/d\n"), ("w/config.json", r#"{"_name_or_path": "x/y"}"#)]);
        sample.declared.clear();
        sample.models[0].comparisons.push(comparison("a/b", Relation::Derived, -30.0));
        assert_snapshot!(said(&sample), @"
        1: w/axolotl.yaml names base_model c/d, which neither policy.toml nor the model card declares for w/m.safetensors
        1: w/axolotl.yaml names base_model c/d, and w/m.safetensors is consistent with derivation from a/b (derived, log10 p −30.0)
        ");
    }

    #[test]
    fn a_model_from_scratch_was_not_fine_tuned() {
        let mut sample = sample(&[("w/training_args.json", r#"{"model_name_or_path": "c/d"}"#)]);
        sample.declared[0].origin = Origin::FromScratch;
        sample.declared[0].bases.clear();
        assert_snapshot!(said(&sample), @"1: w/training_args.json names model_name_or_path c/d, and policy.toml declares w/m.safetensors to be from scratch");
    }
}
