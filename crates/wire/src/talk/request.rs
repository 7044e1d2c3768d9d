//! A request, whatever dialect it came in.

use serde_json::value::RawValue;

/// A request as a dialect states it: a [`Talk`], and what is for the gateway.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The model by the name that the customer used.
    pub model: String,
    /// Models to fall back on, in this order.
    pub fallbacks: Vec<String>,
    /// What the customer noted on the call, as JSON text.
    pub metadata: Option<String>,
    /// The class of service asked for, in the dialect's word.
    pub service_tier: Option<&'static str>,
    /// Whether a streamed answer is to end with its usage; some dialects always want it.
    pub wants_usage: bool,
    /// What is asked.
    pub talk: Talk,
}

/// A request for an answer.
///
/// Numbers stay the text that the customer sent, and schemas stay raw JSON: what is not
/// understood is not changed.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// What holds for the whole conversation, in order; leading system messages end up here.
    pub system: Vec<Part>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// The tools on offer.
    pub tools: Vec<Tool>,
    /// Which of them to use; `None` where the customer did not say.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called at once; `None` where the customer did not say.
    pub parallel_calls: Option<bool>,
    /// The most completion tokens of one answer.
    pub output_limit: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How many answers are wanted; at least 1.
    pub answers: u32,
    /// Whether token probabilities are wanted, and how many alternatives beside each.
    pub logprobs: Option<u32>,
    /// The form of the answer.
    pub format: Format,
    /// How much to think; `None` where the customer did not say.
    pub effort: Option<Effort>,
    /// How long-winded the answer shall be, in OpenAI's words.
    pub verbosity: Option<String>,
    /// The customer's own end user.
    pub user: Option<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

/// How tokens are drawn: each a JSON number as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampling {
    /// `temperature`.
    pub temperature: Option<String>,
    /// `top_p`.
    pub top_p: Option<String>,
    /// `top_k`.
    pub top_k: Option<String>,
    /// `frequency_penalty`.
    pub frequency_penalty: Option<String>,
    /// `presence_penalty`.
    pub presence_penalty: Option<String>,
    /// `seed`.
    pub seed: Option<String>,
}

/// One turn of the conversation.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Whose.
    pub role: Role,
    /// What was said, in order.
    pub parts: Vec<Part>,
}

/// Who speaks. Results of tools are parts of a user's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The customer.
    User,
    /// The model.
    Assistant,
    /// Instructions in the middle of the conversation.
    System,
}

/// A piece of a turn.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Whether the prompt is to be cached up to here.
        cache: Option<CacheLife>,
    },
    /// An image.
    Image {
        /// The image.
        media: Media,
        /// How closely it is to be looked at, in OpenAI's words.
        detail: Option<String>,
        /// Whether the prompt is to be cached up to here.
        cache: Option<CacheLife>,
    },
    /// Sound.
    Audio {
        /// `wav` or `mp3`.
        format: String,
        /// The sound, in base64.
        data: String,
    },
    /// A document, such as a PDF.
    Document {
        /// The document.
        media: Media,
        /// Its name.
        name: Option<String>,
        /// Whether the prompt is to be cached up to here.
        cache: Option<CacheLife>,
    },
    /// The model called a tool.
    Call {
        /// The id that the result names.
        id: String,
        /// Which tool.
        name: String,
        /// The arguments as JSON text; empty for none.
        arguments: String,
        /// What its provider wants to see again with it, such as Gemini's thought signature.
        /// Like every seal it says whose it is, and is shown to nobody else.
        seal: Option<String>,
        /// Whether the prompt is to be cached up to here.
        cache: Option<CacheLife>,
    },
    /// A tool answered.
    Result {
        /// The id of the call.
        id: String,
        /// The answer: texts, images and documents.
        parts: Vec<Part>,
        /// Whether the tool failed.
        is_error: bool,
        /// Whether the prompt is to be cached up to here.
        cache: Option<CacheLife>,
    },
    /// The model thought.
    Thought {
        /// What it showed of it; may be empty.
        text: String,
        /// Its provider's signature, which says whose it is.
        signature: Option<String>,
    },
    /// The model thought, and the provider shows nothing of it.
    SealedThought {
        /// To be given back to its provider, which it names.
        data: String,
    },
    /// The model refused.
    Refusal {
        /// Its words.
        text: String,
    },
}

/// An image or a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// In the request itself.
    Inline {
        /// Its media type, for example `image/png`.
        kind: String,
        /// Its bytes in base64.
        data: String,
    },
    /// At an address.
    Url(String),
    /// A plain text.
    Text(String),
}

/// How long a cached prompt is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheLife {
    /// The usual few minutes.
    Short,
    /// An hour, or what the provider calls long.
    Long,
}

/// A function that the model may call.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON schema of its arguments; none means no arguments.
    pub parameters: Option<Box<RawValue>>,
    /// Whether arguments must follow the schema exactly.
    pub strict: Option<bool>,
    /// Whether the prompt is to be cached up to here.
    pub cache: Option<CacheLife>,
}

/// Which tools to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The form of an answer.
#[derive(Debug, Clone, Default)]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON after a schema.
    JsonSchema {
        /// Its name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Option<Box<RawValue>>,
        /// Whether the answer must follow it exactly.
        strict: Option<bool>,
    },
}

/// How much to think.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effort {
    /// Not at all.
    Off,
    /// In OpenAI's words: minimal, low, medium, high, xhigh, max.
    Level(String),
    /// At most so many tokens.
    Budget(u64),
    /// As the model likes, in Anthropic's words `adaptive`.
    Adaptive,
}

/// What every answer states of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The call's id, the same in every frame.
    pub id: String,
    /// The model by the name that the customer used.
    pub model: String,
    /// Whole seconds since 1970.
    pub created: u64,
}

/// What a request weighs, for those who hold money for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Bytes that a provider tokenises: text, tools, schemas, documents.
    pub prompt_bytes: u64,
    /// Images.
    pub images: u32,
    /// Bytes of sound.
    pub audio_bytes: u64,
    /// Whether some part asks for the long-lived cache.
    pub long_cache: bool,
}

impl Talk {
    /// What the request weighs.
    pub fn weight(&self) -> Weight {
        let mut weight = Weight::default();
        weight.parts(&self.system);
        for turn in &self.turns {
            weight.parts(&turn.parts);
        }
        for tool in &self.tools {
            weight.text(&tool.name);
            weight.text(tool.description.as_deref().unwrap_or_default());
            weight.text(tool.parameters.as_deref().map_or("", RawValue::get));
            weight.long_cache |= tool.cache == Some(CacheLife::Long);
        }
        if let Format::JsonSchema {
            schema: Some(schema),
            ..
        } = &self.format
        {
            weight.text(schema.get());
        }
        weight
    }
}

impl Weight {
    /// What every part costs a provider beside its own text.
    const PART: u64 = 16;

    fn text(&mut self, text: &str) {
        self.bytes(text.len(), 1);
    }

    fn bytes(&mut self, length: usize, divisor: u64) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.prompt_bytes = self
            .prompt_bytes
            .saturating_add(length.div_ceil(divisor))
            .saturating_add(Self::PART);
    }

    fn media(&mut self, media: &Media) {
        match media {
            Media::Inline { data, .. } => self.bytes(data.len(), 1),
            Media::Url(text) | Media::Text(text) => self.text(text),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.part(part);
        }
    }

    fn part(&mut self, part: &Part) {
        let cache = match part {
            Part::Text { text, cache } => {
                self.text(text);
                *cache
            }
            Part::Image { cache, .. } => {
                self.images = self.images.saturating_add(1);
                *cache
            }
            Part::Audio { data, .. } => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                let decoded = length.div_ceil(4).saturating_mul(3);
                self.audio_bytes = self.audio_bytes.saturating_add(decoded);
                None
            }
            Part::Document { media, cache, .. } => {
                self.media(media);
                *cache
            }
            Part::Call {
                name,
                arguments,
                cache,
                ..
            } => {
                self.text(name);
                self.text(arguments);
                *cache
            }
            Part::Result { parts, cache, .. } => {
                self.parts(parts);
                *cache
            }
            Part::Thought { text, signature } => {
                self.text(text);
                self.text(signature.as_deref().unwrap_or_default());
                None
            }
            Part::SealedThought { data } => {
                self.text(data);
                None
            }
            Part::Refusal { text } => {
                self.text(text);
                None
            }
        };
        self.long_cache |= cache == Some(CacheLife::Long);
    }
}
