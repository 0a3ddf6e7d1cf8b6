//! A code that a person types where there is no camera: 20 letters and digits in groups of four.
//!
//! 19 characters of Crockford's base32 carry 95 random bits, the last one checks them: a wrong character, or two that
//! changed places, is told on the phone before anything is sent. Small letters, `O` for `0`, `I` and `L` for `1`, the
//! wide characters of Chinese keyboards and whatever stands between the groups are read as meant. The address can't be
//! carried; it is typed too, and `check.rs` says how the relay behind it is made sure of.

use std::{fmt, str::FromStr};

use crate::{
    error::{Error, Problem, Result},
    id::EnrolCode,
};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters that carry the secret.
const DATA_CHARS: usize = 19;
/// Bits of the secret.
const BITS: u32 = 95;
/// Port of a relay unless the address says otherwise.
const PORT: u16 = 8443;
/// Longest host in an address.
const MAX_HOST_BYTES: usize = 253;

/// A typed code: the secret that is in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TypedCode(u128);

impl TypedCode {
    /// Of random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(random) & ((1 << BITS) - 1))
    }

    /// The one-time code that phone and relay work with.
    pub fn code(&self) -> EnrolCode {
        let key = blake3::derive_key("suishou 2026 typed enrolment code", &self.0.to_le_bytes());
        let mut code = [0; 16];
        for (to, from) in code.iter_mut().zip(key) {
            *to = from;
        }
        EnrolCode::new(code)
    }

    fn values(self) -> impl Iterator<Item = u8> {
        (0..DATA_CHARS).rev().map(move |place| u8::try_from((self.0 >> (5 * place)) & 31).unwrap_or(0))
    }
}

/// A secret is not for logs.
impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode")
    }
}

impl fmt::Display for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = check(self.values());
        for (place, value) in self.values().chain([check]).enumerate() {
            if place > 0 && place % 4 == 0 {
                f.write_str("-")?;
            }
            let letter = ALPHABET.get(usize::from(value)).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl FromStr for TypedCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mistyped = || Error::invalid(Problem::Mistyped);
        let mut values = Vec::with_capacity(DATA_CHARS + 1);
        for letter in text.chars().map(narrow).filter(|c| c.is_alphanumeric()) {
            if values.len() > DATA_CHARS {
                return Err(mistyped());
            }
            values.push(value(letter).ok_or_else(mistyped)?);
        }
        let given = values.pop().filter(|_| values.len() == DATA_CHARS).ok_or_else(mistyped)?;
        if check(values.iter().copied()) != given {
            return Err(mistyped());
        }
        Ok(Self(values.into_iter().fold(0, |secret, value| (secret << 5) | u128::from(value))))
    }
}

/// The character that a wide one stands for.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3002}' => '.',
        '\u{3000}' => ' ',
        other => other,
    }
}

fn value(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|known| char::from(*known) == letter).and_then(|place| u8::try_from(place).ok())
}

/// The sum of all values times growing powers of a generator of GF(32): no two places weigh the same, so that any wrong
/// character and any two that changed places are seen.
fn check(values: impl Iterator<Item = u8>) -> u8 {
    let mut sum = 0;
    // The check character itself weighs 1.
    let mut weight = 2;
    for value in values {
        sum ^= times(value, weight);
        weight = times(weight, 2);
    }
    sum
}

/// In GF(32), of the polynomial x⁵ + x² + 1.
fn times(mut one: u8, mut other: u8) -> u8 {
    let mut product = 0;
    while other > 0 {
        if other & 1 == 1 {
            product ^= one;
        }
        one <<= 1;
        if one & 0b10_0000 != 0 {
            one ^= 0b10_0101;
        }
        other >>= 1;
    }
    product
}

/// The base address that a person typed: with or without scheme and port, on whatever keyboard.
pub fn address(typed: &str) -> Result<String> {
    let bad = || Error::invalid(Problem::BadAddress);
    let narrow: String = typed.chars().map(narrow).filter(|c| !c.is_whitespace()).collect();
    let lower = narrow.to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://").unwrap_or(("https", lower.as_str()));
    let rest = rest.trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| bad())?),
        _ => (rest, PORT),
    };
    let is_numeric = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match is_numeric {
        Some(number) => number.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'),
    };
    let is_known = matches!(scheme, "https" | "http");
    if !is_known || !is_host || host.len() > MAX_HOST_BYTES || port == 0 {
        return Err(bad());
    }
    Ok(format!("{scheme}://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> TypedCode {
        TypedCode::new([0xd3, 0x1f, 0x88, 0x42, 0x0c, 0x77, 0xe9, 0xab, 0x51, 0x36, 0x90, 0x5d, 0, 0, 0, 0])
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let text = code().to_string();
        assert_eq!((text.len(), text.matches('-').count()), (24, 4));
        let wide: String = text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        let spaced = text.replace('-', "  ");
        let lower = text.to_lowercase().replace('0', "o").replace('1', "l");
        for typed in [text.as_str(), &wide, &spaced, &lower, &text.replace('1', "i"), &text.replace('-', "—")]
        {
            assert!(typed.parse::<TypedCode>().unwrap() == code(), "{typed}");
        }
        assert_eq!(TypedCode::new([0xff; 16]).to_string().parse::<TypedCode>().unwrap().0, (1 << 95) - 1);
        assert_ne!(code().code(), TypedCode::new([1; 16]).code());
        assert_eq!(format!("{:?}", code()), "TypedCode", "never in a log");
    }

    #[test]
    fn a_wrong_character_and_two_that_changed_places_are_seen() {
        let letters: Vec<char> = code().to_string().chars().filter(|c| *c != '-').collect();
        for place in 0..letters.len() {
            for other in ALPHABET {
                let mut wrong = letters.clone();
                wrong[place] = char::from(*other);
                let is_same = wrong == letters;
                assert_eq!(wrong.iter().collect::<String>().parse::<TypedCode>().is_ok(), is_same);
            }
            for second in place + 1..letters.len() {
                let mut swapped = letters.clone();
                swapped.swap(place, second);
                let is_same = swapped == letters;
                assert_eq!(swapped.iter().collect::<String>().parse::<TypedCode>().is_ok(), is_same);
            }
        }
        let text: String = letters.iter().collect();
        for bad in [
            "",
            "U",
            text.get(1..).unwrap(),
            &format!("{text}0"),
            &"0".repeat(1_000),
            "中文中文中文中文中文中文中文中文中文中文",
        ] {
            assert!(bad.parse::<TypedCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (typed, meant) in [
            ("192.168.1.20:8443", "https://192.168.1.20:8443"),
            (" 192.168.1.20 ", "https://192.168.1.20:8443"),
            ("１９２。１６８。１。２０：９０００", "https://192.168.1.20:9000"),
            ("HTTPS://Relay.Example.cn/", "https://relay.example.cn:8443"),
            ("[fd00::1]:9000", "https://[fd00::1]:9000"),
            ("[fd00::1]", "https://[fd00::1]:8443"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ] {
            assert_eq!(address(typed).unwrap(), meant);
        }
        for bad in
            ["", "https://", "a/b", "a@b", "ftp://a", "a:0", "a:x", "a:99999", "中文", "a?b", "[::1", "a..:"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
