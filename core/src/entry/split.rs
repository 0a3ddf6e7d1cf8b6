//! Takes a CBOR body apart into structure, text and opaque bytes, which compress apart far better
//! than together, and puts it together again.
//!
//! Works on any definite-length CBOR and knows nothing of what it means; what it can't split travels
//! whole.

/// Deepest nesting that is split.
const MAX_DEPTH: u8 = 8;

/// The three streams that bodies are split into.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) structure: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) opaque: Vec<u8>,
}

/// What is still to be read of the three streams.
#[derive(Debug)]
pub(super) struct Readers<'a> {
    pub(super) structure: &'a [u8],
    pub(super) text: &'a [u8],
    pub(super) opaque: &'a [u8],
}

/// Appends the split body to the streams; `false`, with the streams as they were, if it is not
/// exactly one CBOR item of the kind this handles.
pub(super) fn split(body: &[u8], streams: &mut Streams) -> bool {
    let marks = (streams.structure.len(), streams.text.len(), streams.opaque.len());
    let mut rest = body;
    let is_whole = split_item(&mut rest, streams, 0).is_some() && rest.is_empty();
    if !is_whole {
        streams.structure.truncate(marks.0);
        streams.text.truncate(marks.1);
        streams.opaque.truncate(marks.2);
    }
    is_whole
}

/// Reads one split body from the streams, at most `limit` bytes.
pub(super) fn join(readers: &mut Readers<'_>, limit: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    join_item(readers, &mut body, limit, 0)?;
    Some(body)
}

/// A CBOR head: major type, argument, and the bytes it takes.
struct Head {
    major: u8,
    argument: u64,
    len: usize,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let first = *bytes.first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    let following = match info {
        0..=23 => return Some(Head { major, argument: info.into(), len: 1 }),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let argument = bytes.get(1..=following)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some(Head { major, argument, len: 1 + following })
}

fn items(head: &Head) -> Option<u64> {
    match head.major {
        4 => Some(head.argument),
        5 => head.argument.checked_mul(2),
        6 => Some(1),
        _ => Some(0),
    }
}

fn move_bytes(from: &mut &[u8], len: usize, to: &mut Vec<u8>) -> Option<()> {
    let (taken, rest) = from.split_at_checked(len)?;
    to.extend_from_slice(taken);
    *from = rest;
    Some(())
}

fn split_item(rest: &mut &[u8], streams: &mut Streams, depth: u8) -> Option<()> {
    let head = head(rest)?;
    move_bytes(rest, head.len, &mut streams.structure)?;
    match head.major {
        2 => move_bytes(rest, usize::try_from(head.argument).ok()?, &mut streams.opaque)?,
        3 => move_bytes(rest, usize::try_from(head.argument).ok()?, &mut streams.text)?,
        _ => {
            for _ in 0..items(&head).filter(|items| *items == 0 || depth < MAX_DEPTH)? {
                split_item(rest, streams, depth + 1)?;
            }
        }
    }
    Some(())
}

fn join_item(readers: &mut Readers<'_>, body: &mut Vec<u8>, limit: usize, depth: u8) -> Option<()> {
    let head = head(readers.structure)?;
    move_bytes(&mut readers.structure, head.len, body)?;
    let content = match head.major {
        2 | 3 => usize::try_from(head.argument).ok()?,
        _ => 0,
    };
    if body.len().checked_add(content)? > limit {
        return None;
    }
    match head.major {
        2 => move_bytes(&mut readers.opaque, content, body)?,
        3 => move_bytes(&mut readers.text, content, body)?,
        _ => {
            for _ in 0..items(&head).filter(|items| *items == 0 || depth < MAX_DEPTH)? {
                join_item(readers, body, limit, depth + 1)?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(body: &[u8]) -> Option<Vec<u8>> {
        let mut streams = Streams::default();
        if !split(body, &mut streams) {
            assert!(streams.structure.is_empty() && streams.text.is_empty() && streams.opaque.is_empty());
            return None;
        }
        let mut readers =
            Readers { structure: &streams.structure, text: &streams.text, opaque: &streams.opaque };
        let joined = join(&mut readers, usize::MAX);
        assert!(readers.structure.is_empty() && readers.text.is_empty() && readers.opaque.is_empty());
        joined
    }

    #[test]
    fn a_record_like_body_is_split() {
        let body =
            crate::model::encode(&(1_u8, "正文", crate::id::Salt::ZERO, vec![7_u64, 300], Some(-9_i32)));
        assert_eq!(round_trip(&body).unwrap(), body);
    }

    #[test]
    fn endless_and_deep_items_travel_whole() {
        assert_eq!(round_trip(&[0x9f, 0x01, 0xff]), None);
        assert_eq!(round_trip(&[0x81; 64]), None);
        assert_eq!(round_trip(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    proptest! {
        #[test]
        fn whatever_is_split_comes_back(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(joined) = round_trip(&body) {
                prop_assert_eq!(joined, body);
            }
        }
    }
}
