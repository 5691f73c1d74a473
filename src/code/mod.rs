// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files → what model source code says about its origin.
//!
//! In: the text of a source file. Out: its copyright lines and SPDX tags with their lines ([`headers()`]), prints of
//! its code that survive renaming ([`CodePrints`]), the family whose code it holds ([`Attribution`]), names that a
//! family left behind ([`leftovers()`]), and words of credit ([`credits()`]).

mod attribution;
mod families;
mod headers;
mod leftovers;
mod prints;
mod tokens;

pub use attribution::{
    Attribution, COMMON, Candidate, CodeCorpus, CodeOrigin, CodeParts, LEAST_MARGIN, LEAST_SHARE, LEAST_SHARED,
    MOST_TOGETHER, SAME_CODE,
};
pub use families::{Family, Folded, families, families_named, family_of_class, family_of_type};
pub use headers::{Headers, headers, is_source};
pub use leftovers::{Leftover, Place, credits, leftovers};
pub use prints::{CodePrints, RUN, WINDOW};
pub use tokens::{Kind, Language, Token, language, lex, tokens};
