//! What stands in front of the camera: sky, hills, ground, a road, houses, trees and the heap of
//! things that somebody reports. Painted row by row, so that twelve megapixels take a moment.

use super::{dice::Dice, texture::Textures};

/// Colour as JPEG keeps it, how it changes downward, and the texture over it.
#[derive(Clone, Copy, Debug)]
struct Paint {
    luma: i32,
    blue: u8,
    red: u8,
    fall: i32,
    texture: usize,
    gain: i32,
}

/// A shape between two slanting edges, or an oval.
#[derive(Clone, Copy, Debug)]
struct Shape {
    top: f64,
    bottom: f64,
    left: [f64; 2],
    right: [f64; 2],
    is_oval: bool,
    paint: Paint,
}

/// A ridge line: the row at which the hill begins, for each column.
#[derive(Debug)]
struct Ridge {
    rows: Vec<f64>,
    paint: Paint,
}

/// One view.
#[derive(Debug)]
pub(super) struct Scene {
    width: usize,
    height: usize,
    horizon: f64,
    sky: Paint,
    ground: Paint,
    ridges: Vec<Ridge>,
    shapes: Vec<Shape>,
    shift: usize,
}

/// Brightness and the two colour planes, row after row.
#[derive(Debug)]
pub(super) struct Planes {
    pub(super) luma: Vec<u8>,
    pub(super) blue: Vec<u8>,
    pub(super) red: Vec<u8>,
}

impl Scene {
    pub(super) fn new(width: u16, height: u16, dice: &mut Dice) -> Self {
        let (wide, high) = (f64::from(width), f64::from(height));
        let horizon = high * dice.between(0.3, 0.48);
        let light = dice.within(0, 40).cast_signed();
        let ground = match dice.below(4) {
            0 => paint([112, 112, 136], 18, 1, 70),
            1 => paint([104, 108, 128], -20, 1, 95),
            2 => paint([150, 124, 131], -25, 2, 60),
            _ => paint([128, 112, 140], 12, 1, 55),
        };
        let mut scene = Self {
            width: usize::from(width),
            height: usize::from(height),
            horizon,
            sky: paint([170 + light, 146, 116], 42 - light / 2, 0, 34),
            ground,
            ridges: Vec::new(),
            shapes: Vec::new(),
            shift: dice.below(1_300),
        };
        scene.ridges.push(ridge(wide, horizon, high * 0.16, paint([142, 136, 120], -12, 0, 20), dice));
        scene.ridges.push(ridge(wide, horizon, high * 0.07, paint([84, 116, 122], 14, 1, 64), dice));
        scene.add_road(wide, high, dice);
        for _ in 0..dice.within(1, 4) {
            scene.add_house(wide, high, dice);
        }
        for _ in 0..dice.within(2, 7) {
            scene.add_tree(wide, high, dice);
        }
        scene.add_heap(wide, high, dice);
        scene
    }

    fn add_road(&mut self, wide: f64, high: f64, dice: &mut Dice) {
        let (far, near) = (wide * dice.between(0.3, 0.7), wide * dice.between(0.1, 0.9));
        let half = wide * dice.between(0.12, 0.3);
        let slanted = |low: f64, top: f64, bottom: f64, paint| Shape {
            top: low,
            bottom: high,
            left: [far - top, near - bottom],
            right: [far + top, near + bottom],
            is_oval: false,
            paint,
        };
        let asphalt = paint([dice.within(95, 160).cast_signed(), 128, 129], 10, 2, 45);
        self.shapes.push(slanted(self.horizon, wide * 0.008, half, asphalt));
        if dice.chance(0.6) {
            let line = paint([205, 124, 132], 5, 2, 30);
            self.shapes.push(slanted(self.horizon, 1.0, half * 0.03, line));
        }
    }

    fn add_house(&mut self, wide: f64, high: f64, dice: &mut Dice) {
        let size = high * dice.between(0.12, 0.3);
        let (left, base) = (wide * dice.between(-0.05, 0.85), self.horizon + size * dice.between(0.1, 0.45));
        let (right, top) = (left + size * dice.between(1.0, 1.9), base - size);
        let wall = match dice.below(3) {
            0 => paint([196, 124, 131], -18, 2, 26),
            1 => paint([176, 118, 140], -14, 2, 30),
            _ => paint([212, 127, 129], -10, 2, 18),
        };
        self.shapes.push(block([left, right, top, base], wall));
        let eaves = size * 0.12;
        let tiles = paint([dice.within(62, 96).cast_signed(), 124, dice_i32(dice, 128, 152)], 14, 2, 60);
        self.shapes.push(Shape {
            top: top - size * 0.3,
            bottom: top + size * 0.02,
            left: [left + size * 0.25, left - eaves],
            right: [right - size * 0.25, right + eaves],
            is_oval: false,
            paint: tiles,
        });
        let (columns, storeys) = (dice.within(3, 6), dice.within(1, 3));
        let (step_x, step_y) = ((right - left) / f64::from(columns), size / f64::from(storeys));
        for storey in 0..storeys {
            for column in 0..columns {
                let x = left + step_x * (f64::from(column) + 0.22);
                let y = top + step_y * (f64::from(storey) + 0.25);
                let pane = [x, x + step_x * 0.55, y, y + step_y * 0.5];
                let frame = [pane[0] - 5.0, pane[1] + 5.0, pane[2] - 5.0, pane[3] + 5.0];
                self.shapes.push(block(frame, paint([226, 128, 128], 0, 2, 10)));
                self.shapes.push(block(pane, paint([66, 134, 124], 46, 0, 30)));
                let bar = f64::midpoint(pane[0], pane[1]);
                self.shapes
                    .push(block([bar - 3.0, bar + 3.0, pane[2], pane[3]], paint([220, 128, 128], 0, 2, 8)));
            }
        }
    }

    fn add_tree(&mut self, wide: f64, high: f64, dice: &mut Dice) {
        let size = high * dice.between(0.1, 0.34);
        let (middle, base) = (wide * dice.unit(), self.horizon + size * dice.between(0.2, 0.9));
        let trunk = [middle - size * 0.04, middle + size * 0.04, base - size, base];
        self.shapes.push(block(trunk, paint([66, 122, 134], -12, 1, 60)));
        for index in 0..dice.within(14, 26) {
            let radius = size * dice.between(0.12, 0.3);
            let x = middle + size * 0.34 * dice.normal().clamp(-1.6, 1.6);
            let y = base - size * dice.between(0.75, 1.5);
            let luma = 52 + index.cast_signed() * 2 + dice.within(0, 14).cast_signed();
            let green = paint([luma, dice_i32(dice, 108, 116), dice_i32(dice, 114, 124)], -16, 1, 105);
            self.shapes.push(oval([x, y], [radius, radius * 0.8], green));
        }
    }

    fn add_heap(&mut self, wide: f64, high: f64, dice: &mut Dice) {
        let (x, y) = (wide * dice.between(0.3, 0.7), high * dice.between(0.72, 0.88));
        let spread = high * dice.between(0.06, 0.14);
        self.shapes.push(oval(
            [x, y + spread * 0.5],
            [spread * 2.6, spread * 0.5],
            paint([58, 128, 128], 10, 2, 40),
        ));
        for _ in 0..dice.within(70, 190) {
            let at = [x + spread * dice.normal(), y + spread * 0.35 * dice.normal()];
            let (half, tall) = (spread * dice.between(0.03, 0.26), spread * dice.between(0.03, 0.2));
            let colour =
                [dice.within(40, 225).cast_signed(), dice_i32(dice, 100, 158), dice_i32(dice, 100, 162)];
            let thing = paint(colour, -30, dice.below(3), dice.within(15, 80).cast_signed());
            self.shapes.push(if dice.chance(0.5) {
                oval(at, [half, tall], thing)
            } else {
                let lean = half * dice.between(-0.8, 0.8);
                Shape {
                    top: at[1] - tall,
                    bottom: at[1] + tall,
                    left: [at[0] - half + lean, at[0] - half],
                    right: [at[0] + half + lean, at[0] + half],
                    is_oval: false,
                    paint: thing,
                }
            });
        }
    }

    /// Paints the whole view.
    pub(super) fn render(&self, textures: &Textures) -> Planes {
        let size = self.width * self.height;
        let mut planes = Planes { luma: vec![0; size], blue: vec![0; size], red: vec![0; size] };
        let rows = planes.luma.chunks_exact_mut(self.width);
        let rows = rows.zip(planes.blue.chunks_exact_mut(self.width));
        let rows = rows.zip(planes.red.chunks_exact_mut(self.width));
        for (number, ((luma, blue), red)) in rows.enumerate() {
            let y = f64::from(u32::try_from(number).unwrap_or(0));
            let mut row = Row { number, luma, blue, red, textures, shift: self.shift };
            self.paint_row(y, &mut row);
        }
        planes
    }

    fn paint_row(&self, y: f64, row: &mut Row<'_>) {
        let (wide, high) = (
            f64::from(u32::try_from(self.width).unwrap_or(0)),
            f64::from(u32::try_from(self.height).unwrap_or(0)),
        );
        if y < self.horizon {
            row.paint(0.0, wide, &self.sky, y / self.horizon);
            for ridge in &self.ridges {
                let depth = (y / self.horizon).clamp(0.0, 1.0);
                ridge.spans(y, |from, to| row.paint(from, to, &ridge.paint, depth));
            }
        } else {
            row.paint(0.0, wide, &self.ground, (y - self.horizon) / (high - self.horizon));
        }
        for shape in self.shapes.iter().filter(|shape| shape.top <= y && y < shape.bottom) {
            let share = (y - shape.top) / (shape.bottom - shape.top);
            let (left, right) = shape.span(share);
            row.paint(left, right, &shape.paint, share);
        }
    }
}

impl Shape {
    fn span(&self, share: f64) -> (f64, f64) {
        if self.is_oval {
            let half = (self.right[0] - self.left[0]) * (share * (1.0 - share)).max(0.0).sqrt();
            let middle = f64::midpoint(self.left[0], self.right[0]);
            return (middle - half, middle + half);
        }
        let along = |[top, bottom]: [f64; 2]| top + (bottom - top) * share;
        (along(self.left), along(self.right))
    }
}

impl Ridge {
    /// Calls `paint` for each stretch of columns where the hill reaches above row `y`.
    fn spans(&self, y: f64, mut paint: impl FnMut(f64, f64)) {
        let mut from = None;
        let mut column = 0.0;
        for top in &self.rows {
            match (from, *top <= y) {
                (None, true) => from = Some(column),
                (Some(start), false) => {
                    paint(start, column);
                    from = None;
                }
                _ => {}
            }
            column += 1.0;
        }
        if let Some(start) = from {
            paint(start, column);
        }
    }
}

/// The row that is being painted.
struct Row<'a> {
    number: usize,
    luma: &'a mut [u8],
    blue: &'a mut [u8],
    red: &'a mut [u8],
    textures: &'a Textures,
    shift: usize,
}

impl Row<'_> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "columns and brightness are clamped to what fits"
    )]
    fn paint(&mut self, left: f64, right: f64, paint: &Paint, share: f64) {
        let from = left.clamp(0.0, 65_535.0) as usize;
        let to = (right.clamp(0.0, 65_535.0) as usize).min(self.luma.len());
        let (Some(luma), Some(blue), Some(red)) =
            (self.luma.get_mut(from..to), self.blue.get_mut(from..to), self.red.get_mut(from..to))
        else {
            return;
        };
        let base = paint.luma + (f64::from(paint.fall) * share) as i32;
        let (base, gain) = (base as i16, paint.gain as i16);
        let fine_grain = self.textures.row(2, self.number, from);
        let texture = self.textures.row(paint.texture, self.number + self.shift, from);
        for ((pixel, fine), coarse) in luma.iter_mut().zip(fine_grain).zip(texture) {
            let value = base + ((i16::from(*coarse) * gain) >> 7) + (i16::from(*fine) >> 5);
            *pixel = value.clamp(0, 255) as u8;
        }
        for ((b, r), coarse) in blue.iter_mut().zip(red).zip(texture) {
            let tint = (*coarse >> 5).cast_unsigned();
            *b = paint.blue.wrapping_sub(tint);
            *r = paint.red.wrapping_add(tint);
        }
    }
}

fn paint([luma, blue, red]: [i32; 3], fall: i32, texture: usize, gain: i32) -> Paint {
    let chroma = |value: i32| u8::try_from(value).unwrap_or(128);
    Paint { luma, blue: chroma(blue), red: chroma(red), fall, texture, gain }
}

fn dice_i32(dice: &mut Dice, low: u32, high: u32) -> i32 {
    dice.within(low, high).cast_signed()
}

fn block([left, right, top, bottom]: [f64; 4], paint: Paint) -> Shape {
    Shape { top, bottom, left: [left; 2], right: [right; 2], is_oval: false, paint }
}

fn oval([x, y]: [f64; 2], [half_width, half_height]: [f64; 2], paint: Paint) -> Shape {
    let (left, right) = ([x - half_width; 2], [x + half_width; 2]);
    Shape { top: y - half_height, bottom: y + half_height, left, right, is_oval: true, paint }
}

/// A ridge from waves of falling size.
fn ridge(wide: f64, horizon: f64, height: f64, paint: Paint, dice: &mut Dice) -> Ridge {
    let waves: Vec<[f64; 3]> = [1.3, 2.9, 6.1, 13.0, 31.0, 67.0, 140.0]
        .map(|count: f64| {
            [count * std::f64::consts::TAU / wide, dice.between(0.0, 6.3), height / count.powf(0.95)]
        })
        .to_vec();
    let mut rows = Vec::new();
    let mut column = 0.0;
    while column < wide {
        let wave = |[turn, phase, size]: &[f64; 3]| size * 0.5 * (turn * column + phase).sin();
        rows.push(horizon - height * 1.1 - waves.iter().map(wave).sum::<f64>());
        column += 1.0;
    }
    Ridge { rows, paint }
}
