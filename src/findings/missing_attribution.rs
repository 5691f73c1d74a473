// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-attribution`: the base's copyright lines are not kept, or it is not credited.

use super::finding::{Finding, Rule};
use super::owed::Ledger;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show. If its license asks \
           to retain notices: every copyright line of the license text that is registered with the base (and of \
           its NOTICE, where the license does not ask for that as a whole) must stand in a license, notice, \
           card or README beside the weights or above them; years and typography do not matter. Where the \
           clause makes the line part of the text to copy (MIT, BSD, and their like) the finding denies; where \
           it speaks of source form it warns. If its license asks for attribution (Creative Commons): a notice, \
           card or README must name the base by its id or its last part, and some document its license. Credit \
           in other words is not seen, so that finding warns.",
    why: "Credit is what permissive licenses ask for in return, and often all they ask for.",
    example: "error[missing-attribution]: w/orca.safetensors: the license of deepseek-ai/DeepSeek-R1 (mit) asks to \
           keep its copyright notices (second paragraph), and no license, notice or card beside the weights or \
           above them holds: Copyright (c) 2023 DeepSeek",
    fix: "Add the lines that the finding quotes above the license text, or the sentence that it proposes to \
           `NOTICE`.",
    clauses: "MIT, second paragraph; BSD, clauses 1 and 2; Apache-2.0 §4(c); OpenRAIL-M §4(d); CC-BY-4.0 \
           §3(a)(1)(A).",
};

pub(super) fn check(ledger: &Ledger) -> Vec<Finding> {
    ledger.findings(Rule::MissingAttribution)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::finding::Level;
    use crate::findings::samples::{Sample, base, declared, model};
    use crate::licenses::text;

    fn sample(license: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("x/base", license));
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("x/base", "finetune")]));
        sample
    }

    fn run(sample: &Sample) -> Vec<Finding> {
        check(&Ledger::of(&sample.facts()))
    }

    #[test]
    fn mit_asks_for_the_base_s_own_copyright_line() {
        let mut sample = sample("mit");
        let mit = text("mit").unwrap();
        let registered = format!("MIT License\n\nCopyright (c) 2023 DeepSeek\n\n{mit}");
        sample.bases.get_mut("x/base").unwrap().license_text = Some(registered);
        sample.license("LICENSE", &format!("Copyright (c) 2026 Acme\n\n{mit}"));
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert_snapshot!(found[0].remedy, @"
        add above the license text in LICENSE:
        Copyright (c) 2023 DeepSeek
        ");
        sample.notice("NOTICE", "Copyright (c) 2023 DeepSeek");
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn where_the_clause_speaks_of_source_form_the_finding_warns() {
        let mut sample = sample("apache-2.0");
        sample.bases.get_mut("x/base").unwrap().license_text =
            Some(format!("Copyright 2018 The Tern Team\n\n{}", text("apache-2.0").unwrap()));
        assert_eq!(run(&sample)[0].cap, Some(Level::Warn));
    }

    #[test]
    fn credit_names_the_base_and_its_license() {
        let mut sample = sample("cc-by-4.0");
        let found = run(&sample);
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (cc-by-4.0) asks for credit to creator, license, and source (§3(a)(1)(A)), and no notice, card or README beside the weights or above them names x/base");
        sample.notice("NOTICE", found[0].remedy.split_once('\n').unwrap().1);
        assert_eq!(run(&sample), []);
    }
}
