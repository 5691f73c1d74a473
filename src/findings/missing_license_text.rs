// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-license-text`: the base's license asks for a copy of its text, and the tree has none.

use super::facts::Facts;
use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;
use super::stated::stated_licenses;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if the base's license asks for a copy \
           of the license, its text must be in the distribution, that is in the model's folder or a folder above it (`LICENSE*`, \
           `COPYING*`, `LICENSES/`, `NOTICE*`). The text registered with the base, the built-in text, or for SPDX licenses \
           the SPDX text counts; wrapping, numbering and typography do not matter. A license with an added clause is not \
           taken for the plain one. The base's own copyright line is for `missing-attribution`. Licenses whose full \
           text was not read when the data was made warn at most. Where the tree follows REUSE (a `LICENSES/` folder, a `REUSE.toml` or a \
           `.license` file), every license that it states for a model or for pushed source must be among its license files, as \
           `LICENSES/ID.txt` or by its text; and wherever an SPDX expression is stated that cannot be read, or with an id that is \
           neither on the SPDX list nor a known model license, that is said: whose text is asked for is then not known. Both warn.",
    why: "Nearly every model license grants redistribution on the condition that recipients get its text.",
    example: "error[missing-license-text]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks for a copy of \
              its text (§1.b.i(A)), and no license file beside the weights or above them holds it",
    fix: "Copy the license text into the tree, for example as `LICENSES/llama3.1.txt`; `forebear explain llama3.1 --text` prints it where the text \
          is known.",
    clauses: "Apache-2.0 §4(a); MIT, second paragraph; BSD, clauses 1 and 2; Llama 3.1 §1.b.i(A); Gemma Terms of Use §3.1(2); \
              Qwen §3(a); OpenRAIL-M §4(b); CC-BY-4.0 §3(a)(1)(C), which accepts a link.",
};

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut findings = ledger.findings(Rule::MissingLicenseText);
    findings.extend(stated_licenses(facts));
    findings
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::finding::Level;
    use crate::findings::samples::{Sample, base, comparison, declared, model};
    use crate::licenses::text;

    fn run(sample: &Sample) -> Vec<Finding> {
        let facts = sample.facts();
        check(&facts, &Ledger::of(&facts))
    }

    fn sample(license: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("x/base", license));
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("x/base", "finetune")]));
        sample
    }

    #[test]
    fn a_missing_text_is_named_with_its_clause() {
        let found = run(&sample("llama3.1"));
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (llama3.1) asks for a copy of its text (§1.b.i(A)), and no license file beside the weights or above them holds it");
        assert_snapshot!(found[0].remedy, @"run: mkdir -p LICENSES && forebear explain llama3.1 --text > LICENSES/llama3.1.txt");
        assert_eq!(found[0].obligation.as_deref(), Some("license-copy"));
        assert_eq!(found[0].clause.as_deref(), Some("§1.b.i(A)"));
        assert_eq!(found[0].cap, None);
    }

    #[test]
    fn the_text_above_the_weights_is_enough_and_elsewhere_is_not() {
        let mut sample = sample("llama3.1");
        sample.license("other/LICENSE", text("llama3.1").unwrap());
        assert_eq!(run(&sample).len(), 1);
        sample.license("LICENSES/llama.txt", text("llama3.1").unwrap());
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn a_proven_base_that_is_not_declared_is_owed_to_as_well() {
        let mut sample = sample("llama3.1");
        sample.declared.clear();
        assert_eq!(run(&sample), []);
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Derived, -50.0));
        assert_eq!(run(&sample).len(), 1);
    }

    #[test]
    fn a_declared_descendant_does_not_shed_the_license_of_a_proven_base() {
        let mut sample = sample("llama3.1");
        let mut own = base("me/own", "unheard-of");
        own.ancestors = vec!["x/base".into()];
        sample.base(own);
        sample.declared[0] = declared("w/**", &[("me/own", "finetune")]);
        let owed = |sample: &Sample| -> Vec<Option<String>> {
            run(sample).into_iter().filter(|finding| finding.cap.is_none()).map(|f| f.base).collect()
        };
        assert_eq!(owed(&sample), []);
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Derived, -50.0));
        assert_eq!(owed(&sample), [Some("x/base".into())]);
    }

    #[test]
    fn a_license_not_read_in_full_warns_at_most() {
        assert_eq!(run(&sample("grok2-community"))[0].cap, Some(Level::Warn));
    }

    #[test]
    fn distillation_counts_only_where_the_license_says_so() {
        let with = |license| {
            let mut sample = sample(license);
            sample.declared = vec![declared("**", &[("x/base", "distilled")])];
            run(&sample).len()
        };
        assert_eq!((with("gemma"), with("llama2")), (1, 0));
    }

    #[test]
    fn an_unknown_license_is_said_aloud_and_its_registered_text_is_asked_for() {
        let mut sample = sample("Acme-Terms-1");
        assert_snapshot!(run(&sample)[0].message, @"the license of x/base (Acme-Terms-1) is not known here, so its obligations were not checked");
        let terms = "Anyone may use these weights if they pass on these terms together with every copy they make.";
        sample.bases.get_mut("x/base").unwrap().license_text = Some(terms.into());
        assert_eq!(run(&sample)[0].cap, Some(Level::Warn));
        sample.license("LICENSE", terms);
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn creative_commons_accepts_a_link() {
        let mut sample = sample("cc-by-4.0");
        assert_eq!(run(&sample).len(), 1);
        sample.document("README.md", "---\nlicense: cc-by-4.0\n---\nhttps://creativecommons.org/licenses/by/4.0/\n");
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn many_models_of_one_base_give_one_finding() {
        let mut sample = sample("llama3.1");
        for name in ["w/a.gguf", "w/b.gguf", "w/c.gguf"] {
            sample.models.push(model(name, vec![]));
        }
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("w/m.safetensors and 3 other models:"));
    }
}
