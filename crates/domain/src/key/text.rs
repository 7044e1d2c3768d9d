use core::fmt;

use crate::secret::Secret;

/// The keyed hash by which a key is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

/// A key as its owner holds it: `vz-sk_`, 32 characters, and a checksum of six.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(Secret);

/// The text is not a key of ours: mistyped, cut, or another vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Vuzo API key")]
pub struct MalformedKey;

const PREFIX: &str = "vz-sk_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY: usize = 32;
const CHECK: usize = 6;

impl KeyText {
    /// How many random bytes [`KeyText::from_random`] wants.
    pub const RANDOM_BYTES: usize = 64;

    /// A new key. Bytes that would make some characters likelier than others are
    /// passed over; 64 are enough except once in 10²⁰ times, when zeros fill up.
    pub fn from_random(random: &[u8; Self::RANDOM_BYTES]) -> Self {
        let body: String = random
            .iter()
            .filter(|byte| **byte < 248)
            .map(|byte| char::from(letter(u32::from(*byte))))
            .chain(core::iter::repeat('0'))
            .take(BODY)
            .collect();
        Self(Secret::new(format!("{PREFIX}{body}{}", checksum(&body))))
    }

    /// Takes a presented key, if its form and checksum are right.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let rest = text.strip_prefix(PREFIX).ok_or(MalformedKey)?;
        if rest.len() != BODY.saturating_add(CHECK)
            || !rest.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(MalformedKey);
        }
        let (body, check) = rest.split_at(BODY);
        if checksum(body) != check {
            return Err(MalformedKey);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Whether a bearer token wants to be one of our keys.
    pub fn looks_like(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The whole key. It is shown once, when it is made.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Enough of it to recognise it by.
    pub fn prefix(&self) -> String {
        self.0
            .expose()
            .chars()
            .take(PREFIX.len().saturating_add(6))
            .collect()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}…", self.prefix())
    }
}

fn letter(value: u32) -> u8 {
    usize::try_from(value % 62)
        .ok()
        .and_then(|index| ALPHABET.get(index))
        .copied()
        .unwrap_or(b'0')
}

/// CRC-32 (IEEE) in base 62, six characters, so that a typing error is caught
/// without a look into the database.
fn checksum(body: &str) -> String {
    let mut value = crc32(body.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = letter(value);
        value = value.checked_div(62).unwrap_or(0);
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let remainder = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _bit| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    });
    !remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_crc32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn keys_round_trip_and_typing_errors_are_caught() {
        let random: [u8; KeyText::RANDOM_BYTES] =
            core::array::from_fn(|i| u8::try_from(i * 4).unwrap());
        let key = KeyText::from_random(&random);
        assert_eq!(key.expose().len(), 44);
        assert_eq!(KeyText::parse(key.expose()), Ok(key.clone()));
        for position in 6..44 {
            let mut typo: Vec<u8> = key.expose().bytes().collect();
            typo[position] = if typo[position] == b'a' { b'b' } else { b'a' };
            assert!(KeyText::parse(&String::from_utf8(typo).unwrap()).is_err());
        }
        assert!(!format!("{key:?}").contains(&key.expose()[14..]));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        for bad in [
            "",
            "vz-sk_",
            "sk-123",
            "vz-sk_000000000000000000000000000000000000é0",
        ] {
            assert!(KeyText::parse(bad).is_err(), "{bad}");
        }
    }
}
