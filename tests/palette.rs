//! The page's colours, told apart by eyes that see no red, no green or no blue, and read on their
//! grounds: the numbers are worked out here from the very file that the page uses.
//!
//! Blindness is simulated as in Machado, Oliveira, Fernandes, "A physiologically-based model for
//! simulation of color vision deficiency" (2009), severity 1; distances are in Oklab (Ottosson 2020),
//! where a distance of 0.02 can just be seen side by side; contrasts are those of WCAG 2.2 (1.4.3).

use std::collections::BTreeMap;

const PALETTE: &str = include_str!("../src/player/source/palette.css");

/// Colours that mean different things beside each other.
const MEANINGS: [&str; 5] = ["accent", "good", "bad", "wait", "note"];
/// Least distance of two of them.
const APART: f64 = 0.08;
/// Least contrast of text on its ground.
const READABLE: f64 = 4.5;

type Colour = [f64; 3];

/// How each sort of eye sees linear red, green and blue.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("all three", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "no red",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "no green",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "no blue",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn seen([red, green, blue]: Colour, eye: &[[f64; 3]; 3]) -> Colour {
    eye.map(|row| (row[0] * red + row[1] * green + row[2] * blue).clamp(0.0, 1.0))
}

/// Reads `#rrggbb` as linear light.
fn linear(text: &str) -> Colour {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    let digits = digits.unwrap_or_else(|| panic!("{text}: a colour is written #rrggbb"));
    [0, 2, 4].map(|at| {
        let part =
            f64::from(u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits")) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
    })
}

fn oklab([red, green, blue]: Colour) -> Colour {
    let root = |r: f64, g: f64, b: f64| (r * red + g * green + b * blue).cbrt();
    let long = root(0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9);
    let middle = root(0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6);
    let short = root(0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5);
    [
        0.210_454_255_3 * long + 0.793_617_785_0 * middle - 0.004_072_046_8 * short,
        1.977_998_495_1 * long - 2.428_592_205_0 * middle + 0.450_593_709_9 * short,
        0.025_904_037_1 * long + 0.782_771_766_2 * middle - 0.808_675_766_0 * short,
    ]
}

fn distance(one: Colour, other: Colour) -> f64 {
    let (one, other) = (oklab(one), oklab(other));
    one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let light = |[r, g, b]: Colour| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The colours of the page in light, and in dark.
fn palettes() -> [(&'static str, BTreeMap<&'static str, Colour>); 2] {
    let (light, rest) =
        PALETTE.split_once("@media (prefers-color-scheme: dark)").expect("it has both");
    let (dark, _) = rest.split_once("@media print").expect("and one for paper");
    [("light", light), ("dark", dark)].map(|(name, text)| {
        let entries = text.lines().filter_map(|line| {
            let (key, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
            Some((key, linear(value.strip_suffix(';')?)))
        });
        (name, entries.collect())
    })
}

#[test]
fn colours_that_mean_different_things_are_told_apart_by_all_eyes() {
    for (scheme, colours) in palettes() {
        for (place, one) in MEANINGS.iter().enumerate() {
            for other in &MEANINGS[place + 1..] {
                for (eye, matrix) in &EYES {
                    let [first, second] = [one, other].map(|name| seen(colours[name], matrix));
                    let apart = distance(first, second);
                    assert!(
                        apart >= APART,
                        "{scheme}, {eye}: {one} and {other} are {apart:.3} apart"
                    );
                }
            }
        }
    }
}

#[test]
fn words_are_read_on_their_grounds() {
    for (scheme, colours) in palettes() {
        let check = |word: &str, ground: &str| {
            let found = contrast(colours[word], colours[ground]);
            assert!(found >= READABLE, "{scheme}: {word} on {ground} has a contrast of {found:.2}");
        };
        for word in MEANINGS.iter().chain(&["ink", "muted"]) {
            check(word, "paper");
            check(word, "soft");
        }
        for meaning in MEANINGS {
            check(&format!("on-{meaning}"), meaning);
            check("ink", &format!("{meaning}-soft"));
            check(meaning, &format!("{meaning}-soft"));
        }
    }
}

#[test]
fn the_measure_of_distance_tells_red_from_green_by_eyes_that_see_both() {
    // Two colours of a road sign that eyes without red or green take for one another.
    let (red, green) = (linear("#b3261e"), linear("#5f6a00"));
    assert!(distance(red, green) > 0.15);
    let (_, without_green) = EYES[2];
    assert!(distance(seen(red, &without_green), seen(green, &without_green)) < APART);
}
