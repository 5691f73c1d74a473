// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SPDX license expressions, with the ids of model cards as well.
//!
//! In: `MIT AND (Apache-2.0 OR llama3.1)`. Out: an [`Expression`], or where it cannot be read. An id that is not known
//! is a term like any other, and says so: `Expression::unknown`. Grammar: SPDX 2.3, annex D; `AND` binds stronger than
//! `OR`, and case of operators does not matter.

use super::data::LicenseData;
use super::lookup::lookup_all;

/// Longest expression, in bytes.
const LENGTH_LIMIT: usize = 4000;
/// Most parentheses inside each other.
const DEPTH_LIMIT: usize = 32;

/// A license expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// One license.
    Term(Term),
    /// All of these hold.
    And(Vec<Expression>),
    /// Whoever receives it may choose.
    Or(Vec<Expression>),
}

/// One license in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Id, as written, without `+`.
    pub id: String,
    /// Whether `+` follows: this version or a later one.
    pub or_later: bool,
    /// Exception after `WITH`.
    pub exception: Option<String>,
}

/// An expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at column {column}: {message}")]
pub struct ExpressionError {
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong, a fragment.
    pub message: String,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > LENGTH_LIMIT {
            return Err(ExpressionError { column: 1, message: format!("it is longer than {LENGTH_LIMIT} bytes") });
        }
        let mut reader = Reader { tokens: tokens(text), at: 0, depth: 0, end: text.chars().count() + 1 };
        let expression = reader.alternatives()?;
        match reader.peek() {
            None => Ok(expression),
            Some((_, token)) => Err(reader.error(&format!("{token} is not expected here"))),
        }
    }

    /// Its terms, from left to right.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::terms).collect(),
        }
    }

    /// Whether every choice that the expression leaves has a term of which this holds.
    pub fn always(&self, holds: &dyn Fn(&Term) -> bool) -> bool {
        match self {
            Self::Term(term) => holds(term),
            Self::And(parts) => parts.iter().any(|part| part.always(holds)),
            Self::Or(parts) => parts.iter().all(|part| part.always(holds)),
        }
    }

    /// Ids and exceptions that are neither on the SPDX list nor in the license data, nor begin with `LicenseRef-`.
    pub fn unknown(&self) -> Vec<&str> {
        let of = |term: &'_ Term| -> [bool; 2] {
            [!term.is_known(), term.exception.as_deref().is_some_and(|id| !is_exception(id))]
        };
        let ids = |term| {
            let [id, exception] = of(term);
            id.then_some(term.id.as_str()).into_iter().chain(term.exception.as_deref().filter(move |_| exception))
        };
        self.terms().into_iter().flat_map(ids).collect()
    }
}

impl Term {
    /// What is known of the license; several may share an id.
    pub fn data(&self) -> Vec<&'static LicenseData> {
        let plain = self.id.strip_suffix("-or-later").or_else(|| self.id.strip_suffix("-only"));
        let found = lookup_all(&self.id);
        if found.is_empty() { plain.map(lookup_all).unwrap_or_default() } else { found }
    }

    /// Whether the id is on the SPDX list, in the license data, or a `LicenseRef-`.
    pub fn is_known(&self) -> bool {
        spdx_id(&self.id).is_some() || !self.data().is_empty() || is_reference(&self.id)
    }
}

/// The id as the SPDX list spells it; case is ignored, as annex D says.
pub fn spdx_id(id: &str) -> Option<&'static str> {
    spdx::identifiers::LICENSES.iter().map(|license| license.name).find(|name| name.eq_ignore_ascii_case(id))
}

fn is_reference(id: &str) -> bool {
    let name = id.strip_prefix("DocumentRef-").and_then(|id| id.split_once(':')).map_or(id, |(_, name)| name);
    name.strip_prefix("LicenseRef-").is_some_and(|name| !name.is_empty())
}

fn is_exception(id: &str) -> bool {
    spdx::exception_id(id).is_some() || id.starts_with("AdditionRef-")
}

fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (column, character) in text.chars().enumerate() {
        match character {
            '(' | ')' => {
                tokens.push((column + 1, character.to_string()));
                open = false;
            }
            space if space.is_whitespace() => open = false,
            other => {
                if let Some((_, token)) = tokens.last_mut().filter(|_| open) {
                    token.push(other);
                } else {
                    tokens.push((column + 1, other.to_string()));
                    open = true;
                }
            }
        }
    }
    tokens
}

struct Reader {
    tokens: Vec<(usize, String)>,
    at: usize,
    depth: usize,
    end: usize,
}

impl Reader {
    fn peek(&self) -> Option<&(usize, String)> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|(_, token)| token.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn error(&self, message: &str) -> ExpressionError {
        ExpressionError { column: self.peek().map_or(self.end, |(column, _)| *column), message: message.to_owned() }
    }

    fn alternatives(&mut self) -> Result<Expression, ExpressionError> {
        let mut parts = vec![self.operands()?];
        while self.takes("OR") {
            parts.push(self.operands()?);
        }
        Ok(if parts.len() > 1 { Expression::Or(parts) } else { parts.remove(0) })
    }

    fn operands(&mut self) -> Result<Expression, ExpressionError> {
        let mut parts = vec![self.operand()?];
        while self.takes("AND") {
            parts.push(self.operand()?);
        }
        Ok(if parts.len() > 1 { Expression::And(parts) } else { parts.remove(0) })
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEPTH_LIMIT {
                return Err(self.error("too many parentheses"));
            }
            let inner = self.alternatives()?;
            if !self.takes(")") {
                return Err(self.error("a ) is missing"));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        let id = self.id("a license")?;
        // `openrail++` is an id of the Hub.
        let known = !lookup_all(&id).is_empty();
        let (id, or_later) = match id.strip_suffix('+').filter(|_| !known) {
            Some(id) => (id.to_owned(), true),
            None => (id, false),
        };
        let exception = if self.takes("WITH") { Some(self.id("an exception")?) } else { None };
        Ok(Expression::Term(Term { id, or_later, exception }))
    }

    fn id(&mut self, what: &str) -> Result<String, ExpressionError> {
        let is_id = |token: &str| {
            !["AND", "OR", "WITH", "(", ")"].iter().any(|word| token.eq_ignore_ascii_case(word))
                && token.chars().all(|c| c.is_ascii_alphanumeric() || "-.+:_/".contains(c))
        };
        let Some(id) = self.peek().map(|(_, token)| token.clone()).filter(|token| is_id(token)) else {
            return Err(self.error(&format!("{what} is expected")));
        };
        self.at += 1;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse(text: &str) -> Expression {
        Expression::parse(text).unwrap()
    }

    fn ids(expression: &Expression) -> Vec<&str> {
        expression.terms().into_iter().map(|term| term.id.as_str()).collect()
    }

    #[test]
    fn operators_bind_as_the_specification_says() {
        let expression = parse("MIT or Apache-2.0 and (BSD-3-Clause OR llama3.1)");
        let Expression::Or(parts) = &expression else { panic!("{expression:?}") };
        assert!(matches!(parts[1], Expression::And(_)));
        assert_eq!(ids(&expression), ["MIT", "Apache-2.0", "BSD-3-Clause", "llama3.1"]);
    }

    #[test]
    fn every_choice_is_looked_at() {
        let has = |text: &str, id: &str| parse(text).always(&|term| term.id == id);
        assert!(has("Apache-2.0 AND (MIT OR ISC)", "Apache-2.0") && has("(MIT AND ISC) OR (MIT AND Zlib)", "MIT"));
        assert!(!has("Apache-2.0 AND (MIT OR ISC)", "MIT") && !has("MIT OR ISC", "MIT"));
    }

    #[test]
    fn versions_and_exceptions_belong_to_their_license() {
        let expression = parse("GPL-2.0+ WITH Classpath-exception-2.0 AND openrail++");
        let terms = expression.terms();
        assert!(terms[0].or_later && terms[0].exception.as_deref() == Some("Classpath-exception-2.0"));
        assert_eq!((terms[1].id.as_str(), terms[1].or_later), ("openrail++", false));
        assert_eq!(expression.unknown(), [] as [&str; 0]);
    }

    #[test]
    fn ids_that_nobody_knows_are_told() {
        let text =
            "MIT AND Foo-1.0 AND LicenseRef-Acme AND DocumentRef-x:LicenseRef-y AND GPL-2.0-only WITH Bar-exception";
        assert_eq!(parse(text).unknown(), ["Foo-1.0", "Bar-exception"]);
        assert_eq!((spdx_id("mit"), spdx_id("Apache 2"), spdx_id("apache")), (Some("MIT"), None, None));
    }

    #[test]
    fn what_is_no_expression_is_told_with_its_column() {
        let column = |text: &str| Expression::parse(text).unwrap_err().column;
        assert_eq!((column(""), column("MIT AND"), column("MIT Apache-2.0"), column("(MIT")), (1, 8, 5, 5));
        assert_eq!((column("MIT, see LICENSE"), column("AND MIT"), column("MIT)")), (1, 1, 4));
        assert!(Expression::parse(&"(".repeat(3000)).is_err());
        assert!(Expression::parse(&"M".repeat(LENGTH_LIMIT + 1)).is_err());
    }
}
