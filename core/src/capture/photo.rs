//! From the camera's file to the two blobs that a record names: the photo and its preview.
//!
//! Decode within limits, destroy what is to be hidden, turn as EXIF says, shrink, encode anew. Only pixels get through: no EXIF,
//! GPS, ICC, XMP or comment of the original does. The same bytes give the same blobs, so a retried
//! capture has the same hashes. The original is not kept here.

use std::{fmt, panic};

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::{DynamicImage, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{
    blur::{self, Blur},
    decode::{self, Decoded},
};
use crate::{
    error::{Error, Result},
    id::BlobHash,
};

/// Longest side of a photo in pixels.
pub const PHOTO_MAX_SIDE: u32 = 1600;
/// Longest side of a preview in pixels.
pub const PREVIEW_MAX_SIDE: u32 = 480;
/// Largest preview: it travels with the record even where a photo can't.
pub const PREVIEW_MAX_BYTES: usize = 20 * 1024;

const PHOTO_QUALITY: u8 = 80;
/// Tried in this order, each size with every quality, until the preview is small enough. Below
/// quality 30 a smaller picture shows more. White noise ends well before the last one.
const PREVIEW_SIDES: [u32; 6] = [PREVIEW_MAX_SIDE, 360, 270, 200, 128, 64];
const PREVIEW_QUALITIES: [u8; 4] = [75, 60, 45, 30];

/// A photo as it is kept and sent: JPEG, upright, without metadata.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// The JPEG file.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Names the file.
    pub hash: BlobHash,
    /// The same picture, small.
    pub preview: Preview,
}

/// A photo small enough for any connection: at most [`PREVIEW_MAX_BYTES`].
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// The JPEG file.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Names the file.
    pub hash: BlobHash,
}

/// Makes a photo and its preview from the bytes of a JPEG, PNG or still WebP file. What lies under `blurs` is in
/// neither.
///
/// Refuses what is no such picture (`NotAPhoto`), damaged or cut (`Malformed`), or more than this
/// may take in memory (`TooLarge`, told from the header alone). Never panics, whatever the bytes.
pub fn develop(original: &[u8], blurs: &[Blur]) -> Result<Photo> {
    panic::catch_unwind(|| expose(original, blurs)).unwrap_or_else(|_| Err(Error::malformed("a picture")))
}

fn expose(original: &[u8], blurs: &[Blur]) -> Result<Photo> {
    let Decoded { mut pixels, orientation } = decode::decode(original)?;
    blur::destroy(&mut pixels, orientation, blurs)?;
    let mut upright = DynamicImage::from(shrink(&pixels, PHOTO_MAX_SIDE)?);
    drop(pixels);
    upright.apply_orientation(orientation);
    let picture = upright.into_rgb8();

    let preview = preview(&picture)?;
    let jpeg = encode(&picture, PHOTO_QUALITY)?;
    let (width, height) = size(&picture)?;
    Ok(Photo { hash: BlobHash::of(&jpeg), jpeg, width, height, preview })
}

fn preview(picture: &RgbImage) -> Result<Preview> {
    for side in PREVIEW_SIDES {
        let small = shrink(picture, side)?;
        for quality in PREVIEW_QUALITIES {
            let jpeg = encode(&small, quality)?;
            if jpeg.len() <= PREVIEW_MAX_BYTES {
                let (width, height) = size(&small)?;
                return Ok(Preview { hash: BlobHash::of(&jpeg), jpeg, width, height });
            }
        }
    }
    Err(Error::malformed("a picture"))
}

/// Scales so that no side is longer than `longest`; a smaller picture stays as it is.
fn shrink(picture: &RgbImage, longest: u32) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let from = width.max(height);
    if from <= longest {
        return Ok(picture.clone());
    }
    let scaled = |side: u32| ((side * longest + from / 2) / from).max(1);
    let (to_width, to_height) = (scaled(width), scaled(height));

    // By its type: asked for by a value, the crate's code for every other kind of pixel (7 MB) would be in the program.
    let failed = |_| Error::malformed("a picture");
    let mut small = RgbImage::new(to_width, to_height);
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, picture.as_raw()).map_err(failed)?;
    let mut target = TypedImage::<U8x3>::from_buffer(to_width, to_height, &mut small).map_err(failed)?;
    let lanczos = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize_typed(&source, &mut target, &lanczos).map_err(|_| Error::malformed("a picture"))?;
    drop(target);
    Ok(small)
}

fn encode(picture: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = size(picture)?;
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // Optimised Huffman tables would save 2 to 9 %, but this encoder then writes one scan per
    // component, which some decoders get wrong (zune-jpeg 0.5.15 shows other colours).
    encoder.set_optimized_huffman_tables(false);
    encoder
        .encode(picture.as_raw(), width, height, ColorType::Rgb)
        .map_err(|_| Error::malformed("a picture"))?;
    Ok(jpeg)
}

fn size(picture: &RgbImage) -> Result<(u16, u16)> {
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| Error::malformed("a picture"));
    Ok((side(picture.width())?, side(picture.height())?))
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jpeg, width, height, hash, preview } = self;
        write!(f, "Photo({hash}, {width}x{height}, {} bytes, {preview:?})", jpeg.len())
    }
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jpeg, width, height, hash } = self;
        write!(f, "Preview({hash}, {width}x{height}, {} bytes)", jpeg.len())
    }
}
