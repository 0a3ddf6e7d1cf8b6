//! Voice recordings: told by their own headers whether they are what a phone's recorder makes, and how long.
//!
//! Nothing is decoded and nothing is changed. A recording whose last page or frame is cut, as an app leaves it
//! that was ended while it recorded, is taken with what is whole of it; anything else that does not fit is
//! refused. No length in a file is believed: how long it plays is also counted in its packets.

mod mp4;

use crate::error::{Error, Problem, Result};

/// Longest recording in milliseconds.
pub const VOICE_MAX_MS: u32 = 120_000;
/// Largest recording in bytes.
pub const VOICE_MAX_BYTES: usize = 2 << 20;

/// How a recording is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceFormat {
    /// Opus in Ogg: Android from 10 on, browsers.
    OggOpus,
    /// AAC in ADTS frames: any Android.
    AacAdts,
    /// AAC in MP4 (`.m4a`): iOS, any Android.
    AacMp4,
}

/// What is known of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// How it is packed.
    pub format: VoiceFormat,
    /// How long it plays; more than 0, at most [`VOICE_MAX_MS`].
    pub duration_ms: u32,
}

/// Tells what a recording is. Refuses what is no such recording (`NotAVoice`) or more than is taken
/// (`TooLarge`). Never panics, whatever the bytes.
pub fn check(bytes: &[u8]) -> Result<Voice> {
    within("the recording in bytes", bytes.len() as u64, VOICE_MAX_BYTES as u64)?;
    let (format, millis) = match bytes {
        [b'O', b'g', b'g', b'S', ..] => (VoiceFormat::OggOpus, ogg(bytes)),
        [0xFF, second, ..] if is_adts(*second) => (VoiceFormat::AacAdts, adts(bytes)),
        _ => (VoiceFormat::AacMp4, mp4::millis(bytes)),
    };
    let millis = millis.filter(|millis| *millis > 0).ok_or(Error::invalid(Problem::NotAVoice))?;
    within("the recording in milliseconds", millis, VOICE_MAX_MS.into())?;
    let duration_ms = u32::try_from(millis).unwrap_or(VOICE_MAX_MS);
    Ok(Voice { format, duration_ms })
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<()> {
    if found > limit {
        return Err(Error::invalid(Problem::TooLarge { what, found, limit }));
    }
    Ok(())
}

/// One page of an Ogg stream (RFC 3533).
struct Page<'a> {
    flags: u8,
    /// All ones if no packet ends here.
    granule: u64,
    serial: [u8; 4],
    segments: &'a [u8],
    body: &'a [u8],
}

/// Flag of a page whose first packet began on an earlier one.
const CONTINUED: u8 = 1;
/// Flag of a stream's first page.
const FIRST: u8 = 2;
const NO_GRANULE: u64 = u64::MAX;
/// The most samples in one packet: what the last page's position may cut off.
const PACKET_MAX_SAMPLES: u64 = 5_760;

/// The page at the beginning of `bytes` and what follows it; `None` if there is no whole page.
fn page(bytes: &[u8]) -> Option<(Page<'_>, &[u8])> {
    let rest = bytes.strip_prefix(b"OggS\0")?;
    let (head, rest) = rest.split_first_chunk::<22>()?;
    let [flags, g0, g1, g2, g3, g4, g5, g6, g7, s0, s1, s2, s3, .., count] = *head;
    let (segments, rest) = rest.split_at_checked(usize::from(count))?;
    let (body, rest) = rest.split_at_checked(segments.iter().map(|len| usize::from(*len)).sum())?;
    let granule = u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]);
    Some((Page { flags, granule, serial: [s0, s1, s2, s3], segments, body }, rest))
}

/// One Opus stream in Ogg (RFC 7845): the last position less the pre-skip, at 48 kHz.
fn ogg(bytes: &[u8]) -> Option<u64> {
    let (head, mut rest) = page(bytes)?;
    let pre_skip = match head.body.strip_prefix(b"OpusHead")? {
        [version, 1 | 2, low, high, _, _, _, _, _, _, 0] if version >> 4 == 0 && head.flags & FIRST != 0 => {
            u64::from(u16::from_le_bytes([*low, *high]))
        }
        _ => return None,
    };
    let (tags, after) = page(rest)?;
    if !tags.body.starts_with(b"OpusTags") || tags.serial != head.serial {
        return None;
    }
    let mut is_in_tags = tags.granule == NO_GRANULE;
    rest = after;
    let (mut end, mut played) = (0, 0);
    while let Some((page, after)) = page(rest) {
        if page.serial != head.serial || page.flags & FIRST != 0 {
            return None;
        }
        rest = after;
        if is_in_tags {
            is_in_tags = page.granule == NO_GRANULE;
            continue;
        }
        played += packets(&page).map(samples).sum::<u64>();
        match page.granule {
            NO_GRANULE => {}
            // Positions are signed and only grow.
            granule if granule < end || granule > i64::MAX.unsigned_abs() => return None,
            granule => end = granule,
        }
    }
    let is_cut = rest.starts_with(b"OggS") || b"OggS".starts_with(rest);
    if !is_cut || played == 0 || played > end + PACKET_MAX_SAMPLES {
        return None;
    }
    Some(end.checked_sub(pre_skip)?.saturating_mul(1_000) / 48_000)
}

/// The packets that begin on this page.
fn packets<'a>(page: &Page<'a>) -> impl Iterator<Item = &'a [u8]> {
    let mut begins = page.flags & CONTINUED == 0;
    let mut rest = page.body;
    page.segments.iter().filter_map(move |len| {
        let (segment, after) = rest.split_at_checked(usize::from(*len))?;
        rest = after;
        let is_first = std::mem::replace(&mut begins, *len < u8::MAX);
        (is_first && !segment.is_empty()).then_some(segment)
    })
}

/// How long a packet plays, in samples at 48 kHz (RFC 6716, 3.1).
fn samples(packet: &[u8]) -> u64 {
    let (Some(toc), second) = (packet.first(), packet.get(1).copied().unwrap_or_default()) else { return 0 };
    let size = toc >> 3 & 3;
    let frame = match (toc >> 3, size) {
        (..=11, 3) => 2_880,
        (..=11, _) => 480_u64 << size,
        (12..=15, _) => 480_u64 << (size & 1),
        _ => 120_u64 << size,
    };
    let frames = match toc & 3 {
        0 => 1,
        3 => u64::from(second & 0x3F),
        _ => 2,
    };
    frames * frame
}

/// Sampling rates by their number in an ADTS header.
const RATES: [u64; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// The second byte of an ADTS header: the rest of the sync word, layer 0.
fn is_adts(second: u8) -> bool {
    second & 0xF6 == 0xF0
}

/// ADTS frames one after the other (ISO/IEC 14496-3, 1.A.2), all of one sampling rate.
fn adts(bytes: &[u8]) -> Option<u64> {
    let (mut rest, mut rate, mut samples) = (bytes, None, 0_u64);
    while let [0xFF, second, third, fourth, fifth, sixth, seventh, ..] = *rest {
        let found = *RATES.get(usize::from(third >> 2 & 0xF))?;
        let len = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        // Two bytes more where there is a checksum.
        let header = if second & 1 == 1 { 7 } else { 9 };
        if !is_adts(second) || *rate.get_or_insert(found) != found || len <= header {
            return None;
        }
        let Some((_, next)) = rest.split_at_checked(len) else { break };
        samples += 1_024 * u64::from(1 + (seventh & 3));
        rest = next;
    }
    let is_cut = match rest {
        [] | [0xFF] => true,
        [0xFF, second, ..] => is_adts(*second),
        _ => false,
    };
    is_cut.then(|| (samples * 1_000).checked_div(rate.unwrap_or_default())).flatten()
}

#[cfg(test)]
mod tests;
