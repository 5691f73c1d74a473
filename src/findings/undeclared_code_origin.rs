// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `undeclared-code-origin`: source code is consistent with derivation from known code, and nothing says so.

use crate::code::Candidate;
use crate::evidence::Evidence;

use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Level, Rule};
use super::origins::Told;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Looks at the code of every source file that the push changes: comments, docstrings, imports and layout are dropped, \
           and so is every name; what is left is compared with prints of public model code (built in) and of code in the \
           registry (`forebear registry add-code`). Code that many families share counts for nothing. Fires when one family's \
           code makes up most of what is left and no other family comes near: a share alone is never enough, for independent \
           models built with one library share most of their code. Families whose code is the same here are named together. \
           Silent when the header keeps the copyright line, or a comment, a notice, a model card, or `policy.toml` names the \
           family. It warns, and never blocks: how often it is wrong is measured in docs/code-origin.md.",
    why: "Licenses of model code ask that copyright notices stay, and renaming everything does not make code one's own.",
    example: "warning[undeclared-code-origin]: modeling_orca.py is consistent with derivation from the code of qwen2 \
              (transformers/qwen2, Apache-2.0): it holds 0.97 of what is telling in it, the best other family 0.61; nothing \
              in its header, its comments, a notice or policy.toml says so",
    fix: "If the code was taken over, put the copyright lines back at the top of the file, say that it was changed, and name the \
          source in NOTICE. If it was written independently, waive the finding and say so. To look yourself, compare the file \
          with the family's own.",
    clauses: "Apache-2.0 §4(b), §4(c); BSD, clause 1; MIT, second paragraph.",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let told = Told::of(facts);
    facts.sources.iter().filter_map(|source| of_source(&told, source)).collect()
}

fn of_source(told: &Told, source: &SourceFacts) -> Option<Finding> {
    let families = source.attribution.families()?;
    let best = families.first()?;
    if families.iter().any(|candidate| told.credits(source, candidate)) {
        return None;
    }
    let names: Vec<&str> = families.iter().map(|candidate| candidate.family.as_str()).collect();
    let same = if names.len() > 1 { " (their code is the same here)" } else { "" };
    let next = best.share - source.attribution.margin;
    let origins: Vec<String> = families.iter().map(said).collect();
    let message = format!(
        "{} is consistent with derivation from the code of {}{same} ({}): it holds {:.2} of what is telling in it, the best other \
         family {:.2}; nothing in its header, its comments, a notice or policy.toml says so",
        source.path,
        names.join(" / "),
        origins.join("; "),
        best.share,
        next.max(0.0),
    );
    let line = &best.origin.copyright;
    let remedy = if line.is_empty() {
        format!("if it was taken over, name {} in the header and in NOTICE; if not, waive this", best.origin.id)
    } else {
        format!("if it was taken over, put back at the top of the file: {line}; if not, waive this")
    };
    let mut finding = Finding::new(Rule::UndeclaredCodeOrigin, message, remedy, &[&source.path, &best.family])
        .at(&source.path, None)
        .capped(Level::Warn);
    finding.base = Some(best.origin.id.clone());
    finding.about = names.iter().map(|name| (*name).to_owned()).collect();
    finding.obligation = Some("retain-notices".into());
    finding.evidence = vec![Evidence {
        mechanism: "code-prints".into(),
        log10_p: None,
        effect: source.attribution.margin,
        null: "code of every other known family".into(),
        n: best.shared as u64,
        detail: format!("{} of {} telling prints", best.shared, source.attribution.telling),
    }];
    Some(finding)
}

fn said(candidate: &Candidate) -> String {
    let origin = &candidate.origin;
    if origin.license.is_empty() { origin.id.clone() } else { format!("{}, {}", origin.id, origin.license) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::code::{Attribution, CodeOrigin, headers};
    use crate::findings::samples::{Sample, declared};

    fn candidate(family: &str, share: f64) -> Candidate {
        let origin = CodeOrigin {
            id: format!("transformers/{family}"),
            family: family.into(),
            license: "Apache-2.0".into(),
            copyright: "Copyright 2024 The Qwen team, Alibaba Group".into(),
        };
        Candidate { family: family.into(), origin, share, shared: 80 }
    }

    fn source(candidates: Vec<Candidate>, together: usize, margin: f64) -> SourceFacts {
        SourceFacts {
            path: "src/modeling_orca.py".into(),
            attribution: Attribution { candidates, together, margin, telling: 90 },
            ..SourceFacts::default()
        }
    }

    fn messages(sample: &Sample) -> Vec<String> {
        check(&sample.facts()).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn code_of_one_family_without_a_word_fires() {
        let mut sample = Sample::default();
        sample.sources.push(source(vec![candidate("qwen2", 0.97), candidate("llama", 0.4)], 1, 0.57));
        let found = check(&sample.facts());
        assert_snapshot!(found[0].message, @"src/modeling_orca.py is consistent with derivation from the code of qwen2 (transformers/qwen2, Apache-2.0): it holds 0.97 of what is telling in it, the best other family 0.40; nothing in its header, its comments, a notice or policy.toml says so");
        assert_snapshot!(found[0].remedy, @"if it was taken over, put back at the top of the file: Copyright 2024 The Qwen team, Alibaba Group; if not, waive this");
        assert_eq!(found[0].level, Level::Warn);
    }

    #[test]
    fn families_with_the_same_code_are_named_together() {
        let mut sample = Sample::default();
        sample.sources.push(source(vec![candidate("llama", 0.9), candidate("mistral", 0.88)], 2, 0.5));
        assert_snapshot!(messages(&sample)[0], @"src/modeling_orca.py is consistent with derivation from the code of llama / mistral (their code is the same here) (transformers/llama, Apache-2.0; transformers/mistral, Apache-2.0): it holds 0.90 of what is telling in it, the best other family 0.40; nothing in its header, its comments, a notice or policy.toml says so");
    }

    #[test]
    fn a_share_without_a_margin_is_not_enough() {
        let mut sample = Sample::default();
        sample.sources.push(source(vec![candidate("qwen2", 0.97), candidate("qwen3", 0.87)], 1, 0.1));
        sample.sources.push(source(vec![candidate("qwen2", 0.3)], 1, 0.3));
        assert!(messages(&sample).is_empty());
    }

    #[test]
    fn whoever_says_so_is_in_order() {
        let taken = || source(vec![candidate("qwen2", 0.97)], 1, 0.57);
        let mut kept = taken();
        kept.headers = headers("# Copyright 2024-2026 The Qwen team, Alibaba Group\n");
        let mut credited = taken();
        credited.credits = vec!["# Adapted from Hugging Face's modeling code".into()];
        let mut sample = Sample::default();
        sample.sources.extend([kept, credited]);
        assert!(messages(&sample).is_empty());

        sample.sources = vec![taken()];
        assert_eq!(messages(&sample).len(), 1);
        sample.declared.push(declared("*", &[("Qwen/Qwen2.5-7B", "finetune")]));
        assert!(messages(&sample).is_empty());
        sample.declared.clear();
        sample.notice("NOTICE", "This product includes code of Qwen2, Apache-2.0.");
        assert!(messages(&sample).is_empty());
    }
}
