// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Knowledge: what model licenses ask of a derivative, their texts, and how texts are matched.
//!
//! In: a license id as a card or a policy writes it, or the text of a file. Out: the license's
//! obligations with their clauses, and whether a text holds a license or a notice.
//! The data is `data/licenses/model_licenses.toml`; it is not legal advice.

mod changes;
mod data;
mod expression;
mod listed;
mod lookup;
mod matching;
mod normalize;
mod reading;
mod texts;
mod words;

pub use changes::Change;
pub use data::{
    CheckKind, KindData, LicenseData, NamingKind, NamingRule, NoticeScope, ObligationKind, UseRestrictions, Verified,
    all,
};
pub use expression::{Expression, ExpressionError, Term, spdx_id};
pub use listed::nearest_listed;
pub use lookup::{by_base, lookup, lookup_address, lookup_all, lookup_expression, lookup_for, of_code, same_license};
pub use matching::{Found, How, containment, find_text, identify, notice_holds, phrase_holds};
pub use normalize::{copyright_key, copyright_lines, normalize};
pub use reading::{Reading, readings};
pub use texts::text;
