//! A change as short text: a version, a kind and what changed.

use std::fmt::Write;

use vuzo_domain::key::KeyHash;
use vuzo_domain::port::Change;

/// What begins every message of this form. Another form takes another number, and is
/// passed over by who does not know it.
const VERSION: &str = "1";

pub(super) fn write(change: Change) -> String {
    match change {
        Change::Key(hash) => {
            let mut text = format!("{VERSION} key ");
            for byte in hash.0 {
                // Writing to a string does not fail.
                let _written = write!(text, "{byte:02x}");
            }
            text
        }
        Change::Account(account) => format!("{VERSION} account {account}"),
        Change::Catalog => format!("{VERSION} catalog"),
    }
}

pub(super) fn read(message: &[u8]) -> Option<Change> {
    let text = core::str::from_utf8(message).ok()?;
    let mut words = text.split(' ');
    if words.next()? != VERSION {
        return None;
    }
    let change = match (words.next()?, words.next()) {
        ("key", Some(hash)) => Change::Key(read_hash(hash)?),
        ("account", Some(account)) => Change::Account(account.parse().ok()?),
        ("catalog", None) => Change::Catalog,
        _ => return None,
    };
    words.next().is_none().then_some(change)
}

fn read_hash(text: &str) -> Option<KeyHash> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0_u8; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(KeyHash(hash))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vuzo_domain::id::AccountId;

    #[test]
    fn changes_round_trip() {
        let account: AccountId = "acc_00000000000000000123456789abcdef".parse().unwrap();
        let hash = KeyHash(core::array::from_fn(|i| u8::try_from(i * 8).unwrap()));
        for (change, text) in [
            (Change::Catalog, "1 catalog".to_owned()),
            (Change::Account(account), format!("1 account {account}")),
            (
                Change::Key(hash),
                "1 key 0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8".to_owned(),
            ),
        ] {
            assert_eq!(write(change), text);
            assert_eq!(read(text.as_bytes()), Some(change));
        }
    }

    #[test]
    fn garbage_is_passed_over() {
        let zeros = "0".repeat(64);
        for garbage in [
            String::new(),
            "1".to_owned(),
            "2 catalog".to_owned(),
            "1 catalog now".to_owned(),
            "1 weather".to_owned(),
            "1  catalog".to_owned(),
            "1 account".to_owned(),
            "1 account key_00000000000000000123456789abcdef".to_owned(),
            "1 key".to_owned(),
            format!("1 key {zeros}0"),
            format!("1 key {}", zeros.replace('0', "g")),
            format!("1 key {}", zeros.replace('0', "A")),
            format!("1 key {zeros} {zeros}"),
            format!("1 key {}", "é".repeat(32)),
        ] {
            assert_eq!(read(garbage.as_bytes()), None, "{garbage}");
        }
        assert_eq!(read(&[0xff, 0xfe]), None);
    }
}
