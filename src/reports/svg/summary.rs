// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The picture that sums a report up: verdict, models, and a small heat map of each.
//!
//! In: a [`Report`]. Out: one SVG file that stands alone: no script, no link, no font of its own.

use std::io::{self, Write};

use askama::Template;

use super::heat::{MOST_LAYERS, maps};
use super::ramp::color;
use crate::evidence::HeatMap;
use crate::reports::headline::{Headline, descent};
use crate::reports::markup::shortened;
use crate::reports::text::{plural, wrap};
use crate::reports::{Report, ReportedModel};

/// Models that are drawn.
const MOST_MODELS: usize = 4;
/// Side of a small heat map.
const SIDE: f64 = 96.0;
/// Characters in a line.
const LINE: usize = 92;

/// Writes the picture of a report.
pub fn svg(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let text = Summary::of(report).render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

#[derive(Template)]
#[template(path = "svg/summary.svg")]
struct Summary {
    title: String,
    description: String,
    headline: Headline,
    lines: Vec<Line>,
    models: Vec<Drawn>,
    height: usize,
    foot: String,
}

struct Line {
    y: usize,
    text: String,
}

struct Drawn {
    y: usize,
    name: String,
    lines: Vec<Line>,
    thumbnail: Option<Thumbnail>,
    caption: &'static str,
}

struct Thumbnail {
    width: String,
    height: String,
    cells: Vec<(String, String, String, String, &'static str)>,
}

impl Summary {
    fn of(report: &Report) -> Self {
        let headline = Headline::of(report);
        let lines = lines(&headline.sentence, LINE, 72);
        let mut y = 72 + lines.len() * 20 + 12;
        let mut models = Vec::new();
        for model in report.models.iter().take(MOST_MODELS) {
            let drawn = drawn(model, y);
            y += if drawn.thumbnail.is_some() { 136 } else { 40 + drawn.lines.len() * 20 };
            models.push(drawn);
        }
        let left_out = report.models.len().saturating_sub(MOST_MODELS) as u64;
        let more =
            if left_out == 0 { String::new() } else { format!("{}; ", plural(left_out, "more model", "more models")) };
        Self {
            title: format!("{}: {}", report.tool.name, headline.word),
            description: headline.sentence.clone(),
            foot: format!("{more}{} {}", report.tool.name, report.tool.version),
            headline,
            lines,
            models,
            height: y + 30,
        }
    }
}

fn lines(text: &str, width: usize, first: usize) -> Vec<Line> {
    let wrapped = wrap(text, width).into_iter().take(6).enumerate();
    wrapped.map(|(at, text)| Line { y: first + at * 20, text: shortened(&text, width) }).collect()
}

fn drawn(model: &ReportedModel, y: usize) -> Drawn {
    let best = model.matches.first().filter(|best| best.relation.is_descent());
    let thumbnail = best.and_then(|best| maps(best).first().map(thumbnail));
    Drawn {
        y,
        name: shortened(&model.path, 70),
        lines: lines(&descent(model), if thumbnail.is_some() { 76 } else { LINE }, 42),
        caption: if thumbnail.is_some() { "effect by layer: base downwards, model across" } else { "" },
        thumbnail,
    }
}

fn thumbnail(map: &HeatMap) -> Thumbnail {
    let columns = map.suspect_layers.len().clamp(1, MOST_LAYERS);
    let rows = map.base_layers.len().clamp(1, MOST_LAYERS);
    let size = SIDE / columns.max(rows) as f64;
    let mut cells = Vec::new();
    for (row, values) in map.effect.iter().take(rows).enumerate() {
        for (column, value) in values.iter().take(columns).enumerate() {
            let place = |at: usize| format!("{:.2}", at as f64 * size);
            let color = color(*value);
            if color != super::ramp::RAMP[0] {
                cells.push((place(column), place(row), format!("{size:.2}"), format!("{value:.2}"), color));
            }
        }
    }
    Thumbnail { width: format!("{:.2}", columns as f64 * size), height: format!("{:.2}", rows as f64 * size), cells }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::reports::samples::blocked;

    fn drawn(report: &Report) -> String {
        let mut out = Vec::new();
        svg(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_picture_tells_verdict_and_models_and_stands_alone() {
        let text = drawn(&blocked());
        assert!(text.starts_with("<svg xmlns="), "{text}");
        for wanted in ["Blocked", "2 findings are denied", "checkpoints/orca/model.safetensors", "#7ad151"] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert_eq!(text.matches("http").count(), 1, "only the namespace");
        assert!(!text.contains("<script") && !text.contains("href") && !text.contains("@import"));
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut report = blocked();
        report.models[0].path = "</text><script>]]>\u{202e}".to_owned();
        let text = drawn(&report);
        assert!(text.contains("&lt;/text&gt;&lt;script&gt;]]&gt;\u{fffd}"), "{text}");
        assert!(!text.contains("<script>"));
    }

    #[test]
    fn many_models_are_counted() {
        let mut report = blocked();
        report.models = vec![report.models.remove(0); 9];
        assert!(drawn(&report).contains("5 more models; forebear"));
    }
}
