// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Records, the index file, and what they choose, on a family made up here.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::choose::{Asked, BEST, Choice};
use super::file::{Index, Key};
use super::known::{Candidates, Found, KnownBase};
use super::record::Record;
use crate::bases::RegistryError;
use crate::fingerprint::{
    Circuit, Fingerprint, LayerSketch, MatrixPrint, POSITIONS, Rows, Samples, Sketch, Unit, splitmix64,
};

/// Bases beside the one that is looked for.
const OTHERS: u64 = 300;

/// What two models have in common.
#[derive(Clone, Copy, Default)]
struct Seeds {
    lines: u64,
    places: u64,
    heads: u64,
    neurons: u64,
    /// Size of the noise on everything but lines, in percent.
    noise: i64,
    of_noise: u64,
}

impl Seeds {
    fn all(seed: u64) -> Self {
        Self { lines: seed, places: seed, heads: seed, neurons: seed, ..Self::default() }
    }
}

/// A number of −127 … 127 with noise on it.
fn value(seed: u64, at: u64, seeds: &Seeds) -> i8 {
    let of = |seed: u64| (splitmix64(splitmix64(seed) ^ at) % 255) as i64 - 127;
    ((of(seed) * (100 - seeds.noise) + of(seed ^ seeds.of_noise << 40) * seeds.noise) / 100) as i8
}

/// A network of 4 layers of 4 heads of 8 rotary pairs.
fn model(seeds: &Seeds) -> Fingerprint {
    let list = |seed: u64, part: u64, length: usize| -> Vec<i8> {
        (0..length as u64).map(|at| value(seed, part << 32 | at, seeds)).collect()
    };
    let matrices = (0..24u64)
        .map(|at| {
            let mut matrix = MatrixPrint { rows: 64 + at % 3, columns: 32, ..MatrixPrint::default() };
            matrix.hashes.rows = (0..32).map(|row| splitmix64(seeds.lines << 32 | at << 8 | row)).collect();
            matrix.samples = Samples { centred: list(seeds.places, at, POSITIONS), raw: Vec::new() };
            matrix
        })
        .collect();
    let layers = (0..4u32)
        .map(|layer| {
            let part = |kind: u64| u64::from(layer) << 8 | kind;
            let circuits = (0..4u32).map(|head| Circuit {
                head,
                rotary_pairs: 8,
                pairs: 8,
                hermitian: list(seeds.heads, part(16 + u64::from(head)), 16 * 15),
                symmetric: list(seeds.heads, part(32 + u64::from(head)), 16 * 17),
                ..Circuit::default()
            });
            let words = Rows { columns: 228, values: list(seeds.neurons, part(64), 32 * 228) };
            let unit = Unit { words, word_scales: vec![0.01; 32], ..Unit::default() };
            LayerSketch { layer, units: vec![unit], circuits: circuits.collect(), ..LayerSketch::default() }
        })
        .collect();
    let sketch = Sketch { layers, ..Sketch::default() };
    Fingerprint { matrices, sketches: vec![sketch], ..Fingerprint::default() }
}

fn record(seed: u64) -> Record {
    Record::of(&model(&Seeds::all(seed)))
}

/// The base of seed 1000 among others.
fn registry() -> Vec<Arc<Record>> {
    (1000..=1000 + OTHERS).map(|seed| Arc::new(record(seed))).collect()
}

fn chosen(records: &[Arc<Record>], suspect: &Seeds) -> Choice {
    Asked::of(&model(suspect)).choose(records)
}

#[test]
fn each_signal_finds_the_base_alone_and_most_others_are_ruled_out() {
    let records = registry();
    let stranger = Seeds { noise: 40, of_noise: 9, ..Seeds::all(7) };
    let related = [
        ("lines", Seeds { lines: 1000, ..stranger }),
        ("places", Seeds { places: 1000, ..stranger }),
        ("heads", Seeds { heads: 1000, ..stranger }),
        ("neurons", Seeds { neurons: 1000, ..stranger }),
        ("all", Seeds { noise: 10, of_noise: 3, ..Seeds::all(1000) }),
    ];
    for (name, suspect) in related {
        let choice = chosen(&records, &suspect);
        assert!(choice.kept.contains(&0), "{name}");
        assert!(choice.order.iter().any(|(order, beyond)| order.first() == Some(&0) && *beyond == 1), "{name}");
        assert!(choice.kept.len() <= 4 * BEST, "{name}: {} kept", choice.kept.len());
    }
    let none = chosen(&records, &stranger);
    assert!(none.order.iter().all(|(_, beyond)| *beyond == 0) && none.kept.len() <= 3 * BEST, "{:?}", none.kept);
}

#[test]
fn a_registry_of_nothing_but_relatives_is_kept_whole() {
    let relatives: Vec<Arc<Record>> = (0..100)
        .map(|at| Arc::new(Record::of(&model(&Seeds { noise: 5, of_noise: at + 1, ..Seeds::all(1000) }))))
        .collect();
    let suspect = Seeds { noise: 5, of_noise: 999, ..Seeds::all(1000) };
    assert_eq!(chosen(&relatives, &suspect).kept.len(), 100);
    let other = Seeds { lines: 5, places: 5, ..suspect };
    assert_eq!(chosen(&relatives, &other).kept.len(), 100, "in other coordinates");
}

/// A base that counts how often it is read.
struct Counted {
    id: String,
    digest: String,
    seeds: Seeds,
    read: AtomicUsize,
}

impl Counted {
    fn new(number: u64, seeds: Seeds) -> Self {
        Self { id: format!("acme/{number}"), digest: format!("{number:064x}"), seeds, read: AtomicUsize::new(0) }
    }
}

impl KnownBase for Counted {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    fn fingerprint(&self) -> Result<Fingerprint, RegistryError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        Ok(model(&self.seeds))
    }
}

#[test]
fn relatives_of_what_shows_anything_are_compared_as_well() {
    // The suspect has rows of the first base; the second has nothing of the suspect, and is a relative of the first.
    let near = Seeds { lines: 7, ..Seeds::all(1000) };
    let far = Seeds { lines: 1001, ..Seeds::all(1000) };
    let suspect = model(&Seeds { lines: 7, ..Seeds::all(2000) });
    let others = (0..70).map(|seed| Counted::new(seed, Seeds::all(5000 + seed)));
    let with = |first: Seeds| -> Vec<Counted> {
        let family = [Counted::new(OTHERS, first), Counted::new(OTHERS + 1, far)];
        family.into_iter().chain(others.clone()).collect()
    };
    let reads = |bases: &[Counted]| -> (usize, Found) {
        let candidates = Candidates::open(bases.iter().collect(), None).unwrap();
        let before = bases[1].read.load(Ordering::Relaxed);
        let found = candidates.search(&suspect, &[]).unwrap();
        (bases[1].read.load(Ordering::Relaxed) - before, found)
    };
    let (read, found) = reads(&with(near));
    assert!(found.matches.iter().any(|found| found.base == "acme/300"), "{found:?}");
    let examined = found.examined.unwrap();
    assert!(read > 0 && examined.compared + examined.ruled_out == examined.known, "{read} {examined:?}");
    // Where nothing leads to it, it is ruled out.
    let (read, found) = reads(&with(Seeds { lines: 1002, ..near }));
    assert!(read == 0, "{read} {found:?}");
}

#[test]
fn a_base_of_which_nothing_is_known_is_never_ruled_out() {
    let mut records = registry();
    records.push(Arc::new(Record::of(&Fingerprint::default())));
    assert!(chosen(&records, &Seeds::all(5)).kept.contains(&(OTHERS as usize + 1)));
}

#[test]
fn a_record_does_not_depend_on_the_detail_that_is_kept() {
    use crate::fingerprint::Detail;
    let full = model(&Seeds::all(3));
    assert_eq!(Record::of(&full), Record::of(&full.reduced(Detail::Base)));
}

#[test]
fn bytes_are_the_record_and_nothing_else() {
    let record = record(5);
    let bytes = record.to_bytes();
    assert_eq!(Record::from_bytes(&bytes), Some(record));
    for end in 0..bytes.len() {
        assert_eq!(Record::from_bytes(&bytes[..end]), None, "{end}");
    }
    assert_eq!(Record::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
}

fn key(seed: u64) -> Key {
    let mut key = Key::default();
    key[..8].copy_from_slice(&splitmix64(seed).to_le_bytes());
    key
}

/// A record that is quickly made, and no other has.
fn small(seed: u64) -> Record {
    Record { lines: vec![seed as u32, 1, 2], ..Record::default() }
}

/// Opens the index of the bases with these seeds and tells how many records were made.
fn open(path: &Path, seeds: &[u64]) -> usize {
    let keys: Vec<Key> = seeds.iter().map(|seed| key(*seed)).collect();
    let made = AtomicUsize::new(0);
    let make = |at: usize| {
        made.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(small(seeds[at]))
    };
    let index = Index::open(Some(path), &keys, make).unwrap();
    let expected: Vec<Record> = seeds.iter().map(|seed| small(*seed)).collect();
    let found: Vec<Record> = index.records.iter().map(|record| (**record).clone()).collect();
    assert_eq!(found, expected);
    assert_eq!(index.made, made.load(Ordering::Relaxed));
    index.made
}

#[test]
fn what_is_damaged_is_made_again_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let seeds: Vec<u64> = (0..5).collect();
    assert_eq!((open(&path, &seeds), open(&path, &seeds)), (5, 0));
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        assert!(open(&path, &seeds) > 0, "byte {at} was believed");
        assert_eq!(open(&path, &seeds), 0, "byte {at} was not mended");
    }
    for length in [0, 1, 15, 16, 17, 60, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(open(&path, &seeds) > 0);
        assert_eq!(open(&path, &seeds), 0, "cut at {length}");
    }
    fs::write(&path, [whole.as_slice(), &whole[16..40]].concat()).unwrap();
    assert_eq!((open(&path, &seeds), open(&path, &[0, 1, 2, 3, 4, 9])), (0, 1), "what follows is cut off");
    assert_eq!(open(&path, &[4, 9]), 0);
}

#[test]
fn a_fingerprint_that_is_replaced_is_another_base() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    assert_eq!((open(&path, &[1, 2, 3]), open(&path, &[1, 7, 3])), (3, 1));
}

#[test]
fn a_file_that_cannot_be_written_costs_time_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    fs::create_dir(&path).unwrap();
    assert_eq!((open(&path, &[1, 2]), open(&path, &[1, 2])), (2, 2));
}

#[test]
fn several_at_once_make_every_record_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let seeds: Vec<u64> = (0..200).collect();
    let made: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path, &seeds))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((made, open(&path, &seeds)), (200, 0));
}

#[test]
fn what_nobody_asks_for_goes_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let seeds: Vec<u64> = (0..100).collect();
    open(&path, &seeds);
    let large = fs::metadata(&path).unwrap().len();
    open(&path, &[0, 1, 1000]);
    assert!(fs::metadata(&path).unwrap().len() < large / 10);
    assert_eq!(open(&path, &[1000, 1]), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn adding_and_removing_is_the_same_as_making_anew(
        steps in prop::collection::vec(prop::collection::btree_set(0u64..40, 0..30), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        for bases in &steps {
            let seeds: Vec<u64> = bases.iter().copied().collect();
            // Whatever the file has gone through, the records are those that are made anew.
            open(&path, &seeds);
            prop_assert_eq!(open(&path, &seeds), 0);
            prop_assert_eq!(open(&folder.path().join("new"), &seeds), seeds.len());
            let _ = fs::remove_file(folder.path().join("new"));
        }
    }
}
