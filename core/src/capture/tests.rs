//! What `develop` promises, on pictures made here.

use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::{png::PngEncoder, webp::WebPEncoder},
};
use jpeg_encoder::{ColorType, Encoder};
use proptest::prelude::*;

use super::*;
use crate::{
    error::{Error, Problem},
    id::BlobHash,
};

fn develop(original: &[u8]) -> crate::error::Result<Photo> {
    super::develop(original, &[])
}

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 220];
const WHITE: [u8; 3] = [250, 250, 250];
const CANARY: &[u8] = b"N31.230416E121.473701-canary";

/// Red and green above, blue and white below.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

fn noise(width: u32, height: u32) -> RgbImage {
    let mut random = crate::time::Random::seeded(7);
    RgbImage::from_fn(width, height, |_, _| Rgb(random.bytes()))
}

/// A JPEG at quality 90, with whatever `set` sets.
fn jpeg_as(pixels: &RgbImage, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    set(&mut encoder);
    let [width, height] = [pixels.width(), pixels.height()].map(|side| u16::try_from(side).unwrap());
    encoder.encode(pixels, width, height, ColorType::Rgb).unwrap();
    file
}

fn jpeg_with(pixels: &RgbImage, segments: &[(u8, &[u8])]) -> Vec<u8> {
    jpeg_as(pixels, |encoder| {
        for (number, bytes) in segments {
            encoder.add_app_segment(*number, bytes.to_vec()).unwrap();
        }
    })
}

fn jpeg(pixels: &RgbImage) -> Vec<u8> {
    jpeg_with(pixels, &[])
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    picture.write_with_encoder(PngEncoder::new(&mut file)).unwrap();
    file
}

fn webp(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    picture.write_with_encoder(WebPEncoder::new_lossless(&mut file)).unwrap();
    file
}

/// A TIFF block with the orientation and, as a text far behind it, the canary.
fn exif(orientation: u16) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08\0\x02".to_vec();
    tiff.extend(b"\x01\x12\0\x03\0\0\0\x01");
    tiff.extend(orientation.to_be_bytes());
    tiff.extend(b"\0\0\x82\x98\0\x02\0\0\0\x1C\0\0\0\x26\0\0\0\0");
    tiff.extend(CANARY);
    tiff
}

fn app1(orientation: u16) -> Vec<u8> {
    [b"Exif\0\0".as_slice(), &exif(orientation)].concat()
}

fn pixels(jpeg: &[u8]) -> RgbImage {
    decode::decode(jpeg).unwrap().pixels
}

fn corners(jpeg: &[u8]) -> [&'static str; 4] {
    let pixels = pixels(jpeg);
    let (right, bottom) = (pixels.width() - 3, pixels.height() - 3);
    [(2, 2), (right, 2), (2, bottom), (right, bottom)].map(|(x, y)| {
        let near =
            |colour: &[u8; 3]| pixels.get_pixel(x, y).0.iter().zip(colour).all(|(a, b)| a.abs_diff(*b) < 60);
        let names = [("red", RED), ("green", GREEN), ("blue", BLUE), ("white", WHITE)];
        names.into_iter().find(|(_, colour)| near(colour)).map_or("other", |(name, _)| name)
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn problem(file: &[u8]) -> Problem {
    match develop(file) {
        Err(Error::Invalid { mut problems }) => problems.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_exif_orientation_stands_upright_in_every_format() {
    let upright = [
        ["red", "green", "blue", "white"],
        ["green", "red", "white", "blue"],
        ["white", "blue", "green", "red"],
        ["blue", "white", "red", "green"],
        ["red", "blue", "green", "white"],
        ["blue", "red", "white", "green"],
        ["white", "green", "blue", "red"],
        ["green", "white", "red", "blue"],
    ];
    let stored = quarters(64, 32);
    for (orientation, expected) in (1..).zip(upright) {
        let mut png = Vec::new();
        let mut encoder = PngEncoder::new(&mut png);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.write_image(&stored, 64, 32, ExtendedColorType::Rgb8).unwrap();
        let mut webp = Vec::new();
        let mut encoder = WebPEncoder::new_lossless(&mut webp);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.write_image(&stored, 64, 32, ExtendedColorType::Rgb8).unwrap();

        for file in [jpeg_with(&stored, &[(1, &app1(orientation))]), png, webp] {
            let photo = develop(&file).unwrap();
            assert_eq!(corners(&photo.jpeg), expected, "orientation {orientation}");
            assert_eq!(corners(&photo.preview.jpeg), expected, "orientation {orientation}");
            let turned = if orientation < 5 { (64, 32) } else { (32, 64) };
            assert_eq!((photo.width, photo.height), turned);
            assert!(contains(&file, CANARY) && !contains(&photo.jpeg, CANARY));
            assert!(!contains(&photo.preview.jpeg, CANARY));
        }
    }
}

#[test]
fn an_orientation_that_is_none_leaves_the_picture_as_it_is() {
    for orientation in [0, 9, 255, 65_535] {
        let photo = develop(&jpeg_with(&quarters(32, 32), &[(1, &app1(orientation))])).unwrap();
        assert_eq!(corners(&photo.jpeg), ["red", "green", "blue", "white"]);
    }
    let cut = &app1(6)[..14];
    assert!(develop(&jpeg_with(&quarters(32, 32), &[(1, cut)])).is_ok());
}

#[test]
fn no_metadata_of_the_original_survives() {
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0<x>".as_slice(), CANARY].concat();
    let icc = [b"ICC_PROFILE\0\x01\x01".as_slice(), CANARY].concat();
    let iptc = [b"Photoshop 3.0\0".as_slice(), CANARY].concat();
    let mut file =
        jpeg_with(&quarters(64, 64), &[(1, &app1(1)), (1, &xmp), (2, &icc), (13, &iptc), (15, CANARY)]);
    let comment = [b"\xFF\xFE\0\x1E", CANARY].concat();
    file.splice(2..2, comment);
    file.extend(CANARY);

    let photo = develop(&file).unwrap();
    for jpeg in [&photo.jpeg, &photo.preview.jpeg] {
        assert!(!contains(jpeg, CANARY) && !contains(jpeg, b"Exif") && !contains(jpeg, b"ICC_PROFILE"));
        let mut rest = &jpeg[2..];
        while rest[1] != 0xDA {
            assert!(matches!(rest[1], 0xE0 | 0xDB | 0xC0 | 0xC4), "segment {:x}", rest[1]);
            rest = &rest[2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]))..];
        }
    }
}

#[test]
fn sizes_shrink_to_the_limits_and_never_grow() {
    let sizes = |width, height| {
        let photo = develop(&jpeg(&quarters(width, height))).unwrap();
        [photo.width, photo.height, photo.preview.width, photo.preview.height]
    };
    assert_eq!(sizes(4000, 3000), [1600, 1200, 480, 360]);
    assert_eq!(sizes(900, 1800), [800, 1600, 240, 480]);
    assert_eq!(sizes(500, 250), [500, 250, 480, 240]);
    assert_eq!(sizes(37, 11), [37, 11, 37, 11]);
    assert_eq!(sizes(1, 1), [1, 1, 1, 1]);
    assert_eq!(sizes(6000, 1), [1600, 1, 480, 1]);
}

#[test]
fn the_preview_of_pure_noise_fits_too() {
    let photo = develop(&jpeg(&noise(1600, 1200))).unwrap();
    assert!(photo.preview.jpeg.len() <= PREVIEW_MAX_BYTES);
    assert!(photo.preview.width >= 128, "{photo:?}");
    let small = develop(&png(&noise(480, 480).into())).unwrap();
    assert!(small.preview.jpeg.len() <= PREVIEW_MAX_BYTES);
}

#[test]
fn the_same_bytes_give_the_same_blobs() {
    let file = jpeg(&noise(700, 500));
    let photo = develop(&file).unwrap();
    assert_eq!(photo, develop(&file).unwrap());
    assert_eq!(photo.hash, BlobHash::of(&photo.jpeg));
    assert_eq!(photo.preview.hash, BlobHash::of(&photo.preview.jpeg));
}

#[test]
fn see_through_becomes_white() {
    let half =
        RgbaImage::from_fn(32, 32, |x, _| if x < 16 { Rgba([200, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
    for file in [png(&half.clone().into()), webp(&half.clone().into())] {
        let developed = pixels(&develop(&file).unwrap().jpeg);
        assert!(developed.get_pixel(30, 5).0.iter().all(|value| *value > 245));
        assert!(developed.get_pixel(2, 5).0[0] > 180 && developed.get_pixel(2, 5).0[1] < 20);
    }
    let faint = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 51]));
    assert!(pixels(&develop(&png(&faint.into())).unwrap().jpeg).get_pixel(4, 4).0[1].abs_diff(204) < 3);
}

#[test]
fn grey_cmyk_sixteen_bits_and_palettes_are_pictures_too() {
    let grey = GrayImage::from_fn(64, 64, |x, _| image::Luma([if x < 32 { 20 } else { 230 }]));
    let mut grey_jpeg = Vec::new();
    Encoder::new(&mut grey_jpeg, 90).encode(&grey, 64, 64, ColorType::Luma).unwrap();
    let deep = DynamicImage::from(quarters(64, 64)).into_rgba16();
    for file in [
        grey_jpeg,
        png(&DynamicImage::from(grey.clone())),
        png(&DynamicImage::from(grey).into_luma_alpha16().into()),
    ] {
        let developed = pixels(&develop(&file).unwrap().jpeg);
        assert!(developed.get_pixel(4, 4).0.iter().all(|value| value.abs_diff(20) < 8));
        assert!(developed.get_pixel(60, 4).0.iter().all(|value| value.abs_diff(230) < 8));
    }
    assert_eq!(corners(&develop(&png(&deep.into())).unwrap().jpeg), ["red", "green", "blue", "white"]);

    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let inverted: Vec<u8> =
            quarters(64, 64).pixels().flat_map(|p| [255 - p.0[0], 255 - p.0[1], 255 - p.0[2], 0]).collect();
        let mut cmyk = Vec::new();
        Encoder::new(&mut cmyk, 90).encode(&inverted, 64, 64, kind).unwrap();
        assert_eq!(corners(&develop(&cmyk).unwrap().jpeg), ["red", "green", "blue", "white"], "{kind:?}");
    }
}

#[test]
fn every_subsampling_keeps_its_colours_or_is_refused() {
    use jpeg_encoder::SamplingFactor as Sampling;
    let factors = [
        (Sampling::F_1_1, true),
        (Sampling::F_2_1, true),
        (Sampling::F_1_2, true),
        (Sampling::F_2_2, true),
        // One scan per component: zune-jpeg 0.5.15 would show other colours.
        (Sampling::F_4_1, false),
        (Sampling::F_4_2, false),
    ];
    for (width, height) in [(64, 64), (77, 51), (203, 90)] {
        for (factor, expected) in factors {
            let file = jpeg_as(&quarters(width, height), |encoder| encoder.set_sampling_factor(factor));
            assert_eq!(develop(&file).is_ok(), expected, "{factor:?}");
            if expected {
                let seen = corners(&develop(&file).unwrap().jpeg);
                assert_eq!(seen, ["red", "green", "blue", "white"], "{factor:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn progressive_and_restart_marked_files_are_read() {
    let mut plain = None;
    for (progressive, interval) in [(false, 0), (true, 0), (false, 3), (true, 5)] {
        let file = jpeg_as(&quarters(200, 120), |encoder| {
            encoder.set_progressive(progressive);
            encoder.set_restart_interval(interval);
        });
        let photo = develop(&file).unwrap();
        assert_eq!(*plain.get_or_insert(photo.hash), photo.hash);
    }
}

#[test]
fn a_header_that_claims_too_much_is_refused_before_decoding() {
    let mut small = jpeg(&quarters(16, 16));
    let frame = small.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut claim = |width: u16, height: u16| {
        small[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        small[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        problem(&small)
    };
    assert!(matches!(claim(65_500, 65_500), Problem::TooLarge { found: 65_500, limit: 12_000, .. }));
    assert!(matches!(claim(9_000, 9_000), Problem::TooLarge { found: 81_000_000, .. }));

    // Held whole by the decoder, so less is allowed.
    small[frame + 1] = 0xC2;
    small[frame + 5..frame + 9].copy_from_slice(&[0x17, 0xE8, 0x1F, 0xE0]);
    assert!(matches!(problem(&small), Problem::TooLarge { found: 49_939_200, .. }));

    let mut wide = png(&quarters(16, 16).into());
    wide[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20]);
    assert!(matches!(problem(&wide), Problem::TooLarge { found: 20_000, limit: 12_000, .. }));

    let mut lying = webp(&quarters(16, 16).into());
    lying[21..25].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x0F]);
    assert!(matches!(problem(&lying), Problem::TooLarge { found: 16_384, limit: 12_000, .. }));

    assert!(matches!(problem(&vec![0xFF; (40 << 20) + 1]), Problem::TooLarge { .. }));
}

#[test]
fn text_and_profiles_that_unpack_to_much_more_change_nothing() {
    let plain = png(&quarters(16, 16).into());
    let zeros = RgbImage::new(4000, 2000);
    let packed = png(&zeros.into());
    let start = packed.windows(4).position(|four| four == b"IDAT").unwrap() + 4;
    let length =
        usize::try_from(u32::from_be_bytes(packed[start - 8..start - 4].try_into().unwrap())).unwrap();
    for (name, head) in
        [(b"zTXt", b"Comment\0\0".as_slice()), (b"iTXt", b"Comment\0\x01\0\0\0"), (b"iCCP", b"icc\0\0")]
    {
        let body = [head, &packed[start..start + length]].concat();
        let mut chunk = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        chunk.extend(name);
        chunk.extend(&body);
        chunk.extend(crc32(&chunk[4..]).to_be_bytes());
        let mut bomb = plain.clone();
        bomb.splice(33..33, chunk);
        match develop(&bomb) {
            Ok(photo) => assert_eq!(photo, develop(&plain).unwrap()),
            Err(error) => assert_eq!(name, b"iCCP", "{error}"),
        }
    }
}

#[test]
fn a_moving_picture_is_not_a_photo() {
    let mut file =
        b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\x0F\0\0\x0F\0\0ANIM\x06\0\0\0\0\0\0\0\0\0".to_vec();
    file[4] = u8::try_from(file.len() - 8).unwrap();
    assert_eq!(problem(&file), Problem::Malformed("still WebP"));
}

#[test]
fn what_is_no_picture_is_told_so() {
    for file in [b"".as_slice(), b"\xFF\xD8", b"GIF89a\0\0", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE"] {
        assert_eq!(problem(file), Problem::NotAPhoto);
    }
    assert_eq!(develop(b"BM").unwrap_err().action(), crate::error::Action::FixInput);
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    let picture = quarters(120, 80);
    let progressive = jpeg_as(&noise(120, 80), |encoder| encoder.set_progressive(true));
    let files = [jpeg(&noise(120, 80)), progressive, png(&noise(120, 80).into()), webp(&picture.into())];
    for (format, file) in files.iter().enumerate() {
        assert!(develop(file).is_ok());
        for end in (0..file.len()).step_by(97) {
            assert!(develop(&file[..end]).is_err(), "file {format} cut at {end} of {}", file.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(format in 0_usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let magics: [&[u8]; 4] = [b"", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", b"RIFF\0\0\0\0WEBPVP8 "];
        let _ = develop(&[magics[format], &bytes].concat());
    }

    #[test]
    fn a_damaged_file_never_panics(format in 0_usize..3, spots in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let picture = noise(40, 24);
        let mut file = match format {
            0 => jpeg_with(&picture, &[(1, &app1(6))]),
            1 => png(&picture.into()),
            _ => webp(&picture.into()),
        };
        for (spot, value) in spots {
            let at = spot.index(file.len());
            file[at] = value;
        }
        let _ = develop(&file);
    }
}

/// Plain CRC-32, as PNG wants it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
