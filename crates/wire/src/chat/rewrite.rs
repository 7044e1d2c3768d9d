//! Turns a client's body into the upstream's, touching only what must change.

mod narrow;

use std::{borrow::Cow, cell::Cell};

use super::{ChatRequest, LimitField};
use crate::json::{Edit, edit_object, push_member, push_string};

/// Collects changes to a request; [`Rewrite::build`] writes the body.
///
/// Fields that no change concerns keep their bytes and their order; new ones come last.
///
/// ```
/// use vuzo_wire::chat::{ChatRequest, Rewrite};
///
/// let request = ChatRequest::parse(br#"{"model":"fast", "messages":[{"role":"user","content":"hi"}]}"#)?;
/// let body = Rewrite::new(&request).model("gpt-4o").output_limit(100).build();
/// assert_eq!(
///     String::from_utf8_lossy(&body),
///     r#"{"model":"gpt-4o", "messages":[{"role":"user","content":"hi"}],"max_tokens":100}"#
/// );
/// # Ok::<(), vuzo_wire::chat::RequestFault>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rewrite<'r, 'a> {
    request: &'r ChatRequest<'a>,
    model: Option<&'r str>,
    limit: Option<(LimitField, u32)>,
    include_usage: bool,
    service_tier: Option<&'r str>,
    is_narrow: bool,
    remove: &'r [&'r str],
    set: Vec<(&'r str, Cow<'r, str>)>,
}

impl<'r, 'a> Rewrite<'r, 'a> {
    /// Starts with no change at all.
    pub fn new(request: &'r ChatRequest<'a>) -> Self {
        Self {
            request,
            model: None,
            limit: None,
            include_usage: false,
            service_tier: None,
            is_narrow: false,
            remove: &[],
            set: Vec::new(),
        }
    }

    /// Asks for this model.
    #[must_use]
    pub fn model(mut self, model: &'r str) -> Self {
        self.model = Some(model);
        self
    }

    /// Limits the output in the field that the client used, `max_tokens` if it used none.
    #[must_use]
    pub fn output_limit(self, tokens: u32) -> Self {
        let field = self.request.limit_field.unwrap_or(LimitField::MaxTokens);
        self.output_limit_as(field, tokens)
    }

    /// Limits the output in `field`; the other one is left out.
    #[must_use]
    pub fn output_limit_as(mut self, field: LimitField, tokens: u32) -> Self {
        self.limit = Some((field, tokens));
        self
    }

    /// Makes a stream end with a usage chunk, whatever the client asked; nothing happens to a call that does not stream.
    #[must_use]
    pub fn include_usage(mut self) -> Self {
        self.include_usage = true;
        self
    }

    /// Asks for this class of service, whatever the client asked for.
    #[must_use]
    pub fn service_tier(mut self, word: &'r str) -> Self {
        self.service_tier = Some(word);
        self
    }

    /// Leaves out what a narrower reading of the wire refuses: `strict` on tools, and
    /// names of speakers that are not users.
    #[must_use]
    pub fn narrow(mut self, is_narrow: bool) -> Self {
        self.is_narrow = is_narrow;
        self
    }

    /// Leaves these top-level fields out, unless they are set as well.
    #[must_use]
    pub fn remove(mut self, names: &'r [&'r str]) -> Self {
        self.remove = names;
        self
    }

    /// Sets a top-level field to a JSON text, which the caller promises to be valid; wins over every other change.
    #[must_use]
    pub fn set(mut self, name: &'r str, json: impl Into<Cow<'r, str>>) -> Self {
        self.set.retain(|(other, _)| *other != name);
        self.set.push((name, json.into()));
        self
    }

    /// Writes the body.
    pub fn build(self) -> Vec<u8> {
        let body = self.request.body();
        let changes = self.changes();
        let extra: usize = changes
            .iter()
            .map(|change| change.name.len() + change.value.len() + 4)
            .sum();
        let mut out = Vec::with_capacity(body.len() + extra);
        let slice = |from: usize, to: usize| body.get(from..to).unwrap_or_default().as_bytes();
        let fields = self.request.fields();
        let mut done = 0;
        let mut comma = false;
        for (index, field) in fields.iter().enumerate() {
            // What stands before a key: the opening brace or the comma, and blanks.
            let lead = slice(done, field.key);
            done = field.end;
            if index == 0 {
                out.extend_from_slice(lead);
            }
            let change = changes.iter().find(|change| change.name == field.name);
            if change.is_none() && self.removed(&field.name) {
                continue;
            }
            if comma {
                out.extend_from_slice(lead);
            }
            comma = true;
            let kept_to = if change.is_some() {
                field.value
            } else {
                field.end
            };
            out.extend_from_slice(slice(field.key, kept_to));
            if let Some(change) = change {
                out.extend_from_slice(change.value.as_bytes());
            }
        }
        for change in changes
            .iter()
            .filter(|change| !fields.iter().any(|field| field.name == change.name))
        {
            push_member(comma, change.name, change.value.as_bytes(), &mut out);
            comma = true;
        }
        out.extend_from_slice(slice(done, body.len()));
        out
    }

    /// Every field that gets a value, once, with its JSON text.
    fn changes(&self) -> Vec<Change<'r>> {
        let mut changes: Vec<Change<'r>> = Vec::with_capacity(self.set.len() + 4);
        let mut add = |name, value: Cow<'r, str>| {
            if !changes.iter().any(|change| change.name == name) {
                changes.push(Change { name, value });
            }
        };
        for (name, value) in &self.set {
            add(name, value.clone());
        }
        if let Some(model) = self.model {
            let mut text = Vec::with_capacity(model.len() + 2);
            push_string(model, &mut text);
            add("model", into_text(text));
        }
        if let Some(word) = self.service_tier {
            let mut text = Vec::with_capacity(word.len() + 2);
            push_string(word, &mut text);
            add("service_tier", into_text(text));
        }
        if let Some((field, tokens)) = self.limit {
            add(field.as_str(), tokens.to_string().into());
        }
        if self.include_usage && self.request.stream {
            add("stream_options", into_text(self.stream_options()));
        }
        if self.is_narrow {
            for (name, narrowed) in [
                (
                    "messages",
                    self.request.raw("messages").and_then(narrow::messages),
                ),
                ("tools", self.request.raw("tools").and_then(narrow::tools)),
            ] {
                if let Some(json) = narrowed {
                    add(name, json.into());
                }
            }
        }
        changes
    }

    fn stream_options(&self) -> Vec<u8> {
        let fresh = br#"{"include_usage":true}"#.to_vec();
        let Some(options) = self.request.raw("stream_options") else {
            return fresh;
        };
        let mut out = Vec::with_capacity(options.len() + fresh.len());
        let seen = Cell::new(false);
        let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| {
            if name != "include_usage" {
                return Edit::Keep;
            }
            seen.set(true);
            out.extend_from_slice(b"true");
            Edit::Written
        };
        let append = |comma, out: &mut Vec<u8>| {
            if !seen.get() {
                push_member(comma, "include_usage", b"true", out);
            }
        };
        match edit_object(options.as_bytes(), &mut out, decide, append) {
            Ok(()) => out,
            Err(_) => fresh,
        }
    }

    fn removed(&self, name: &str) -> bool {
        let other_limit = match self.limit {
            Some((LimitField::MaxTokens, _)) => Some("max_completion_tokens"),
            Some((LimitField::MaxCompletionTokens, _)) => Some("max_tokens"),
            None => None,
        };
        self.remove.contains(&name) || other_limit == Some(name)
    }
}

/// A field and the JSON text of its new value.
#[derive(Debug)]
struct Change<'r> {
    name: &'r str,
    value: Cow<'r, str>,
}

/// JSON that was written as bytes is UTF-8.
fn into_text(json: Vec<u8>) -> Cow<'static, str> {
    String::from_utf8(json).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
