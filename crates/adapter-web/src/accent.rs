//! The practice's accent colour, corrected until everyone can read it.

use attune_domain::practice::AccentColor;

type Rgb = [u8; 3];

/// Contrast of text with its background (WCAG 2.2, success criterion 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

/// What is behind the accent colour in a colour scheme, and which colour corrects it.
struct Scheme {
    /// The background of pages, and of text on the accent colour.
    paper: Rgb,
    /// The background of cards.
    surface: Rgb,
    /// Text on the accent colour.
    on_accent: Rgb,
    /// A colour that is too close to its background is mixed with this one.
    away: Rgb,
}

/// As in `attune.css`.
const LIGHT: Scheme = Scheme { paper: [0xfa, 0xf8, 0xf3], surface: [0xff; 3], on_accent: [0xff; 3], away: [0; 3] };

/// As in `attune.css`.
const DARK: Scheme =
    Scheme { paper: [0x15, 0x19, 0x17], surface: [0x1d, 0x23, 0x20], on_accent: [0x0d, 0x24, 0x17], away: [0xff; 3] };

/// A style sheet that replaces the accent colour of both colour schemes.
pub(crate) fn style_sheet(color: AccentColor) -> String {
    let light = Correction::of(color, &LIGHT);
    let dark = Correction::of(color, &DARK);
    format!(":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n")
}

struct Correction {
    accent: AccentColor,
    on_accent: AccentColor,
}

impl Correction {
    /// The first colour on the way from the practice's own to black or white that is readable everywhere.
    fn of(color: AccentColor, scheme: &Scheme) -> Self {
        let readable = |accent: &Rgb| {
            // A note has a background of 12 % accent colour.
            let tint = mix(scheme.surface, *accent, 12);
            let behind = [scheme.paper, scheme.surface, tint, scheme.on_accent];
            behind.iter().all(|behind| contrast(*accent, *behind) >= LEAST_CONTRAST)
        };
        let steps = (0..=100).map(|percent| mix(color.0, scheme.away, percent));
        let accent = steps.into_iter().find(readable).unwrap_or(scheme.away);
        Self { accent: AccentColor(accent), on_accent: AccentColor(scheme.on_accent) }
    }
}

impl std::fmt::Display for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--accent:{};--on-accent:{}", self.accent, self.on_accent)
    }
}

/// `one` with `percent` of `other`, like `color-mix(in srgb, …)`.
fn mix(one: Rgb, other: Rgb, percent: u32) -> Rgb {
    std::array::from_fn(|part| {
        let sum = u32::from(one[part]) * (100 - percent) + u32::from(other[part]) * percent;
        u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
    })
}

/// The contrast ratio, from 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance, from 0 to 1.
fn luminance(color: Rgb) -> f64 {
    let [red, green, blue] = color.map(|part| {
        let value = f64::from(part) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests;
