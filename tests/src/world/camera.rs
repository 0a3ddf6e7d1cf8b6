//! A phone's camera: JPEG originals of twelve megapixels with EXIF, each of a view of its own.
//!
//! The sensor lies as the phone is held: a photo with orientation 6 is stored turned, and only a
//! reader that minds EXIF shows it upright.

use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use suishou_core::{geo::Position, time::Timestamp};

use super::{
    dice::Dice,
    exif,
    scene::{Planes, Scene},
    texture::Textures,
};

/// Width and height of an original as the sensor gives it.
pub const ORIGINAL: (u16, u16) = (4_000, 3_000);
/// Width and height of a small photo.
pub const SMALL: (u16, u16) = (1_280, 960);
/// The orientations that phones write: upright, upside down, turned right, turned left.
pub const ORIENTATIONS: [u8; 4] = [1, 3, 6, 8];
const QUALITY: u8 = 90;
/// Columns turned at a time, so that the cache holds a row of each.
const STRIP: usize = 40;

/// A camera that never sees the same view twice.
#[derive(Debug)]
pub struct Camera {
    dice: Dice,
    textures: Textures,
}

impl Camera {
    /// The same photos in the same order for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self { textures: Textures::new(&mut dice), dice }
    }

    /// An original of 2 to 5 MB; `orientation` is the EXIF value.
    pub fn shoot(&mut self, at: Timestamp, position: Position, orientation: u8) -> Vec<u8> {
        self.photo(ORIGINAL, at, position, orientation)
    }

    /// A photo of some 300 kB, for tests in a hurry.
    pub fn small_photo(&mut self, at: Timestamp, position: Position, orientation: u8) -> Vec<u8> {
        self.photo(SMALL, at, position, orientation)
    }

    /// One of the orientations, mostly those of a phone held upright.
    pub fn any_orientation(&mut self) -> u8 {
        match self.dice.below(10) {
            0..6 => 6,
            6..9 => 1,
            _ => self.dice.choose(&ORIENTATIONS).copied().unwrap_or(1),
        }
    }

    fn photo(&mut self, size: (u16, u16), at: Timestamp, position: Position, orientation: u8) -> Vec<u8> {
        let (width, height) = size;
        let is_turned = matches!(orientation, 5..=8);
        let (view_width, view_height) = if is_turned { (height, width) } else { size };
        let mut planes = Scene::new(view_width, view_height, &mut self.dice).render(&self.textures);
        for plane in [&mut planes.luma, &mut planes.blue, &mut planes.red] {
            if is_turned {
                *plane = turned_left(plane, usize::from(view_width), usize::from(view_height));
            }
            if matches!(orientation, 3 | 8) {
                plane.reverse();
            }
        }
        let mut jpeg = Vec::with_capacity(usize::from(width) * usize::from(height) / 2);
        let mut encoder = Encoder::new(&mut jpeg, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        let block = exif::block(at, position, orientation, size);
        encoder.add_exif_metadata(&block).expect("the block is far below 64 kB");
        encoder.encode_image(Frame { planes, width, height }).expect("writing to memory succeeds");
        jpeg
    }
}

/// A plane turned a quarter to the left: its rightmost column becomes the first row.
fn turned_left(plane: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut turned = vec![0; plane.len()];
    let mut right = width;
    for strip in turned.chunks_mut(height * STRIP) {
        let left = right.saturating_sub(STRIP);
        let mut columns: Vec<_> = strip.chunks_mut(height).map(<[u8]>::iter_mut).collect();
        for row in plane.chunks_exact(width) {
            let part = row.get(left..right).unwrap_or_default();
            for (column, value) in columns.iter_mut().zip(part.iter().rev()) {
                if let Some(pixel) = column.next() {
                    *pixel = *value;
                }
            }
        }
        right = left;
    }
    turned
}

/// What the encoder reads.
struct Frame {
    planes: Planes,
    width: u16,
    height: u16,
}

impl ImageBuffer for Frame {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let from = usize::from(y) * usize::from(self.width);
        let row = from..from + usize::from(self.width);
        let planes = [&self.planes.luma, &self.planes.blue, &self.planes.red];
        for (buffer, plane) in buffers.iter_mut().zip(planes) {
            buffer.extend_from_slice(plane.get(row.clone()).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Position {
        Position::new(29.08, 119.65).unwrap()
    }

    const NOON: Timestamp = Timestamp::from_millis(1_781_582_400_000);

    #[test]
    fn an_original_has_twelve_megapixels_and_an_exif_block() {
        let jpeg = Camera::new(1).shoot(NOON, place(), 6);
        assert!((2_000_000..5_000_000).contains(&jpeg.len()), "{} bytes", jpeg.len());
        let mut decoder = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&jpeg));
        decoder.decode().unwrap();
        assert_eq!(decoder.dimensions(), Some((4_000, 3_000)));
        let exif = jpeg.windows(6).position(|window| window == b"Exif\0\0").unwrap();
        assert_eq!(jpeg[exif - 4..exif - 2], [0xFF, 0xE1]);
        assert!(jpeg.windows(19).any(|window| window == b"2026:06:16 12:00:00"));
    }

    #[test]
    fn small_photos_differ_from_call_to_call_and_repeat_for_a_seed() {
        let shots = |seed| {
            let mut camera = Camera::new(seed);
            ORIENTATIONS.map(|orientation| camera.small_photo(NOON, place(), orientation))
        };
        let [first, second, third, fourth] = shots(2);
        assert_eq!(shots(2), [first.clone(), second.clone(), third.clone(), fourth]);
        assert!(first != second && second != third);
    }

    #[test]
    fn turning_left_makes_the_rightmost_column_the_first_row() {
        let plane: Vec<u8> = (0..80).flat_map(|x| [x]).chain((0..80).map(|x| 100 + x)).collect();
        let turned = turned_left(&plane, 80, 2);
        assert_eq!(turned[..4], [79, 179, 78, 178]);
    }
}
