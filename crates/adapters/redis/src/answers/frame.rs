//! A kept answer as bytes: a version, then every field in order. Numbers are little
//! endian; texts and bodies have their length before them.

use bytes::{Buf as _, Bytes};
use uuid::Uuid;
use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{KeptAnswer, KeptBody};
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::Units;
use vuzo_domain::usage::Consumption;

/// Another layout has another version. Whoever does not know it finds nothing, so that
/// releases may run side by side.
const VERSION: u8 = 1;

const WHOLE: u8 = 0;
const STREAM: u8 = 1;

/// What stands for an absent text: no length is that large.
const ABSENT: u32 = u32::MAX;

pub(super) fn write(answer: &KeptAnswer) -> Vec<u8> {
    let mut out = Vec::with_capacity(answer.size().saturating_add(256));
    out.push(VERSION);
    out.extend_from_slice(answer.made_by.uuid().as_bytes());
    put(&mut out, Some(answer.model.as_str().as_bytes()));
    put(&mut out, Some(answer.provider.as_str().as_bytes()));
    put(&mut out, Some(answer.upstream_model.as_bytes()));
    put(&mut out, answer.served_model.as_deref().map(str::as_bytes));
    out.extend_from_slice(&answer.cost.0.to_le_bytes());
    put(&mut out, Some(answer.currency.code().as_bytes()));
    for count in counts(&answer.consumption) {
        out.extend_from_slice(&count.to_le_bytes());
    }
    match &answer.body {
        KeptBody::Whole(body) => {
            out.push(WHOLE);
            put(&mut out, Some(body));
        }
        KeptBody::Stream {
            frames,
            output_bytes,
            last,
            usage_frame,
        } => {
            out.push(STREAM);
            out.extend_from_slice(&output_bytes.to_le_bytes());
            put(&mut out, Some(frames));
            put(&mut out, Some(last));
            put(&mut out, usage_frame.as_deref());
        }
    }
    out
}

/// `None` for what is not an answer of this version, to the last byte.
pub(super) fn read(mut bytes: Bytes) -> Option<KeptAnswer> {
    let input = &mut bytes;
    if input.try_get_u8().ok()? != VERSION {
        return None;
    }
    let made_by = Uuid::from_slice(&take(input, 16)?).ok()?;
    let answer = KeptAnswer {
        made_by: GenerationId::from_uuid(made_by),
        model: ModelId::new(&text(input)??).ok()?,
        provider: ProviderId::new(&text(input)??).ok()?,
        upstream_model: text(input)??,
        served_model: text(input)?,
        cost: Units(input.try_get_i64_le().ok()?),
        currency: text(input)??.parse().ok()?,
        consumption: consumption(input)?,
        body: body(input)?,
    };
    bytes.is_empty().then_some(answer)
}

const fn counts(consumption: &Consumption) -> [u64; 8] {
    [
        consumption.input,
        consumption.cache_read,
        consumption.cache_write,
        consumption.cache_write_long,
        consumption.audio_input,
        consumption.output,
        consumption.reasoning,
        consumption.images,
    ]
}

fn consumption(input: &mut Bytes) -> Option<Consumption> {
    let mut next = || input.try_get_u64_le().ok();
    Some(Consumption {
        input: next()?,
        cache_read: next()?,
        cache_write: next()?,
        cache_write_long: next()?,
        audio_input: next()?,
        output: next()?,
        reasoning: next()?,
        images: next()?,
    })
}

fn body(input: &mut Bytes) -> Option<KeptBody> {
    match input.try_get_u8().ok()? {
        WHOLE => Some(KeptBody::Whole(piece(input)??)),
        STREAM => Some(KeptBody::Stream {
            output_bytes: input.try_get_u64_le().ok()?,
            frames: piece(input)??,
            last: piece(input)??,
            usage_frame: piece(input)?,
        }),
        _ => None,
    }
}

fn put(out: &mut Vec<u8>, piece: Option<&[u8]>) {
    // Answers have a mebibyte at the most, and names far less.
    let length = piece.map_or(ABSENT, |piece| u32::try_from(piece.len()).unwrap_or(ABSENT));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(piece.unwrap_or_default());
}

/// A piece that may be absent; `None` if it is cut off.
#[expect(
    clippy::option_option,
    reason = "what is cut off and what is absent are two things"
)]
fn piece(input: &mut Bytes) -> Option<Option<Bytes>> {
    match input.try_get_u32_le().ok()? {
        ABSENT => Some(None),
        length => take(input, usize::try_from(length).ok()?).map(Some),
    }
}

#[expect(
    clippy::option_option,
    reason = "what is cut off and what is absent are two things"
)]
fn text(input: &mut Bytes) -> Option<Option<String>> {
    let Some(piece) = piece(input)? else {
        return Some(None);
    };
    String::from_utf8(piece.into()).ok().map(Some)
}

fn take(input: &mut Bytes, length: usize) -> Option<Bytes> {
    (input.len() >= length).then(|| input.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vuzo_domain::money::Currency;

    fn answers() -> [KeptAnswer; 2] {
        let stream = KeptBody::Stream {
            frames: Bytes::from_static(b"data: {}\n\n"),
            output_bytes: 7,
            last: Bytes::new(),
            usage_frame: None,
        };
        [KeptBody::Whole(Bytes::from_static(b"{}")), stream].map(|body| KeptAnswer {
            made_by: GenerationId::from_uuid(Uuid::from_u128(0xabc)),
            model: ModelId::new("one").unwrap(),
            provider: ProviderId::new("acme").unwrap(),
            upstream_model: "one-2026".to_owned(),
            served_model: Some("o".to_owned()),
            cost: Units(258),
            currency: Currency::USD,
            consumption: Consumption::default(),
            body,
        })
    }

    #[test]
    fn the_layout_is_fixed() {
        let [whole, _] = answers();
        let mut expected = vec![1];
        expected.extend([0; 14]);
        expected.extend([0x0a, 0xbc]);
        expected.extend(b"\x03\0\0\0one\x04\0\0\0acme\x08\0\0\0one-2026\x01\0\0\0o");
        expected.extend([2, 1, 0, 0, 0, 0, 0, 0]);
        expected.extend(b"\x03\0\0\0USD");
        expected.extend([0; 64]);
        expected.extend(b"\0\x02\0\0\0{}");
        assert_eq!(write(&whole), expected);
    }

    #[test]
    fn only_whole_answers_of_this_version_are_read() {
        for answer in answers() {
            let bytes = write(&answer);
            assert_eq!(read(Bytes::from(bytes.clone())), Some(answer));
            for length in 0..bytes.len() {
                assert_eq!(read(Bytes::copy_from_slice(&bytes[..length])), None);
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert_eq!(read(Bytes::from(longer)), None);
            let mut later = bytes.clone();
            later[0] = 2;
            assert_eq!(read(Bytes::from(later)), None);
            // Rubbish is nothing, or something else; it is no panic.
            for index in 0..bytes.len() {
                for value in [0, 1, 127, 255] {
                    let mut mutated = bytes.clone();
                    mutated[index] = value;
                    let _ = read(Bytes::from(mutated));
                }
            }
        }
    }
}
