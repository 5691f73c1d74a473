// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `foreign-identifier`: pushed code or a config still carries names of a model family that nothing declares.

use std::collections::BTreeMap;

use crate::code::{Family, Leftover, Place, families, families_named, family_of_class, family_of_type};
use crate::documents::Config;

use super::declared::Origin;
use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Level, Rule};
use super::origins::{Told, in_file};
use super::pages::Page;

/// Families in one push above which it is a library for many models.
const LIBRARY: usize = 6;

pub(super) const PAGE: Page = Page {
    what: "Looks in the source files that the push changes for names by which model families are known: a class that is defined as \
           `Qwen2Attention`, a `model_type` or `_no_split_modules` that is set, a checkpoint or experiment called \
           `ckpt/deepseekv3`; and in configs for `architectures`, `model_type` and `auto_map`. Fires when no declared base, model \
           card, notice, or the release's own name is of that family. Use is not origin: what is imported, extended, called, or \
           compared with is not looked at, nor are ids of published models, nor files that test, measure, convert or show. \
           Architectures that unrelated models share (Llama, Qwen, Mistral, GPT-NeoX) say nothing in a config. Where one push names more \
           than six families, it is a library for many models, and one finding says so. The list is data/code/families.toml.",
    why: "Names that a rename left behind were, more than once, the first sign that a model was not what its release said.",
    example: "warning[foreign-identifier]: train.sh:12 names a checkpoint or run of DeepSeek, which nothing declares: torchrun \
              train.py --load $CKPT/deepseekv3",
    fix: "If code or weights of the family were used, declare the base in `policy.toml`, or name the source in NOTICE or in a comment \
          at the code. If the name means something else, waive the finding. What would settle it: the file's history, and \
          `forebear identify` for the weights.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let told = Told::of(facts);
    let mut by_family: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
    for source in facts.sources {
        for (family, leftovers) in of_source(&told, source) {
            by_family.entry(family).or_default().push(in_source(source, family, &leftovers));
        }
    }
    if by_family.len() > LIBRARY {
        let names: Vec<&str> = by_family.keys().copied().collect();
        by_family = library(facts, &names).map(|finding| ("", vec![finding])).into_iter().collect();
    }
    let configs = facts.documents.configs.iter().filter_map(|config| in_config(facts, &told, config));
    by_family.into_values().flatten().chain(configs).collect()
}

/// What is left in a source file of families that nothing tells of.
fn of_source<'a>(told: &Told, source: &'a SourceFacts) -> BTreeMap<&'static str, Vec<&'a Leftover>> {
    let mut found: BTreeMap<&'static str, Vec<&Leftover>> = BTreeMap::new();
    if source.leftovers.is_empty() {
        return found;
    }
    let credit = in_file(source);
    for leftover in &source.leftovers {
        let Some(family) = families().iter().find(|family| family.name == leftover.family) else { continue };
        if !credit.names_family(family) && !told.family(family) {
            found.entry(leftover.family).or_default().push(leftover);
        }
    }
    found
}

fn in_source(source: &SourceFacts, family: &str, leftovers: &[&Leftover]) -> Finding {
    let first = leftovers.first();
    let what = match first.map(|first| first.place) {
        Some(Place::Class) => "defines a class with a name of",
        Some(Place::Field) => "sets a field to a name of",
        Some(Place::Path) | None => "names a checkpoint or run of",
    };
    let line = first.map_or(1, |first| first.line);
    let quote = first.map_or("", |first| first.quote.as_str());
    let more = match leftovers.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more in this file)"),
    };
    let message = format!("{}:{line} {what} {family}, which nothing declares: {quote}{more}", source.path);
    about(Finding::new(Rule::ForeignIdentifier, message, remedy(family), &[&source.path, family]), family)
        .at(&source.path, Some(line))
        .capped(Level::Warn)
}

/// Names the family concerned.
fn about(mut finding: Finding, family: &str) -> Finding {
    finding.about = vec![family.to_owned()];
    finding
}

fn remedy(family: &str) -> String {
    format!(
        "if code or weights of {family} were used, declare the base or name it in NOTICE; if not, rename it or waive this"
    )
}

fn library(facts: &Facts, names: &[&str]) -> Option<Finding> {
    let first = facts.sources.iter().find(|source| !source.leftovers.is_empty())?;
    let message = format!(
        "code here carries names of {} model families, as a library for many models does: {}; origins were not told apart",
        names.len(),
        names.join(", ")
    );
    let remedy = "name in NOTICE the libraries that the code was taken from, or waive this";
    Some(
        Finding::new(Rule::ForeignIdentifier, message, remedy, &["library"])
            .at(&first.path, first.leftovers.first().map(|leftover| leftover.line))
            .capped(Level::Note),
    )
}

/// A config that names the code of a family.
fn in_config(facts: &Facts, told: &Told, config: &Config) -> Option<Finding> {
    let class = |field: &'static str, name: &str| {
        let class = name.rsplit(['.', '-']).next().unwrap_or(name);
        family_of_class(class).map(|family| (field, family, name.to_owned()))
    };
    let architectures = config.architectures.iter().filter_map(|name| class("architectures", name));
    let mapped = config.auto_map.iter().filter_map(|name| class("auto_map", name));
    let kind = config.model_type.iter().filter_map(|name| Some(("model_type", family_of_type(name)?, name.clone())));
    let (field, family, name) =
        architectures.chain(kind).chain(mapped).find(|(_, family, _)| speaks(facts, told, family))?;
    let message = format!(
        "{} names {field} {name}, of {}, which nothing declares; the model is consistent with reuse of its code, which says \
         nothing yet of its weights",
        config.path, family.name
    );
    let finding = Finding::new(Rule::ForeignIdentifier, message, remedy(&family.name), &[&config.path, &family.name]);
    Some(about(finding, &family.name).at(&config.path, None).capped(Level::Warn))
}

/// Whether a family's name in a config means something: it is not shared by many, not told of, and not that of a base
/// whose family is unknown here.
fn speaks(facts: &Facts, told: &Told, family: &Family) -> bool {
    let derived = facts.declared.models.iter().filter(|model| model.origin == Origin::Derived);
    let mut bases = derived.flat_map(|model| &model.bases);
    let unknown_base = bases.any(|base| families_named(&base.id).is_empty());
    let unknown_card = facts.documents.cards.iter().flat_map(|card| &card.base_models);
    let unknown_card = unknown_card.into_iter().any(|claim| families_named(&claim.value).is_empty());
    !family.common && !unknown_base && !unknown_card && told.anything && !told.family(family)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::code::{credits, leftovers};
    use crate::findings::samples::{Sample, declared};

    fn source(path: &str, text: &str) -> SourceFacts {
        SourceFacts {
            path: path.into(),
            leftovers: leftovers(path, text),
            credits: credits(text),
            ..SourceFacts::default()
        }
    }

    fn messages(sample: &Sample) -> Vec<String> {
        check(&sample.facts()).into_iter().map(|finding| finding.message).collect()
    }

    const LEFT: &str =
        "import torch\n\nclass Qwen2Attention(nn.Module):\n    pass\n\nclass Qwen2MLP(nn.Module):\n    pass\n";

    #[test]
    fn names_left_behind_are_quoted() {
        let mut sample = Sample::default();
        sample.sources.push(source("modeling_orca.py", LEFT));
        sample.sources.push(source("train.sh", "torchrun train.py --load $CKPT/deepseekv3\n"));
        assert_snapshot!(messages(&sample).join("\n"), @"
        train.sh:1 names a checkpoint or run of DeepSeek, which nothing declares: torchrun train.py --load $CKPT/deepseekv3
        modeling_orca.py:3 defines a class with a name of Qwen, which nothing declares: class Qwen2Attention(nn.Module): (and 1 more in this file)
        ");
    }

    #[test]
    fn a_family_that_is_told_of_is_in_order() {
        let mut sample = Sample::default();
        sample.sources.push(source("modeling_orca.py", LEFT));
        assert_eq!(messages(&sample).len(), 1);
        sample.declared.push(declared("*", &[("Qwen/Qwen2.5-7B", "finetune")]));
        assert!(messages(&sample).is_empty());
        sample.declared.clear();
        sample.release.name = Some("Qwen/Orca".into());
        assert!(messages(&sample).is_empty());
        sample.release.name = None;
        sample.sources = vec![source("modeling_orca.py", &format!("# Adapted from Qwen2.\n{LEFT}"))];
        assert!(messages(&sample).is_empty());
    }

    #[test]
    fn a_library_for_many_models_gets_one_note() {
        let mut sample = Sample::default();
        for family in ["Qwen2", "Llama", "Mistral", "Gemma", "Baichuan", "InternLM", "Deepseek"] {
            sample
                .sources
                .push(source(&format!("{family}.py"), &format!("class {family}ForCausalLM(nn.Module):\n    pass\n")));
        }
        let found = check(&sample.facts());
        assert_eq!((found.len(), found[0].level), (1, Level::Note));
    }

    #[test]
    fn a_config_speaks_where_its_family_is_rare_and_others_are_declared() {
        let mut sample = Sample::default();
        let config = |text: &str| Config::parse("w/config.json", text).unwrap_or_default();
        sample.documents.configs =
            vec![config(r#"{"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3"}"#)];
        assert!(messages(&sample).is_empty());
        sample.release.name = Some("acme/Orca-7B".into());
        assert_snapshot!(messages(&sample).join("\n"), @"w/config.json names architectures DeepseekV3ForCausalLM, of DeepSeek, which nothing declares; the model is consistent with reuse of its code, which says nothing yet of its weights");
        // Its base may well be built with that code.
        sample.declared.push(declared("*", &[("acme/whale", "finetune")]));
        assert!(messages(&sample).is_empty());
        sample.declared = vec![declared("*", &[("deepseek-ai/DeepSeek-V3", "finetune")])];
        assert!(messages(&sample).is_empty());
        sample.declared.clear();
        sample.documents.configs = vec![config(r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}"#)];
        assert!(messages(&sample).is_empty());
    }
}
