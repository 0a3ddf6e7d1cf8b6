//! Recordings made here, byte by byte.

use proptest::prelude::*;

use super::*;
use crate::error::Action;

fn ogg_page(flags: u8, granule: u64, packets: &[&[u8]]) -> Vec<u8> {
    let mut segments = Vec::new();
    for packet in packets {
        segments.extend(std::iter::repeat_n(255, packet.len() / 255));
        segments.push(u8::try_from(packet.len() % 255).unwrap());
    }
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    page.push(u8::try_from(segments.len()).unwrap());
    page.extend(segments);
    page.extend(packets.concat());
    page
}

const PRE_SKIP: u16 = 312;

fn opus_head(channels: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(16_000_u32.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// 20 ms packets, 50 to a page.
fn ogg_file(packets: u64) -> Vec<u8> {
    let mut file = ogg_page(FIRST, 0, &[&opus_head(1)]);
    file.extend(ogg_page(0, 0, &[b"OpusTags\x04\0\0\0test\0\0\0\0"]));
    // SILK, wide band, 20 ms, one frame.
    let packet = [9 << 3, 1, 2, 3];
    let mut done = 0;
    while done < packets {
        let here = (packets - done).min(50);
        done += here;
        file.extend(ogg_page(0, done * 960, &vec![packet.as_slice(); usize::try_from(here).unwrap()]));
    }
    file
}

fn adts_frame(rate: u8, payload: usize) -> Vec<u8> {
    let len = u16::try_from(7 + payload).unwrap();
    let [high, low] = (len << 5).to_be_bytes();
    let mut frame =
        vec![0xFF, 0xF1, 0x40 | rate << 2, 0x40 | u8::try_from(len >> 11).unwrap(), high, low | 0x1F, 0xFC];
    frame.extend(std::iter::repeat_n(0x21, payload));
    frame
}

/// At 16 kHz: 64 ms a frame.
fn adts_file(frames: usize) -> Vec<u8> {
    adts_frame(8, 120).repeat(frames)
}

fn mp4_box(kind: [u8; 4], held: &[&[u8]]) -> Vec<u8> {
    let held = held.concat();
    let mut made = u32::try_from(8 + held.len()).unwrap().to_be_bytes().to_vec();
    made.extend(kind);
    made.extend(held);
    made
}

struct Track {
    handler: [u8; 4],
    sample: [u8; 4],
    scale: u32,
    declared: u32,
    frames: u32,
}

const TRACK: Track =
    Track { handler: *b"soun", sample: *b"mp4a", scale: 16_000, declared: 32_000, frames: 31 };

fn trak(track: &Track) -> Vec<u8> {
    let be = u32::to_be_bytes;
    let mdhd = mp4_box(*b"mdhd", &[&[0; 12], &be(track.scale), &be(track.declared), &[0; 4]]);
    let hdlr = mp4_box(*b"hdlr", &[&[0; 8], &track.handler, &[0; 12], b"\0"]);
    let entry = mp4_box(track.sample, &[&[0; 28]]);
    let stsd = mp4_box(*b"stsd", &[&[0; 4], &be(1), &entry]);
    let stts = mp4_box(*b"stts", &[&[0; 4], &be(1), &be(track.frames), &be(1_024)]);
    let stsz = mp4_box(*b"stsz", &[&[0; 4], &be(0), &be(track.frames), &vec![1; track.frames as usize * 4]]);
    let minf = mp4_box(*b"minf", &[&mp4_box(*b"stbl", &[&stsd, &stts, &stsz])]);
    mp4_box(*b"trak", &[&mp4_box(*b"mdia", &[&mdhd, &hdlr, &minf])])
}

fn mp4_file(tracks: &[Vec<u8>]) -> Vec<u8> {
    let moov = mp4_box(*b"moov", &[&mp4_box(*b"mvhd", &[&[0; 100]]), &tracks.concat()]);
    [mp4_box(*b"ftyp", &[b"M4A \0\0\0\0M4A mp42"]), mp4_box(*b"mdat", &[&[5; 400]]), moov].concat()
}

fn voice(format: VoiceFormat, duration_ms: u32) -> Voice {
    Voice { format, duration_ms }
}

fn is_no_voice(bytes: &[u8]) -> bool {
    matches!(check(bytes), Err(Error::Invalid { problems }) if problems == [Problem::NotAVoice])
}

fn is_too_large(bytes: &[u8]) -> bool {
    matches!(check(bytes), Err(Error::Invalid { problems }) if matches!(problems[..], [Problem::TooLarge { .. }]))
}

#[test]
fn each_format_is_told_with_its_length() {
    // 250 packets of 20 ms, less 312 samples that are not played.
    assert_eq!(check(&ogg_file(250)).unwrap(), voice(VoiceFormat::OggOpus, 4_993));
    assert_eq!(check(&adts_file(30)).unwrap(), voice(VoiceFormat::AacAdts, 1_920));
    assert_eq!(check(&mp4_file(&[trak(&TRACK)])).unwrap(), voice(VoiceFormat::AacMp4, 2_000));
    assert_eq!(check(&ogg_file(1)).unwrap().duration_ms, 13);
    assert_eq!(check(&adts_file(1)).unwrap().duration_ms, 64);
}

#[test]
fn two_minutes_are_taken_and_no_more_however_short_a_file_says_it_is() {
    assert_eq!(check(&ogg_file(6_000)).unwrap().duration_ms, 119_993);
    assert!(is_too_large(&ogg_file(6_001)));
    assert!(check(&adts_file(1_875)).is_ok() && is_too_large(&adts_file(1_876)));
    let long = Track { declared: 16_000 * 120 + 16, ..TRACK };
    assert!(is_too_large(&mp4_file(&[trak(&long)])));
    let lying = Track { declared: 16_000, frames: 2_000, ..TRACK };
    assert!(is_too_large(&mp4_file(&[trak(&lying)])));
    let mut lying = ogg_file(100);
    let last = lying.windows(4).rposition(|four| four == b"OggS").unwrap();
    lying[last + 6..last + 14].copy_from_slice(&50_000_u64.to_le_bytes());
    assert!(is_no_voice(&lying));
    assert!(is_too_large(&vec![0xFF; VOICE_MAX_BYTES + 1]));
}

#[test]
fn a_recording_cut_in_its_last_page_or_frame_is_taken_for_what_is_whole() {
    let (ogg, adts, mp4) = (ogg_file(100), adts_file(10), mp4_file(&[trak(&TRACK)]));
    let pages: Vec<usize> = (0..ogg.len()).filter(|at| ogg[*at..].starts_with(b"OggS")).collect();
    for end in 0..ogg.len() {
        let whole = pages.iter().filter(|at| **at > 0 && **at <= end).count();
        match check(&ogg[..end]) {
            Ok(found) => assert_eq!((whole, found.duration_ms), (3, 993), "cut at {end}"),
            Err(_) => assert!(whole < 3, "cut at {end}"),
        }
    }
    for end in 0..adts.len() {
        let whole = u32::try_from(end / 127).unwrap();
        assert_eq!(
            check(&adts[..end]).ok().map(|found| found.duration_ms),
            (whole > 0).then_some(whole * 64)
        );
    }
    for end in 0..mp4.len() {
        assert!(is_no_voice(&mp4[..end]), "the table at the end of an MP4 file is needed: {end}");
    }
}

#[test]
fn what_is_no_recording_is_told_so() {
    let mut wrong_rate = adts_file(3);
    wrong_rate.extend(adts_frame(4, 10));
    let mut two_streams = ogg_file(3);
    two_streams.extend(ogg_file(3));
    let vorbis = ogg_page(FIRST, 0, &[b"\x01vorbis\0\0\0\0\x01\x44\xAC\0\0"]);
    let no_tags = [ogg_page(FIRST, 0, &[&opus_head(1)]), ogg_page(0, 960, &[&[72, 0]])].concat();
    let surround = {
        let mut file = ogg_file(3);
        file[28 + 9] = 6;
        file
    };
    let empty = [ogg_page(FIRST, 0, &[&opus_head(1)]), ogg_page(0, 0, &[b"OpusTags"])].concat();
    let in_pieces = [mp4_file(&[trak(&TRACK)]), mp4_box(*b"moof", &[])].concat();
    for (number, bytes) in [
        b"".to_vec(),
        b"OggS".to_vec(),
        b"ID3\x04".to_vec(),
        b"RIFF\0\0\0\0WAVEfmt ".to_vec(),
        b"#!AMR\n".to_vec(),
        b"\xFF\xFB\x90\x44\0\0\0\0".to_vec(),
        [adts_file(2), b"TAG".to_vec()].concat(),
        [ogg_file(2), b"garbage".to_vec()].concat(),
        wrong_rate,
        two_streams,
        vorbis,
        no_tags,
        surround,
        empty,
        in_pieces,
        mp4_file(&[]),
        mp4_file(&[trak(&TRACK), trak(&TRACK)]),
        mp4_file(&[trak(&Track { handler: *b"vide", ..TRACK })]),
        mp4_file(&[trak(&Track { sample: *b"samr", ..TRACK })]),
        mp4_file(&[trak(&Track { frames: 0, ..TRACK })]),
        mp4_file(&[trak(&Track { scale: 0, ..TRACK })]),
        mp4_box(*b"ftyp", &[b"M4A "]),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(is_no_voice(&bytes), "{number}: {:?}", check(&bytes));
    }
    assert_eq!(check(b"x").unwrap_err().action(), Action::FixInput);
}

#[test]
fn packets_play_as_long_as_their_first_bytes_say() {
    for (packet, expected) in [
        (vec![0], 480),
        (vec![3 << 3], 2_880),
        (vec![3 << 3 | 1], 5_760),
        (vec![13 << 3], 960),
        (vec![16 << 3], 120),
        (vec![31 << 3 | 2], 1_920),
        (vec![31 << 3 | 3, 0x80 | 6], 5_760),
        (vec![31 << 3 | 3], 0),
    ] {
        assert_eq!(samples(&packet), expected, "{packet:?}");
    }
    let long = vec![72; 600];
    let page_bytes = ogg_page(0, 0, &[&long, &[72, 1], &[0; 255]]);
    let (found, rest) = page(&page_bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(packets(&found).map(<[u8]>::len).collect::<Vec<_>>(), [255, 2, 255]);
    assert_eq!(packets(&Page { flags: CONTINUED, ..found }).count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_never_panic(format in 0_usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let magics: [&[u8]; 4] = [b"", b"OggS\0\x02", b"\xFF\xF1", b"\0\0\0\x10ftypM4A \0\0\0\0"];
        if let Ok(found) = check(&[magics[format], &bytes].concat()) {
            prop_assert!(found.duration_ms > 0 && found.duration_ms <= VOICE_MAX_MS);
        }
    }

    #[test]
    fn a_damaged_recording_never_panics_and_never_plays_for_nothing(
        format in 0_usize..3,
        spots in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = [ogg_file(60), adts_file(6), mp4_file(&[trak(&TRACK)])][format].clone();
        for (spot, value) in spots {
            let at = spot.index(file.len());
            file[at] = value;
        }
        let end = cut.index(file.len() * 2).min(file.len());
        if let Ok(found) = check(&file[..end]) {
            prop_assert!(found.duration_ms > 0 && found.duration_ms <= VOICE_MAX_MS);
        }
    }
}
