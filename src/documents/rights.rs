// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `REUSE.toml` and `.license` files → the copyright lines they give for other files.
//!
//! The format is that of the REUSE specification, version 3.3.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::DocumentProblem;

/// Most globs of one file; more are a mistake or an attack.
const GLOB_LIMIT: usize = 2000;

/// Copyright lines for some files.
#[derive(Clone, Debug)]
pub struct Rights {
    /// The file that says so.
    pub path: String,
    /// Copyright lines, as written.
    pub copyright: Vec<String>,
    globs: GlobSet,
}

impl Rights {
    /// Reads a `REUSE.toml`: one entry an annotation.
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
        if count > GLOB_LIMIT {
            return Err(fault(format!("it has {count} paths; {GLOB_LIMIT} are read at most")));
        }
        let read = |annotation: Annotation| {
            let mut set = GlobSetBuilder::new();
            for pattern in annotation.path.all() {
                let pattern = format!("{}{pattern}", globset::escape(&folder));
                set.add(
                    GlobBuilder::new(&pattern)
                        .literal_separator(true)
                        .build()
                        .map_err(|error| fault(error.to_string()))?,
                );
            }
            let globs = set.build().map_err(|error| fault(error.to_string()))?;
            let copyright = annotation.copyright.map(OneOrMany::into_all).unwrap_or_default();
            Ok(Self { path: path.to_owned(), copyright, globs })
        };
        file.annotations.into_iter().map(read).collect()
    }

    /// Reads `FILE.license`, which speaks for `FILE`.
    pub fn sidecar(path: &str, text: &str) -> Option<Self> {
        let of = path.get(..path.len().checked_sub(".license".len())?)?;
        let glob = GlobBuilder::new(&globset::escape(of)).literal_separator(true).build().ok()?;
        let globs = GlobSetBuilder::new().add(glob).build().ok()?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Some(Self { path: path.to_owned(), copyright: lines.map(str::to_owned).collect(), globs })
    }

    /// Whether it speaks for the file at `path`.
    pub fn covers(&self, path: &str) -> bool {
        self.globs.is_match(path)
    }
}

#[derive(Deserialize)]
struct ReuseFile {
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    path: OneOrMany,
    #[serde(rename = "SPDX-FileCopyrightText")]
    copyright: Option<OneOrMany>,
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
        assert_eq!(rights[0].copyright, ["2024 The Qwen team"]);
        assert!(rights[0].covers("src/vendor/a/b.py") && rights[0].covers("src/x.py") && !rights[0].covers("x.py"));
    }

    #[test]
    fn a_sidecar_speaks_for_one_file() {
        let rights = Rights::sidecar("a[1].bin.license", "SPDX-FileCopyrightText: 2026 Acme\n").unwrap();
        assert!(rights.covers("a[1].bin") && !rights.covers("a1.bin"));
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        assert!(Rights::parse("REUSE.toml", "[[annotations]]\npath = 3\n").is_err());
        assert!(Rights::parse("REUSE.toml", "[[annotations").is_err());
        let many = format!("[[annotations]]\npath = [{}]\n", "\"a\",".repeat(GLOB_LIMIT + 1));
        assert!(Rights::parse("REUSE.toml", &many).is_err());
    }
}
