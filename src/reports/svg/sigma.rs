// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The σ-curves: spread of the attention weights by layer, both models over each other.
//!
//! In: the context of a comparison. Out: an SVG with one panel a role. The band around the base's curve is how far a
//! curve is off, in the root mean square, that correlates as the 99th percentile of unrelated models does: for curves
//! of mean 0 and deviation 1 that is √(2·(1 − r)).

use std::fmt::Write;

use askama::Template;

use crate::evidence::{SigmaContext, SigmaCurve};
use crate::reports::text::signed;

/// Points of a curve that are drawn.
const MOST_POINTS: usize = 1024;
const WIDTH: f64 = 250.0;
const HEIGHT: f64 = 130.0;
/// Deviations shown to either side of the mean; what is beyond is drawn at the edge.
const SPAN: f64 = 3.0;

/// The curves, laid out.
#[derive(Template)]
#[template(path = "svg/sigma.svg")]
pub(in crate::reports) struct Sigma {
    pub(in crate::reports) id: String,
    pub(in crate::reports) title: String,
    pub(in crate::reports) description: String,
    panels: Vec<Panel>,
    height: usize,
    /// One table a role: its name; layer, suspect's deviation, base's.
    pub(in crate::reports) tables: Vec<(String, Vec<Row>)>,
}

pub(in crate::reports) struct Row {
    pub(in crate::reports) layer: usize,
    pub(in crate::reports) suspect: String,
    pub(in crate::reports) base: String,
}

struct Panel {
    x: usize,
    y: usize,
    name: String,
    band: String,
    base: String,
    suspect: String,
    dots: Vec<(String, String)>,
}

impl Sigma {
    /// Lays the curves out; `None` where none were kept.
    pub(in crate::reports) fn of(sigma: &SigmaContext, id: String) -> Option<Self> {
        if sigma.curves.is_empty() {
            return None;
        }
        let order = ["q", "k", "v", "o"];
        let place = |role: &str| order.iter().position(|known| *known == role).unwrap_or(order.len());
        let mut curves: Vec<(&String, &SigmaCurve)> = sigma.curves.iter().take(8).collect();
        curves.sort_by_key(|(role, _)| place(role));
        let band = (2.0 * (1.0 - sigma.unrelated_q99).max(0.0)).sqrt();
        let panels: Vec<Panel> = curves
            .iter()
            .enumerate()
            .map(|(at, (role, curve))| {
                let r = sigma.per_role.get(*role).copied().unwrap_or(f64::NAN);
                panel(at, &named(role, r), curve, band)
            })
            .collect();
        let said: Vec<String> = sigma.per_role.iter().map(|(role, r)| format!("{role} {}", signed(*r, 3))).collect();
        Some(Self {
            title: "Spread of the attention weights by layer (σ-profile)".to_owned(),
            description: format!(
                "Standardized curves of suspect and base; their correlations: {}. Mean {}; the 99th percentile of \
                 unrelated models is {}.",
                said.join(", "),
                signed(sigma.r, 3),
                signed(sigma.unrelated_q99, 3)
            ),
            height: panels.len().div_ceil(2) * 184 + 34,
            tables: curves.iter().map(|(role, curve)| (long(role), rows(curve))).collect(),
            panels,
            id,
        })
    }
}

fn long(role: &str) -> String {
    match role {
        "q" => "query (q)".to_owned(),
        "k" => "key (k)".to_owned(),
        "v" => "value (v)".to_owned(),
        "o" => "output (o)".to_owned(),
        other => other.to_owned(),
    }
}

fn named(role: &str, r: f64) -> String {
    format!("{}: r = {}", long(role), signed(r, 3))
}

fn rows(curve: &SigmaCurve) -> Vec<Row> {
    let shown = |values: &[f64], at: usize| values.get(at).map_or_else(String::new, |value| format!("{value:.6}"));
    (0..curve.suspect.len().max(curve.base.len()).min(MOST_POINTS))
        .map(|layer| Row { layer, suspect: shown(&curve.suspect, layer), base: shown(&curve.base, layer) })
        .collect()
}

fn panel(at: usize, name: &str, curve: &SigmaCurve, band: f64) -> Panel {
    let (suspect, base) = curve.compared();
    let suspect = points(&suspect, 0.0);
    let mut around = points(&base, band);
    around.extend(points(&base, -band).into_iter().rev());
    Panel {
        x: 44 + (at % 2) * 330,
        y: 24 + (at / 2) * 184,
        name: name.to_owned(),
        band: path(&around),
        base: path(&points(&base, 0.0)),
        dots: suspect.iter().map(|(x, y)| (format!("{x:.1}"), format!("{y:.1}"))).collect(),
        suspect: path(&suspect),
    }
}

/// Where a curve's points stand in a panel.
fn points(values: &[f64], shifted: f64) -> Vec<(f64, f64)> {
    let last = values.len().saturating_sub(1).max(1) as f64;
    let down = |value: f64| (0.5 - value.clamp(-SPAN, SPAN) / (2.0 * SPAN)) * HEIGHT;
    let points = values.iter().take(MOST_POINTS).enumerate();
    points.map(|(at, value)| (at as f64 / last * WIDTH, down(value + shifted))).collect()
}

fn path(points: &[(f64, f64)]) -> String {
    points.iter().fold(String::new(), |mut path, (x, y)| {
        // Writing to a string cannot fail.
        let _ = write!(path, "{x:.1},{y:.1} ");
        path
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn context(suspect: &[f64], base: &[f64]) -> SigmaContext {
        SigmaContext {
            r: 0.9,
            per_role: [("q".to_owned(), 0.9)].into(),
            unrelated_q99: 0.98,
            curves: [("q".to_owned(), SigmaCurve { suspect: suspect.to_vec(), base: base.to_vec() })].into(),
        }
    }

    #[test]
    fn a_rising_curve_rises_and_the_band_is_as_wide_as_its_correlation_says() {
        let sigma = Sigma::of(&context(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]), "s".to_owned()).unwrap();
        let panel = &sigma.panels[0];
        assert_eq!(panel.base, panel.suspect);
        // ±√1.5 at the ends: 65 ∓ 26.5; the band is ±0.2 around it: 4.3.
        assert_eq!(panel.base, "0.0,91.5 125.0,65.0 250.0,38.5 ");
        assert!(panel.band.starts_with("0.0,87.2 "), "{}", panel.band);
        assert!(sigma.render().unwrap().contains("the 99th percentile of unrelated models is 0.980"));
    }

    #[test]
    fn curves_of_other_depths_lie_over_each_other() {
        let sigma = Sigma::of(&context(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 5.0, 2.0]), "s".to_owned()).unwrap();
        assert_eq!(sigma.panels[0].dots.len(), 5);
        assert_eq!(sigma.tables[0].1.len(), 5);
        assert_eq!(sigma.tables[0].1[4].base, "");
    }

    #[test]
    fn without_curves_there_is_no_chart_and_odd_numbers_do_not_panic() {
        assert!(Sigma::of(&SigmaContext { curves: [].into(), ..context(&[], &[]) }, "s".to_owned()).is_none());
        assert!(Sigma::of(&context(&[], &[f64::NAN, f64::INFINITY]), "s".to_owned()).unwrap().render().is_ok());
    }
}
