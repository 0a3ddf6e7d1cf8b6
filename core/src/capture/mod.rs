//! Capture: what a person brings in becomes a blob that may leave the phone.
//!
//! Home of `image`, `zune-jpeg`, `fast_image_resize` and `jpeg-encoder`. Bytes from outside are
//! hostile until they are decoded; nothing here reads a file, a clock or a place. Where and when a
//! photo was taken stands in the signed record and never in the picture.

mod blur;
mod decode;
mod photo;
pub mod text;
pub mod voice;

#[cfg(test)]
mod tests;

pub use blur::{Blur, MAX_BLURS};
pub use photo::{PHOTO_MAX_SIDE, PREVIEW_MAX_BYTES, PREVIEW_MAX_SIDE, Photo, Preview, develop};

/// The media type and the file's ending of a picture that can be shown, by its first bytes; none if it is no such picture.
pub fn picture_type(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [0x89, b'P', b'N', b'G', ..] => Some(("image/png", "png")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("image/webp", "webp")),
        _ => None,
    }
}
