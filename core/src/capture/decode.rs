//! Pixels from a file of unknown origin, within limits.
//!
//! Sizes are read from the header and judged before anything is decoded, and what a decoder
//! allocates is counted here: the limits of `image` don't hold on the path that also tells the
//! orientation (image-rs/image#3081).

use std::io::Cursor;

use image::{
    ColorType, DynamicImage, ImageDecoder, Limits, RgbImage,
    codecs::{png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::error::{Error, Problem, Result};

/// Largest file.
const MAX_FILE_BYTES: usize = 40 << 20;
/// Longest side of an original.
const MAX_SIDE: u32 = 12_000;
/// What decoding may take in memory: a phone's 50-megapixel JPEG just fits.
const MAX_DECODE_BYTES: u64 = 152 << 20;
/// What a PNG's text, colour profile and one row may take besides.
const MAX_PNG_EXTRA_BYTES: u64 = 8 << 20;

/// A decoded picture, not yet turned.
pub(super) struct Decoded {
    /// As they lie in the file, on white where they were see-through.
    pub(super) pixels: RgbImage,
    /// How to turn them.
    pub(super) orientation: Orientation,
}

/// Decodes a JPEG, PNG or still WebP file.
pub(super) fn decode(file: &[u8]) -> Result<Decoded> {
    within("the file's size in bytes", count(file.len()), count(MAX_FILE_BYTES))?;
    match file {
        [0xFF, 0xD8, 0xFF, ..] => jpeg(file),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => png(file),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', chunks @ ..] => webp(file, chunks),
        _ => Err(Error::invalid(Problem::NotAPhoto)),
    }
}

/// Baseline and progressive, grey, colour or CMYK. Headers are read leniently, as cameras write odd
/// ones; the picture itself strictly, so that a cut file is an error and not half a grey picture.
fn jpeg(file: &[u8]) -> Result<Decoded> {
    let damaged = |_| Error::malformed("JPEG");
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or(Error::malformed("JPEG"))?;

    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height, 3)?;
    if let Scans::Progressive = jpeg_scans(file).ok_or(Error::malformed("JPEG"))? {
        // The decoder holds all coefficients, 16 bits each.
        check_size(width, height, 3 + 2 * u64::from(info.components))?;
    }
    let orientation = info.exif_data.as_deref().and_then(Orientation::from_exif_chunk);

    decoder.set_options(options.set_strict_mode(true));
    let mut pixels = RgbImage::new(width, height);
    if decoder.output_buffer_size() != Some(pixels.len()) {
        return Err(Error::malformed("JPEG"));
    }
    decoder.decode_into(&mut pixels).map_err(damaged)?;
    Ok(Decoded { pixels, orientation: orientation.unwrap_or(Orientation::NoTransforms) })
}

/// How a JPEG brings its components.
#[derive(Clone, Copy)]
enum Scans {
    One,
    Progressive,
}

/// Walks the markers up to the end of the image. `None` if it never comes (the file was cut), and
/// for a sequential file of several scans, of which zune-jpeg 0.5.15 makes other colours.
fn jpeg_scans(file: &[u8]) -> Option<Scans> {
    let (mut frame, mut scans) = (None, None);
    let mut rest = file.get(2..)?;
    loop {
        let start = rest.iter().position(|byte| *byte == 0xFF)?;
        rest = rest.get(start..)?;
        match rest {
            [0xFF, 0xD9, ..] => return scans,
            // Stuffing, padding, restarts: all within a scan or between segments.
            [_, 0x00 | 0x01 | 0xD0..=0xD8, after @ ..] => rest = after,
            [_, 0xFF, ..] => rest = rest.get(1..)?,
            [_, marker, high, low, after @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
                let (segment, next) = after.split_at_checked(length)?;
                match (marker, segment) {
                    (0xC0..=0xC2, [_, _, _, _, _, components, ..]) if frame.is_none() => {
                        frame = Some((*components, *marker == 0xC2));
                    }
                    // A second frame header could take back what the first one said.
                    (0xC0..=0xC2, _) => return None,
                    (0xDA, [in_scan, ..]) if scans.is_none() => {
                        let (components, progressive) = frame?;
                        scans = match (progressive, *in_scan == components) {
                            (true, _) => Some(Scans::Progressive),
                            (false, true) => Some(Scans::One),
                            (false, false) => return None,
                        };
                    }
                    _ => {}
                }
                rest = next;
            }
            _ => return None,
        }
    }
}

fn png(file: &[u8]) -> Result<Decoded> {
    let damaged = |_| Error::malformed("PNG");
    // The header chunk comes first: length, "IHDR", width, height.
    let Some([_, _, _, _, b'I', b'H', b'D', b'R', w0, w1, w2, w3, h0, h1, h2, h3]) = file.get(8..24) else {
        return Err(Error::malformed("PNG"));
    };
    let (width, height) =
        (u32::from_be_bytes([*w0, *w1, *w2, *w3]), u32::from_be_bytes([*h0, *h1, *h2, *h3]));
    check_size(width, height, 3)?;

    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_PNG_EXTRA_BYTES);
    let mut decoder = PngDecoder::with_limits(Cursor::new(file), limits).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    // Anything but plain RGB is converted afterwards, through RGBA.
    let per_pixel = match decoder.color_type() {
        ColorType::Rgb8 => 3,
        other => u64::from(other.bytes_per_pixel()) + 4,
    };
    check_size(width, height, per_pixel)?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok(Decoded { pixels: on_white(picture), orientation })
}

/// Lossy and lossless, still only. The decoder allocates by the size in the inner chunk before it
/// compares it with the outer one, hence the walk.
fn webp(file: &[u8], chunks: &[u8]) -> Result<Decoded> {
    let damaged = |_| Error::malformed("WebP");
    let (mut inner, mut exif, mut rest) = (None, None, chunks);
    while let [a, b, c, d, s0, s1, s2, s3, after @ ..] = rest {
        let length = usize::try_from(u32::from_le_bytes([*s0, *s1, *s2, *s3])).unwrap_or(usize::MAX);
        let Some((chunk, next)) = after.split_at_checked(length) else {
            return Err(Error::malformed("WebP"));
        };
        match (&[*a, *b, *c, *d], chunk) {
            (b"VP8 ", [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..]) if inner.is_none() => {
                let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
                inner = Some((side(*w0, *w1), side(*h0, *h1)));
            }
            (b"VP8L", [0x2F, b0, b1, b2, b3, ..]) if inner.is_none() => {
                let packed = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
                inner = Some((1 + (packed & 0x3FFF), 1 + ((packed >> 14) & 0x3FFF)));
            }
            (b"VP8 " | b"VP8L", _) => return Err(Error::malformed("WebP")),
            (b"ANIM" | b"ANMF", _) => return Err(Error::malformed("still WebP")),
            (b"EXIF", body) => exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            _ => {}
        }
        rest = next.get(length % 2..).unwrap_or_default();
    }

    let (width, height) = inner.ok_or(Error::malformed("WebP"))?;
    // Measured on the lossless path: four bytes of work, four of result and their conversion.
    check_size(width, height, 8)?;
    let decoder = WebPDecoder::new(Cursor::new(file)).map_err(damaged)?;
    if decoder.dimensions() != (width, height) || decoder.has_animation() {
        return Err(Error::malformed("still WebP"));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { pixels: on_white(picture), orientation })
}

/// Eight bits of red, green and blue; what was see-through lies on white paper.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let mut picture = picture.into_rgba8();
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let blend = |colour: u8| {
            let sum = u32::from(colour) * u32::from(alpha) + 255 * u32::from(255 - alpha);
            u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
        };
        pixel.0 = [blend(red), blend(green), blend(blue), u8::MAX];
    }
    DynamicImage::from(picture).into_rgb8()
}

/// Whether a picture of this size may be decoded at `bytes_per_pixel`.
fn check_size(width: u32, height: u32, bytes_per_pixel: u64) -> Result<()> {
    within("the longer side in pixels", width.max(height).into(), MAX_SIDE.into())?;
    within("the number of pixels", u64::from(width) * u64::from(height), MAX_DECODE_BYTES / bytes_per_pixel)?;
    if width == 0 || height == 0 {
        return Err(Error::invalid(Problem::NotAPhoto));
    }
    Ok(())
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<()> {
    if found > limit {
        return Err(Error::invalid(Problem::TooLarge { what, found, limit }));
    }
    Ok(())
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
