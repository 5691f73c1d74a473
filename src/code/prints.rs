// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tokens → prints: a few numbers that two texts share if they share a run of code.
//!
//! In: the text of a source file. Out: [`CodePrints`]. Every run of [`RUN`] tokens is hashed; in every [`WINDOW`]
//! consecutive runs the smallest hash is kept (winnowing: Schleimer, Wilkerson, Aiken, 2003), so any copied stretch
//! of `RUN + WINDOW - 1` tokens leaves a print. Names do not count; which names are the same does: a name is
//! written as the distance to where it stood last in the run (parameterized matching: Baker, 1993). Renaming every
//! name changes no print; a different flow of values does. A run of few kinds of symbols leaves none.

use std::collections::HashMap;

use super::tokens::{Kind, Token, language, tokens};

/// Tokens in a run.
pub const RUN: usize = 25;
/// Runs of which one is kept.
pub const WINDOW: usize = 12;

/// Kinds of symbols that a run must hold: lists of parameters and of assignments look alike in all code.
const VARIED: usize = 8;

/// The prints of one source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodePrints {
    /// The prints, sorted, each once.
    pub prints: Vec<u32>,
    /// Number of tokens that they stand for.
    pub tokens: usize,
}

impl CodePrints {
    /// The prints of a source file; empty for a path whose language is not compared.
    pub fn of(path: &str, text: &str) -> Self {
        let Some(language) = language(path) else { return Self::default() };
        let tokens = tokens(text, language);
        Self { prints: winnow(&runs(&tokens)), tokens: tokens.len() }
    }

    /// Adds the prints of another file.
    pub fn add(&mut self, other: &Self) {
        self.prints.extend_from_slice(&other.prints);
        self.prints.sort_unstable();
        self.prints.dedup();
        self.tokens += other.tokens;
    }
}

/// The hash of every run of tokens; `u32::MAX` for one that is not varied enough.
fn runs(tokens: &[Token<'_>]) -> Vec<u32> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    // (hash of what counts as it stands, distance to the last use of the same name).
    let symbols: Vec<(u64, usize)> = tokens
        .iter()
        .enumerate()
        .map(|(index, token)| match token.kind {
            Kind::Fixed => (hash_text(token.text), 0),
            Kind::Text => (TEXT, 0),
            Kind::Name | Kind::Break => {
                let distance = last.insert(token.text, index).map_or(0, |before| index - before);
                (NAME, distance)
            }
        })
        .collect();
    symbols.windows(RUN).map(|run| if is_varied(run) { hash_run(run) } else { u32::MAX }).collect()
}

fn is_varied(run: &[(u64, usize)]) -> bool {
    let mut kinds = [0; VARIED];
    let mut known = 0;
    for (symbol, _) in run {
        if kinds.iter().take(known).all(|kind| kind != symbol) {
            let Some(next) = kinds.get_mut(known) else { return true };
            *next = *symbol;
            known += 1;
        }
    }
    known == VARIED
}

const TEXT: u64 = 1;
const NAME: u64 = 2;

fn hash_run(run: &[(u64, usize)]) -> u32 {
    let hash = run.iter().enumerate().fold(0_u64, |hash, (index, (symbol, distance))| {
        // A name last used before the run is new to it.
        let seen = if *distance <= index { *distance as u64 } else { 0 };
        mix(hash ^ symbol.wrapping_add(seen << 32))
    });
    (hash >> 32) as u32
}

fn hash_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)) | 4
}

/// The finalizer of SplitMix64.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn winnow(runs: &[u32]) -> Vec<u32> {
    let smallest = |window: &[u32]| window.iter().min().copied();
    let mut prints: Vec<u32> = if runs.len() < WINDOW {
        smallest(runs).into_iter().collect()
    } else {
        runs.windows(WINDOW).filter_map(smallest).collect()
    };
    prints.sort_unstable();
    prints.dedup();
    prints.pop_if(|last| *last == u32::MAX);
    prints
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "class Block(nn.Module):\n    def __init__(self, size, heads):\n        super().__init__()\n        self.size = size\n        \
                        self.heads = heads\n        self.query = nn.Linear(size, size, bias=False)\n        self.key = nn.Linear(size, size, bias=True)\n\n    \
                        def forward(self, x, mask):\n        q = self.query(x).view(-1, self.heads, self.size // self.heads)\n        \
                        k = self.key(x).view(-1, self.heads, self.size // self.heads)\n        return torch.softmax(q @ k.transpose(-1, -2) + mask, dim=-1)\n";

    #[test]
    fn renaming_and_comments_change_no_print() {
        let renamed = CODE
            .replace("Block", "Orca")
            .replace("self", "this")
            .replace("query", "alpha")
            .replace("heads", "n")
            .replace("size", "hidden");
        let renamed = format!("# Copyright 2026 Orca\n\"\"\"Ours.\"\"\"\nimport torch\n{renamed}");
        let prints = CodePrints::of("a.py", CODE);
        assert!(prints.prints.len() >= 5, "{prints:?}");
        assert_eq!(CodePrints::of("b.py", &renamed), prints);
    }

    #[test]
    fn another_flow_of_values_is_another_print() {
        let other = CODE.replace("q @ k.transpose", "q @ q.transpose");
        assert_ne!(CodePrints::of("a.py", &other).prints, CodePrints::of("a.py", CODE).prints);
    }

    #[test]
    fn a_long_enough_stretch_leaves_a_print_wherever_it_stands() {
        let inside = format!("def before(a, b):\n    return a + b\n\n{CODE}\ndef after(c):\n    return c * 3 - c\n");
        let whole = CodePrints::of("a.py", &inside);
        let shared = CodePrints::of("a.py", CODE).prints.iter().filter(|print| whole.prints.contains(print)).count();
        assert!(shared >= 4, "{shared}");
    }

    #[test]
    fn lists_of_assignments_leave_no_print() {
        let fields = ["self.alpha = alpha\n", "self.beta = beta\n", "self.gamma = gamma\n"];
        let text = fields.concat().repeat(20);
        assert!(CodePrints::of("configuration_orca.py", &text).prints.is_empty());
    }

    #[test]
    fn short_and_foreign_files_have_few_prints_or_none() {
        assert!(CodePrints::of("a.py", "x = 1\n").prints.is_empty());
        assert!(CodePrints::of("a.md", CODE).prints.is_empty());
    }
}
