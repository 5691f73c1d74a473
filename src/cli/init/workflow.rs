// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The GitHub workflow: the gate where it cannot be skipped.
//!
//! In: the branches on which findings block. Out: the text of `.github/workflows/forebear.yml`.

/// As in docs/github.md, with these branches in the place of others.
const WORKFLOW: &str = include_str!("../workflow.yml");
/// The line that names the branches.
const BRANCHES: &str = "    branches: [main, \"release/**\"]\n";
/// What the action is named by until somebody pins it.
const UNPINNED: &str =
    "forebear/forebear@v0 # zizmor: ignore[unpinned-uses] pin it by commit, as docs/github.md of forebear says";

/// Where it is written.
pub(super) const PLACE: &str = ".github/workflows/forebear.yml";

/// The text of the workflow. `commit`: what the action is pinned by.
pub(super) fn workflow(branches: &[String], commit: Option<&str>) -> String {
    // A policy that names none is strict on every branch.
    let every = ["**".to_owned()];
    let branches = if branches.is_empty() { &every } else { branches };
    let quoted: Vec<String> = branches.iter().map(|branch| quoted(branch)).collect();
    let text = WORKFLOW.replace(BRANCHES, &format!("    branches: [{}]\n", quoted.join(", ")));
    match commit {
        Some(commit) => text.replace(UNPINNED, &format!("forebear/forebear@{commit}")),
        None => text,
    }
}

/// A JSON string, which is a YAML string too. A leading `!` would take branches away.
fn quoted(pattern: &str) -> String {
    let pattern = pattern.strip_prefix('!').map_or_else(|| pattern.to_owned(), |rest| format!("\\!{rest}"));
    serde_json::Value::String(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_and_commit_take_their_places() {
        assert!(WORKFLOW.contains(BRANCHES) && WORKFLOW.contains(UNPINNED));
        let branches = ["main".to_owned(), "release/*".to_owned(), "!a\"b".to_owned()];
        let text = workflow(&branches, Some(&"a".repeat(40)));
        assert!(text.contains("    branches: [\"main\", \"release/*\", \"\\\\!a\\\"b\"]\n"), "{text}");
        assert!(text.contains(&format!("uses: forebear/forebear@{}\n", "a".repeat(40))) && !text.contains("@v0"));
        assert!(workflow(&[], None).contains("forebear/forebear@v0 "));
        assert!(workflow(&[], None).contains("    branches: [\"**\"]\n"));
    }

    /// Without what is chosen here, it is the workflow that docs/github.md has.
    #[test]
    fn it_is_the_workflow_of_the_documentation() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/github.md")).unwrap_or_default();
        let (_, page) = page.split_once("```yaml\n").unwrap_or_default();
        let (shown, _) = page.split_once("```").unwrap_or_default();
        let plain = |text: &str| {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            let named = |line: &str| match line.split_once("uses: forebear/forebear@") {
                Some((before, _)) => format!("{before}uses: forebear"),
                None => line.to_owned(),
            };
            lines.map(named).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(plain(WORKFLOW).trim(), plain(shown).trim());
    }
}
