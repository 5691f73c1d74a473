// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A path of the tree → whose file it is and under which license, and who says so.
//!
//! In: [`Documents`] and what the file says of itself. Out: [`Licensing`], by the order of the REUSE specification 3.3,
//! "Order of precedence": a `.license` file stands in the place of the file's own header; the topmost `REUSE.toml` that
//! overrides counts alone; nearer ones come before farther ones, and of one the last annotation that matches.

use super::rights::Precedence;
use super::{Documents, LicenseFile, Rights};
use crate::code::Headers;

/// Copyright and license of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Licensing<'a> {
    /// Copyright lines.
    pub copyright: Vec<Said<'a>>,
    /// SPDX license expressions. Several: all of them hold.
    pub licenses: Vec<Said<'a>>,
    /// License files in the file's folder and in the folders above it, nearest first: what speaks for it if nothing
    /// else does.
    pub files: Vec<&'a LicenseFile>,
}

/// What is said, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// A copyright line or an expression, as written.
    pub value: &'a str,
    /// The file that says so; the asked path for its own header.
    pub path: &'a str,
    /// Line, from 1, where it is known.
    pub line: Option<u32>,
}

impl Documents {
    /// Copyright and license of the file at `path`; `own` is its header, if it has been read.
    pub fn licensing_of<'a>(&'a self, path: &'a str, own: Option<&'a Headers>) -> Licensing<'a> {
        let mut found = Licensing::default();
        let levels = self.levels(path);
        let above = levels.iter().position(|rights| rights.precedence == Precedence::Override);
        if let Some(alone) = above.and_then(|at| levels.get(at)) {
            found.take(alone);
        } else {
            match self.rights.iter().find(|rights| rights.precedence == Precedence::Sidecar && rights.covers(path)) {
                Some(sidecar) => found.take(sidecar),
                None => found.take_header(path, own),
            }
        }
        // From the nearest to the topmost; what an override covers is not asked.
        for rights in levels.iter().take(above.unwrap_or(levels.len())).rev() {
            match rights.precedence {
                Precedence::Aggregate => found.take(rights),
                _ => found.fill(rights),
            }
        }
        let mut files: Vec<&LicenseFile> = self.licenses_for(path).collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.path.matches('/').count()));
        found.files = files;
        found
    }

    /// The annotation of each `REUSE.toml` that speaks for the file, the topmost first.
    fn levels(&self, path: &str) -> Vec<&Rights> {
        let mut levels: Vec<&Rights> = Vec::new();
        for rights in
            self.rights.iter().filter(|rights| rights.precedence != Precedence::Sidecar && rights.covers(path))
        {
            match levels.iter_mut().find(|other| other.path == rights.path) {
                Some(earlier) => *earlier = rights,
                None => levels.push(rights),
            }
        }
        levels.sort_by_key(|rights| rights.path.matches('/').count());
        levels
    }
}

impl<'a> Licensing<'a> {
    /// Whether nothing but license files around it speaks for the file.
    pub fn is_unstated(&self) -> bool {
        self.copyright.is_empty() && self.licenses.is_empty()
    }

    fn take(&mut self, rights: &'a Rights) {
        let stated = |value: &'a String| Said { value, path: &rights.path, line: None };
        self.copyright.extend(rights.copyright.iter().map(stated));
        self.licenses.extend(rights.licenses.iter().map(stated));
    }

    fn fill(&mut self, rights: &'a Rights) {
        let stated = |value: &'a String| Said { value, path: &rights.path, line: None };
        if self.copyright.is_empty() {
            self.copyright.extend(rights.copyright.iter().map(stated));
        }
        if self.licenses.is_empty() {
            self.licenses.extend(rights.licenses.iter().map(stated));
        }
    }

    fn take_header(&mut self, path: &'a str, own: Option<&'a Headers>) {
        let Some(own) = own else { return };
        let stated = |(line, value): &'a (u32, String)| Said { value, path, line: Some(*line) };
        self.copyright.extend(own.copyright.iter().map(stated));
        self.licenses.extend(own.spdx.iter().map(stated));
    }
}

#[cfg(test)]
mod tests {
    use crate::code::headers;
    use crate::documents::read;
    use crate::documents::read::tests::file;

    const HEADER: &str = "# Copyright 2024 The Qwen team\n# SPDX-License-Identifier: Apache-2.0\n";

    fn annotation(path: &str, precedence: &str, holder: &str, license: &str) -> String {
        let line =
            |key: &str, value: &str| if value.is_empty() { String::new() } else { format!("{key} = \"{value}\"\n") };
        let (holder, license) = (line("SPDX-FileCopyrightText", holder), line("SPDX-License-Identifier", license));
        format!("[[annotations]]\npath = \"{path}\"\n{}{holder}{license}", line("precedence", precedence))
    }

    /// `licenses by places | holders` of `src/x.py`.
    fn of(documents: &[(&str, &str)], header: &str) -> String {
        let files: Vec<_> = documents.iter().map(|(path, text)| file(path, text)).collect();
        let (documents, problems) = read(&files);
        assert_eq!(problems, []);
        let own = headers(header);
        let found = documents.licensing_of("src/x.py", Some(&own));
        let licenses: Vec<String> =
            found.licenses.iter().map(|said| format!("{} by {}", said.value, said.path)).collect();
        let holders: Vec<&str> = found.copyright.iter().map(|said| said.value).collect();
        format!("{} | {}", licenses.join(", "), holders.join(", "))
    }

    #[test]
    fn the_header_comes_before_a_distant_toml_each_for_itself() {
        let toml = annotation("**", "", "2026 Acme", "MIT");
        assert_eq!(of(&[("REUSE.toml", &toml)], HEADER), "Apache-2.0 by src/x.py | Copyright 2024 The Qwen team");
        assert_eq!(of(&[("REUSE.toml", &toml)], ""), "MIT by REUSE.toml | 2026 Acme");
        let half = of(&[("REUSE.toml", &toml)], "# SPDX-License-Identifier: ISC\n");
        assert_eq!(half, "ISC by src/x.py | 2026 Acme");
    }

    #[test]
    fn the_last_annotation_and_the_nearest_file_count() {
        let top = annotation("**", "", "2020 Old", "ISC") + &annotation("src/**", "", "2026 Acme", "MIT");
        assert_eq!(of(&[("REUSE.toml", &top)], ""), "MIT by REUSE.toml | 2026 Acme");
        let near = annotation("x.py", "", "", "Zlib");
        let both = of(&[("REUSE.toml", &top), ("src/REUSE.toml", &near)], "");
        assert_eq!(both, "Zlib by src/REUSE.toml | 2026 Acme");
    }

    #[test]
    fn aggregate_adds_and_override_counts_alone() {
        let toml = annotation("**", "aggregate", "2026 Acme", "MIT");
        let found = of(&[("REUSE.toml", &toml)], HEADER);
        assert_eq!(found, "Apache-2.0 by src/x.py, MIT by REUSE.toml | Copyright 2024 The Qwen team, 2026 Acme");
        let top = annotation("**", "override", "2026 Acme", "MIT");
        let near = annotation("x.py", "override", "", "Zlib");
        assert_eq!(of(&[("REUSE.toml", &top), ("src/REUSE.toml", &near)], HEADER), "MIT by REUSE.toml | 2026 Acme");
    }

    #[test]
    fn a_sidecar_stands_in_the_place_of_the_header() {
        let sidecar = "SPDX-FileCopyrightText: 2026 Acme\nSPDX-License-Identifier: MIT\n";
        let found = of(&[("src/x.py.license", sidecar)], HEADER);
        assert_eq!(found, "MIT by src/x.py.license | SPDX-FileCopyrightText: 2026 Acme");
    }

    #[test]
    fn license_files_around_it_are_told_nearest_first() {
        let (documents, _) = read(&[file("LICENSE", "a"), file("src/LICENSE", "b"), file("w/LICENSE", "c")]);
        let found = documents.licensing_of("src/x.py", None);
        assert!(found.is_unstated());
        let paths: Vec<&str> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["src/LICENSE", "LICENSE"]);
    }
}
