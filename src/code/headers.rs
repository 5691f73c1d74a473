// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The leading comment of a source file → its copyright lines and SPDX tags.

use crate::licenses;

/// Lines looked at: license headers are shorter, and generated files may be one long comment.
const LINE_LIMIT: usize = 200;

/// Words by which headers name their license.
const NAMED: &[(&str, &str)] = &[
    ("Licensed under the Apache License, Version 2.0", "Apache-2.0"),
    ("licensed under the Apache License, Version 2.0", "Apache-2.0"),
    ("subject to the terms of the Mozilla Public", "MPL-2.0"),
];

/// What the leading comment of a source file claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Copyright lines: line number from 1, text without comment marks.
    pub copyright: Vec<(u32, String)>,
    /// SPDX license expressions: line number from 1, expression.
    pub spdx: Vec<(u32, String)>,
    /// SPDX id of a license that is named in the words it asks for, without a tag.
    pub named: Option<&'static str>,
}

impl Headers {
    /// Headers from lines kept elsewhere (a registry): copyright lines and `SPDX-License-Identifier:` lines.
    pub fn from_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut headers = Self::default();
        for (index, line) in lines.into_iter().enumerate() {
            headers.take(index as u32 + 1, line.trim());
        }
        headers
    }

    /// Returns the claims of `earlier` that are not here, as written there. Years and typography do not count.
    pub fn lost_from(&self, earlier: &Self) -> Vec<String> {
        let kept: Vec<String> = self.copyright.iter().map(|(_, line)| licenses::copyright_key(line)).collect();
        let copyright = earlier.copyright.iter().filter(|(_, line)| {
            let key = licenses::copyright_key(line);
            !kept.iter().any(|other| other.contains(&key))
        });
        let spdx = earlier
            .spdx
            .iter()
            .filter(|(_, expression)| !self.spdx.iter().any(|(_, other)| contains_expression(other, expression)));
        let lines = copyright.map(|(_, line)| line.clone());
        lines.chain(spdx.map(|(_, expression)| format!("SPDX-License-Identifier: {expression}"))).collect()
    }

    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        self.copyright.is_empty() && self.spdx.is_empty()
    }

    fn take(&mut self, number: u32, body: &str) {
        if let Some((_, expression)) = body.split_once("SPDX-License-Identifier:") {
            let expression = expression.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
            if !expression.is_empty() {
                self.spdx.push((number, expression.to_owned()));
            }
        } else if let Some((_, id)) = NAMED.iter().find(|(words, _)| body.contains(words)) {
            self.named = Some(id);
        } else if !licenses::copyright_lines(body).is_empty() {
            self.copyright.push((number, body.to_owned()));
        }
    }
}

/// Reads the leading comment region: blank lines, `#!`, line and block comments, and a first docstring.
pub fn headers(text: &str) -> Headers {
    let mut headers = Headers::default();
    let mut closing: Option<&str> = None;
    for (index, line) in text.lines().take(LINE_LIMIT).enumerate() {
        let line = line.trim_start_matches('\u{FEFF}').trim();
        let number = index as u32 + 1;
        if let Some(close) = closing {
            headers.take(number, strip_marks(line));
            if line.contains(close) {
                closing = None;
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        if let Some((open, close)) = BLOCKS.iter().find(|(open, _)| line.starts_with(open)) {
            headers.take(number, strip_marks(line));
            let rest = line.get(open.len()..).unwrap_or_default();
            if !rest.contains(close) {
                closing = Some(close);
            }
            continue;
        }
        if !LINES.iter().any(|mark| line.starts_with(mark)) {
            break;
        }
        headers.take(number, strip_marks(line));
    }
    headers
}

/// Whether a path names a kind of source file whose header is looked at.
pub fn is_source(path: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        "py", "pyi", "pyx", "rs", "c", "h", "cc", "cpp", "cxx", "hpp", "cu", "cuh", "js", "ts", "mjs", "jsx", "tsx",
        "java", "go", "swift", "kt", "scala", "sh", "bash", "toml", "yaml", "yml", "lua", "jl", "r", "m", "mm",
        "metal", "proto", "sql", "cmake", "triton",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

const BLOCKS: &[(&str, &str)] = &[
    ("/*", "*/"),
    ("\"\"\"", "\"\"\""),
    ("r\"\"\"", "\"\"\""),
    ("'''", "'''"),
    ("<!--", "-->"),
    ("{-", "-}"),
    ("--[[", "]]"),
];
const LINES: &[&str] = &["//", "#", "--", ";", "%"];

fn strip_marks(line: &str) -> &str {
    line.trim_start_matches(|c: char| "/*#-;%!<\"'{[ \t".contains(c))
        .trim_end_matches("*/")
        .trim_end_matches("-->")
        .trim_end_matches("\"\"\"")
        .trim()
}

/// Whether `expression` is `wanted`, or has it as an operand.
fn contains_expression(expression: &str, wanted: &str) -> bool {
    expression.eq_ignore_ascii_case(wanted)
        || expression.split([' ', '(', ')']).any(|operand| operand.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let found = headers(text);
        let copyright = found.copyright.iter().map(|(line, text)| format!("{line}: {text}"));
        copyright.chain(found.spdx.iter().map(|(line, text)| format!("{line}: {text}"))).collect()
    }

    #[test]
    fn a_python_header_is_read_and_code_is_not() {
        let text = "#!/usr/bin/env python\n# coding=utf-8\n# Copyright 2024 The Qwen team.\n#\n# Licensed under the Apache \
                    License\n\nimport torch\n# Copyright 2020 Somebody else\n";
        assert_eq!(lines(text), ["3: Copyright 2024 The Qwen team."]);
    }

    #[test]
    fn blocks_docstrings_and_markup_are_read() {
        assert_eq!(lines("/*\n * Copyright (c) 2023, Tri Dao.\n */\nint x;"), ["2: Copyright (c) 2023, Tri Dao."]);
        assert_eq!(lines("/* SPDX-License-Identifier: MIT */\n"), ["1: MIT"]);
        assert_eq!(lines("\"\"\"Copyright 2021 Acme\n\"\"\"\nx = 1\n# (c) 2022 B\n"), ["1: Copyright 2021 Acme"]);
        assert_eq!(lines("<!-- SPDX-License-Identifier: Apache-2.0 -->"), ["1: Apache-2.0"]);
        assert_eq!(lines("// SPDX-FileCopyrightText: 2026 A\nfn main() {}"), ["1: SPDX-FileCopyrightText: 2026 A"]);
    }

    #[test]
    fn a_lost_line_is_named_and_a_new_year_is_not_a_loss() {
        let before = headers("# Copyright 2023 Acme Inc.\n# SPDX-License-Identifier: Apache-2.0\n");
        let extended = headers("# Copyright 2023-2026 Acme, Inc\n# SPDX-License-Identifier: Apache-2.0 AND MIT\n");
        assert!(extended.lost_from(&before).is_empty());
        let stripped = headers("# Copyright 2026 Orca\n");
        let lost = stripped.lost_from(&before);
        assert_eq!(lost, ["Copyright 2023 Acme Inc.", "SPDX-License-Identifier: Apache-2.0"]);
    }

    #[test]
    fn an_endless_comment_is_bounded() {
        let text = "# nothing\n".repeat(100_000) + "# Copyright 2024 Acme\n";
        assert!(headers(&text).is_empty());
    }

    #[test]
    fn kinds_of_source_are_told_by_extension() {
        assert!(is_source("models/modeling_qwen2.py") && is_source("csrc/x.CU"));
        assert!(!is_source("model.safetensors") && !is_source("README"));
    }
}
