use bytes::Bytes;

use crate::catalog::{ModelId, ProviderId};
use crate::id::GenerationId;
use crate::money::{Currency, Units};
use crate::usage::Consumption;

/// An answer that is kept for identical requests to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The call that it was made for.
    pub made_by: GenerationId,
    /// The model of the catalogue that made it.
    pub model: ModelId,
    /// The provider that served it.
    pub provider: ProviderId,
    /// What the provider calls the model.
    pub upstream_model: String,
    /// The model that answered, by the provider's name.
    pub served_model: Option<String>,
    /// What the call cost the customer.
    pub cost: Units,
    /// In this currency.
    pub currency: Currency,
    /// What the call consumed.
    pub consumption: Consumption,
    /// The answer, in the wire of its endpoint.
    pub body: KeptBody,
}

/// The answer itself, as it came from the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptBody {
    /// In one piece.
    Whole(Bytes),
    /// In pieces, which are kept joined.
    Stream {
        /// The frames with content.
        frames: Bytes,
        /// Bytes of text, tool arguments and reasoning in them.
        output_bytes: u64,
        /// The last content frames, with the reason of the end.
        last: Bytes,
        /// The frame that tells the usage, where the customer asked for it.
        usage_frame: Option<Bytes>,
    },
}

impl KeptAnswer {
    /// Larger answers are not kept.
    pub const MOST_BYTES: usize = 1024 * 1024;

    /// How large the answer is.
    pub fn size(&self) -> usize {
        match &self.body {
            KeptBody::Whole(body) => body.len(),
            KeptBody::Stream {
                frames,
                last,
                usage_frame,
                ..
            } => {
                let usage = usage_frame.as_ref().map_or(0, Bytes::len);
                frames
                    .len()
                    .saturating_add(last.len())
                    .saturating_add(usage)
            }
        }
    }

    /// The answer for another call: wherever the id of the call that it was made for
    /// stands in it, under whatever prefix, the id of that call stands instead.
    #[must_use]
    pub fn for_call(self, call: GenerationId) -> KeptBody {
        let made_by = digits(self.made_by);
        let new = digits(call);
        let rename = |text: Bytes| rename(text, &made_by, &new);
        match self.body {
            KeptBody::Whole(body) => KeptBody::Whole(rename(body)),
            KeptBody::Stream {
                frames,
                output_bytes,
                last,
                usage_frame,
            } => KeptBody::Stream {
                frames: rename(frames),
                output_bytes,
                last: rename(last),
                usage_frame: usage_frame.map(rename),
            },
        }
    }
}

/// The part of an id that every prefix of every wire has in common.
fn digits(call: GenerationId) -> String {
    call.uuid().as_simple().to_string()
}

/// Replaces an id by another one. Both are of the same length, so nothing moves.
fn rename(text: Bytes, old: &str, new: &str) -> Bytes {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let mut at = 0;
    let mut renamed: Option<Vec<u8>> = None;
    while let Some(rest) = text.get(at..) {
        let Some(found) = find(rest, old) else { break };
        let start = at.saturating_add(found);
        at = start.saturating_add(old.len());
        let copy = renamed.get_or_insert_with(|| text.to_vec());
        if let Some(place) = copy.get_mut(start..at) {
            place.copy_from_slice(new);
        }
    }
    renamed.map_or(text, Bytes::from)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let step = rest.iter().position(|byte| *byte == first)?;
        from = from.saturating_add(step);
        if text.get(from..)?.starts_with(wanted) {
            return Some(from);
        }
        from = from.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn call(number: u128) -> GenerationId {
        GenerationId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn an_id_is_replaced_wherever_it_stands_whole() {
        let old = "000000000000000000000000000000ab";
        let new = "000000000000000000000000000000cd";
        for text in [
            String::new(),
            "no id".to_owned(),
            old.to_owned(),
            format!("gen_{old}"),
            format!("00{old}{old}resp_{old}-{old}"),
            old[1..].to_owned(),
            format!("{}{old}", &old[..31]),
        ] {
            let renamed = rename(Bytes::from(text.clone()), old, new);
            assert_eq!(renamed, text.replace(old, new), "{text}");
        }
    }

    #[test]
    fn every_part_of_a_stream_is_renamed() {
        let text = |id: GenerationId| Bytes::from(format!("<{id}>"));
        let stream = |id: GenerationId| KeptBody::Stream {
            frames: text(id),
            output_bytes: 3,
            last: text(id),
            usage_frame: Some(text(id)),
        };
        let kept = KeptAnswer {
            made_by: call(7),
            model: ModelId::new("one").unwrap(),
            provider: ProviderId::new("acme").unwrap(),
            upstream_model: "one".to_owned(),
            served_model: None,
            cost: Units::ZERO,
            currency: Currency::USD,
            consumption: Consumption::default(),
            body: stream(call(7)),
        };
        assert_eq!(kept.size(), 3 * (2 + 36));
        assert_eq!(kept.for_call(call(8)), stream(call(8)));
    }
}
