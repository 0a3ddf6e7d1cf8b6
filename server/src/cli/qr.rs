//! The enrolment QR on the terminal, as a picture and as a drawing.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{
    Color, EcLevel, QrCode,
    render::{svg, unicode},
};

/// Light modules around the code, as readers want them.
const QUIET: usize = 4;
/// Pixels of a module in the picture.
const SCALE: usize = 10;
/// Widest code for a usual terminal, in cells.
const TERMINAL_CELLS: usize = 80;

/// A QR of one text.
pub(super) struct Qr {
    text: String,
    code: QrCode,
}

impl Qr {
    /// None if the text does not fit.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        Some(Self { text: text.to_owned(), code })
    }

    /// Lines of half blocks; with colours of its own if a person looks, whatever the terminal's are.
    pub(super) fn blocks(&self, is_terminal: bool) -> String {
        let small = || QrCode::with_error_correction_level(&self.text, EcLevel::L).ok();
        let narrower = if self.code.width() + 2 * QUIET > TERMINAL_CELLS { small() } else { None };
        let code = narrower.as_ref().unwrap_or(&self.code);
        let blocks = code.render::<unicode::Dense1x2>().build();
        if !is_terminal {
            return blocks;
        }
        let coloured = blocks.lines().map(|line| format!("\u{1b}[38;5;16;48;5;231m{line}\u{1b}[0m"));
        coloured.collect::<Vec<_>>().join("\n")
    }

    /// A PNG file.
    pub(super) fn png(&self) -> Option<Vec<u8>> {
        let width = self.code.width();
        let side = u32::try_from((width + 2 * QUIET) * SCALE).ok()?;
        let colours = self.code.to_colors();
        let picture = GrayImage::from_fn(side, side, |x, y| {
            let module = |pixel: u32| (usize::try_from(pixel).unwrap_or(0) / SCALE).checked_sub(QUIET);
            let place = match (module(x), module(y)) {
                (Some(column), Some(row)) if column < width && row < width => row * width + column,
                _ => return Luma([255]),
            };
            Luma([if colours.get(place) == Some(&Color::Dark) { 0 } else { 255 }])
        });
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).ok()?;
        Some(file.into_inner())
    }

    /// An SVG file.
    pub(super) fn svg(&self) -> String {
        self.code.render::<svg::Color<'_>>().min_dimensions(400, 400).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_quiet_border_and_the_finder_in_its_corner() {
        let qr = Qr::of("SUISHOU:1:ABCDEF").unwrap();
        let picture = image::load_from_memory(&qr.png().unwrap()).unwrap().to_luma8();
        let edge = u32::try_from(QUIET * SCALE).unwrap();
        assert_eq!(picture.get_pixel(0, 0), &Luma([255]));
        assert_eq!(picture.get_pixel(edge - 1, edge - 1), &Luma([255]));
        assert_eq!(picture.get_pixel(edge, edge), &Luma([0]));
        assert!(qr.svg().starts_with("<?xml"));
    }

    #[test]
    fn dark_modules_are_black_ink_on_white_whatever_the_terminals_colours() {
        let qr = Qr::of("SUISHOU:1:ABCDEF").unwrap();
        assert!(qr.blocks(false).lines().all(|line| line.starts_with("    ")), "the border is light");
        assert!(qr.blocks(false).contains("█▀▀▀▀▀█"), "the finder is dark");
        let is_coloured =
            |line: &str| line.starts_with("\u{1b}[38;5;16;48;5;231m    ") && line.ends_with("\u{1b}[0m");
        assert!(qr.blocks(true).lines().all(is_coloured));
    }
}
