// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-notice`: the base's license asks for a notice, and no notice file holds it.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if its license asks for a sentence \
           in a Notice text file, a file named `NOTICE` or `Notice` (`.txt`, `.md`), in any case, in the model's folder or \
           above it, must hold that sentence; quotes, ©, case and wrapping do not matter. If the base came with a NOTICE \
           file and its license is Apache-2.0 or built on it, that file's text must be reproduced. The sentence in a \
           license file or a README does not count: the licenses ask for a notice file. Adapters and distilled models warn \
           where the clause speaks of copies of the materials.",
    why: "The notice tells whoever receives the weights where they come from; it is a condition of the license.",
    example: "error[missing-notice]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks for a notice \
              (§1.b.iii), and no notice file beside the weights or above them holds it",
    fix: "Put the sentence that the finding quotes into `NOTICE`.",
    clauses: "Llama 2 to 4 §1.b.iii; Gemma Terms of Use §3.1(4); Qwen §3(c); Tencent Hunyuan §3(d); Stability AI §IV(a)(ii); \
              Apache-2.0 §4(d) for the base's own NOTICE file.",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::MissingNotice)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::finding::Level;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    const LLAMA: &str = "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c) Meta Platforms, Inc. All \
                         Rights Reserved";

    fn run(sample: &Sample) -> Vec<Finding> {
        check(&Ledger::of(&sample.facts()))
    }

    fn sample(license: &str, relation: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("x/base", license));
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("x/base", relation)]));
        sample
    }

    #[test]
    fn a_missing_notice_is_quoted_with_its_clause() {
        let found = run(&sample("llama3.1", "finetune"));
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (llama3.1) asks for a notice (§1.b.iii), and no notice file beside the weights or above them holds it");
        assert_snapshot!(found[0].remedy, @"
        add to NOTICE:
        Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.
        ");
        assert_eq!((found[0].obligation.as_deref(), found[0].cap), (Some("notice-file"), None));
    }

    #[test]
    fn a_notice_file_above_the_weights_is_enough_and_a_readme_is_not() {
        let mut sample = sample("llama3.1", "finetune");
        sample.document("README.md", &format!("---\nlicense: llama3.1\n---\n{LLAMA}\n"));
        assert!(run(&sample)[0].message.ends_with("; it stands in README.md, which is not a notice file"));
        sample.notice("Notice.txt", LLAMA);
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn the_wording_of_the_clause_sets_the_level() {
        let cap = |license, relation| run(&sample(license, relation))[0].cap;
        assert_eq!(cap("llama3.1", "quantized"), None);
        assert_eq!(cap("llama3.1", "adapter"), Some(Level::Warn));
        assert_eq!(cap("gemma", "adapter"), None);
        assert_eq!(cap("nvidia-open-model", "finetune"), Some(Level::Warn));
        assert_eq!(cap("opt-175b", "finetune"), Some(Level::Warn));
    }

    #[test]
    fn a_copy_of_a_model_only_license_is_not_doubtful() {
        let mut sample = sample("nvidia-open-model", "quantized");
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Identical, -300.0));
        assert_eq!(run(&sample)[0].cap, None);
    }

    #[test]
    fn apache_asks_for_the_base_s_own_notice() {
        let mut sample = sample("apache-2.0", "finetune");
        assert_eq!(run(&sample), []);
        sample.bases.get_mut("x/base").unwrap().notice_text = Some("Acme Weights\nCopyright 2024 Acme Inc.\n".into());
        let found = run(&sample);
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (apache-2.0) asks for its NOTICE to be reproduced (§4(d)), and no notice file beside the weights or above them holds it");
        sample.notice("NOTICE", "Orca\n\nAcme Weights Copyright 2024 Acme Inc.\n");
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn a_license_without_a_notice_asks_for_none() {
        assert_eq!(run(&sample("mit", "finetune")), []);
    }
}
