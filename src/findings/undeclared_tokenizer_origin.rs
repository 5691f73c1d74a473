// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `undeclared-tokenizer-origin`: a tokenizer is consistent with another family's, which nothing names.

use std::collections::BTreeSet;

use crate::bases::built_in_tokenizers;
use crate::code::Folded;
use crate::documents::{Kinship, TokenizerError};
use crate::evidence::Evidence;

use super::facts::{Facts, TokenizerFacts, TokenizerOrigin};
use super::finding::{Finding, Level, Rule};
use super::origins::Told;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Compares every tokenizer that the push brings (`tokenizer.json`, SentencePiece, tiktoken, tekken, `vocab.json` with \
           `merges.txt`, `vocab.txt`, or the header of a GGUF file) with those of known models: built in, and of bases in the \
           registry (`forebear registry add` keeps the tokenizer beside the weights). Fires when the nearest one is the same, \
           extended, renumbered, trimmed, or stitched to another, and no declared base, `tokenizer` key, model card, notice, or \
           the release's own name is of its family. What any two tokenizers of one language share (half of their pieces, few \
           ids) counts for nothing: the order of near neighbours decides, and independent tokenizers keep half of it. Tokenizers \
           that models of many makers use (GPT-2, cl100k, Llama 2, BERT) give a note, and so do a declared base whose \
           tokenizer is not known here, and a tokenizer that is a part of a known one, for a root looks like that beside its \
           extension. It warns, and never blocks: a tokenizer says nothing of who trained the weights, and \
           taking one over is common and usually allowed. Two tokenizers trained with one trainer on one text can be the same, \
           too. How often it is wrong is measured in docs/tokenizers.md.",
    why: "A tokenizer carries the license of the model it came with, and one that was quietly taken over is a first sign of weights \
          that were.",
    example: "warning[undeclared-tokenizer-origin]: orca/tokenizer.json is consistent with the tokenizer of Qwen/Qwen2.5 (all of \
              its pieces under the same ids, and more); neither a declared base nor `tokenizer` in policy.toml names it",
    fix: "If the tokenizer was taken over, say so; nothing else is asked:\n\n```toml\n[[model]]\npaths = [\"orca/**\"]\ntokenizer = \
          \"Qwen/Qwen2.5\"\n```\n\nIf it was trained from the ground up, waive the finding; the record of that training (trainer, \
          settings, text) settles it. `forebear compare` shows the numbers for two models.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let told = Told::of(facts);
    let mut said = BTreeSet::new();
    let mut findings = Vec::new();
    for tokenizer in facts.tokenizers {
        match &tokenizer.origins {
            Err(error) => findings.push(unread(tokenizer, error)),
            Ok(origins) => {
                let folder = tokenizer.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                // One tokenizer often lies beside the weights in two or three containers.
                findings.extend(
                    of_tokenizer(facts, &told, tokenizer, origins)
                        .filter(|finding| said.insert((folder.to_owned(), finding.base.clone()))),
                );
            }
        }
    }
    findings
}

fn of_tokenizer(
    facts: &Facts,
    told: &Told,
    tokenizer: &TokenizerFacts,
    origins: &[TokenizerOrigin],
) -> Option<Finding> {
    let taken: Vec<&TokenizerOrigin> = origins.iter().filter(|origin| origin.found.kinship.is_origin()).collect();
    let nearest = *taken.first()?;
    let named = named_tokenizers(facts, &tokenizer.path);
    let is_told = |origin: &&TokenizerOrigin| {
        told.names(&origin.id)
            || named.names(&origin.id)
            || origin.words.iter().any(|word| told.names(word) || named.names(word))
    };
    // A second vocabulary that was stitched on is accounted for by its own name only.
    let stitched = taken.iter().copied().find(|origin| origin.found.kinship == Kinship::Stitched);
    let lead = match stitched.filter(|origin| !is_told(origin)) {
        None if taken.iter().any(is_told) => return None,
        Some(second) if taken.iter().any(is_told) => second,
        _ => nearest,
    };
    Some(finding(facts, tokenizer, lead))
}

fn finding(facts: &Facts, tokenizer: &TokenizerFacts, lead: &TokenizerOrigin) -> Finding {
    let unknown = unknown_base(facts, &tokenizer.path);
    let (level, remark) = match &unknown {
        _ if lead.common => (Level::Note, "; models of many makers use it".to_owned()),
        _ if lead.found.kinship == Kinship::Trimmed => (
            Level::Note,
            "; a root looks like this beside its extension, and numbers do not tell which came first".to_owned(),
        ),
        Some(base) => (Level::Note, format!("; the tokenizer of the declared base {base} is not known here")),
        None => (Level::Warn, String::new()),
    };
    let message = format!(
        "{} is consistent with the tokenizer of {} ({}); neither a declared base nor `tokenizer` in policy.toml names it{remark}",
        tokenizer.path,
        lead.id,
        in_words(lead.found.kinship),
    );
    let remedy = format!(
        "if it was taken over, write `tokenizer = \"{}\"` under [[model]] in policy.toml; if it was trained independently, waive this",
        lead.id
    );
    let mut finding = Finding::new(Rule::UndeclaredTokenizerOrigin, message, remedy, &[&tokenizer.path, &lead.id])
        .at(&tokenizer.path, None)
        .capped(level);
    finding.base = Some(lead.id.clone());
    finding.evidence = vec![Evidence {
        mechanism: "tokenizer".into(),
        log10_p: None,
        effect: lead.found.in_order,
        null: "tokenizers trained independently, which keep half of the order of neighbours".into(),
        n: lead.found.compared,
        detail: lead.found.said(),
    }];
    finding
}

fn in_words(kinship: Kinship) -> &'static str {
    match kinship {
        Kinship::Same => "the same pieces under the same ids",
        Kinship::Extended => "all of its pieces under the same ids, and more",
        Kinship::Renumbered => "all of its pieces under other ids",
        Kinship::Trimmed => "a part of its pieces in the same order, and no others",
        Kinship::Stitched => "its pieces, beside those of another",
        Kinship::CommonOrigin | Kinship::Unrelated | Kinship::TooFew => "a part of its pieces",
    }
}

/// The `tokenizer` keys that count for a path: that of its entry, or of all where no entry covers it.
fn named_tokenizers(facts: &Facts, path: &str) -> Folded {
    let all = facts.declared.models.iter().filter_map(|model| model.tokenizer.as_deref());
    let named: Vec<&str> = match facts.declared.model_for(path) {
        Some(model) => model.tokenizer.as_deref().into_iter().collect(),
        None => all.collect(),
    };
    Folded::of(&named.join("\n"))
}

/// A declared base of which it is not known what tokenizer it has.
fn unknown_base(facts: &Facts, path: &str) -> Option<String> {
    let models = match facts.declared.model_for(path) {
        Some(model) => std::slice::from_ref(model),
        None => facts.declared.models,
    };
    let is_known = |id: &str| {
        let name = Folded::of(id);
        facts.bases.get(id).is_some_and(|base| base.has_tokenizer)
            || built_in_tokenizers().iter().any(|known| known.words.iter().any(|word| name.names(word)))
    };
    let mut bases = models.iter().flat_map(|model| &model.bases);
    bases.find(|base| !is_known(&base.id)).map(|base| base.id.clone())
}

fn unread(tokenizer: &TokenizerFacts, error: &TokenizerError) -> Finding {
    let message = format!("{} could not be compared with known tokenizers: {error}", tokenizer.path);
    let remedy = "save it again with the library it was made with, below 128 MiB, or rename it if it is no tokenizer";
    Finding::new(Rule::UndeclaredTokenizerOrigin, message, remedy, &[&tokenizer.path, "unreadable"])
        .at(&tokenizer.path, None)
        .capped(Level::Warn)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::documents::{TokenizerMatch, TokenizerPrint};
    use crate::findings::samples::{Sample, base, declared};

    fn origin(id: &str, words: &[&str], kinship: Kinship) -> TokenizerOrigin {
        let found = TokenizerMatch {
            kinship,
            in_order: 0.99,
            compared: 2000,
            ..TokenizerMatch::of(&TokenizerPrint::default(), &TokenizerPrint::default())
        };
        TokenizerOrigin {
            id: id.into(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            common: false,
            found,
        }
    }

    fn sample(origins: Vec<TokenizerOrigin>) -> Sample {
        let mut sample = Sample::default();
        sample.tokenizers.push(TokenizerFacts { path: "orca/tokenizer.json".into(), origins: Ok(origins) });
        sample
    }

    fn qwen() -> TokenizerOrigin {
        origin("Qwen/Qwen2.5", &["qwen", "qwq"], Kinship::Extended)
    }

    fn said(sample: &Sample) -> String {
        let line = |finding: Finding| format!("{}: {}", finding.level.name(), finding.message);
        check(&sample.facts()).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_foreign_tokenizer_warns_until_somebody_names_it() {
        let mut sample = sample(vec![qwen()]);
        assert_snapshot!(said(&sample), @"warn: orca/tokenizer.json is consistent with the tokenizer of Qwen/Qwen2.5 (all of its pieces under the same ids, and more); neither a declared base nor `tokenizer` in policy.toml names it");
        let named = |sample: &mut Sample, tokenizer: &str| {
            let mut entry = declared("orca/**", &[]);
            entry.tokenizer = Some(tokenizer.into());
            sample.declared = vec![entry];
            said(sample)
        };
        assert_eq!(named(&mut sample, "Qwen/Qwen2.5"), "");
        assert_eq!(named(&mut sample, "Qwen/Qwen2.5-7B-Instruct"), "");
        assert!(named(&mut sample, "meta-llama/Llama-3").starts_with("warn: "));
        sample.declared = vec![declared("orca/**", &[("Qwen/QwQ-32B", "finetune")])];
        assert_eq!(said(&sample), "");
    }

    #[test]
    fn one_tokenizer_in_three_containers_is_one_finding() {
        let mut sample = sample(vec![qwen()]);
        for path in ["orca/vocab.json", "orca/tokenizer.model", "other/tokenizer.json"] {
            sample.tokenizers.push(TokenizerFacts { path: path.into(), origins: Ok(vec![qwen()]) });
        }
        assert_eq!(check(&sample.facts()).len(), 2);
    }

    #[test]
    fn what_many_use_or_what_a_base_may_have_brought_is_a_note() {
        let common = TokenizerOrigin { common: true, ..origin("openai-community/gpt2", &["gpt2"], Kinship::Same) };
        assert_snapshot!(said(&sample(vec![common])), @"note: orca/tokenizer.json is consistent with the tokenizer of openai-community/gpt2 (the same pieces under the same ids); neither a declared base nor `tokenizer` in policy.toml names it; models of many makers use it");
        let mut sample = sample(vec![qwen()]);
        sample.declared = vec![declared("orca/**", &[("acme/whale", "finetune")])];
        assert_snapshot!(said(&sample), @"note: orca/tokenizer.json is consistent with the tokenizer of Qwen/Qwen2.5 (all of its pieces under the same ids, and more); neither a declared base nor `tokenizer` in policy.toml names it; the tokenizer of the declared base acme/whale is not known here");
        let known = crate::findings::BaseFacts { has_tokenizer: true, ..base("acme/whale", "MIT") };
        sample.base(known);
        assert!(said(&sample).starts_with("warn: "));
    }

    #[test]
    fn tokenizers_of_a_common_origin_say_nothing_and_a_root_is_a_note() {
        let root = said(&sample(vec![origin("zai-org/GLM-4", &["glm"], Kinship::Trimmed)]));
        assert!(root.starts_with("note: ") && root.ends_with("numbers do not tell which came first"), "{root}");
        assert_eq!(said(&sample(vec![origin("zai-org/GLM-4", &["glm"], Kinship::CommonOrigin)])), "");
    }

    #[test]
    fn a_vocabulary_that_was_stitched_on_needs_its_own_name() {
        let stitched = origin("baichuan-inc/Baichuan", &["baichuan"], Kinship::Stitched);
        let mut sample = sample(vec![qwen(), stitched]);
        sample.declared = vec![declared("orca/**", &[("Qwen/Qwen2.5-7B", "finetune")])];
        assert_snapshot!(said(&sample), @"warn: orca/tokenizer.json is consistent with the tokenizer of baichuan-inc/Baichuan (its pieces, beside those of another); neither a declared base nor `tokenizer` in policy.toml names it");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let mut sample = Sample::default();
        let origins = Err(TokenizerError::Damaged("EOF at line 1".into()));
        sample.tokenizers.push(TokenizerFacts { path: "tokenizer.json".into(), origins });
        assert_snapshot!(said(&sample), @"warn: tokenizer.json could not be compared with known tokenizers: it is damaged: EOF at line 1");
    }
}
