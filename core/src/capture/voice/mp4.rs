//! An `.m4a` file (ISO/IEC 14496-12 and -14): one sound track of AAC, written whole.
//!
//! Only the boxes that tell the length are looked at, each of them once and by its fixed place in the tree.

/// A box: its kind, what it holds, what follows it.
type Found<'a> = ([u8; 4], &'a [u8], &'a [u8]);

/// How long the one sound track plays: by its header or by its table of times, whichever says more. `None`
/// unless the file is whole, begins with its type and has that one track.
pub(super) fn millis(bytes: &[u8]) -> Option<u64> {
    let (kind, _, mut rest) = first(bytes)?;
    if kind != *b"ftyp" {
        return None;
    }
    let (mut movie, mut has_sound) = (None, false);
    while !rest.is_empty() {
        let (kind, held, after) = first(rest)?;
        rest = after;
        match &kind {
            b"moov" if movie.is_none() => movie = Some(held),
            b"mdat" => has_sound = has_sound || !held.is_empty(),
            // A second movie, or one in pieces.
            b"moov" | b"moof" => return None,
            _ => {}
        }
    }
    let media = only(only(movie.filter(|_| has_sound)?, *b"trak")?, *b"mdia")?;
    let [_, _, _, _, _, _, _, _, b's', b'o', b'u', b'n', ..] = only(media, *b"hdlr")? else { return None };
    let table = only(only(media, *b"minf")?, *b"stbl")?;
    let [_, _, _, _, 0, 0, 0, 1, _, _, _, _, b'm', b'p', b'4', b'a', ..] = only(table, *b"stsd")? else {
        return None;
    };
    let frames = only(table, *b"stsz").or_else(|| only(table, *b"stz2"))?;
    if number(frames.get(8..12)?)? == 0 {
        return None;
    }
    let (scale, declared) = header(only(media, *b"mdhd")?)?;
    declared.max(counted(only(table, *b"stts")?)?).saturating_mul(1_000).checked_div(scale)
}

/// The box at the beginning of `bytes`; `None` if it is not whole.
fn first(bytes: &[u8]) -> Option<Found<'_>> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let [s0, s1, s2, s3, kind @ ..] = *head;
    let (held, after) = match u32::from_be_bytes([s0, s1, s2, s3]) {
        // To the end of what holds it.
        0 => (rest, [].as_slice()),
        1 => {
            let (size, rest) = rest.split_first_chunk::<8>()?;
            rest.split_at_checked(usize::try_from(u64::from_be_bytes(*size)).ok()?.checked_sub(16)?)?
        }
        size => rest.split_at_checked(usize::try_from(size).ok()?.checked_sub(8)?)?,
    };
    Some((kind, held, after))
}

/// The one box of this kind; `None` if there is none or more than one.
fn only(mut bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    let mut found = None;
    while !bytes.is_empty() {
        let (kind, held, after) = first(bytes)?;
        if kind == wanted && found.replace(held).is_some() {
            return None;
        }
        bytes = after;
    }
    found
}

/// Ticks in a second, and the length in ticks, of a track's header.
fn header(held: &[u8]) -> Option<(u64, u64)> {
    match held.first()? {
        0 => Some((number(held.get(12..16)?)?, number(held.get(16..20)?)?)),
        1 => Some((number(held.get(20..24)?)?, number(held.get(24..32)?)?)),
        _ => None,
    }
}

/// The length in ticks by the table of times: so many frames of so many ticks each, line by line.
fn counted(held: &[u8]) -> Option<u64> {
    let lines = usize::try_from(number(held.get(4..8)?)?).ok()?;
    let table = held.get(8..)?.get(..lines.checked_mul(8)?)?;
    let mut ticks = 0_u64;
    for line in table.chunks_exact(8) {
        let (frames, each) = line.split_at_checked(4)?;
        ticks = ticks.saturating_add(number(frames)?.saturating_mul(number(each)?));
    }
    Some(ticks)
}

/// Four or eight bytes, the most significant first.
fn number(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        4 | 8 => Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
        _ => None,
    }
}
