//! Noise that looks like clouds, leaves and grain: made once per camera, used shifted in every photo.

use super::dice::Dice;

/// Wide enough for a row of any photo plus its lean: 4,000 columns and a quarter of 5,300 rows.
const WIDTH: usize = 5_376;
/// Every octave's period divides it, so the textures continue from bottom to top.
const HEIGHT: usize = 512;

/// Octaves as (period in pixels, share of the brightness) for clouds, leaves and grain.
const OCTAVES: [&[(usize, f32)]; 3] = [
    &[(256, 0.6), (128, 0.3), (32, 0.1)],
    &[(64, 0.25), (16, 0.3), (4, 0.3), (2, 0.15)],
    &[(128, 0.25), (4, 0.35), (1, 0.4)],
];

/// Tiles of values from -127 to 127.
#[derive(Debug)]
pub(super) struct Textures(Vec<Vec<i8>>);

impl Textures {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self(OCTAVES.map(|octaves| tile(octaves, dice)).to_vec())
    }

    /// The texture's values for one row of a photo from its column `from` on. It leans a little, so
    /// that its vertical repeat is hard to see.
    pub(super) fn row(&self, texture: usize, number: usize, from: usize) -> &[i8] {
        let lean = number / 4;
        let start = number % HEIGHT * WIDTH;
        let tile = self.0.get(texture).map_or(&[][..], Vec::as_slice);
        tile.get(start + from + lean..start + WIDTH).unwrap_or_default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the shares of all octaves add up to 1")]
fn tile(octaves: &[(usize, f32)], dice: &mut Dice) -> Vec<i8> {
    let mut sum = vec![0.0_f32; WIDTH * HEIGHT];
    for (period, share) in octaves {
        add_octave(&mut sum, *period, *share, dice);
    }
    sum.into_iter().map(|value| (value * 127.0) as i8).collect()
}

/// Adds random values on a lattice of `period` pixels, straight lines between them.
fn add_octave(sum: &mut [f32], period: usize, share: f32, dice: &mut Dice) {
    let mut lattice: Vec<Vec<f32>> = (0..HEIGHT / period).map(|_| stretched(period, share, dice)).collect();
    lattice.extend(lattice.first().cloned());
    let step = 1.0 / f32::from(u16::try_from(period).unwrap_or(1));
    let pairs = lattice.iter().zip(lattice.iter().skip(1));
    for ((above, below), rows) in pairs.zip(sum.chunks_exact_mut(WIDTH * period)) {
        let mut weight = 0.0;
        for row in rows.chunks_exact_mut(WIDTH) {
            for ((value, upper), lower) in row.iter_mut().zip(above).zip(below) {
                *value += upper + (lower - upper) * weight;
            }
            weight += step;
        }
    }
}

/// One lattice row drawn out to full width.
fn stretched(period: usize, share: f32, dice: &mut Dice) -> Vec<f32> {
    let mut random = Vec::new();
    while random.len() < WIDTH / period + 2 {
        random.extend(dice.bytes::<256>().map(|byte| (f32::from(byte) / 127.5 - 1.0) * share));
    }
    let step = 1.0 / f32::from(u16::try_from(period).unwrap_or(1));
    let mut row = Vec::with_capacity(WIDTH + period);
    for (left, right) in random.iter().zip(random.iter().skip(1)).take(WIDTH / period + 1) {
        let mut weight = 0.0;
        for _ in 0..period {
            row.push(left + (right - left) * weight);
            weight += step;
        }
    }
    row
}
