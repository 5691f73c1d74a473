// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A model card → the claims of its YAML front matter, each with its line.
//!
//! The fields are those of the Hugging Face Hub's model card metadata.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::DocumentProblem;

/// YAML nodes allowed in a front matter; bounds aliases that multiply.
const NODE_LIMIT: usize = 20_000;

/// What a model card claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Path in the tree.
    pub path: String,
    /// `base_model`: one or several.
    pub base_models: Vec<Claim>,
    /// `base_model_relation`: `finetune`, `adapter`, `merge` or `quantized`.
    pub relation: Option<Claim>,
    /// `license`.
    pub license: Option<Claim>,
    /// `license_name`, where `license` is `other`.
    pub license_name: Option<Claim>,
    /// `license_link`.
    pub license_link: Option<Claim>,
    /// `datasets`.
    pub datasets: Vec<Claim>,
    /// The whole card, front matter included.
    pub text: String,
}

/// A claim and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub value: String,
    /// Line in the file, from 1.
    pub line: u32,
}

impl Card {
    /// Reads a card. `None`: there is no front matter, so nothing is claimed in a form that can be compared.
    pub fn parse(path: &str, text: String) -> Result<Option<Self>, DocumentProblem> {
        let Some(yaml) = front_matter(&text) else { return Ok(None) };
        let mut options = serde_saphyr::Options::default();
        if let Some(budget) = options.budget.as_mut() {
            budget.max_nodes = NODE_LIMIT;
        }
        let parsed: Result<Option<FrontMatter>, _> = serde_saphyr::from_str_with_options(yaml, options);
        let front = parsed.map_err(|error| DocumentProblem {
            path: path.into(),
            line: error.location().map(|location| file_line(yaml, location.line())),
            message: format!("its front matter cannot be read: {}", first_line(&error.to_string())),
            remedy: "correct the YAML between the two `---` lines, so that its claims can be compared".into(),
        })?;
        let front = front.unwrap_or_default();
        let claim =
            |spanned: Spanned<String>| Claim { line: file_line(yaml, spanned.referenced.line()), value: spanned.value };
        let list = |values: Option<OneOrMany>| values.map(|list| list.0).unwrap_or_default().into_iter().map(claim);
        Ok(Some(Self {
            path: path.into(),
            base_models: list(front.base_model).collect(),
            relation: front.base_model_relation.map(claim),
            license: list(front.license).next(),
            license_name: front.license_name.map(claim),
            license_link: front.license_link.map(claim),
            datasets: list(front.datasets).collect(),
            text,
        }))
    }

    /// The license claimed, by its own name where `license` is `other`.
    pub fn license_id(&self) -> Option<&Claim> {
        match (&self.license, &self.license_name) {
            (Some(license), Some(name)) if license.value.eq_ignore_ascii_case("other") => Some(name),
            (license, _) => license.as_ref(),
        }
    }
}

/// The line of a file on which a line of its front matter stands: the opening `---` is the first, and YAML ends lines at a
/// lone carriage return too, where editors do not.
fn file_line(yaml: &str, line: u64) -> u32 {
    let (mut left, mut at) = (line.saturating_sub(1), 2);
    let mut bytes = yaml.bytes().peekable();
    while left > 0 {
        match bytes.next() {
            Some(b'\n') => at += 1,
            Some(b'\r') if bytes.peek() != Some(&b'\n') => {}
            Some(_) => continue,
            None => break,
        }
        left -= 1;
    }
    at
}

/// The text between a first line `---` and the next line `---`, if there are such lines.
fn front_matter(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return rest.get(..at);
        }
        at += line.len();
    }
    None
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FrontMatter {
    base_model: Option<OneOrMany>,
    base_model_relation: Option<Spanned<String>>,
    license: Option<OneOrMany>,
    license_name: Option<Spanned<String>>,
    license_link: Option<Spanned<String>>,
    datasets: Option<OneOrMany>,
}

/// A string, or a list of strings.
struct OneOrMany(Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Strings>::deserialize(deserializer)?;
        Ok(match spanned.value {
            Strings::One(value) => {
                Self(vec![Spanned { value, referenced: spanned.referenced, defined: spanned.defined }])
            }
            Strings::Many(values) => Self(values),
        })
    }
}

enum Strings {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringsVisitor)
    }
}

struct StringsVisitor;

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = Strings;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Strings, E> {
        Ok(Strings::One(value.to_owned()))
    }

    // `license: no` is Norway to YAML 1.1, and a string to the Hub.
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Strings, E> {
        Ok(Strings::One(value.to_string()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Strings, E> {
        Ok(Strings::Many(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Strings, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Strings::Many(values))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn card(text: &str) -> Card {
        Card::parse("README.md", text.into()).unwrap().unwrap()
    }

    #[test]
    fn claims_are_read_with_their_lines() {
        let card = card(
            "---\nlicense: other\nlicense_name: qwen-research\nbase_model:\n- Qwen/Qwen2.5-3B\n- a/b\nbase_model_relation: \
             merge\ntags: [x, y]\nmodel-index:\n- name: z\n---\n# Orca\n",
        );
        let bases: Vec<(&str, u32)> = card.base_models.iter().map(|claim| (claim.value.as_str(), claim.line)).collect();
        assert_eq!(bases, [("Qwen/Qwen2.5-3B", 5), ("a/b", 6)]);
        assert_eq!(card.relation.as_ref().unwrap().line, 7);
        assert_eq!(card.license_id().unwrap().value, "qwen-research");
    }

    #[test]
    fn one_base_may_be_a_string() {
        let card = card("---\nbase_model: Qwen/Qwen2.5-7B\nlicense: apache-2.0\n---\n");
        assert_eq!(card.base_models, [Claim { value: "Qwen/Qwen2.5-7B".into(), line: 2 }]);
        assert_eq!(card.license_id().unwrap().value, "apache-2.0");
    }

    #[test]
    fn a_card_without_front_matter_claims_nothing() {
        assert_eq!(Card::parse("README.md", "# Orca\n---\n".into()), Ok(None));
        assert_eq!(card("---\n---\n").base_models, []);
    }

    #[test]
    fn lines_are_those_of_an_editor_whatever_ends_them() {
        for (text, line) in [
            ("---\r\na: 1\r\nlicense: mit\r\n---\r\n", 3),
            ("---\na: 1\rlicense: mit\n---\n", 2),
            ("---\na: 1\r\rb: 2\n\nlicense: mit\n---\n", 4),
        ] {
            let card = Card::parse("README.md", text.into()).unwrap().unwrap();
            assert_eq!(card.license.unwrap().line, line, "{text:?}");
        }
    }

    #[test]
    fn bad_yaml_is_a_problem_with_its_line() {
        let problem = Card::parse("README.md", "---\nlicense: mit\nbase_model: {a: b}\n---\n".into()).unwrap_err();
        assert_eq!(problem.line, Some(3), "{problem:?}");
        let problem = Card::parse("README.md", "---\nlicense: mit\nlicense: mit\n---\n".into()).unwrap_err();
        assert_eq!(problem.line, Some(3), "{problem:?}");
        let problem = Card::parse("README.md", "---\nlicense: mit\r\r\r\rlicense: mit\n---\n".into()).unwrap_err();
        assert_eq!(problem.line, Some(2), "{problem:?}");
    }

    #[test]
    fn aliases_that_multiply_are_stopped() {
        use std::fmt::Write;
        let mut yaml = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let previous = format!("*a{}", level - 1);
            writeln!(yaml, "a{level}: &a{level} [{}]", vec![previous; 10].join(", ")).unwrap();
        }
        yaml += "---\n";
        assert!(Card::parse("README.md", yaml).is_err());
    }
}
