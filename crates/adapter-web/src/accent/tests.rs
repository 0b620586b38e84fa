use super::*;

/// The colours of a style sheet in the order light accent, text on it, dark accent, text on it.
fn colors(style_sheet: &str) -> Vec<Rgb> {
    let declared = style_sheet.split(['{', '}', ';']).filter_map(|part| part.split_once(':'));
    declared.filter_map(|(_, value)| AccentColor::parse(value).ok()).map(|color| color.0).collect()
}

/// Colours from all parts of the cube.
fn many_colors() -> impl Iterator<Item = AccentColor> {
    let parts = (0..=255_u8).step_by(15);
    parts.clone().flat_map(move |red| {
        let parts = parts.clone();
        parts.clone().flat_map(move |green| parts.clone().map(move |blue| AccentColor([red, green, blue])))
    })
}

#[test]
fn every_colour_becomes_readable_in_both_schemes() {
    let mut checked = 0;
    for color in many_colors() {
        let [light, on_light, dark, on_dark] = colors(&style_sheet(color)).try_into().unwrap();
        for (scheme, accent, on_accent) in [(&LIGHT, light, on_light), (&DARK, dark, on_dark)] {
            let tint = mix(scheme.surface, accent, 12);
            for behind in [scheme.paper, scheme.surface, tint, on_accent] {
                let found = contrast(accent, behind);
                assert!(found >= LEAST_CONTRAST, "{color}: {accent:?} on {behind:?} has {found}");
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 18 * 18 * 18);
}

#[test]
fn a_readable_colour_stays_as_it_is() {
    for (color, light) in [("#14532d", true), ("#5b2a5e", true), ("#93d1a8", false)] {
        let color = AccentColor::parse(color).unwrap();
        let found = colors(&style_sheet(color));
        assert_eq!(found[if light { 0 } else { 2 }], color.0);
    }
}

#[test]
fn nothing_but_the_accent_is_replaced() {
    let text = style_sheet(AccentColor::parse("#ffff00").unwrap());
    let names: Vec<&str> =
        text.split(['{', ';']).filter_map(|part| part.strip_prefix("--")?.split(':').next()).collect();
    assert_eq!(names, ["accent", "on-accent", "accent", "on-accent"]);
    assert!(text.len() < 200, "{text}");
}

#[test]
fn contrast_is_computed_as_in_the_standard() {
    for (one, other, expected) in [
        ([0; 3], [0xff; 3], 21.0),
        ([0x77; 3], [0xff; 3], 4.478),
        ([0xff, 0, 0], [0xff; 3], 3.998),
        ([0x14, 0x53, 0x2d], [0x14, 0x53, 0x2d], 1.0),
    ] {
        let found = contrast(one, other);
        assert!((found - expected).abs() < 0.001, "{one:?} on {other:?} has {found}");
    }
}

#[test]
fn the_style_sheet_of_all_pages_has_these_backgrounds_and_enough_contrast() {
    let css = include_str!("../../assets/attune.css");
    let (light, dark) = css.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let dark = dark.split("@media").next().unwrap();
    for (scheme, text) in [(&LIGHT, light), (&DARK, dark)] {
        let token = |name: &str| {
            let value = text.split(&format!("--{name}: ")).nth(1).unwrap_or_else(|| panic!("no {name}"));
            AccentColor::parse(&value[..7]).unwrap().0
        };
        assert_eq!((token("paper"), token("surface")), (scheme.paper, scheme.surface));
        assert_eq!(token("on-accent"), scheme.on_accent);
        for (color, behind, least) in [
            ("ink", "paper", 4.5),
            ("ink", "surface", 4.5),
            ("muted", "paper", 4.5),
            ("muted", "surface", 4.5),
            ("accent", "paper", 4.5),
            ("accent", "surface", 4.5),
            ("on-accent", "accent", 4.5),
            // Borders of controls (success criterion 1.4.11).
            ("edge", "surface", 3.0),
            ("edge", "paper", 3.0),
        ] {
            let found = contrast(token(color), token(behind));
            assert!(found >= least, "{color} on {behind} has {found}");
        }
    }
}
