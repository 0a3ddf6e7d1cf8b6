//! What needs no store: a QR in the camera's picture, numbers in a text, a place for another app's map.

use suishou_core::{
    capture::text::sensitive,
    geo::{
        Position,
        shift::{gcj02_to_bd09, wgs84_to_gcj02},
    },
};

use crate::values::{Degrees, SensitiveNumber};

/// The text of the first QR code that can be read in a picture of brightness, row by row.
#[uniffi::export]
fn read_qr(brightness: Vec<u8>, width: u32, height: u32) -> Option<String> {
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let is_whole = width.checked_mul(height).is_some_and(|size| size > 0 && size <= brightness.len());
    let pixel = |x: usize, y: usize| brightness.get(y * width + x).copied().unwrap_or(u8::MAX);
    let mut picture = is_whole.then(|| rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel))?;
    picture.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

/// Numbers in a text that look like a person's: the screen warns before it is sent.
#[uniffi::export]
fn sensitive_numbers(text: &str) -> Vec<SensitiveNumber> {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let number = |of: suishou_core::capture::text::Sensitive| SensitiveNumber {
        kind: of.kind,
        start: place(of.start),
        end: place(of.end),
    };
    sensitive(text).into_iter().map(number).collect()
}

/// GCJ-02, for Amap.
#[uniffi::export]
fn for_amap(position: Position) -> Degrees {
    wgs84_to_gcj02(position).into()
}

/// BD-09, for Baidu.
#[uniffi::export]
fn for_baidu(position: Position) -> Degrees {
    gcj02_to_bd09(wgs84_to_gcj02(position)).into()
}

#[uniffi::export]
fn distance_m(from: Position, to: Position) -> f64 {
    from.distance_m(to)
}
