// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `REUSE.toml` and `.license` files → the copyright lines and licenses that they give for other files.
//!
//! The format is that of the REUSE specification, version 3.3.

use serde::Deserialize;

use super::DocumentProblem;
use super::pattern::Pattern;
use crate::code::Headers;

/// Most paths of one file; more are a mistake or an attack.
const PATH_LIMIT: usize = 2000;

/// Copyright lines and licenses for some files.
#[derive(Clone, Debug)]
pub struct Rights {
    /// The file that says so.
    pub path: String,
    /// Copyright lines, as written.
    pub copyright: Vec<String>,
    /// SPDX license expressions, as written.
    pub licenses: Vec<String>,
    /// What it is beside that which the files say of themselves.
    pub precedence: Precedence,
    patterns: Vec<Pattern>,
}

/// What an annotation is beside that which stands nearer to a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precedence {
    /// It counts where nothing nearer says anything: of copyright and of the license, each for itself.
    #[default]
    Closest,
    /// It counts as well.
    Aggregate,
    /// It counts alone.
    Override,
    /// It is a `.license` file, which speaks in the file's own place.
    #[serde(skip)]
    Sidecar,
}

impl Rights {
    /// Reads a `REUSE.toml`: one entry an annotation, in their order.
    pub fn parse(path: &str, text: &str) -> Result<Vec<Self>, DocumentProblem> {
        let fault = |message: String| DocumentProblem {
            path: path.to_owned(),
            line: None,
            message,
            remedy: "correct it; `reuse lint` names the place".into(),
        };
        let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
        let file: ReuseFile = toml::from_str(text)
            .map_err(|error| fault(format!("it cannot be read: {}", first(error.message().to_owned()))))?;
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let count: usize = file.annotations.iter().map(|annotation| annotation.path.all().len()).sum();
        if count > PATH_LIMIT {
            return Err(fault(format!("it has {count} paths; {PATH_LIMIT} are read at most")));
        }
        let read = |annotation: Annotation| {
            let below = escaped(&folder);
            let pattern = |text: &String| Pattern::parse(&format!("{below}{text}"));
            let patterns: Option<Vec<Pattern>> = annotation.path.all().iter().map(pattern).collect();
            Ok(Self {
                path: path.to_owned(),
                copyright: annotation.copyright.map(OneOrMany::into_all).unwrap_or_default(),
                licenses: annotation.license.map(OneOrMany::into_all).unwrap_or_default(),
                precedence: annotation.precedence,
                patterns: patterns.ok_or_else(|| fault("one of its paths is too long".into()))?,
            })
        };
        file.annotations.into_iter().map(read).collect()
    }

    /// Reads `FILE.license`, which speaks for `FILE`.
    pub fn sidecar(path: &str, text: &str) -> Option<Self> {
        let of = path.strip_suffix(".license")?;
        let said = Headers::from_lines(text.lines());
        let plain =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains("SPDX-License-Identifier"));
        Some(Self {
            path: path.to_owned(),
            copyright: plain.map(str::to_owned).collect(),
            licenses: said.spdx.into_iter().map(|(_, expression)| expression).collect(),
            precedence: Precedence::Sidecar,
            patterns: vec![Pattern::literal(of)],
        })
    }

    /// Whether it speaks for the file at `path`.
    pub fn covers(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(path))
    }
}

/// A path as a pattern that matches it alone.
fn escaped(path: &str) -> String {
    path.replace('\\', r"\\").replace('*', r"\*")
}

#[derive(Deserialize)]
struct ReuseFile {
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    path: OneOrMany,
    #[serde(default)]
    precedence: Precedence,
    #[serde(rename = "SPDX-FileCopyrightText")]
    copyright: Option<OneOrMany>,
    #[serde(rename = "SPDX-License-Identifier")]
    license: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    fn into_all(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn annotations_speak_for_their_paths() {
        let text = "version = 1\n[[annotations]]\npath = [\"vendor/**\", \"x.py\"]\nprecedence = \"aggregate\"\n\
                    SPDX-FileCopyrightText = \"2024 The Qwen team\"\nSPDX-License-Identifier = \"Apache-2.0\"\n";
        let rights = Rights::parse("src/REUSE.toml", text).unwrap();
        assert_eq!(
            (rights[0].copyright.as_slice(), rights[0].licenses.as_slice()),
            (&["2024 The Qwen team".to_owned()][..], &["Apache-2.0".to_owned()][..])
        );
        assert_eq!(rights[0].precedence, Precedence::Aggregate);
        assert!(rights[0].covers("src/vendor/a/b.py") && rights[0].covers("src/x.py") && !rights[0].covers("x.py"));
    }

    #[test]
    fn a_sidecar_speaks_for_one_file() {
        let text = "SPDX-FileCopyrightText: 2026 Acme\n\nSPDX-License-Identifier: MIT\n";
        let rights = Rights::sidecar("a[1].bin.license", text).unwrap();
        assert!(rights.covers("a[1].bin") && !rights.covers("a1.bin"));
        assert_eq!((rights.copyright.len(), rights.licenses.as_slice()), (1, &["MIT".to_owned()][..]));
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        assert!(Rights::parse("REUSE.toml", "[[annotations]]\npath = 3\n").is_err());
        assert!(Rights::parse("REUSE.toml", "[[annotations]]\npath = \"a\"\nprecedence = \"mine\"\n").is_err());
        assert!(Rights::parse("REUSE.toml", "[[annotations").is_err());
        let many = format!("[[annotations]]\npath = [{}]\n", "\"a\",".repeat(PATH_LIMIT + 1));
        assert!(Rights::parse("REUSE.toml", &many).is_err());
    }
}
