//! Puts our id and our price into a provider's answer.

use std::cell::Cell;

use crate::json::{
    Cursor, Edit, JsonFault, Kind, edit_object, is_number, push_member, push_string,
};

/// Members of `usage` that tell what the provider charged the operator; the client gets ours instead.
const PROVIDER_COST: &[&str] = &["cost", "cost_details", "cost_in_usd_ticks", "is_byok"];

/// What we put into an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish<'f> {
    /// The generation id, which becomes the answer's `id`.
    pub generation_id: &'f str,
    /// The charge as decimal text.
    pub amount: &'f str,
    /// The currency's code.
    pub currency: &'f str,
    /// Another model name to show, if the provider's is not to be seen.
    pub model: Option<&'f str>,
    /// All answer tokens including reasoning, where the provider's `completion_tokens` leaves reasoning out.
    pub completion_tokens: Option<u64>,
    /// What stands beside the cost where the provider states no usage: members of an object as JSON text.
    pub counts: Option<&'f str>,
}

/// Writes a provider's completion with our id, and with `cost` and `cost_details` in its `usage`, which is created if absent.
///
/// Every other byte stays, except what the provider charged us. A body that is not an object comes back unchanged.
pub fn finish_completion(body: &[u8], finish: &Finish<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 192);
    if finish.write(body, &mut out).is_err() {
        out.clear();
        out.extend_from_slice(body);
    }
    out
}

/// The same for the payload of a stream's usage chunk, appended to `out`.
pub fn finish_usage_chunk(data: &[u8], finish: &Finish<'_>, out: &mut Vec<u8>) {
    let mark = out.len();
    if finish.write(data, out).is_err() {
        out.truncate(mark);
        out.extend_from_slice(data);
    }
}

impl Finish<'_> {
    fn write(&self, src: &[u8], out: &mut Vec<u8>) -> Result<(), JsonFault> {
        let (has_id, has_usage) = (Cell::new(false), Cell::new(false));
        let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match (name, self.model) {
            ("id", _) => {
                has_id.set(true);
                push_string(self.generation_id, out);
                Edit::Written
            }
            ("model", Some(model)) => {
                push_string(model, out);
                Edit::Written
            }
            ("usage", _) => {
                if Cursor::new(value).kind() != Kind::Object || self.usage(value, out).is_err() {
                    return Edit::Drop;
                }
                has_usage.set(true);
                Edit::Written
            }
            _ => Edit::Keep,
        };
        edit_object(src, out, decide, |comma, out| {
            if !has_id.get() {
                push_member(comma, "id", &quoted(self.generation_id), out);
            }
            if !has_usage.get() {
                push_member(comma || !has_id.get(), "usage", &self.own_usage(), out);
            }
        })
    }

    pub(crate) fn usage(&self, usage: &[u8], out: &mut Vec<u8>) -> Result<(), JsonFault> {
        let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| match (name, self.completion_tokens)
        {
            ("completion_tokens", Some(tokens)) => {
                out.extend_from_slice(tokens.to_string().as_bytes());
                Edit::Written
            }
            _ if PROVIDER_COST.contains(&name) => Edit::Drop,
            _ => Edit::Keep,
        };
        edit_object(usage, out, decide, |comma, out| self.costs(comma, out))
    }

    /// A usage where the provider states none.
    pub(crate) fn own_usage(&self) -> Vec<u8> {
        let counts = self.counts.unwrap_or_default();
        let mut usage = vec![b'{'];
        usage.extend_from_slice(counts.as_bytes());
        self.costs(!counts.is_empty(), &mut usage);
        usage.push(b'}');
        usage
    }

    fn costs(&self, comma: bool, out: &mut Vec<u8>) {
        // Text that is no number would break the answer, so it goes out as a string.
        let number = is_number(self.amount);
        let cost = if number {
            self.amount.as_bytes().to_vec()
        } else {
            quoted(self.amount)
        };
        push_member(comma, "cost", &cost, out);
        let mut details = vec![b'{'];
        push_member(false, "amount", &quoted(self.amount), &mut details);
        push_member(true, "currency", &quoted(self.currency), &mut details);
        push_member(
            true,
            "generation_id",
            &quoted(self.generation_id),
            &mut details,
        );
        details.push(b'}');
        push_member(true, "cost_details", &details, out);
    }
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(text, &mut out);
    out
}
