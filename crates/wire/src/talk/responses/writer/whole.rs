//! A whole answer at once.

use super::{ResponseWriter, Status};
use crate::{
    json::{Cursor, JsonFault},
    talk::{
        Answer, Finish, Item as Given, Usage,
        responses::{
            output::{Body, Item, Said, State},
            seal::Seal,
        },
    },
};

impl ResponseWriter {
    pub(super) fn write_whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8> {
        let choice = answer.choices.first();
        // Where nobody says why a whole answer is over, nothing is missing of it.
        let why = choice.and_then(|choice| choice.why.clone());
        self.why = Some(why.unwrap_or(Finish::Stop));
        for given in choice.map_or(&[][..], |choice| &choice.items) {
            self.take(given);
        }
        let logprobs = choice.and_then(|choice| choice.logprobs.as_deref());
        if let Some(said) = self.first_text() {
            said.logprobs = logprobs.and_then(token_logprobs).unwrap_or_default();
        }
        let status = self.status();
        if let (Some(last), Status::Incomplete(_)) = (self.items.last_mut(), status) {
            last.state = State::Incomplete;
        }
        let mut out = Vec::with_capacity(1024);
        self.response(status, usage, &mut out);
        out
    }

    fn take(&mut self, given: &Given) {
        match given {
            Given::Text(text) => self.take_said(text, false),
            Given::Refusal(text) => self.take_said(text, true),
            Given::Thought { text, signature } => {
                let signature = signature.as_deref().filter(|_| self.echo.seals);
                if !text.is_empty() || signature.is_some() {
                    self.put(Body::Reasoning {
                        summary: text.clone(),
                        sealed: signature.map(|text| Seal::Signature(text).close()),
                    });
                }
            }
            Given::SealedThought(data) => self.take_seal(Seal::Thought(data)),
            Given::Call {
                id,
                name,
                arguments,
                seal,
                ..
            } => {
                if let Some(seal) = seal {
                    self.take_seal(Seal::Call { id, seal });
                }
                let arguments = if arguments.is_empty() {
                    "{}"
                } else {
                    arguments
                };
                self.put(Body::Call {
                    call_id: id.clone(),
                    name: name.clone(),
                    arguments: arguments.to_owned(),
                });
            }
        }
    }

    fn take_said(&mut self, text: &str, refused: bool) {
        let said = Said {
            refused,
            text: text.to_owned(),
            logprobs: String::new(),
        };
        match self.items.last_mut() {
            Some(Item {
                body: Body::Message(parts),
                ..
            }) => parts.push(said),
            _ => self.put(Body::Message(vec![said])),
        }
    }

    fn take_seal(&mut self, seal: Seal<'_>) {
        if self.echo.seals {
            self.put(Body::Reasoning {
                summary: String::new(),
                sealed: Some(seal.close()),
            });
        }
    }

    fn put(&mut self, body: Body) {
        let id = self.id_of(&body);
        self.items.push(Item {
            id,
            state: State::Completed,
            body,
        });
    }

    fn first_text(&mut self) -> Option<&mut Said> {
        let parts = self
            .items
            .iter_mut()
            .filter_map(|item| match &mut item.body {
                Body::Message(parts) => Some(parts),
                Body::Reasoning { .. } | Body::Call { .. } => None,
            });
        parts.flatten().find(|said| !said.refused)
    }
}

/// The inside of the `content` array of a chat answer's `logprobs`: the tokens are told
/// the same way here.
pub(super) fn token_logprobs(json: &str) -> Option<String> {
    let tokens = find_content(json.as_bytes()).ok()??;
    let inside = tokens.strip_prefix(b"[")?.strip_suffix(b"]")?.trim_ascii();
    let text = std::str::from_utf8(inside).ok()?;
    Some(text.replace(['\n', '\r'], " "))
}

fn find_content(json: &[u8]) -> Result<Option<&[u8]>, JsonFault> {
    let mut cursor = Cursor::new(json);
    cursor.open_object()?;
    let mut content = None;
    while let Some(key) = cursor.member()? {
        let value = cursor.skip()?;
        if key.is("content") {
            content = Some(value);
        }
    }
    Ok(content)
}
