use core::fmt::Write;

use vuzo_domain::id::SessionId;
use vuzo_domain::port::{Hasher, IdGen};

const PREFIX: &str = "vz-rt_";
/// Bytes out of which the secret of a token is made.
const RANDOM_BYTES: usize = 32;
const SECRET: usize = 64;

/// A refresh token: the session that it belongs to, so that it is found without an
/// index over secrets, and a secret of which only the digest is kept.
pub(super) struct RefreshToken {
    pub(super) session: SessionId,
    text: String,
}

impl RefreshToken {
    /// A fresh token of a session.
    pub(super) fn fresh(session: SessionId, ids: &dyn IdGen) -> Self {
        let mut text = format!("{PREFIX}{}_", session.uuid().as_simple());
        text.push_str(&random_hex::<RANDOM_BYTES>(ids));
        Self { session, text }
    }

    /// Takes a presented token, if it has the form of one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (session, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let session = format!("{}{session}", SessionId::PREFIX).parse().ok()?;
        let is_secret = secret.len() == SECRET && secret.bytes().all(|b| b.is_ascii_hexdigit());
        is_secret.then(|| Self {
            session,
            text: text.to_owned(),
        })
    }

    /// What is kept of it.
    pub(super) fn digest(&self, hasher: &dyn Hasher) -> [u8; 32] {
        hasher.digest(self.text.as_bytes())
    }

    /// The token itself, for its owner.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Random bytes in hexadecimal.
pub(super) fn random_hex<const BYTES: usize>(ids: &dyn IdGen) -> String {
    let mut random = [0_u8; BYTES];
    ids.fill_random(&mut random);
    random.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    struct Sevens;

    impl IdGen for Sevens {
        fn uuid(&self) -> Uuid {
            Uuid::from_u128(7)
        }

        fn fill_random(&self, buffer: &mut [u8]) {
            buffer.fill(0xA7);
        }
    }

    #[test]
    fn a_token_names_its_session_and_round_trips() {
        let session = SessionId::from_uuid(Uuid::from_u128(0x00C0_FFEE));
        let text = RefreshToken::fresh(session, &Sevens).into_text();
        let secret = "a7".repeat(32);
        assert_eq!(
            text,
            format!("vz-rt_00000000000000000000000000c0ffee_{secret}")
        );
        let read = RefreshToken::parse(&text).unwrap();
        assert_eq!((read.session, read.text), (session, text));
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        let session = "0".repeat(32);
        let secret = "a".repeat(64);
        for bad in [
            String::new(),
            "vz-rt_".to_owned(),
            format!("vz-rt_{session}"),
            format!("vz-rt_{session}_"),
            format!("vz-sk_{session}_{secret}"),
            format!("vz-rt_{session}_{secret}a"),
            format!("vz-rt_{session}_{}", "g".repeat(64)),
            format!("vz-rt_{session}0_{secret}"),
            format!("vz-rt_ses_{session}_{secret}"),
        ] {
            assert!(RefreshToken::parse(&bad).is_none(), "{bad}");
        }
    }
}
