//! Counts as OpenAI's clients expect them: totals that include their details.

use crate::talk::Usage;

/// Writes a whole number.
pub(in crate::talk) fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut begin = digits.len();
    let mut left = number;
    loop {
        begin -= 1;
        digits[begin] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[begin..]);
}

/// A `usage` object.
pub(in crate::talk) struct Counts<'a>(pub(in crate::talk) &'a Usage);

impl Counts<'_> {
    pub(in crate::talk) fn push(&self, out: &mut Vec<u8>) {
        let Self(usage) = self;
        let written = usage.cache_write.saturating_add(usage.cache_write_long);
        let members: [(&[u8], u64); 9] = [
            (b"{\"prompt_tokens\":", usage.prompt()),
            (b",\"completion_tokens\":", usage.completion()),
            (b",\"total_tokens\":", usage.total()),
            (
                b",\"prompt_tokens_details\":{\"cached_tokens\":",
                usage.cache_read,
            ),
            (b",\"cache_write_tokens\":", written),
            (b",\"audio_tokens\":", usage.audio_input),
            (
                b"},\"completion_tokens_details\":{\"reasoning_tokens\":",
                usage.reasoning,
            ),
            (b",\"audio_tokens\":", 0),
            (b",\"accepted_prediction_tokens\":", 0),
        ];
        for (name, count) in members {
            out.extend_from_slice(name);
            push_number(count, out);
        }
        out.extend_from_slice(b",\"rejected_prediction_tokens\":0}}");
    }
}
