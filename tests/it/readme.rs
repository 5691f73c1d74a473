// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the README and docs/commands.md show is what the program writes; `FOREBEAR_BLESS=1` writes it there.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::command_line::{forebear, stdout};

/// A file of this repository, with the text between two lines replaced if that is wished for; else they must agree.
pub(crate) fn shows(file: &str, begin: &str, end: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(begin).unwrap();
    let (shown, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("FOREBEAR_BLESS").is_some() {
        fs::write(&path, format!("{head}{begin}{expected}{end}{tail}")).unwrap();
    } else {
        assert_eq!(
            shown, expected,
            "{file} is out of date; FOREBEAR_BLESS=1 cargo nextest run readme license_trees writes it"
        );
    }
}

/// The text with the name of the temporary folder and the time taken made the same everywhere.
fn settled(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| match word.split_once("/forebear-demo-") {
        Some((_, rest)) => format!("/tmp/demo{}", rest.split_at(rest.find('/').unwrap_or(rest.len())).1),
        None => word.to_owned(),
    });
    let text: String = words.collect();
    let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
        Some((before, time)) if line.contains("compared with") && time.contains(" s") => {
            let after = time.split_once(" s").map_or("", |(_, after)| after);
            format!("{before} in 0.1 s{after}\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn the_readme_shows_the_blocked_push_of_the_demo() {
    let folder = tempdir().unwrap();
    let told = settled(&stdout(folder.path(), &["demo"]));
    let (_, from_second) = told.split_once("    $ git push hub main\n").unwrap();
    let (blocked, third) = from_second.split_once("\n3. ").unwrap();
    let block: Vec<&str> = blocked.trim_end().lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    shows("README.md", "```text\n$ git push hub main\n", "```\n", &(block.join("\n") + "\n"));
    assert!(third.contains("passed: nothing denied") && third.contains("(git push ended with 0)"), "{third}");
}

#[test]
fn the_commands_page_is_the_help_of_the_program() {
    let folder = tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let output = forebear(folder.path()).args(arguments).arg("--help").env("COLUMNS", "100").output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
    };
    let main = help(&[]);
    let (_, commands) = main.split_once("Commands:\n").unwrap();
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.contains(&"demo") && names.contains(&"schema"), "{names:?}");
    let mut page = format!("```text\n{main}```\n");
    for name in names {
        let text = help(&[name]);
        // The global options are said once, above.
        let own = text.split_once("\nGlobal options:").map_or(text.as_str(), |(own, _)| own);
        page += &["\n## forebear ", name, "\n\n```text\n", own.trim_end(), "\n```\n"].concat();
    }
    shows("docs/commands.md", "<!-- generated -->\n\n", "<!-- end -->\n", &format!("{page}\n"));
}
