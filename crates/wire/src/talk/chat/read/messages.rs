//! The conversation: roles, histories of calls and results, thoughts given back.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{invalid, unsupported};
use super::parts::{CacheField, Content};
use crate::chat::{ChatRequest, RequestFault};
use crate::talk::seal::Maker;
use crate::talk::{CacheLife, Part, Role, Turn};

/// What the messages say.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) system: Vec<Part>,
    pub(super) turns: Vec<Turn>,
    /// The legacy call that waits for its result, by its tool and the id that it got here.
    open_call: Option<(String, String)>,
    /// Whether the last turn holds results of tools and nothing else.
    in_results: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
    name: Option<String>,
    tool_calls: Option<Vec<CallField>>,
    tool_call_id: Option<String>,
    function_call: Option<FunctionField>,
    refusal: Option<String>,
    audio: Option<Box<RawValue>>,
    cache_control: Option<CacheField>,
    reasoning: Option<Box<RawValue>>,
    reasoning_content: Option<Box<RawValue>>,
    reasoning_details: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct CallField {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    function: Option<FunctionField>,
    extra_content: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct FunctionField {
    name: String,
    arguments: String,
}

pub(super) fn read(request: &ChatRequest<'_>) -> Result<Conversation, RequestFault> {
    let text = request.raw("messages").unwrap_or("[]");
    let messages: Vec<Message> = serde_json::from_str(text)
        .map_err(|_unreadable| invalid("messages", "what the API reference describes"))?;
    let mut conversation = Conversation::default();
    for (index, message) in messages.into_iter().enumerate() {
        conversation.add(message, &format!("messages[{index}]"))?;
    }
    Ok(conversation)
}

impl Conversation {
    fn add(&mut self, mut message: Message, at: &str) -> Result<(), RequestFault> {
        let cache = message.cache_control.take().map(CacheField::life);
        let mut parts = Vec::new();
        let role = match message.role.as_str() {
            "assistant" => {
                self.assistant(message, at, &mut parts)?;
                Role::Assistant
            }
            "tool" | "function" => return self.result(message, cache, at),
            role => {
                let is_user = role == "user";
                if let Some(content) = message.content {
                    content.into_parts(&format!("{at}.content"), &mut parts)?;
                }
                if is_user { Role::User } else { Role::System }
            }
        };
        if let Some(life) = cache {
            mark(&mut parts, life);
        }
        if role == Role::System && self.turns.is_empty() {
            self.system.append(&mut parts);
        } else {
            self.in_results = false;
            self.turns.push(Turn { role, parts });
        }
        Ok(())
    }

    fn assistant(
        &mut self,
        message: Message,
        at: &str,
        parts: &mut Vec<Part>,
    ) -> Result<(), RequestFault> {
        if message.audio.is_some() {
            return Err(unsupported(
                format!("{at}.audio"),
                "Spoken answers are not kept here: send what was said as text.",
            ));
        }
        thoughts(&message, parts);
        let said = parts.len();
        if let Some(content) = message.content {
            content.into_parts(&format!("{at}.content"), parts)?;
        }
        // Beside calls many clients send an empty text, which other wires refuse.
        if let Some(Part::Text { text, cache: None }) = parts.get(said)
            && text.is_empty()
        {
            parts.remove(said);
        }
        if let Some(text) = message.refusal.filter(|text| !text.is_empty()) {
            parts.push(Part::Refusal { text });
        }
        let calls = message.tool_calls.unwrap_or_default();
        for (index, call) in calls.into_iter().enumerate() {
            parts.push(call.into_part(&format!("{at}.tool_calls[{index}]"))?);
        }
        if let Some(FunctionField { name, arguments }) = message.function_call {
            let id = format!("call_{}", self.turns.len());
            self.open_call = Some((name.clone(), id.clone()));
            parts.push(Part::Call {
                id,
                name,
                arguments,
                seal: None,
                cache: None,
            });
        }
        Ok(())
    }

    /// A tool's answer; those that follow each other are one turn.
    fn result(
        &mut self,
        message: Message,
        cache: Option<CacheLife>,
        at: &str,
    ) -> Result<(), RequestFault> {
        let id = match message.tool_call_id {
            Some(id) if message.role == "tool" => id,
            _ => self.legacy_id(message.name.as_deref(), at)?,
        };
        let mut parts = Vec::new();
        if let Some(content) = message.content {
            content.into_parts(&format!("{at}.content"), &mut parts)?;
        }
        let result = Part::Result {
            id,
            parts,
            is_error: false,
            cache,
        };
        match self.turns.last_mut() {
            Some(turn) if self.in_results => turn.parts.push(result),
            _ => self.turns.push(Turn {
                role: Role::User,
                parts: vec![result],
            }),
        }
        self.in_results = true;
        Ok(())
    }

    fn legacy_id(&mut self, name: Option<&str>, at: &str) -> Result<String, RequestFault> {
        match self.open_call.take() {
            Some((called, id)) if name == Some(called.as_str()) => Ok(id),
            _ => Err(invalid(
                format!("{at}.name"),
                "the function that the message before calls",
            )),
        }
    }
}

impl CallField {
    fn into_part(self, at: &str) -> Result<Part, RequestFault> {
        let Some(FunctionField { name, arguments }) =
            self.function.filter(|_| self.kind == "function")
        else {
            return Err(unsupported(
                format!("{at}.type"),
                "Custom tools are OpenAI's own: send calls of type 'function'.",
            ));
        };
        Ok(Part::Call {
            id: self.id,
            name,
            arguments,
            seal: self.extra_content.and_then(|extra| seal(&extra)),
            cache: None,
        })
    }
}

/// Gemini's thought signature, in the place where Google's own endpoint has it.
fn seal(extra: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Extra {
        google: Google,
    }
    #[derive(Deserialize)]
    struct Google {
        thought_signature: String,
    }
    let extra: Extra = serde_json::from_str(extra.get()).ok()?;
    let seal = Some(extra.google.thought_signature).filter(|seal| !seal.is_empty());
    seal.map(|seal| Maker::OpenRouter.adopt(seal))
}

/// One of `OpenRouter`'s `reasoning_details`, or a piece of one.
#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    summary: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    index: Option<u64>,
}

/// What the client gives back of earlier thoughts. It is nobody's contract, so what cannot
/// be understood is left out.
fn thoughts(message: &Message, parts: &mut Vec<Part>) {
    let text = |raw: &Option<Box<RawValue>>| {
        let text: String = serde_json::from_str(raw.as_ref()?.get()).ok()?;
        Some(text).filter(|text| !text.is_empty())
    };
    let shown = text(&message.reasoning_content).or_else(|| text(&message.reasoning));
    let details = message.reasoning_details.as_ref();
    let details: Vec<Detail> = details
        .and_then(|details| serde_json::from_str(details.get()).ok())
        .unwrap_or_default();
    let mut last_index = None;
    for detail in details {
        let continues = detail.index == last_index;
        last_index = detail.index;
        detail.add(continues, parts);
    }
    let Some(shown) = shown else { return };
    if parts.is_empty() {
        parts.push(Part::Thought {
            text: shown,
            signature: None,
        });
    } else if let [Part::Thought { text, .. }] = parts.as_mut_slice()
        && text.is_empty()
    {
        // Some clients keep the signature beside the text instead of with it.
        *text = shown;
    }
}

impl Detail {
    /// Streams tell a thought in pieces, and some clients give them back as they came.
    fn add(self, continues: bool, parts: &mut Vec<Part>) {
        if let Some(data) = self.data.filter(|data| !data.is_empty()) {
            if self.kind == "reasoning.encrypted" {
                let data = Maker::OpenRouter.adopt(data);
                parts.push(Part::SealedThought { data });
            }
            return;
        }
        let more = self.text.or(self.summary).unwrap_or_default();
        let by = self.signature.filter(|signature| !signature.is_empty());
        // Whoever signs outside of this gateway and speaks this wire is OpenRouter.
        let by = by.map(|signature| Maker::OpenRouter.adopt(signature));
        if let Some(Part::Thought { text, signature }) = parts.last_mut()
            && signature.is_none()
            && continues
        {
            text.push_str(&more);
            *signature = by;
        } else if !more.is_empty() || by.is_some() {
            parts.push(Part::Thought {
                text: more,
                signature: by,
            });
        }
    }
}

/// The hint stands on the message, and means everything up to its end.
fn mark(parts: &mut [Part], life: CacheLife) {
    if let Some(
        Part::Text { cache, .. }
        | Part::Image { cache, .. }
        | Part::Document { cache, .. }
        | Part::Call { cache, .. }
        | Part::Result { cache, .. },
    ) = parts.last_mut()
    {
        cache.get_or_insert(life);
    }
}
