//! The EXIF block a phone writes into a photo: maker, orientation, local time and GPS.
//!
//! Built byte by byte (TIFF, little endian), so that the product's reader is tested against the
//! format and not against its own writer.

use suishou_core::{geo::Position, time::Timestamp};

/// Chinese phones write local time, without saying so unless they are new.
const BEIJING: std::time::Duration = std::time::Duration::from_hours(8);
const HEADER_BYTES: usize = 8;

/// One field of a directory: tag, type and count, value.
struct Field {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

/// The TIFF block behind `Exif\0\0`: camera directory, shooting directory, GPS directory.
pub(super) fn block(at: Timestamp, position: Position, orientation: u8, size: (u16, u16)) -> Vec<u8> {
    let local = at.after(BEIJING).to_rfc3339();
    let (date, time) = local.split_once('T').unwrap_or((&local, ""));
    let time = time.split('.').next().unwrap_or_default();
    let stamp = text_value(&format!("{} {time}", date.replace('-', ":")));
    let camera = |shooting: u32, gps: u32| {
        vec![
            text(0x010F, "QINGSHAN"),
            text(0x0110, "QS-A17 Pro"),
            short(0x0112, u16::from(orientation)),
            rational(0x011A, &[(72, 1)]),
            rational(0x011B, &[(72, 1)]),
            short(0x0128, 2),
            text(0x0131, "QSOS 6.2.11"),
            Field { tag: 0x0132, kind: 2, count: 20, value: stamp.clone() },
            long(0x8769, shooting),
            long(0x8825, gps),
        ]
    };
    let (width, height) = size;
    let shooting = vec![
        rational(0x829A, &[(1, 120)]),
        rational(0x829D, &[(18, 10)]),
        short(0x8827, 160),
        undefined(0x9000, b"0220"),
        Field { tag: 0x9003, kind: 2, count: 20, value: stamp.clone() },
        Field { tag: 0x9004, kind: 2, count: 20, value: stamp.clone() },
        text(0x9011, "+08:00"),
        rational(0x920A, &[(543, 100)]),
        short(0xA001, 1),
        long(0xA002, u32::from(width)),
        long(0xA003, u32::from(height)),
    ];
    let gps = gps_fields(at, position);
    // Sizes do not depend on the pointers, so a first pass with none of them gives the places.
    let shooting_at = HEADER_BYTES + directory(&camera(0, 0), 0).len();
    let shooting_block = directory(&shooting, shooting_at);
    let gps_at = shooting_at + shooting_block.len();
    let mut bytes = Vec::from(*b"II\x2A\0\x08\0\0\0");
    bytes.extend(directory(&camera(offset(shooting_at), offset(gps_at)), HEADER_BYTES));
    bytes.extend(shooting_block);
    bytes.extend(directory(&gps, gps_at));
    bytes
}

fn gps_fields(at: Timestamp, position: Position) -> Vec<Field> {
    let utc = at.to_rfc3339();
    let (date, _) = utc.split_once('T').unwrap_or((&utc, ""));
    let seconds = u32::try_from(at.millis().div_euclid(1_000).rem_euclid(86_400)).unwrap_or(0);
    let clock = [(seconds / 3_600, 1), (seconds / 60 % 60, 1), (seconds % 60, 1)];
    let (latitude, longitude) = position.units();
    vec![
        Field { tag: 0x0000, kind: 1, count: 4, value: vec![2, 2, 0, 0] },
        text(0x0001, if latitude < 0 { "S" } else { "N" }),
        rational(0x0002, &sexagesimal(latitude)),
        text(0x0003, if longitude < 0 { "W" } else { "E" }),
        rational(0x0004, &sexagesimal(longitude)),
        Field { tag: 0x0005, kind: 1, count: 1, value: vec![0] },
        rational(0x0006, &[(8_640, 100)]),
        rational(0x0007, &clock),
        text(0x001D, &date.replace('-', ":")),
    ]
}

/// Degrees, minutes and ten-thousandths of a second.
fn sexagesimal(units: i32) -> [(u32, u32); 3] {
    let whole = u64::from(units.unsigned_abs());
    let minutes = whole % 10_000_000 * 60;
    let seconds = minutes % 10_000_000 * 60;
    let number = |value: u64| u32::try_from(value).unwrap_or(0);
    [(number(whole / 10_000_000), 1), (number(minutes / 10_000_000), 1), (number(seconds / 1_000), 10_000)]
}

/// A directory at `start`, values longer than four bytes behind it.
fn directory(fields: &[Field], start: usize) -> Vec<u8> {
    let mut head = Vec::new();
    let mut tail = Vec::new();
    let behind = start + 2 + 12 * fields.len() + 4;
    head.extend(u16::try_from(fields.len()).unwrap_or(0).to_le_bytes());
    for field in fields {
        head.extend(field.tag.to_le_bytes());
        head.extend(field.kind.to_le_bytes());
        head.extend(field.count.to_le_bytes());
        if field.value.len() <= 4 {
            head.extend(field.value.iter().chain(&[0; 4]).take(4));
            continue;
        }
        head.extend(offset(behind + tail.len()).to_le_bytes());
        tail.extend(&field.value);
        if tail.len() % 2 == 1 {
            tail.push(0);
        }
    }
    head.extend([0; 4]);
    head.extend(tail);
    head
}

fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn text_value(text: &str) -> Vec<u8> {
    text.bytes().chain([0]).collect()
}

fn text(tag: u16, text: &str) -> Field {
    let value = text_value(text);
    Field { tag, kind: 2, count: offset(value.len()), value }
}

fn undefined(tag: u16, value: &[u8]) -> Field {
    Field { tag, kind: 7, count: offset(value.len()), value: value.to_vec() }
}

fn short(tag: u16, value: u16) -> Field {
    Field { tag, kind: 3, count: 1, value: value.to_le_bytes().to_vec() }
}

fn long(tag: u16, value: u32) -> Field {
    Field { tag, kind: 4, count: 1, value: value.to_le_bytes().to_vec() }
}

fn rational(tag: u16, values: &[(u32, u32)]) -> Field {
    let pairs = values.iter().flat_map(|(top, bottom)| [top.to_le_bytes(), bottom.to_le_bytes()]);
    Field { tag, kind: 5, count: offset(values.len()), value: pairs.flatten().collect() }
}
