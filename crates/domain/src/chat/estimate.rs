/// No tokenizer in use makes more than one token out of a byte of text.
pub const fn most_tokens(bytes: u64) -> u64 {
    bytes
}

/// Tokens are about four bytes of text; used where nobody counted.
pub const fn typical_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}
