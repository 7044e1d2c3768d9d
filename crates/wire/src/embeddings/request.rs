//! A request for embeddings: read once, checked, borrowed from its body.

use std::borrow::Cow;

use crate::{
    chat::{
        RequestFault,
        request::check::{self, Checked, Path, ROOT},
    },
    json::{Cursor, Edit, Kind, edit_object, push_member, push_string},
};

/// So many inputs one request may have.
const MAX_INPUTS: usize = 2_048;
/// So many tokens one request may have, all inputs together.
const MAX_TOKENS: usize = 300_000;
const MAX_FALLBACKS: usize = 8;
const MAX_DIMENSIONS: u32 = 65_536;
const FIELDS: &[&str] = &[
    "model",
    "models",
    "fallbacks",
    "input",
    "encoding_format",
    "dimensions",
    "user",
    "metadata",
    "stream",
];

/// What an input costs a provider beside its text: the marks around it.
const PER_INPUT: u64 = 8;

/// A checked request. An explicit `null` counts as absent everywhere.
#[derive(Debug, Clone)]
pub struct EmbeddingsRequest<'a> {
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Other models to try in order, from `models` or `fallbacks`.
    pub fallbacks: Vec<Cow<'a, str>>,
    /// What is to be embedded.
    pub input: Input<'a>,
    /// How vectors are to be written.
    pub encoding: Encoding,
    /// How long vectors are to be.
    pub dimensions: Option<u32>,
    /// The client's own end user.
    pub user: Option<Cow<'a, str>>,
    /// The client's own key-value pairs, as JSON text.
    pub metadata: Option<&'a str>,
    body: &'a str,
}

/// What is to be embedded: at least one input, none of them empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// Texts.
    Texts(Vec<Cow<'a, str>>),
    /// Texts that the client has turned into tokens already.
    Tokens(Vec<Vec<u32>>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As arrays of numbers.
    #[default]
    Float,
    /// As base64 of little-endian 32-bit floats.
    Base64,
}

impl Input<'_> {
    /// How many inputs there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Tokens(inputs) => inputs.len(),
        }
    }

    /// How many tokens there are, where the client has counted them.
    pub fn tokens(&self) -> Option<u64> {
        match self {
            Self::Texts(_) => None,
            Self::Tokens(inputs) => Some(inputs.iter().map(|input| length(input.len())).sum()),
        }
    }

    /// No provider makes more tokens of it: bytes of text, or the tokens themselves.
    pub fn most_tokens(&self) -> u64 {
        match self {
            Self::Texts(texts) => texts
                .iter()
                .map(|text| length(text.len()).saturating_add(PER_INPUT))
                .fold(0, u64::saturating_add),
            Self::Tokens(_) => self.tokens().unwrap_or_default(),
        }
    }
}

impl<'a> EmbeddingsRequest<'a> {
    /// Reads and checks a body.
    ///
    /// # Errors
    /// The first thing wrong, worded for the client; it is answered with status 400.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestFault> {
        let body = std::str::from_utf8(body).map_err(|fault| {
            let at = fault.valid_up_to();
            RequestFault::syntax(format!("The request body is not valid UTF-8 (byte {at})."))
        })?;
        if body.trim().is_empty() {
            return Err(RequestFault::syntax(
                "The request body is empty: send a JSON object.",
            ));
        }
        // A body that is no JSON at all is refused as such, whatever else is wrong in it.
        let mut whole = Cursor::new(body.as_bytes());
        let kind = whole.kind();
        whole.skip()?;
        whole.end()?;
        if kind != Kind::Object {
            return Err(RequestFault::syntax(
                "The request body must be a JSON object.",
            ));
        }
        let mut draft = Draft::default();
        draft.read(&mut Cursor::new(body.as_bytes()))?;
        draft.finish(body)
    }

    /// The JSON text of a top-level field; `None` when it is absent or null.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let mut cursor = Cursor::new(self.body.as_bytes());
        cursor.open_object().ok()?;
        while let Some(key) = cursor.member().ok()? {
            let value = cursor.skip().ok()?;
            if key.is(name) {
                let text = std::str::from_utf8(value).ok();
                return text.filter(|text| *text != "null");
            }
        }
        None
    }

    /// The body as a provider gets it: with its name of the model, and without what is
    /// for the gateway alone.
    pub fn rewritten(&self, model: &str, withheld: &[&str]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + model.len());
        let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| match name {
            "model" => {
                push_string(model, out);
                Edit::Written
            }
            "models" | "fallbacks" | "metadata" | "stream" => Edit::Drop,
            _ if withheld.contains(&name) => Edit::Drop,
            _ => Edit::Keep,
        };
        if edit_object(self.body.as_bytes(), &mut out, decide, |_, _| {}).is_err() {
            // The body was read before; should it not be readable now, the provider
            // is asked for a model and nothing else, which it refuses.
            out.clear();
            out.push(b'{');
            let mut name = Vec::new();
            push_string(model, &mut name);
            push_member(false, "model", &name, &mut out);
            out.push(b'}');
        }
        out
    }
}

#[derive(Default)]
struct Draft<'a> {
    model: Option<Cow<'a, str>>,
    fallbacks: Vec<Cow<'a, str>>,
    input: Option<Input<'a>>,
    encoding: Encoding,
    dimensions: Option<u32>,
    user: Option<Cow<'a, str>>,
    metadata: Option<&'a str>,
}

impl<'a> Draft<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>) -> Checked {
        check::members(cursor, &ROOT, FIELDS, |cursor, name, at| {
            self.field(name, cursor, at)
        })
    }

    fn field(&mut self, name: &str, cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked {
        match name {
            "model" => self.model = Some(check::model_id(cursor, at)?),
            "models" | "fallbacks" => {
                let fallbacks = &mut self.fallbacks;
                check::items(cursor, at, MAX_FALLBACKS, |cursor, at| {
                    fallbacks.push(check::model_id(cursor, at)?);
                    Ok(())
                })?;
            }
            "input" => self.input = Some(input(cursor, at)?),
            "encoding_format" => {
                self.encoding = match check::word(cursor, at, &["float", "base64"])? {
                    "base64" => Encoding::Base64,
                    _ => Encoding::Float,
                };
            }
            "dimensions" => self.dimensions = Some(check::count(cursor, at, MAX_DIMENSIONS)?),
            "user" => self.user = Some(check::short_text(cursor, at, 512)?),
            "metadata" => {
                let start = cursor.pos();
                check::object(cursor, at)?;
                self.metadata = std::str::from_utf8(cursor.since(start)).ok();
            }
            // "stream": there is nothing that could be streamed.
            _ => {
                if check::boolean(cursor, at)? {
                    return Err(RequestFault::value(
                        at,
                        "false: embeddings are not streamed",
                    ));
                }
            }
        }
        Ok(())
    }

    fn finish(self, body: &'a str) -> Result<EmbeddingsRequest<'a>, RequestFault> {
        let missing = |name| RequestFault::missing(&ROOT.field(name));
        Ok(EmbeddingsRequest {
            model: self.model.ok_or_else(|| missing("model"))?,
            fallbacks: self.fallbacks,
            input: self.input.ok_or_else(|| missing("input"))?,
            encoding: self.encoding,
            dimensions: self.dimensions,
            user: self.user,
            metadata: self.metadata,
            body,
        })
    }
}

/// A text, texts, tokens, or several inputs of tokens.
fn input<'a>(cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked<Input<'a>> {
    match cursor.kind() {
        Kind::String => Ok(Input::Texts(vec![text(cursor, at)?])),
        Kind::Array => match first_kind(cursor) {
            Kind::Number => {
                let mut left = MAX_TOKENS;
                Ok(Input::Tokens(vec![tokens(cursor, at, &mut left)?]))
            }
            Kind::Array => {
                let (mut inputs, mut left) = (Vec::new(), MAX_TOKENS);
                check::some_items(cursor, at, MAX_INPUTS, |cursor, at| {
                    inputs.push(tokens(cursor, at, &mut left)?);
                    Ok(())
                })?;
                Ok(Input::Tokens(inputs))
            }
            _ => {
                let mut texts = Vec::new();
                check::some_items(cursor, at, MAX_INPUTS, |cursor, at| {
                    texts.push(text(cursor, at)?);
                    Ok(())
                })?;
                Ok(Input::Texts(texts))
            }
        },
        _ => Err(check::wrong_kind(
            cursor,
            at,
            "a string, an array of strings or an array of tokens",
        )),
    }
}

/// What the first item of an array is; the cursor stays before the array.
fn first_kind(cursor: &Cursor<'_>) -> Kind {
    let mut ahead = cursor.clone();
    match ahead.open_array().and_then(|()| ahead.item()) {
        Ok(true) => ahead.kind(),
        _ => Kind::Nothing,
    }
}

fn text<'a>(cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked<Cow<'a, str>> {
    let raw = check::text(cursor, at)?;
    match raw.decode() {
        Some(text) if text.is_empty() => Err(RequestFault::value(at, "a text that is not empty")),
        Some(text) => Ok(text),
        None => Err(RequestFault::value(at, "text without broken escapes")),
    }
}

fn tokens(cursor: &mut Cursor<'_>, at: &Path<'_>, left: &mut usize) -> Checked<Vec<u32>> {
    let mut tokens = Vec::new();
    check::some_items(cursor, at, *left, |cursor, at| {
        let token = check::integer(cursor, at, 0..=i64::from(i32::MAX))?;
        tokens.push(u32::try_from(token).unwrap_or_default());
        Ok(())
    })?;
    *left = left.saturating_sub(tokens.len());
    Ok(tokens)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
