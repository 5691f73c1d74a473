// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Made from the license data: one release a license and obligation, as real files, that fails for exactly that
//! obligation and passes once `fix` was run or a person has decided. `docs/fix.md` shows the outcome.

#[path = "../../../examples/fix_table/table.rs"]
mod table;
#[path = "../../../examples/fix_table/tree.rs"]
mod tree;

use crate::readme::shows;

#[test]
fn every_license_fails_for_what_is_missing_and_passes_once_it_is_settled() {
    assert!(tree::full_text().count() >= 46);
    let table = table::table().unwrap();
    shows("docs/fix.md", "<!-- generated -->\n", "<!-- end -->\n", &format!("\n{table}\n"));
}
