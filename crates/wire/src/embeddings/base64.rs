//! Base64 as every client of embeddings decodes it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the bytes in the usual alphabet, padded.
pub(super) fn push(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits = [18, 12, 6, 0].map(|shift| digit(word >> shift));
        // One byte makes two digits, two make three.
        for (at, digit) in digits.into_iter().enumerate() {
            out.push(if at <= group.len() { digit } else { b'=' });
        }
    }
}

fn digit(word: u32) -> u8 {
    let at = usize::try_from(word & 0x3f).unwrap_or_default();
    ALPHABET.get(at).copied().unwrap_or(b'A')
}
