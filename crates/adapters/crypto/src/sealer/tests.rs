use uuid::Uuid;

use super::*;

/// The vector of the format's specification.
const SPEC_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const SPEC_TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
/// Sealed by Python's `cryptography` 48.0.0 under the key of the specification.
const PYTHON_TOKEN: &str = "gAAAAABrAWhQJ3cqW1iSmHnIGRxHP3wd0fnnKKg6kX15Q4vR1LHrLnr49hLd782_-MUix9zCD0fCfs47K6XO-vBBpkvDhRtGFVfX2Mbu04OHe9YF56EfXVU=";

/// Randomness that counts up from nothing.
struct Counting;

impl IdGen for Counting {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        for (byte, number) in buffer.iter_mut().zip(0..) {
            *byte = number;
        }
    }
}

fn under(keys: &[&str]) -> FernetSealer {
    let keys: Vec<Secret> = keys.iter().copied().map(Secret::new).collect();
    FernetSealer::new(&keys, Arc::new(Counting)).unwrap()
}

fn other_key() -> String {
    BASE64.encode([7_u8; 32])
}

#[test]
fn the_specification_s_token_comes_out_and_opens() {
    let fernet = under(&[SPEC_KEY]);
    let at = Timestamp::parse("1985-10-26T08:20:00Z").unwrap();
    let sealed = fernet.seal(&Secret::new("hello"), at).unwrap();
    assert_eq!(sealed.as_text(), SPEC_TOKEN);
    assert_eq!(fernet.open(&sealed), Some(Secret::new("hello")));
    assert!(fernet.is_current(&sealed));
}

#[test]
fn tokens_of_another_library_open() {
    let sealed = Sealed::from_text(PYTHON_TOKEN);
    let opened = under(&[SPEC_KEY]).open(&sealed);
    assert_eq!(opened, Some(Secret::new("sk-proj-0123456789-ü")));
}

#[test]
fn the_first_key_seals_and_all_of_them_open() {
    let (old, new) = (other_key(), SPEC_KEY.to_owned());
    let at = Timestamp::from_secs(1_700_000_000);
    let under_old = under(&[&old]).seal(&Secret::new("s"), at).unwrap();
    let both = under(&[&new, &old]);
    assert_eq!(both.open(&under_old), Some(Secret::new("s")));
    assert!(!both.is_current(&under_old));
    let again = both.seal(&Secret::new("s"), at).unwrap();
    assert!(both.is_current(&again));
    assert_eq!(under(&[&new]).open(&again), Some(Secret::new("s")));
    assert_eq!(under(&[&new]).open(&under_old), None);
}

#[test]
fn without_keys_nothing_is_sealed_or_opened() {
    let none = under(&[]);
    let refused = none.seal(&Secret::new("s"), Timestamp::default());
    assert_eq!(refused, Err(NoSealingKey));
    let sealed = Sealed::from_text(SPEC_TOKEN);
    assert_eq!(none.open(&sealed), None);
    assert!(!none.is_current(&sealed));
}

#[test]
fn secrets_of_every_length_come_back() {
    let fernet = under(&[SPEC_KEY]);
    for length in 0..70 {
        let secret = Secret::new("é".repeat(length));
        let sealed = fernet.seal(&secret, Timestamp::default()).unwrap();
        assert_eq!(fernet.open(&sealed), Some(secret), "{length}");
    }
}

#[test]
fn a_token_that_was_changed_or_cut_does_not_open() {
    let fernet = under(&[SPEC_KEY]);
    let token = BASE64.decode(SPEC_TOKEN).unwrap();
    for at in 0..token.len() {
        let mut changed = token.clone();
        changed[at] ^= 1;
        for bytes in [&changed[..], &token[..at]] {
            let sealed = Sealed::from_text(BASE64.encode(bytes));
            assert_eq!(fernet.open(&sealed), None, "byte {at}");
            assert!(!fernet.is_current(&sealed), "byte {at}");
        }
    }
    for rubbish in ["", "gAAAA", "!!!", "\u{0}", "=="] {
        assert_eq!(fernet.open(&Sealed::from_text(rubbish)), None);
    }
}

/// Signed by the right key, and still nothing that the format allows.
#[test]
fn what_is_signed_and_wrong_does_not_open() {
    let key = Key::read(SPEC_KEY).unwrap();
    let token = BASE64.decode(SPEC_TOKEN).unwrap();
    let signed = token.len() - TAG;
    let mut other_version = token[..signed].to_vec();
    other_version[0] = 0x81;
    let mut bad_padding = token[..signed].to_vec();
    bad_padding[signed - 1] ^= 1;
    for body in [
        other_version,
        bad_padding,
        token[..HEAD].to_vec(),
        token[..HEAD - 1].to_vec(),
        token[..signed - 1].to_vec(),
        Vec::new(),
    ] {
        let tag = hmac::sign(&key.signing, &body);
        let whole = [&body[..], tag.as_ref()].concat();
        assert_eq!(key.open(&whole), None, "{} bytes", body.len());
    }
}

#[test]
fn keys_are_checked() {
    let made = FernetSealer::make_key(&Counting);
    assert_eq!(made.expose().len(), 44);
    let ids: Arc<dyn IdGen> = Arc::new(Counting);
    let unpadded = made.expose().trim_end_matches('=');
    for good in [made.expose(), unpadded, &format!(" {unpadded}\n")] {
        assert!(FernetSealer::new(&[Secret::new(good)], Arc::clone(&ids)).is_ok());
    }
    let short = BASE64.encode([1_u8; 31]);
    let long = BASE64.encode([1_u8; 33]);
    for bad in ["", "secret", &short, &long, "ü"] {
        let keys = [made.clone(), Secret::new(bad)];
        let refused = FernetSealer::new(&keys, Arc::clone(&ids)).err();
        assert_eq!(refused, Some(InvalidSealingKey { position: 2 }), "{bad}");
    }
}

#[test]
fn nothing_secret_is_formatted() {
    assert_eq!(
        format!("{:?}", under(&[SPEC_KEY])),
        "FernetSealer { keys: 1, .. }"
    );
}
