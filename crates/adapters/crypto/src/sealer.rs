use core::fmt;
use std::sync::Arc;

use aes::Aes128;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use ring::hmac;
use vuzo_domain::port::{IdGen, NoSealingKey, Sealer};
use vuzo_domain::provider_key::Sealed;
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use zeroize::Zeroizing;

/// The only version of the format that there is.
const VERSION: u8 = 0x80;
const HALF: usize = 16;
const HEAD: usize = 1 + 8 + HALF;
const TAG: usize = 32;

/// Tokens are written with padding. People paste keys without it, too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text is not a key of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSealingKey {
    /// Which of the keys, counted from one.
    pub position: usize,
}

impl fmt::Display for InvalidSealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "key {} is not 32 bytes in URL-safe base64",
            self.position
        )
    }
}

impl std::error::Error for InvalidSealingKey {}

/// Seals by Fernet, version 128: AES-128 in CBC mode, then HMAC-SHA256 over all of it.
///
/// The first key seals; all of them open.
pub struct FernetSealer {
    keys: Vec<Key>,
    ids: Arc<dyn IdGen>,
}

struct Key {
    signing: hmac::Key,
    encryption: Zeroizing<[u8; HALF]>,
}

impl FernetSealer {
    /// Takes keys in their text form. Without any, nothing is sealed or opened.
    pub fn new(keys: &[Secret], ids: Arc<dyn IdGen>) -> Result<Self, InvalidSealingKey> {
        Ok(Self {
            keys: read(keys)?,
            ids,
        })
    }

    /// Whether these are keys.
    pub fn check(keys: &[Secret]) -> Result<(), InvalidSealingKey> {
        read(keys).map(drop)
    }

    /// Makes a key in its text form.
    pub fn make_key(ids: &dyn IdGen) -> Secret {
        let mut random = Zeroizing::new([0_u8; 2 * HALF]);
        ids.fill_random(random.as_mut());
        Secret::new(BASE64.encode(random.as_ref()))
    }
}

fn read(keys: &[Secret]) -> Result<Vec<Key>, InvalidSealingKey> {
    let read = keys.iter().enumerate().map(|(index, key)| {
        Key::read(key.expose()).ok_or(InvalidSealingKey {
            position: index.saturating_add(1),
        })
    });
    read.collect()
}

impl fmt::Debug for FernetSealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FernetSealer")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl Sealer for FernetSealer {
    fn seal(&self, secret: &Secret, at: Timestamp) -> Result<Sealed, NoSealingKey> {
        let key = self.keys.first().ok_or(NoSealingKey)?;
        let mut initial = [0_u8; HALF];
        self.ids.fill_random(&mut initial);
        let seconds = u64::try_from(at.as_secs()).unwrap_or(0);
        Ok(Sealed::from_text(key.seal(
            secret.expose(),
            seconds,
            &initial,
        )))
    }

    fn open(&self, sealed: &Sealed) -> Option<Secret> {
        let token = BASE64.decode(sealed.as_text()).ok()?;
        self.keys.iter().find_map(|key| key.open(&token))
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        let token = BASE64.decode(sealed.as_text()).ok();
        let first = self.keys.first();
        token
            .zip(first)
            .is_some_and(|(token, key)| key.signed(&token).is_some())
    }
}

impl Key {
    fn read(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64.decode(text.trim()).ok()?);
        let (signing, encryption) = bytes.split_first_chunk::<HALF>()?;
        Some(Self {
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing),
            encryption: Zeroizing::new(encryption.try_into().ok()?),
        })
    }

    fn seal(&self, text: &str, seconds: u64, initial: &[u8; HALF]) -> String {
        let cipher = cbc::Encryptor::<Aes128>::new((&*self.encryption).into(), initial.into());
        let mut token = vec![VERSION];
        token.extend_from_slice(&seconds.to_be_bytes());
        token.extend_from_slice(initial);
        token.extend(cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes()));
        let tag = hmac::sign(&self.signing, &token);
        token.extend_from_slice(tag.as_ref());
        BASE64.encode(token)
    }

    /// What this key has signed of a token, the tag left out.
    fn signed<'token>(&self, token: &'token [u8]) -> Option<&'token [u8]> {
        let (signed, tag) = token.split_at_checked(token.len().checked_sub(TAG)?)?;
        hmac::verify(&self.signing, signed, tag).ok()?;
        Some(signed)
    }

    /// Nothing is decrypted that was not signed, so the padding tells nobody anything.
    fn open(&self, token: &[u8]) -> Option<Secret> {
        let (head, body) = self.signed(token)?.split_at_checked(HEAD)?;
        if head.first() != Some(&VERSION) {
            return None;
        }
        let (_, initial) = head.split_last_chunk::<HALF>()?;
        let cipher = cbc::Decryptor::<Aes128>::new((&*self.encryption).into(), initial.into());
        let text = cipher.decrypt_padded_vec::<Pkcs7>(body).ok()?;
        Some(Secret::new(String::from_utf8(text).ok()?))
    }
}

#[cfg(test)]
mod tests;
