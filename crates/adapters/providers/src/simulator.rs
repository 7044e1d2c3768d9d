//! A provider without a provider: real tokens, streams, tools and faults from options
//! in the request.

mod answer;
mod embed;
mod options;
mod prompt;
mod stream;
mod text;
mod tokens;
mod whole;

use std::sync::Arc;

use async_trait::async_trait;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, FaultKind, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};

use answer::Answer;
use options::{Failure, Options};
use prompt::Prompt;
use text::Text;
use tokens::Counter;

/// No call of the simulator gives more, all its answers together.
const MOST_TOKENS: u64 = 1_000_000;

/// How long `lorem` talks when nobody says.
const USUAL_TOKENS: u64 = 100;

/// The built-in provider of `sim/echo`, `sim/lorem` and `sim/embed`.
pub struct Simulator {
    clock: Arc<dyn Clock>,
}

impl core::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Simulator")
    }
}

/// A call that has been understood, before the first byte of its answer.
struct Play {
    generation: String,
    model: String,
    created: u64,
    wants_usage: bool,
    options: Options,
    answers: Vec<Answer>,
    counter: Counter,
}

impl Simulator {
    /// A simulator that dates its answers by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    fn prepare(&self, call: &UpstreamCall) -> Result<Play, ProviderFault> {
        let envelope = &call.envelope;
        let prompt = Prompt::read(envelope)?;
        let options = Options::read(prompt.options.as_deref())?;
        let count = u64::from(envelope.answers.max(1));
        options.check_answers(count)?;
        let most = MOST_TOKENS.checked_div(count).unwrap_or(MOST_TOKENS);
        let limit = call
            .output_limit
            .or(envelope.output_limit)
            .map_or(most, |limit| limit.min(most));
        let mut answers = Vec::new();
        for index in 0..envelope.answers.max(1) {
            let text = match call.upstream_model.as_str() {
                "echo" => echo(&prompt, &options),
                "lorem" => lorem(&prompt, &options, u64::from(index)),
                _ => return Err(no_such_model(&call.upstream_model)),
            };
            answers.push(Answer::plan(index, text, &options, limit));
        }
        Ok(Play {
            generation: call.generation.to_string(),
            // It plays whatever model it stands for.
            model: call.model.as_str().to_owned(),
            created: u64::try_from(self.clock.now().as_secs()).unwrap_or(0),
            wants_usage: envelope.wants_usage,
            answers,
            counter: Counter::new(envelope, &options, call.model.as_str(), call.service_tier),
            options,
        })
    }
}

#[async_trait]
impl ChatProvider for Simulator {
    fn id(&self) -> ProviderId {
        ProviderId::simulator()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        if call.envelope.endpoint == Endpoint::Embeddings {
            return embed::reply(call).await.map(Reply::Whole);
        }
        let play = self.prepare(call)?;
        if !play.options.delay.is_zero() {
            tokio::time::sleep(play.options.delay).await;
        }
        if let Some(fault) = play.options.fail.and_then(Failure::at_once) {
            return Err(fault);
        }
        if call.envelope.stream {
            Ok(Reply::Stream(stream::play(play)))
        } else {
            whole::reply(play).map(Reply::Whole)
        }
    }
}

/// With tools to call, a model says nothing beside unless it is told to.
fn is_mute(options: &Options) -> bool {
    !options.tool_calls.is_empty() && options.output_tokens.is_none()
}

fn echo(prompt: &Prompt, options: &Options) -> Text {
    match options.output_tokens {
        _ if is_mute(options) => Text::empty(),
        Some(tokens) => Text::repeat(&prompt.last_words, tokens),
        None => Text::once(&prompt.last_words),
    }
}

fn lorem(prompt: &Prompt, options: &Options, index: u64) -> Text {
    if is_mute(options) {
        return Text::empty();
    }
    let tokens = options.output_tokens.unwrap_or(USUAL_TOKENS);
    Text::lorem(prompt.seed.wrapping_add(index), tokens)
}

fn no_such_model(name: &str) -> ProviderFault {
    ProviderFault::new(
        FaultKind::OurAccount,
        "The provider could not serve the call.",
    )
    .with_detail(format!(
        "the simulator has the models echo, lorem and embed, and no {name:?} here"
    ))
}

#[cfg(test)]
mod tests;
