// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The heat map: the effect for every pair of layers, base downwards, suspect across.
//!
//! In: a matrix of effects. Out: an SVG, in which layers in their places are the diagonal, and repeated, dropped, or
//! grafted ones shift or break it; and the rows of its table.

use askama::Template;

use super::ramp::{RAMP, color, ink, step};
use crate::evidence::{Comparison, HeatMap};
use crate::reports::text::plural;

/// Layers of a side that are drawn.
pub(in crate::reports) const MOST_LAYERS: usize = 256;
/// Cells of a map up to which its table has all of them.
const WHOLE_TABLE: usize = 1024;
/// Effect from which a cell of a larger map is in its table.
const IN_TABLE: f64 = 0.1;
/// Name of the map that joins the mechanisms, where none tells every pair.
const FOUND: &str = "found";

/// The maps of a comparison: those that tell every pair of layers, or else the pairs that were found.
pub(in crate::reports) fn maps(comparison: &Comparison) -> Vec<HeatMap> {
    let told = comparison.structure.iter().flat_map(|structure| &structure.heat_maps);
    let told: Vec<HeatMap> = told.filter(|map| !map.effect.is_empty()).cloned().collect();
    if !told.is_empty() || comparison.layers.is_empty() {
        return told;
    }
    let last = |layer: fn(&crate::evidence::LayerEffect) -> u32| {
        let last = comparison.layers.iter().map(layer).max().unwrap_or_default();
        (0..=last.min(MOST_LAYERS as u32)).collect::<Vec<u32>>()
    };
    let (base_layers, suspect_layers) = (last(|cell| cell.base_layer), last(|cell| cell.suspect_layer));
    let mut effect = vec![vec![0.0; suspect_layers.len()]; base_layers.len()];
    for cell in &comparison.layers {
        let row = effect.get_mut(cell.base_layer as usize);
        if let Some(value) = row.and_then(|row| row.get_mut(cell.suspect_layer as usize)) {
            *value = cell.effect;
        }
    }
    vec![HeatMap { mechanism: FOUND.to_owned(), base_layers, suspect_layers, effect }]
}

/// What a mechanism's map shows.
fn shows(mechanism: &str) -> String {
    match mechanism {
        "gram" => "feed-forward neurons paired in any coordinates (gram)".to_owned(),
        "needle-search" => "feed-forward rows found among all layers and rows (needle-search)".to_owned(),
        FOUND => "pairs of layers found, by any mechanism".to_owned(),
        other => other.to_owned(),
    }
}

/// A heat map, laid out.
#[derive(Template)]
#[template(path = "svg/heat.svg")]
pub(in crate::reports) struct Heat {
    pub(in crate::reports) id: String,
    pub(in crate::reports) title: String,
    pub(in crate::reports) description: String,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
    size: usize,
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
    across: Vec<Tick>,
    down: Vec<Tick>,
    legend: Vec<Step>,
    pub(in crate::reports) table: Table,
}

struct Cell {
    x: usize,
    y: usize,
    color: &'static str,
    ink: &'static str,
    label: String,
    tip: String,
}

struct Tick {
    at: usize,
    layer: u32,
}

struct Step {
    y: usize,
    color: &'static str,
    label: &'static str,
}

/// The numbers of a map.
pub(in crate::reports) struct Table {
    /// Layers of the suspect, if every pair is told; else the rows are pairs.
    pub(in crate::reports) columns: Vec<u32>,
    /// A layer of the base and its effects by layer of the suspect.
    pub(in crate::reports) rows: Vec<(u32, Vec<String>)>,
    /// Layer of the base, of the suspect, effect.
    pub(in crate::reports) pairs: Vec<(u32, u32, String)>,
    /// What is left out.
    pub(in crate::reports) note: String,
}

/// Lays a map out.
pub(in crate::reports) fn heat(map: &HeatMap, id: String) -> Heat {
    let columns = map.suspect_layers.len().min(MOST_LAYERS);
    let rows = map.base_layers.len().min(MOST_LAYERS);
    let size = (520 / columns.max(rows).max(1)).clamp(3, 44);
    let (left, top) = (64, 12);
    let at = |row: usize, column: usize| value(map, row, column);
    let mut cells = Vec::new();
    for (row, base) in map.base_layers.iter().take(rows).enumerate() {
        for (column, suspect) in map.suspect_layers.iter().take(columns).enumerate() {
            let effect = at(row, column);
            let labelled = size >= 32;
            // What has the lowest color is the ground that is drawn beneath.
            if step(effect) == 0 && !labelled {
                continue;
            }
            cells.push(Cell {
                x: left + column * size,
                y: top + row * size,
                color: color(effect),
                ink: ink(effect),
                label: if labelled { format!("{effect:.2}") } else { String::new() },
                tip: format!("base layer {base}, suspect layer {suspect}: effect {effect:.3}"),
            });
        }
    }
    let legend = (0..11).rev().map(|at| Step {
        y: top + (10 - at) * 14,
        color: RAMP.get(at).copied().unwrap_or_default(),
        label: match at {
            0 => "0 nothing",
            5 => "0.5",
            10 => "1 the same",
            _ => "",
        },
    });
    let cut = (map.suspect_layers.len() > columns || map.base_layers.len() > rows)
        .then(|| format!(" Only the first {MOST_LAYERS} layers of each side are drawn."));
    Heat {
        title: format!("Effect by layer: {}", shows(&map.mechanism)),
        description: format!(
            "{} across, {} downwards.{}{}",
            plural(map.suspect_layers.len() as u64, "layer of the suspect", "layers of the suspect"),
            plural(map.base_layers.len() as u64, "layer of the base", "layers of the base"),
            strongest(map),
            cut.unwrap_or_default()
        ),
        width: left + columns * size + 120,
        height: (top + rows * size).max(top + 154) + 46,
        left,
        top,
        size,
        columns,
        rows,
        cells,
        across: ticks(&map.suspect_layers, columns, size, left),
        down: ticks(&map.base_layers, rows, size, top),
        legend: legend.collect(),
        table: table(map, rows, columns),
        id,
    }
}

fn value(map: &HeatMap, row: usize, column: usize) -> f64 {
    map.effect.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default().clamp(0.0, 1.0)
}

/// For those who cannot see it: where each layer of the suspect is best found.
fn strongest(map: &HeatMap) -> String {
    let best: Vec<String> = map
        .suspect_layers
        .iter()
        .enumerate()
        .filter_map(|(column, suspect)| {
            let rows = map.base_layers.iter().enumerate().map(|(row, base)| (value(map, row, column), base));
            let (effect, base) = rows.max_by(|a, b| a.0.total_cmp(&b.0))?;
            (step(effect) > 1).then(|| format!("suspect {suspect} with base {base} ({effect:.2})"))
        })
        .collect();
    match best.as_slice() {
        [] => " No pair has an effect above 0.1.".to_owned(),
        best if best.len() <= 12 => format!(" Strongest pairs: {}.", best.join(", ")),
        best => format!(" {} layers of the suspect have a pair above 0.1; the table lists them.", best.len()),
    }
}

/// Numbers of layers along a side, no more than have room.
fn ticks(layers: &[u32], shown: usize, size: usize, start: usize) -> Vec<Tick> {
    let every = (24_usize).div_ceil(size).max(1);
    let shown = layers.iter().take(shown).enumerate().filter(|(at, _)| at.is_multiple_of(every));
    shown.map(|(at, layer)| Tick { at: start + at * size + size / 2, layer: *layer }).collect()
}

fn table(map: &HeatMap, rows: usize, columns: usize) -> Table {
    let mut table = Table { columns: Vec::new(), rows: Vec::new(), pairs: Vec::new(), note: String::new() };
    if rows * columns <= WHOLE_TABLE {
        table.columns = map.suspect_layers.iter().take(columns).copied().collect();
        let bases = map.base_layers.iter().take(rows).enumerate();
        let row = |row| (0..columns).map(|column| format!("{:.3}", value(map, row, column))).collect();
        table.rows = bases.map(|(at, base)| (*base, row(at))).collect();
        return table;
    }
    for (row, base) in map.base_layers.iter().take(rows).enumerate() {
        for (column, suspect) in map.suspect_layers.iter().take(columns).enumerate() {
            let effect = value(map, row, column);
            if effect >= IN_TABLE {
                table.pairs.push((*base, *suspect, format!("{effect:.3}")));
            }
        }
    }
    table.note = format!("Pairs with an effect below {IN_TABLE} are left out; the JSON report has all of them.");
    table
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::evidence::LayerEffect;
    use crate::reports::samples::comparison;

    fn square(layers: u32, effect: impl Fn(u32, u32) -> f64) -> HeatMap {
        let numbers: Vec<u32> = (0..layers).collect();
        let row = |base: &u32| numbers.iter().map(|suspect| effect(*base, *suspect)).collect();
        HeatMap {
            mechanism: "gram".to_owned(),
            effect: numbers.iter().map(row).collect(),
            base_layers: numbers.clone(),
            suspect_layers: numbers,
        }
    }

    #[test]
    fn a_cell_stands_where_its_layers_say() {
        let heat = heat(&square(4, |base, suspect| f64::from(suspect == base + 1)), "h".to_owned());
        let bright: Vec<(usize, usize)> = heat
            .cells
            .iter()
            .filter(|cell| cell.color == RAMP[10])
            .map(|cell| ((cell.x - heat.left) / heat.size, (cell.y - heat.top) / heat.size))
            .collect();
        assert_eq!(bright, [(1, 0), (2, 1), (3, 2)]);
        assert!(heat.description.contains("suspect 1 with base 0 (1.00)"), "{}", heat.description);
        assert!(heat.render().unwrap().contains("base layer 2, suspect layer 3: effect 1.000"));
    }

    #[test]
    fn large_maps_draw_and_list_what_is_found_only() {
        let heat = heat(&square(100, |base, suspect| f64::from(base == suspect)), "h".to_owned());
        assert_eq!((heat.cells.len(), heat.table.pairs.len(), heat.table.rows.len()), (100, 100, 0));
        assert!(heat.table.note.contains("left out"));
    }

    #[test]
    fn a_matrix_that_does_not_fit_its_layers_is_no_panic() {
        let mut map = square(3, |_, _| f64::NAN);
        map.effect.truncate(1);
        map.base_layers.extend(0..400);
        let heat = heat(&map, "h".to_owned());
        assert_eq!(heat.rows, MOST_LAYERS);
        assert!(heat.description.contains("Only the first 256"));
    }

    #[test]
    fn pairs_of_layers_stand_in_for_maps_that_are_missing() {
        let mut comparison = comparison();
        comparison.layers.push(LayerEffect { suspect_layer: u32::MAX, base_layer: 1, effect: 1.0 });
        let maps = maps(&comparison);
        assert_eq!(maps.len(), 1);
        assert_eq!(maps[0].effect[2][2], 0.8);
        assert!(maps[0].suspect_layers.len() <= MOST_LAYERS + 1);
    }
}
