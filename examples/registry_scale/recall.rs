// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the index loses: the bases that complete tests of every base find, looked for among many others.
//!
//! In: models, bases, and decoys. Out: a table of the pairs that are hardest to keep, and the recall.

use std::collections::BTreeSet;
use std::sync::Arc;

use forebear::evidence::candidates::{Asked, BEST, Choice, Plain, Record, SIGNALS};
use forebear::evidence::{Relation, compare};
use forebear::fingerprint::Fingerprint;
use rayon::prelude::*;

/// A model by name.
pub(crate) type Named = (String, Fingerprint);

/// Pairs of the table.
const SHOWN: usize = 25;

/// One pair that the complete tests find.
struct Pair {
    suspect: String,
    base: String,
    /// Number of the base.
    at: usize,
    relation: Relation,
    kept: bool,
    beyond: usize,
    /// Places by row hashes, aligned signs, heads, neurons, from 1; `None` where a signal says nothing.
    ranks: [Option<usize>; 4],
}

/// Prints the recall of the index over `suspects` among `bases` and `decoys`.
pub(crate) fn print(suspects: &[Named], bases: &[Named], decoys: &[Arc<Record>]) -> bool {
    let mut records: Vec<Arc<Record>> = bases.iter().map(|(_, print)| Arc::new(Record::of(print))).collect();
    records.extend_from_slice(decoys);
    let relatives: Vec<Vec<usize>> = bases.iter().map(|(_, print)| Plain::of(print).relatives(&records)).collect();
    let (mut pairs, mut kept, mut compared) = (Vec::new(), 0usize, 0usize);
    for (name, suspect) in suspects {
        let choice = Asked::of(suspect).choose(&records);
        let others: Vec<(usize, &Named)> = bases.iter().enumerate().filter(|(_, base)| base.0 != *name).collect();
        compared += others.len();
        let found: Vec<Option<Pair>> =
            others.par_iter().map(|(at, base)| pair(name, suspect, *at, base, records.len(), &choice)).collect();
        // As a search does: relatives of what shows anything are compared too, and theirs.
        let shows = |at: &usize| {
            let place = others.iter().position(|(other, _)| other == at);
            place.is_some_and(|place| found.get(place).is_some_and(Option::is_some))
        };
        let mut reached: BTreeSet<usize> = choice.kept.iter().copied().collect();
        let mut pending: Vec<usize> = reached.iter().copied().filter(|at| shows(at)).collect();
        while let Some(at) = pending.pop() {
            for other in relatives.get(at).into_iter().flatten() {
                if reached.insert(*other) && shows(other) {
                    pending.push(*other);
                }
            }
        }
        kept += reached.len();
        let found = found.into_iter().flatten().map(|pair| Pair { kept: reached.contains(&pair.at), ..pair });
        pairs.extend(found);
    }
    report(&mut pairs, compared, kept as f64 / suspects.len().max(1) as f64, records.len())
}

fn pair(name: &str, suspect: &Fingerprint, at: usize, base: &Named, known: usize, choice: &Choice) -> Option<Pair> {
    let relation = compare(suspect, &base.1, known).relation;
    let rank = |(order, _): &(Vec<usize>, usize)| order.iter().position(|other| *other == at).map(|place| place + 1);
    let ranks = std::array::from_fn(|signal| rank(&choice.order[signal]));
    let beyond = (0..4).filter(|signal| ranks[*signal].is_some_and(|rank| rank <= choice.order[*signal].1)).count();
    (relation != Relation::NoEvidence).then(|| Pair {
        suspect: name.to_owned(),
        base: base.0.clone(),
        at,
        relation,
        kept: choice.kept.contains(&at),
        beyond,
        ranks,
    })
}

fn report(pairs: &mut [Pair], compared: usize, kept: f64, known: usize) -> bool {
    let worst = |pair: &Pair| pair.ranks.iter().flatten().min().copied().unwrap_or(usize::MAX);
    pairs.sort_by_key(|pair| (pair.kept, pair.beyond, std::cmp::Reverse(worst(pair))));
    let names = SIGNALS.map(forebear::evidence::candidates::Signal::name).join(" | ");
    println!("The hardest pairs: signals beyond their threshold, and the base's place among {known} by each.\n");
    println!("| base | suspect | relation | kept | beyond | {names} |\n|---|---|---|---|---|---|---|---|---|");
    for pair in pairs.iter().take(SHOWN) {
        let ranks = pair.ranks.map(|rank| rank.map_or("–".to_owned(), |rank| rank.to_string())).join(" | ");
        let kept = if pair.kept { "yes" } else { "NO" };
        println!(
            "| {} | {} | {} | {kept} | {} | {ranks} |",
            pair.base,
            pair.suspect,
            pair.relation.name(),
            pair.beyond
        );
    }
    let recall = |wanted: &dyn Fn(&Pair) -> bool| {
        let all = pairs.iter().filter(|pair| wanted(pair)).count();
        let kept = pairs.iter().filter(|pair| wanted(pair) && pair.kept).count();
        format!("{kept} of {all}")
    };
    let descent = |pair: &Pair| pair.relation.is_descent();
    let margin = pairs.iter().filter(|pair| pair.beyond == 0).map(worst).max();
    println!("\n{compared} pairs got every test. Kept by the index: {} of descent,", recall(&descent));
    println!("{} with any evidence. {kept:.0} of {known} bases are kept on average.", recall(&|_| true));
    match margin {
        None => println!("Every one of them is beyond the threshold of a signal."),
        Some(rank) => println!(
            "Of those beyond no threshold the farthest is in place {rank} by its best signal; {BEST} are kept."
        ),
    }
    pairs.iter().all(|pair| pair.kept || !pair.relation.is_descent())
}
