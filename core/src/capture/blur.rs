//! Destroys what lies under a rectangle: faces, number plates, whatever a person does not want to send.
//!
//! Works on the pixels as they were decoded, before anything is made smaller or encoded, so that nothing of
//! them is in the photo or in its preview. What remains of a cell is one colour, its mean in 16 steps for each
//! of red, green and blue; few cells, so that neither a face nor a text can be worked out from them.

use image::{Rgb, RgbImage, metadata::Orientation};

use crate::error::{Error, Problem, Result};

/// Most rectangles in one photo.
pub const MAX_BLURS: usize = 64;
/// Cells along the shorter side of a rectangle.
const CELLS: u32 = 4;
/// No cell is smaller, but where the rectangle is.
const MIN_CELL: u32 = 8;
/// What a fraction may be wrong by, in pixels of the largest picture.
const SLACK: f64 = 0.001;

/// A rectangle to destroy, in fractions of the picture as the person sees it, upright. What reaches beyond the
/// picture is cut off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blur {
    /// From the left edge.
    pub left: f32,
    /// From the upper edge.
    pub top: f32,
    /// More than 0.
    pub width: f32,
    /// More than 0.
    pub height: f32,
}

/// From one pixel up to another, which is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: u32,
    to: u32,
}

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Area {
    across: Span,
    down: Span,
}

/// Destroys the pixels under each rectangle, or none if one of them is no rectangle within the picture: whoever
/// asked for it must not believe that something was hidden.
pub(super) fn destroy(pixels: &mut RgbImage, orientation: Orientation, blurs: &[Blur]) -> Result<()> {
    if blurs.len() > MAX_BLURS {
        return Err(Error::invalid(Problem::TooLarge {
            what: "the number of rectangles to blur",
            found: blurs.len() as u64,
            limit: MAX_BLURS as u64,
        }));
    }
    let areas: Vec<Area> = blurs
        .iter()
        .map(|blur| Area::stored(blur, orientation, pixels.width(), pixels.height()))
        .collect::<Result<_>>()?;
    for cell in areas.into_iter().flat_map(Area::cells) {
        level(pixels, cell);
    }
    Ok(())
}

impl Area {
    /// Where the pixels lie, in a picture of this size that is not turned yet, which the person sees under `blur`.
    fn stored(blur: &Blur, orientation: Orientation, width: u32, height: u32) -> Result<Self> {
        use Orientation::{
            FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270,
            Rotate270FlipH,
        };
        let is_turned = matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH);
        let (seen_width, seen_height) = if is_turned { (height, width) } else { (width, height) };
        let x = Span::within(blur.left, blur.width, seen_width)?;
        let y = Span::within(blur.top, blur.height, seen_height)?;
        let (across, down) = match orientation {
            NoTransforms => (x, y),
            Rotate90 => (y, x.mirrored(height)),
            Rotate180 => (x.mirrored(width), y.mirrored(height)),
            Rotate270 => (y.mirrored(width), x),
            FlipHorizontal => (x.mirrored(width), y),
            FlipVertical => (x, y.mirrored(height)),
            Rotate90FlipH => (y, x),
            Rotate270FlipH => (y.mirrored(width), x.mirrored(height)),
        };
        Ok(Self { across, down })
    }

    fn cells(self) -> impl Iterator<Item = Self> {
        let side = self.across.len().min(self.down.len()).div_ceil(CELLS).max(MIN_CELL);
        let columns = self.across.parts(side);
        self.down.parts(side).flat_map(move |down| columns.clone().map(move |across| Self { across, down }))
    }
}

impl Span {
    /// Every pixel of `side` that the fraction touches by more than its own rounding.
    fn within(start: f32, len: f32, side: u32) -> Result<Self> {
        let (start, len) = (f64::from(start), f64::from(len));
        let (from, to) = (start.clamp(0.0, 1.0), (start + len).clamp(0.0, 1.0));
        // Written so that a NaN is refused too.
        if !(start.is_finite() && len.is_finite() && from < to) {
            return Err(Error::invalid(Problem::BadBlur));
        }
        let pixels = f64::from(side);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `side`")]
        let (from, to) = ((from * pixels + SLACK).floor() as u32, (to * pixels - SLACK).ceil() as u32);
        let from = from.min(side.saturating_sub(1));
        Ok(Self { from, to: to.max(from + 1) })
    }

    fn len(self) -> u32 {
        self.to.saturating_sub(self.from)
    }

    fn mirrored(self, side: u32) -> Self {
        Self { from: side.saturating_sub(self.to), to: side.saturating_sub(self.from) }
    }

    /// Cut into parts of about the same length, none shorter than `least` but the only one.
    fn parts(self, least: u32) -> impl Iterator<Item = Self> + Clone {
        let count = (self.len() / least).max(1);
        let at = move |part: u32| self.from + self.len() * part / count;
        (0..count).map(move |part| Self { from: at(part), to: at(part + 1) })
    }
}

/// Gives all pixels of a cell their mean, in steps of 17.
fn level(pixels: &mut RgbImage, cell: Area) {
    let (columns, rows) = (cell.across.from..cell.across.to, cell.down.from..cell.down.to);
    let mut sums = [0_u64; 3];
    for y in rows.clone() {
        for x in columns.clone() {
            for (sum, value) in sums.iter_mut().zip(pixels.get_pixel(x, y).0) {
                *sum += u64::from(value);
            }
        }
    }
    let count = u64::from(cell.across.len()) * u64::from(cell.down.len());
    let mean = sums.map(|sum| {
        let mean = (sum + count / 2).checked_div(count).unwrap_or_default();
        u8::try_from((mean * 15 + 127) / 255 * 17).unwrap_or(u8::MAX)
    });
    for y in rows {
        for x in columns.clone() {
            pixels.put_pixel(x, y, Rgb(mean));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{capture::develop, time::Random};

    const UPRIGHT: Orientation = Orientation::NoTransforms;

    fn noise(width: u32, height: u32, seed: u64) -> RgbImage {
        let mut random = Random::seeded(seed);
        RgbImage::from_fn(width, height, |_, _| Rgb(random.bytes()))
    }

    fn png(pixels: &RgbImage) -> Vec<u8> {
        let mut file = Vec::new();
        pixels.write_with_encoder(image::codecs::png::PngEncoder::new(&mut file)).unwrap();
        file
    }

    fn decoded(jpeg: &[u8]) -> RgbImage {
        crate::capture::decode::decode(jpeg).unwrap().pixels
    }

    fn blur(left: f32, top: f32, width: f32, height: f32) -> Blur {
        Blur { left, top, width, height }
    }

    /// Swaps pixels at random within each cell: the means stay, all else of the original is another.
    fn shuffled(pixels: &RgbImage, blur: &Blur, seed: u64) -> RgbImage {
        let mut random = Random::seeded(seed);
        let mut other = pixels.clone();
        let area = Area::stored(blur, UPRIGHT, pixels.width(), pixels.height()).unwrap();
        for cell in area.cells() {
            let places: Vec<(u32, u32)> = (cell.down.from..cell.down.to)
                .flat_map(|y| (cell.across.from..cell.across.to).map(move |x| (x, y)))
                .collect();
            for (at, place) in places.iter().enumerate().rev() {
                let with = places[usize::try_from(random.below(at as u64 + 1)).unwrap()];
                let (one, two) = (*other.get_pixel(place.0, place.1), *other.get_pixel(with.0, with.1));
                other.put_pixel(place.0, place.1, two);
                other.put_pixel(with.0, with.1, one);
            }
        }
        other
    }

    fn any_blur() -> impl Strategy<Value = Blur> {
        (0.0_f32..0.99, 0.0_f32..0.99, 0.001_f32..1.2, 0.001_f32..1.2)
            .prop_map(|(left, top, width, height)| blur(left, top, width, height))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn two_originals_of_the_same_means_give_the_same_files(
            blur in any_blur(), width in 1_u32..300, height in 1_u32..300, seed in 0_u64..1_000,
        ) {
            let original = noise(width, height, seed);
            let other = shuffled(&original, &blur, seed + 1);
            let (one, two) =
                (develop(&png(&original), &[blur]).unwrap(), develop(&png(&other), &[blur]).unwrap());
            prop_assert_eq!(one, two);
        }

        #[test]
        fn a_cell_is_never_small_and_cells_cover_the_rectangle_once(
            blur in any_blur(), width in 1_u32..5_000, height in 1_u32..5_000,
        ) {
            let area = Area::stored(&blur, UPRIGHT, width, height).unwrap();
            let mut covered = 0;
            for cell in area.cells() {
                prop_assert!(cell.across.len() >= area.across.len().min(MIN_CELL));
                prop_assert!(cell.down.len() >= area.down.len().min(MIN_CELL));
                prop_assert!(cell.across.from >= area.across.from && cell.across.to <= area.across.to);
                covered += u64::from(cell.across.len()) * u64::from(cell.down.len());
            }
            prop_assert_eq!(covered, u64::from(area.across.len()) * u64::from(area.down.len()));
            let shorter = area.across.len().min(area.down.len());
            prop_assert!(area.cells().all(|cell| cell.across.len().min(cell.down.len()) >= shorter.min(shorter / 4)));
        }

        #[test]
        fn outside_the_rectangle_the_photo_is_the_same(blur in any_blur(), seed in 0_u64..1_000) {
            let original = noise(320, 240, seed);
            let area = Area::stored(&blur, UPRIGHT, 320, 240).unwrap();
            let plain = decoded(&develop(&png(&original), &[]).unwrap().jpeg);
            let blurred = decoded(&develop(&png(&original), &[blur]).unwrap().jpeg);
            // JPEG works in blocks of 16 pixels, and colours are smoothed over one more.
            let is_near = |at: u32, span: Span| at + 18 >= span.from && at < span.to + 18;
            for (x, y, pixel) in plain.enumerate_pixels() {
                if !(is_near(x, area.across) && is_near(y, area.down)) {
                    prop_assert_eq!(pixel, blurred.get_pixel(x, y));
                }
            }
        }
    }

    /// A TIFF block that says nothing but the orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        [b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]]
            .concat()
    }

    /// The mean step between neighbours within a rectangle: large for noise, nought within a cell.
    fn roughness(pixels: &RgbImage, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> u32 {
        let (mut sum, mut count) = (0, 0);
        for y in rows {
            for x in columns.clone().skip(1) {
                sum += u32::from(pixels.get_pixel(x, y).0[1].abs_diff(pixels.get_pixel(x - 1, y).0[1]));
                count += 1;
            }
        }
        sum / count
    }

    #[test]
    fn what_the_person_sees_is_destroyed_however_the_camera_was_held() {
        use image::ImageEncoder as _;
        for orientation in 1..=8 {
            let stored = noise(256, 128, u64::from(orientation));
            let mut file = Vec::new();
            let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder.write_image(&stored, 256, 128, image::ExtendedColorType::Rgb8).unwrap();
            let photo = develop(&file, &[blur(0.0, 0.5, 0.25, 0.5)]).unwrap();
            for jpeg in [&photo.jpeg, &photo.preview.jpeg] {
                let seen = decoded(jpeg);
                let (width, height) = seen.dimensions();
                assert_eq!(width < height, orientation > 4);
                let lower_left = roughness(&seen, 0..width / 4 - 2, height / 2 + 2..height);
                assert!(lower_left < 4, "orientation {orientation}: {lower_left}");
                for (columns, rows) in
                    [(0..width, 0..height / 2 - 16), (width / 4 + 16..width, height / 2..height)]
                {
                    let elsewhere = roughness(&seen, columns, rows);
                    assert!(elsewhere > 15, "orientation {orientation}: {elsewhere}");
                }
            }
        }
    }

    #[test]
    fn pixels_are_destroyed_before_the_picture_is_made_smaller() {
        let original = noise(2_400, 300, 3);
        let blur = blur(0.11, 0.2, 0.31, 0.5);
        let photo = develop(&png(&original), &[blur]).unwrap();
        assert_eq!((photo.width, photo.preview.width), (1_600, 480));
        assert_eq!(photo, develop(&png(&shuffled(&original, &blur, 4)), &[blur]).unwrap());
        assert_ne!(photo, develop(&png(&original), &[]).unwrap());
    }

    #[test]
    fn rectangles_may_overlap_and_be_a_pixel_wide() {
        let original = noise(400, 300, 5);
        let blurs = [
            blur(0.1, 0.1, 0.5, 0.5),
            blur(0.3, 0.3, 0.5, 0.5),
            blur(0.5, 0.0, 0.0001, 1.0),
            blur(0.0, 0.999_999_9, 1.0, 0.000_000_1),
        ];
        let mut destroyed = original.clone();
        destroy(&mut destroyed, UPRIGHT, &blurs).unwrap();
        for (x, y, pixel) in destroyed.enumerate_pixels() {
            let (across, down) = (x * 10 / 4, y * 10 / 3);
            let is_under = |from: u32, to: u32| (from..to).contains(&across) && (from..to).contains(&down);
            let is_destroyed = is_under(100, 600) || is_under(300, 800) || x == 200 || y == 299;
            assert!(is_destroyed || pixel == original.get_pixel(x, y), "{x} {y}");
            assert!(!is_destroyed || pixel.0.iter().all(|value| value % 17 == 0), "{x} {y}");
        }
        // One pixel wide and yet no pixel of it is what it was.
        let line: Vec<_> = (0..300).map(|y| *destroyed.get_pixel(200, y)).collect();
        let colours = line.chunk_by(|one, two| one == two).count();
        assert!(colours <= 300 / usize::try_from(MIN_CELL).unwrap() + 4, "{colours}");
        assert_eq!(destroy(&mut RgbImage::new(1, 1), UPRIGHT, &[blur(0.2, 0.2, 0.1, 0.1)]).ok(), Some(()));
    }

    #[test]
    fn what_hides_nothing_is_refused_and_destroys_nothing() {
        let original = noise(64, 64, 9);
        for bad in [
            blur(f32::NAN, 0.0, 0.5, 0.5),
            blur(0.0, 0.0, f32::INFINITY, 0.5),
            blur(0.0, f32::NEG_INFINITY, 0.5, 0.5),
            blur(0.2, 0.2, 0.0, 0.5),
            blur(0.2, 0.2, 0.5, -0.1),
            // In pixels, by mistake.
            blur(120.0, 80.0, 40.0, 40.0),
            blur(-0.5, 0.0, 0.5, 1.0),
        ] {
            let mut pixels = original.clone();
            let refused = destroy(&mut pixels, UPRIGHT, &[blur(0.0, 0.0, 1.0, 1.0), bad]);
            assert!(
                matches!(&refused, Err(Error::Invalid { problems }) if problems == &[Problem::BadBlur]),
                "{bad:?}"
            );
            assert_eq!(pixels, original);
        }
        let many = vec![blur(0.0, 0.0, 0.1, 0.1); MAX_BLURS + 1];
        assert!(destroy(&mut original.clone(), UPRIGHT, &many).is_err());
        // Drawn over the edge: the rest of the picture, not nothing.
        let mut pixels = original.clone();
        destroy(&mut pixels, UPRIGHT, &[blur(-0.5, 0.5, 9.0, 9.0)]).unwrap();
        assert_eq!(pixels.get_pixel(3, 31), original.get_pixel(3, 31));
        assert_eq!(pixels.get_pixel(0, 32), pixels.get_pixel(7, 39));
    }
}
