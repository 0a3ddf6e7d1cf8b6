//! Whole numbers in as few bytes as they need (LEB128), and bytes behind their length, as the
//! page and Automerge's chunks have them.

/// Appends `value`, 7 bits a byte, low bits first.
pub(crate) fn put(to: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            to.push(low);
            return;
        }
        to.push(low | 0x80);
    }
}

/// Reads what [`put`] wrote; `None` on a cut or overlong number.
pub(crate) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        let low = u64::from(byte & 0x7f);
        if shift == 63 && low > 1 {
            return None;
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Appends a signed number in signed LEB128, as Automerge writes times.
pub(crate) fn put_signed(to: &mut Vec<u8>, mut value: i64) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        let sign_agrees = (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0);
        if sign_agrees {
            to.push(low);
            return;
        }
        to.push(low | 0x80);
    }
}

/// Reads what [`put_signed`] wrote.
pub(crate) fn take_signed(from: &mut &[u8]) -> Option<i64> {
    let mut value = 0_i64;
    for shift in (0..64_u32).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= i64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            if shift < 57 && byte & 0x40 != 0 {
                value |= -1_i64 << (shift + 7);
            }
            return Some(value);
        }
    }
    None
}

/// Appends a difference, small if it is near zero on either side.
pub(crate) fn put_difference(to: &mut Vec<u8>, from: i64, value: i64) {
    let difference = value.wrapping_sub(from);
    put(to, ((difference << 1) ^ (difference >> 63)).cast_unsigned());
}

/// Reads what [`put_difference`] wrote after `from`.
pub(crate) fn take_difference(bytes: &mut &[u8], from: i64) -> Option<i64> {
    let folded = take(bytes)?;
    Some(from.wrapping_add((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())))
}

/// Appends bytes behind their length.
pub(crate) fn put_prefixed(to: &mut Vec<u8>, bytes: &[u8]) {
    put(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Reads what [`put_prefixed`] wrote.
pub(crate) fn take_prefixed<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take(from)?).ok()?;
    take_bytes(from, len)
}

/// Reads so many bytes; `None` if there are fewer.
pub(crate) fn take_bytes<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_round_trip(value: u64, signed: i64, from: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            put_signed(&mut bytes, signed);
            put_difference(&mut bytes, from, signed);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take(&mut rest), Some(value));
            prop_assert_eq!(take_signed(&mut rest), Some(signed));
            prop_assert_eq!(take_difference(&mut rest, from), Some(signed));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = take(&mut bytes.as_slice());
            let _ = take_signed(&mut bytes.as_slice());
        }
    }
}
