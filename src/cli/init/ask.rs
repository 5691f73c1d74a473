// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The interview: six questions at most, each with what was seen as its answer.
//!
//! In: what was seen, and the answers that flags give. Out: [`Answers`]. Nothing is written here, so that whoever stops
//! in the middle leaves everything as it was.

use std::io::{self, IsTerminal};

use dialoguer::Input;

use super::command::Arguments;
use super::look::{Seen, is_plain};

/// What the owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) name: String,
    pub(super) license: Option<String>,
    pub(super) branches: Vec<String>,
    /// Of the models that no card names a base for.
    pub(super) origin: Origin,
    pub(super) hook: bool,
    pub(super) workflow: bool,
    pub(super) sign: bool,
}

/// Where weights come from, as their owner says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody said.
    Open,
    Scratch,
    /// From bases of these ids.
    Bases(Vec<String>),
}

/// What there is to be asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Missing {
    pub(super) policy: bool,
    pub(super) hook: bool,
    pub(super) workflow: bool,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answerer {
    Person,
    /// The defaults, because `--yes` says so.
    Yes,
    /// The defaults, because there is nobody.
    Nobody,
}

impl Answerer {
    pub(super) fn of(arguments: &Arguments) -> Self {
        match arguments.yes {
            true => Self::Yes,
            false if io::stdin().is_terminal() && io::stderr().is_terminal() => Self::Person,
            false => Self::Nobody,
        }
    }
}

/// Asks what flags do not answer.
pub(super) fn ask(seen: &Seen, given: &Arguments, missing: Missing, who: Answerer) -> anyhow::Result<Answers> {
    let person = who == Answerer::Person;
    let ask = |question: Question| if person { question.put() } else { Ok(question.default) };
    let yes = |what: &str, flag: Option<bool>, default: bool, open: bool| match flag {
        Some(said) => Ok(said),
        None if open && person => yes_or_no(what, default),
        None => Ok(open && default),
    };
    let license = seen.license.as_ref().map_or_else(|| NONE.to_owned(), |(id, _)| id.clone());
    let name = match (&given.name, missing.policy) {
        (Some(name), _) => name.clone(),
        (None, false) => seen.name.clone(),
        (None, true) => ask(Question::new("Name of the release", &seen.name, one_line))?,
    };
    let license = match (&given.license, missing.policy) {
        (Some(license), _) => license.clone(),
        (None, false) => license,
        (None, true) => {
            ask(Question::new("License of the release (SPDX, a model license, or none)", &license, one_line))?
        }
    };
    let branches = if seen.branches.is_empty() { "main".to_owned() } else { seen.branches.join(", ") };
    let branches = match (given.branch.as_slice(), missing.policy) {
        ([], true) => listed(&ask(Question::new("Branches on which findings block", &branches, patterns))?),
        ([], false) => seen.branches.clone(),
        (said, _) => said.to_vec(),
    };
    let silent = seen.weights.iter().filter(|weights| weights.bases.is_empty()).count();
    let origin = match given.base.as_slice() {
        _ if given.from_scratch => Origin::Scratch,
        [] if missing.policy && silent > 0 => origin(&ask(Question::new(&lineage(seen, silent), OPEN, bases))?),
        [] => Origin::Open,
        said => Origin::Bases(said.to_vec()),
    };
    let managed = seen.managers.iter().any(|(_, _, named)| *named);
    Ok(Answers {
        name,
        license: Some(license).filter(|license| license != NONE),
        branches,
        origin,
        hook: yes("Install the pre-push hook", given.hook(), !managed, missing.hook)?,
        workflow: yes("Write a GitHub workflow", given.workflow(), true, missing.workflow && seen.github)?,
        sign: given.sign,
    })
}

/// The answer that says that there is none.
const NONE: &str = "none";
/// The answer that leaves it to be written later.
const OPEN: &str = "later";
/// The answer for weights that come from no others.
const SCRATCH: &str = "scratch";

fn lineage(seen: &Seen, silent: usize) -> String {
    let whose = match (seen.weights.iter().find(|weights| weights.bases.is_empty()), silent) {
        (Some(one), 1) => one.glob.clone(),
        _ => format!("the {silent} models without a card"),
    };
    format!("Bases of {whose} (ids, {SCRATCH}, or {OPEN})")
}

fn origin(answer: &str) -> Origin {
    match answer.trim() {
        "" | OPEN => Origin::Open,
        SCRATCH => Origin::Scratch,
        ids => Origin::Bases(listed(ids)),
    }
}

/// Parts between commas, each once.
fn listed(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if !parts.iter().any(|other| other.eq_ignore_ascii_case(part)) {
            parts.push(part.to_owned());
        }
    }
    parts
}

/// What is wrong with an answer, if anything is.
type Check = fn(&str) -> Result<(), String>;

struct Question {
    prompt: String,
    default: String,
    check: Check,
}

impl Question {
    fn new(prompt: &str, default: &str, check: Check) -> Self {
        Self { prompt: prompt.to_owned(), default: default.to_owned(), check }
    }

    fn put(self) -> anyhow::Result<String> {
        let check = self.check;
        let answer = Input::<String>::new()
            .with_prompt(self.prompt)
            .default(self.default)
            .validate_with(move |answer: &String| check(answer))
            .interact_text()?;
        Ok(answer.trim().to_owned())
    }
}

/// A line and not a single key: the cursor stays visible, whatever stops the program.
fn yes_or_no(what: &str, default: bool) -> anyhow::Result<bool> {
    let said = Question::new(&format!("{what} (yes or no)"), if default { "yes" } else { "no" }, yes_no).put()?;
    Ok(said.to_ascii_lowercase().starts_with('y'))
}

fn yes_no(answer: &str) -> Result<(), String> {
    let known = ["y", "yes", "n", "no"].contains(&answer.trim().to_ascii_lowercase().as_str());
    if known { Ok(()) } else { Err("say yes or no".to_owned()) }
}

fn one_line(answer: &str) -> Result<(), String> {
    if is_plain(answer) { Ok(()) } else { Err("a line of ordinary text is needed".to_owned()) }
}

fn patterns(answer: &str) -> Result<(), String> {
    let wrong = listed(answer).into_iter().find(|pattern| globset::Glob::new(pattern).is_err());
    match wrong {
        Some(pattern) => Err(format!("{pattern} is not a valid pattern")),
        None if listed(answer).is_empty() => Err("name one at least".to_owned()),
        None => one_line(answer),
    }
}

fn bases(answer: &str) -> Result<(), String> {
    match origin(answer) {
        Origin::Bases(ids) if ids.iter().any(|id| id.contains(char::is_whitespace)) => {
            Err("ids are parted by commas, and have no spaces".to_owned())
        }
        _ => one_line(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_are_written() {
        assert_eq!(origin(" later "), Origin::Open);
        assert_eq!(origin("scratch"), Origin::Scratch);
        assert_eq!(origin("a/b, c/d,A/b"), Origin::Bases(vec!["a/b".to_owned(), "c/d".to_owned()]));
        assert_eq!(listed("main, release/*,"), ["main", "release/*"]);
    }

    #[test]
    fn answers_that_would_make_no_policy_are_asked_again() {
        assert!(patterns("main, rel{ease").is_err() && patterns(" , ").is_err() && patterns("main").is_ok());
        assert!(bases("a b").is_err() && bases("a/b, c/d").is_ok() && one_line("a\u{1b}b").is_err());
        assert!(yes_no("Yes").is_ok() && yes_no("maybe").is_err());
    }
}
