// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `notice-removed`: a push deletes or shortens a license, a notice, or a copyright line in one.

use crate::licenses::{containment, copyright_key, copyright_lines, normalize};

use super::facts::{Facts, FormerText};
use super::finding::{Finding, Rule};
use super::own::{among, is_own};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Compares the license and notice files of the base side with those that the push leaves. Fires when a file is gone or \
           was changed, and a copyright line or at least a twentieth of its text is in no license or notice file any more. \
           Moving a text to another file is no loss; neither are new years, typography, and text whose copyright lines are all \
           the releaser's own (`copyright` under `[release]`). A base that is no longer used needs no notice, so the finding \
           warns; where a notice is still owed, `missing-license-text`, `missing-notice` and `missing-attribution` deny.",
    why: "A notice is put in with care and lost in a cleanup, or in a release that would rather not name its origin.",
    example: "warning[notice-removed]: the push removes LICENSE, and no license or notice file holds any more: Copyright (c) 2023 DeepSeek",
    fix: "Put the lines back, or keep the old text under `LICENSES/` or in `NOTICE`.",
    clauses: "MIT, second paragraph; BSD, clauses 1 and 2; Apache-2.0 §4(c) and (d); Llama 3.1 §1.b.iii.",
};

/// Share of a text that must still be there.
const KEPT: f64 = 0.95;
/// Lost lines that are quoted.
const QUOTED: usize = 3;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    if facts.former.is_empty() {
        return Vec::new();
    }
    let licenses = facts.documents.licenses.iter().map(|file| file.text.as_str());
    let all: Vec<&str> = licenses.chain(facts.documents.notices.iter().map(|file| file.text.as_str())).collect();
    let now = all.join("\n\n");
    let held: Vec<String> = copyright_lines(&now).into_iter().map(copyright_key).collect();
    facts.former.iter().filter_map(|former| finding(facts, former, &now, &held)).collect()
}

fn finding(facts: &Facts, former: &FormerText, now: &str, held: &[String]) -> Option<Finding> {
    let claims = copyright_lines(&former.text);
    let mut lost: Vec<&str> =
        claims.iter().copied().filter(|line| !is_own(facts, line) && !among(held, line)).collect();
    // Who holds all of it may change it.
    let all_own = !claims.is_empty() && claims.iter().all(|line| is_own(facts, line));
    if !all_own && containment(&former.text, now) < KEPT {
        let plain = normalize(now);
        let gone = |line: &&str| !line.is_empty() && !plain.contains(&normalize(line));
        lost.extend(
            former
                .text
                .lines()
                .map(str::trim)
                .filter(gone)
                .filter(|line| !claims.contains(line) && !is_own(facts, line)),
        );
    }
    let first = lost.first()?;
    let done = if former.gone { "removes" } else { "changes" };
    let more = match lost.len() {
        0..=QUOTED => String::new(),
        all if all == QUOTED + 1 => "; and one more line".into(),
        all => format!("; and {} more lines", all - QUOTED),
    };
    let quoted: Vec<&str> = lost.iter().take(QUOTED).copied().collect();
    let message = format!(
        "the push {done} {}, and no license or notice file holds any more: {}{more}",
        former.path,
        quoted.join("; ")
    );
    let remedy = format!(
        "put back what is still owed, in {} or another license or notice file:\n{}",
        former.path,
        quoted.join("\n")
    );
    let mut finding = Finding::new(Rule::NoticeRemoved, message, remedy, &[&former.path, first]).at(&former.path, None);
    finding.obligation = Some("retain-notices".into());
    Some(finding)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::Sample;

    const NOTICE: &str =
        "Orca\nCopyright 2026 Acme\n\nThis product includes Tern.\nCopyright 2025 Northwind Research\n";

    fn former(text: &str, gone: bool) -> Sample {
        let mut sample = Sample::default();
        sample.former.push(FormerText { path: "NOTICE".into(), text: text.into(), gone });
        sample
    }

    fn messages(sample: &Sample) -> Vec<String> {
        check(&sample.facts()).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_removed_notice_is_quoted() {
        assert_snapshot!(messages(&former(NOTICE, true)).join("\n"), @"the push removes NOTICE, and no license or notice file holds any more: Copyright 2026 Acme; Copyright 2025 Northwind Research; Orca; and one more line");
    }

    #[test]
    fn a_shortened_notice_loses_what_is_not_there() {
        let mut sample = former(NOTICE, false);
        sample.notice("NOTICE", "Orca\nCopyright 2024-2026 Acme\n");
        assert_snapshot!(messages(&sample).join("\n"), @"the push changes NOTICE, and no license or notice file holds any more: Copyright 2025 Northwind Research; This product includes Tern.");
    }

    #[test]
    fn what_moved_is_not_lost_and_own_text_may_go() {
        let mut sample = former(NOTICE, true);
        sample.license("LICENSES/notices.txt", NOTICE);
        assert_eq!(messages(&sample), [""; 0]);
        let mut sample =
            former("MIT License\n\nCopyright (c) 2025 Acme Inc.\n\nPermission is granted to everybody.\n", false);
        sample.release.copyright = vec!["Acme".into()];
        assert_eq!(messages(&sample), [""; 0]);
        sample.release.copyright = vec!["Northwind".into()];
        assert_eq!(messages(&sample).len(), 1);
    }
}
