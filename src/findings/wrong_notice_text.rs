// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `wrong-notice-text`: a notice file comes near to the prescribed sentence, and its words differ.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if its license \
           prescribes a sentence and the notice files beside the weights or above them hold one with at least \
           three quarters of its words in common, and not the sentence itself, the words that differ are shown \
           as `[-found-]{+asked for+}`. Quotes, dashes, ©, case, white space, wrapping and one full stop at the \
           end are no difference. Where only other marks between the words differ, the finding warns at most.",
    why: "The licenses prescribe the sentence word for word; another version's number in it names another \
           license.",
    example: "error[wrong-notice-text]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks \
           for a notice (§1.b.iii), and NOTICE comes near to it, with other words: llama [-3-]{+3.1+} is \
           licensed under …",
    fix: "Replace the sentence by the one that the finding quotes.",
    clauses: "Llama 2 to 4 §1.b.iii; Gemma Terms of Use §3.1(4); Qwen §3(c); Tencent Hunyuan §3(d); Stability AI \
           §IV(a)(ii).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::WrongNoticeText)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::finding::Level;
    use crate::findings::samples::{Sample, base, declared, model};

    const OLD: &str = "Llama 3 is licensed under the Llama 3 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.";

    fn sample(licenses: &[&str], notice: &str) -> Sample {
        let mut sample = Sample::default();
        for license in licenses {
            sample.base(base(&format!("x/{license}"), license));
        }
        sample.models.push(model("w/m.safetensors", vec![]));
        let ids: Vec<String> = licenses.iter().map(|license| format!("x/{license}")).collect();
        let bases: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "merge")).collect();
        sample.declared.push(declared("w/**", &bases));
        sample.notice("NOTICE", notice);
        sample
    }

    fn run(sample: &Sample) -> Vec<Finding> {
        check(&Ledger::of(&sample.facts()))
    }

    #[test]
    fn the_words_that_differ_are_shown_at_their_line() {
        let found = run(&sample(&["llama3.1"], &format!("Orca\n\n{OLD}\n")));
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/llama3.1 (llama3.1) asks for a notice (§1.b.iii), and NOTICE comes near to it, with other words: llama [-3-]{+3.1+} is licensed … the llama [-3-]{+3.1+} community license, …");
        assert_eq!((found[0].path.as_deref(), found[0].line, found[0].level), (Some("NOTICE"), Some(3), Level::Deny));
    }

    #[test]
    fn a_difference_in_marks_warns() {
        let notice = OLD.replace("Llama 3 ", "Llama 3.1 ").replace("Platforms, Inc", "Platforms Inc");
        assert_eq!(run(&sample(&["llama3.1"], &notice))[0].level, Level::Warn);
    }

    #[test]
    fn the_notice_of_another_base_is_not_the_wrong_one() {
        let notice = OLD.replace("Llama 3 ", "Llama 3.2 ");
        assert_eq!(run(&sample(&["llama3.1", "llama3.2"], &notice)), []);
        assert_eq!(run(&sample(&["llama3.1"], &notice)).len(), 1);
    }
}
