//! The turns of a conversation: `contents` and `systemInstruction`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::Options;
use super::pieces::{Call, Object, Outcome, Piece, arguments_of, media, object, said};
use super::request::refusal;
use crate::chat::RequestFault;
use crate::talk::seal::Maker;
use crate::talk::{Part, Role, Talk};

/// What stands in for a signature that is lost, in the provider's own words.
const LOST_SIGNATURE: &str = "skip_thought_signature_validator";

#[derive(Serialize)]
pub(super) struct Instruction<'a> {
    parts: Vec<Piece<'a>>,
}

#[derive(Serialize)]
pub(super) struct Content<'a> {
    role: &'static str,
    parts: Vec<Piece<'a>>,
    /// Whether results are all that is in it.
    #[serde(skip)]
    has_results: bool,
}

/// Instructions from the middle of the conversation hold for the whole of it here: there is
/// no turn for them, and between a call and its result nothing else may stand.
pub(super) fn instruction(talk: &Talk) -> Result<Option<Instruction<'_>>, RequestFault> {
    let is_all = talk.turns.iter().all(|turn| turn.role == Role::System);
    if is_all {
        return Ok(None);
    }
    let parts = system_parts(talk)?;
    Ok((!parts.is_empty()).then_some(Instruction { parts }))
}

fn system_parts(talk: &Talk) -> Result<Vec<Piece<'_>>, RequestFault> {
    let later = talk.turns.iter().filter(|turn| turn.role == Role::System);
    let parts = talk.system.iter().chain(later.flat_map(|turn| &turn.parts));
    let mut pieces = Vec::new();
    for part in parts {
        match part {
            Part::Text { text, .. } if text.is_empty() => {}
            Part::Text { text, .. } => pieces.push(Piece::text(text)),
            _ => {
                return Err(refusal(
                    "messages",
                    "Instructions for this model can hold text only.",
                ));
            }
        }
    }
    Ok(pieces)
}

pub(super) fn contents<'a>(
    talk: &'a Talk,
    options: &Options,
) -> Result<Vec<Content<'a>>, RequestFault> {
    let mut writing = Writing {
        options,
        calls: Vec::new(),
        numbers: HashMap::new(),
        contents: Vec::new(),
    };
    for turn in &talk.turns {
        match turn.role {
            Role::System => {}
            Role::User => writing.user(&turn.parts)?,
            Role::Assistant => writing.model(&turn.parts)?,
        }
    }
    let mut contents = writing.contents;
    if contents.is_empty() {
        // Instructions alone are a request too, and the provider wants somebody to speak.
        let parts = system_parts(talk)?;
        if parts.is_empty() {
            return Err(RequestFault {
                message: "Send at least one message that says something.".to_owned(),
                param: Some("messages".to_owned()),
                code: Some("invalid_value"),
            });
        }
        contents.push(Content::new("user", parts));
    }
    for content in contents.iter_mut().filter(|content| content.has_results) {
        // Results are matched to calls by their order.
        content
            .parts
            .sort_by_key(|piece| piece.function_response.as_ref().map(|result| result.call));
    }
    Ok(contents)
}

struct Writing<'a, 'o> {
    options: &'o Options,
    /// The names of all calls so far.
    calls: Vec<&'a str>,
    /// The last call of each id.
    numbers: HashMap<&'a str, usize>,
    contents: Vec<Content<'a>>,
}

impl<'a> Writing<'a, '_> {
    fn model(&mut self, parts: &'a [Part]) -> Result<(), RequestFault> {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text { text, .. } | Part::Refusal { text } => {
                    if !text.is_empty() {
                        pieces.push(Piece::text(text));
                    }
                }
                Part::Call {
                    id,
                    name,
                    arguments,
                    seal,
                    ..
                } => {
                    self.numbers.insert(id, self.calls.len());
                    self.calls.push(name);
                    pieces.push(Piece {
                        function_call: Some(Call {
                            name,
                            args: arguments_of(arguments),
                        }),
                        thought_signature: seal.as_deref().and_then(|seal| Maker::Google.own(seal)),
                        ..Piece::default()
                    });
                }
                // Thoughts need not come back, and those of others must not.
                Part::Thought { .. } | Part::SealedThought { .. } => {}
                Part::Image { .. } | Part::Audio { .. } | Part::Document { .. } => {
                    pieces.push(media(part)?);
                }
                Part::Result { .. } => {
                    return Err(refusal(
                        "messages",
                        "A tool's result is not the model's to say.",
                    ));
                }
            }
        }
        // The first of parallel calls carries the signature for all of them.
        let first = pieces
            .iter_mut()
            .find(|piece| piece.function_call.is_some());
        if let Some(first) = first.filter(|_| self.options.wants_signatures) {
            first.thought_signature.get_or_insert(LOST_SIGNATURE);
        }
        self.say("model", pieces);
        Ok(())
    }

    /// Results stand in a turn of their own: it answers exactly the calls before it.
    fn user(&mut self, parts: &'a [Part]) -> Result<(), RequestFault> {
        let mut results = Vec::new();
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Result {
                    id,
                    parts,
                    is_error,
                    ..
                } => {
                    results.push(self.result(id, parts, *is_error)?);
                    for part in parts {
                        if !matches!(part, Part::Text { .. }) {
                            pieces.push(media(part)?);
                        }
                    }
                }
                Part::Text { text, .. } | Part::Refusal { text } => pieces.push(Piece::text(text)),
                Part::Image { .. } | Part::Audio { .. } | Part::Document { .. } => {
                    pieces.push(media(part)?);
                }
                Part::Call { .. } | Part::Thought { .. } | Part::SealedThought { .. } => {
                    return Err(refusal(
                        "messages",
                        "Only the model calls tools and thinks.",
                    ));
                }
            }
        }
        if !results.is_empty() {
            self.answer(results);
        }
        // Empty texts are refused beside others, and say nothing.
        if pieces.len() > 1 {
            pieces.retain(|piece| piece.text != Some(""));
        }
        self.say("user", pieces);
        Ok(())
    }

    fn result(
        &self,
        id: &str,
        parts: &'a [Part],
        is_error: bool,
    ) -> Result<Piece<'a>, RequestFault> {
        let call = self.numbers.get(id).copied();
        let name = call.and_then(|number| self.calls.get(number));
        let (Some(call), Some(name)) = (call, name) else {
            let shown: String = id.chars().take(100).collect();
            return Err(RequestFault {
                message: format!("No earlier message calls a tool with the id '{shown}'."),
                param: Some("messages.tool_call_id".to_owned()),
                code: Some("invalid_value"),
            });
        };
        let said = said(parts);
        let response = if is_error {
            Object::Error { error: said }
        } else {
            match said {
                Cow::Borrowed(text) => match object(text) {
                    Some(whole) => Object::Whole(whole),
                    None => Object::Output {
                        output: Cow::Borrowed(text),
                    },
                },
                output @ Cow::Owned(_) => Object::Output { output },
            }
        };
        Ok(Piece {
            function_response: Some(Outcome {
                name,
                response,
                call,
            }),
            ..Piece::default()
        })
    }

    /// Adds results to those that are there already for the same calls.
    fn answer(&mut self, results: Vec<Piece<'a>>) {
        // Media of results stand in a turn behind them, and more results may follow.
        let behind = self.contents.len().saturating_sub(2);
        let latest = self.contents.iter_mut().skip(behind).rev();
        let mut open = latest.take_while(|content| content.role == "user");
        match open.find(|content| content.has_results) {
            Some(turn) => turn.parts.extend(results),
            None => self.contents.push(Content {
                has_results: true,
                ..Content::new("user", results)
            }),
        }
    }

    /// Turns of one speaker in a row are one turn.
    fn say(&mut self, role: &'static str, pieces: Vec<Piece<'a>>) {
        if pieces.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some(last) if last.role == role && !last.has_results => last.parts.extend(pieces),
            _ => self.contents.push(Content::new(role, pieces)),
        }
    }
}

impl<'a> Content<'a> {
    fn new(role: &'static str, parts: Vec<Piece<'a>>) -> Self {
        Self {
            role,
            parts,
            has_results: false,
        }
    }
}
