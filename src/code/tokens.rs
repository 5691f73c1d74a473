// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Source text → the tokens that a rename, a reformat or a new comment does not change.
//!
//! In: the text of a file and its language. Out: [`Token`]s without comments, docstrings, imports, line breaks and
//! trailing commas. One pass, no recursion: any text gives tokens in linear time. A full parser would refuse text
//! with one wrong line in it; a lexer does not mind, and the Python that matters here needs no more than one.

/// Largest number of tokens taken from a file: modeling files have a tenth of this.
const TOKEN_LIMIT: usize = 1 << 20;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `#` comments, triple-quoted strings, docstrings, import statements.
    Python,
    /// `//` and `/* */` comments: C, C++, CUDA, Rust, Go, JavaScript and their kin.
    Braces,
}

/// The language of a path whose code is compared; `None` for all others.
pub fn language(path: &str) -> Option<Language> {
    const BRACES: &[&str] = &[
        "c", "h", "cc", "cpp", "cxx", "hpp", "cu", "cuh", "rs", "go", "js", "ts", "mjs", "jsx", "tsx", "java", "swift",
        "kt", "scala", "metal", "m", "mm",
    ];
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    if ["py", "pyi", "pyx"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        Some(Language::Python)
    } else {
        BRACES.iter().any(|known| extension.eq_ignore_ascii_case(known)).then_some(Language::Braces)
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name that is no keyword.
    Name,
    /// A keyword, an operator, a bracket or a number: its text counts.
    Fixed,
    /// A string, whatever it says.
    Text,
    /// The end of a statement in Python. Only the lexer's own steps see it.
    Break,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As it is written.
    pub text: &'a str,
    /// Line, from 1.
    pub line: u32,
}

/// The tokens that count.
pub fn tokens(text: &str, language: Language) -> Vec<Token<'_>> {
    let all = lex(text, language);
    let all = match language {
        Language::Python => without_imports_and_docstrings(&all),
        Language::Braces => all,
    };
    without_trailing_commas(&all)
}

/// Every token, ends of statements included: what [`tokens`] chooses from.
pub fn lex(text: &str, language: Language) -> Vec<Token<'_>> {
    Lexer { text, at: 0, line: 1, depth: 0, language, tokens: Vec::new() }.run()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Open brackets: inside them a line break ends nothing.
    depth: u32,
    language: Language,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn run(mut self) -> Vec<Token<'a>> {
        while self.tokens.len() < TOKEN_LIMIT {
            let Some(first) = self.rest().chars().next() else { break };
            self.step(first);
        }
        self.tokens
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, first: char) {
        let rest = self.rest();
        let python = self.language == Language::Python;
        if first == '\n' {
            if python && self.depth == 0 {
                self.push(Kind::Break, 1);
            } else {
                self.skip(1);
            }
        } else if first.is_whitespace() || first == '\u{FEFF}' {
            self.skip(first.len_utf8());
        } else if python && first == '\\' && rest.starts_with("\\\n") {
            self.skip(2);
        } else if (python && first == '#') || (!python && rest.starts_with("//")) {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if !python && rest.starts_with("/*") {
            self.skip(rest.get(2..).and_then(|body| body.find("*/")).map_or(rest.len(), |end| end + 4));
        } else if let Some(length) = self.string(rest) {
            self.push(Kind::Text, length);
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let keyword = KEYWORDS.binary_search(&rest.get(..length).unwrap_or_default()).is_ok();
            self.push(if keyword { Kind::Fixed } else { Kind::Name }, length);
        } else if first.is_ascii_digit() {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'));
            self.push(Kind::Fixed, length.unwrap_or(rest.len()));
        } else {
            self.bracket(first);
            self.push(Kind::Fixed, first.len_utf8());
        }
    }

    fn bracket(&mut self, first: char) {
        match first {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// The length of the string that starts here, prefix and quotes included.
    fn string(&self, rest: &str) -> Option<usize> {
        let prefix = match self.language {
            Language::Python => rest.bytes().take(2).take_while(|byte| b"rRbBuUfFtT".contains(byte)).count(),
            Language::Braces => 0,
        };
        let body = rest.get(prefix..)?;
        let quote = body.chars().next().filter(|first| match self.language {
            Language::Python => matches!(first, '"' | '\''),
            // A single quote may open a lifetime in Rust; characters are rare enough to be read as operators.
            Language::Braces => matches!(first, '"' | '`'),
        })?;
        let triple = self.language == Language::Python
            && body.as_bytes().get(..3).is_some_and(|three| three.iter().all(|byte| char::from(*byte) == quote));
        let open = if triple { 3 } else { 1 };
        let mut run = 0;
        let mut bytes = body.bytes().enumerate().skip(open);
        while let Some((index, byte)) = bytes.next() {
            if byte == b'\\' {
                bytes.next();
                run = 0;
            } else if char::from(byte) == quote {
                run += 1;
                if run == open {
                    return Some(prefix + index + 1);
                }
            } else {
                run = 0;
                if byte == b'\n' && !triple && self.language == Language::Python {
                    // Never closed: what follows is code again.
                    return Some(prefix + index);
                }
            }
        }
        Some(rest.len())
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let text = self.rest().get(..length).unwrap_or_else(|| self.rest());
        self.tokens.push(Token { kind, text, line: self.line });
        self.skip(text.len());
    }

    fn skip(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or_else(|| self.rest());
        self.line = self.line.saturating_add(passed.bytes().filter(|byte| *byte == b'\n').count() as u32);
        self.at += passed.len().max(1);
    }
}

/// Python statements without those that only import, or only hold strings.
fn without_imports_and_docstrings<'a>(all: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(all.len());
    for statement in all.split(|token| token.kind == Kind::Break || token.text == ";") {
        let imports = statement.first().is_some_and(|first| matches!(first.text, "import" | "from"));
        if !imports && !statement.iter().all(|token| token.kind == Kind::Text) {
            kept.extend_from_slice(statement);
        }
    }
    kept
}

fn without_trailing_commas<'a>(all: &[Token<'a>]) -> Vec<Token<'a>> {
    let closes = |token: Option<&Token<'_>>| token.is_some_and(|token| matches!(token.text, ")" | "]" | "}"));
    let kept = all.iter().enumerate().filter(|(index, token)| token.text != "," || !closes(all.get(index + 1)));
    kept.map(|(_, token)| *token).collect()
}

/// Keywords of Python, and those of the other languages that are no likely name in Python. Sorted.
const KEYWORDS: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "def",
    "default",
    "del",
    "do",
    "elif",
    "else",
    "enum",
    "except",
    "finally",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "is",
    "lambda",
    "let",
    "match",
    "mut",
    "namespace",
    "new",
    "nonlocal",
    "not",
    "or",
    "pass",
    "private",
    "pub",
    "public",
    "raise",
    "return",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "throw",
    "trait",
    "try",
    "typedef",
    "typename",
    "union",
    "unsafe",
    "use",
    "using",
    "var",
    "virtual",
    "void",
    "volatile",
    "where",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, language: Language) -> String {
        tokens(text, language).iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_docstrings_imports_and_layout_do_not_count() {
        let one = "# Copyright\nimport torch\nfrom torch import (\n    nn,\n)\n\nclass A(nn.Module):\n    '''What it is.'''\n    \
                   def f(self, x):  # why\n        return g(x, 2)\n";
        let other = "class A(nn.Module):\n    def f(\n        self,\n        x,\n    ):\n        return g(\n            x,\n            2,\n        )\n";
        assert_eq!(words(one, Language::Python), words(other, Language::Python));
        assert_eq!(words(one, Language::Python), "class A ( nn . Module ) : def f ( self , x ) : return g ( x , 2 )");
    }

    #[test]
    fn strings_are_read_whole() {
        assert_eq!(
            words("x = f\"a'b\" + rb'''c\n\"d''' + ''\n", Language::Python),
            "x = f\"a'b\" + rb'''c\n\"d''' + ''"
        );
        assert_eq!(words("x = 'a\\'b' + 'open\ny = 1", Language::Python), "x = 'a\\'b' + 'open y = 1");
    }

    #[test]
    fn other_languages_lose_their_comments() {
        let text = "/* Copyright */ int f(int x) { // why\n  return g(x, \"a // b\"); }";
        assert_eq!(words(text, Language::Braces), "int f ( int x ) { return g ( x , \"a // b\" ) ; }");
    }

    #[test]
    fn lines_are_counted() {
        let found = tokens("\n'''a\nb\n'''\nx = 1\n", Language::Python);
        assert_eq!(found.first().map(|token| token.line), Some(5));
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn languages_are_told_by_extension() {
        assert_eq!(language("a/modeling_orca.py"), Some(Language::Python));
        assert_eq!(language("csrc/attention.CU"), Some(Language::Braces));
        assert_eq!(language("README.md"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_tokens(text in ".{0,200}") {
            for language in [Language::Python, Language::Braces] {
                for token in lex(&text, language) {
                    proptest::prop_assert!(text.contains(token.text));
                }
            }
        }
    }
}
