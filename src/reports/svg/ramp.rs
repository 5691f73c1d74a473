// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The ramp of the heat maps: effects to colors.
//!
//! In: a number from 0 to 1. Out: a color. The ramp is viridis (Smith, van der Walt, and Firing, 2015, dedicated to
//! the public under CC0): its lightness rises evenly, so it reads the same in grey and to the color-blind.

/// Viridis at every tenth.
pub(super) const RAMP: [&str; 11] = [
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26",
    "#fde725",
];

/// Place in the ramp.
pub(super) fn step(value: f64) -> usize {
    // A NaN becomes 0.
    (value.clamp(0.0, 1.0) * 10.0).round() as usize
}

/// The color of a value.
pub(super) fn color(value: f64) -> &'static str {
    RAMP.get(step(value)).copied().unwrap_or(RAMP[0])
}

/// The color of text that is read upon it.
pub(super) fn ink(value: f64) -> &'static str {
    if step(value) > 5 { "#000000" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(color.get(at..at + 2).unwrap_or("00"), 16).unwrap_or(0)) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn the_ramp_rises_in_lightness() {
        assert!(RAMP.iter().map(|color| luminance(color)).is_sorted());
    }

    #[test]
    fn numbers_can_be_read_upon_every_color() {
        for at in 0..=10 {
            let value = f64::from(at) / 10.0;
            let (a, b) = (luminance(color(value)), luminance(ink(value)));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 3.8, "{at}: {contrast:.2}");
        }
    }

    #[test]
    fn what_is_no_effect_has_the_lowest_color() {
        assert_eq!([color(f64::NAN), color(-1.0), color(7.0)], ["#440154", "#440154", "#fde725"]);
    }
}
