use core::pin::Pin;
use std::sync::Mutex;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{FaultKind, ReplyChunk, ReplyStream, UsageReport, WholeReply};
use vuzo_domain::id::GenerationId;
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;

use super::*;
use crate::Simulator;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

const ID: &str = "gen_00000000000000000000000000000abc";

/// A call with the facts that the front door would read of this body.
fn call(endpoint: Endpoint, body: &Value) -> UpstreamCall {
    let body = body.to_string();
    let request = dialects::read(endpoint, body.as_bytes());
    let request = request.unwrap_or_default();
    let envelope = Envelope {
        endpoint,
        model: "sim/echo".to_owned(),
        fallbacks: Vec::new(),
        stream: request.talk.stream,
        wants_usage: request.wants_usage,
        output_limit: request.talk.output_limit,
        answers: request.talk.answers.max(1),
        prompt_bytes: 40,
        images: 0,
        audio_bytes: 0,
        long_cache: false,
        betas: Vec::new(),
        service_tier: vuzo_domain::pricing::TierWish::Standard,
        metadata: None,
        body: body.into(),
    };
    UpstreamCall {
        generation: GenerationId::from_uuid(uuid::Uuid::from_u128(0xabc)),
        model: ModelId::new("sim/echo").unwrap(),
        upstream_model: "echo".to_owned(),
        capabilities: Vec::new().into(),
        model_most: 4_096,
        secret: None,
        output_limit: None,
        service_tier: None,
        envelope: Arc::new(envelope),
    }
}

fn simulated() -> Bridged {
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    let simulator = Arc::new(Simulator::new(Arc::clone(&clock)));
    Bridged::new(simulator, clock, Dialect::OpenAi)
}

async fn whole(endpoint: Endpoint, body: Value) -> (Value, UsageReport) {
    match simulated().open(&call(endpoint, &body)).await {
        Ok(Reply::Whole(whole)) => (
            serde_json::from_slice(&whole.body).expect("JSON"),
            whole.report,
        ),
        other => panic!("{other:?}"),
    }
}

async fn stream_of(endpoint: Endpoint, body: &Value) -> ReplyStream {
    match simulated().open(&call(endpoint, body)).await {
        Ok(Reply::Stream(stream)) => stream,
        other => panic!("{other:?}"),
    }
}

/// Frames before the end, those of the end, the usage frame and the report.
async fn streamed(
    endpoint: Endpoint,
    body: Value,
) -> (String, String, Option<String>, UsageReport) {
    let mut stream = stream_of(endpoint, &body).await;
    let text = |frames: &[u8]| String::from_utf8(frames.to_vec()).expect("text");
    let mut content = String::new();
    loop {
        match stream.next().await {
            Some(Ok(ReplyChunk::Content { frames, .. })) => content.push_str(&text(&frames)),
            Some(Ok(ReplyChunk::End {
                frames,
                usage_frame,
                report,
            })) => {
                assert!(stream.next().await.is_none());
                let usage = usage_frame.map(|frame| text(&frame));
                return (content, text(&frames), usage, report);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The values of the `type` members of a stream with named events, repeats left out.
fn types(frames: &str) -> Vec<String> {
    let mut types: Vec<String> = frames
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| {
            let data: Value = serde_json::from_str(data).expect("JSON");
            data["type"].as_str().expect("a type").to_owned()
        })
        .collect();
    types.dedup();
    types
}

const CALLS: &str =
    r#"{"tool_calls":[{"name":"f","arguments":{"a":1}},{"name":"g"}],"reasoning":3}"#;

fn sim(options: &str) -> Value {
    serde_json::from_str(options).expect("options")
}

#[tokio::test]
async fn a_completion_is_a_chat_in_disguise() {
    let body = json!({"model": "sim/echo", "prompt": "Grüße", "max_tokens": 50});
    let (answer, report) = whole(Endpoint::Completions, body).await;
    assert_eq!(answer["id"], ID);
    assert_eq!(answer["object"], "text_completion");
    assert_eq!(answer["model"], "sim/echo");
    assert_eq!(answer["created"], 1_795_262_400);
    assert_eq!(answer["choices"][0]["text"], "Grüße");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let consumption = report.consumption.expect("usage");
    assert_eq!(answer["usage"]["total_tokens"], consumption.total_tokens());

    let body = json!({"model": "sim/echo", "prompt": ["hello there"], "n": 2, "stream": true,
        "stream_options": {"include_usage": true}});
    let (content, end, usage, report) = streamed(Endpoint::Completions, body).await;
    assert!(
        content.contains(r#""text":"hello there","index":1"#),
        "{content}"
    );
    assert_eq!(end.matches(r#""finish_reason":"stop""#).count(), 2, "{end}");
    let total = report.consumption.expect("usage").total_tokens();
    let usage = usage.expect("asked for");
    assert!(
        usage.contains(&format!("\"total_tokens\":{total},")),
        "{usage}"
    );
}

#[tokio::test]
async fn messages_are_answered_in_their_own_words() {
    let body = |stream: bool, options: &str| {
        json!({"model": "sim/echo", "max_tokens": 500, "stream": stream,
            "messages": [{"role": "user", "content": "hello"}], "sim": sim(options)})
    };
    let (answer, _) = whole(Endpoint::Messages, body(false, "{}")).await;
    assert_eq!(answer["type"], "message");
    assert_eq!(
        answer["content"],
        json!([{"type": "text", "text": "hello"}])
    );
    assert_eq!(answer["stop_reason"], "end_turn");

    let (answer, _) = whole(Endpoint::Messages, body(false, CALLS)).await;
    assert_eq!(answer["stop_reason"], "tool_use");
    let blocks = answer["content"].as_array().expect("blocks");
    let calls: Vec<_> = blocks
        .iter()
        .filter(|block| block["type"] == "tool_use")
        .map(|block| (block["name"].clone(), block["input"].clone()))
        .collect();
    assert_eq!(
        calls,
        [("f".into(), json!({"a": 1})), ("g".into(), json!({}))]
    );

    let (content, end, usage, _) = streamed(Endpoint::Messages, body(true, CALLS)).await;
    let all = [content, end, usage.unwrap_or_default()].concat();
    let types = types(&all);
    assert_eq!(types.first().map(String::as_str), Some("message_start"));
    // `message_stop` follows once the call is settled.
    assert_eq!(types.last().map(String::as_str), Some("message_delta"));
    assert_eq!(
        all.matches("\"content_block_start\"").count(),
        all.matches("\"content_block_stop\"").count()
    );
    assert!(all.contains("\"tool_use\""), "{all}");
}

#[tokio::test]
async fn responses_are_answered_in_their_own_words() {
    let body = |stream: bool, options: &str| {
        json!({"model": "sim/echo", "input": "hello", "stream": stream, "store": false,
            "sim": sim(options)})
    };
    let (answer, _) = whole(Endpoint::Responses, body(false, "{}")).await;
    assert_eq!(answer["object"], "response");
    assert_eq!(answer["status"], "completed");
    assert_eq!(answer["output"][0]["content"][0]["text"], "hello");

    let (content, end, usage, _) = streamed(Endpoint::Responses, body(true, CALLS)).await;
    let all = [content, end, usage.unwrap_or_default()].concat();
    let types = types(&all);
    assert_eq!(types.first().map(String::as_str), Some("response.created"));
    assert_eq!(types.last().map(String::as_str), Some("response.completed"));
    assert!(types.contains(&"response.function_call_arguments.done".to_owned()));
}

#[tokio::test]
async fn what_is_spoken_goes_through_untouched() {
    let body = json!({"model": "sim/echo", "messages": [{"role": "user", "content": "x"}]});
    let call = call(Endpoint::ChatCompletions, &body);
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    let direct = Simulator::new(clock).open(&call).await;
    let bridged = simulated().open(&call).await;
    let (Ok(Reply::Whole(direct)), Ok(Reply::Whole(bridged))) = (direct, bridged) else {
        panic!("no answers");
    };
    assert_eq!(direct, bridged);
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_well_formed() {
    for (endpoint, body, last) in [
        (
            Endpoint::Completions,
            json!({"model": "m", "prompt": "x", "max_tokens": 900, "stream": true}),
            r#""finish_reason":"length""#,
        ),
        (
            Endpoint::Messages,
            json!({"model": "m", "max_tokens": 900, "stream": true,
                "messages": [{"role": "user", "content": "x"}]}),
            r#""max_tokens""#,
        ),
        (
            Endpoint::Responses,
            json!({"model": "m", "input": "x", "stream": true}),
            r#""max_output_tokens""#,
        ),
    ] {
        let mut body = body;
        body["sim"] = json!({"output_tokens": 800, "chunk_delay_ms": 1, "chunks": 800});
        let mut stream = stream_of(endpoint, &body).await;
        let mut seen = String::new();
        let mut spoken = 0;
        while spoken == 0 {
            match stream.next().await {
                Some(Ok(ReplyChunk::Content {
                    frames,
                    output_bytes,
                })) => {
                    seen.push_str(core::str::from_utf8(&frames).expect("text"));
                    spoken += output_bytes;
                }
                other => panic!("{other:?}"),
            }
        }
        let Some(ReplyChunk::End {
            frames,
            usage_frame,
            report,
        }) = stream.cut()
        else {
            panic!("{endpoint:?} cannot be cut");
        };
        seen.push_str(core::str::from_utf8(&frames).expect("text"));
        seen.push_str(core::str::from_utf8(&usage_frame.unwrap_or_default()).expect("text"));
        assert!(seen.contains(last), "{endpoint:?}: {seen}");
        assert_eq!(
            seen.matches("\"content_block_start\"").count(),
            seen.matches("\"content_block_stop\"").count()
        );
        assert_eq!((report.consumption, report.output_bytes), (None, spoken));
    }
}

#[tokio::test]
async fn faults_stay_faults() {
    let body = json!({"model": "m", "prompt": "x", "sim": {"fail": "rate_limited"}});
    let fault = simulated().open(&call(Endpoint::Completions, &body)).await;
    assert_eq!(fault.expect_err("a fault").kind, FaultKind::RateLimited);

    let body = json!({"model": "m", "prompt": "x", "stream": true,
        "sim": {"fail": "mid_stream", "output_tokens": 50}});
    let mut stream = stream_of(Endpoint::Completions, &body).await;
    let fault = loop {
        match stream.next().await {
            Some(Ok(ReplyChunk::Content { .. })) => {}
            Some(Err(fault)) => break fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fault.kind, FaultKind::Failing);
    assert!(fault.report.is_some_and(|report| report.output_bytes > 0));

    let body = json!({"model": "m", "prompt": [1, 2]});
    let refused = simulated().open(&call(Endpoint::Completions, &body)).await;
    let FaultKind::BadRequest { status, param, .. } = refused.expect_err("a fault").kind else {
        panic!("another kind");
    };
    assert_eq!((status, param.as_deref()), (400, Some("prompt")));
}

/// A provider that answers what it is told to, and keeps what it was asked.
struct Scripted {
    pieces: Vec<&'static str>,
    asked: Mutex<Option<Value>>,
}

#[async_trait]
impl ChatProvider for Scripted {
    fn id(&self) -> ProviderId {
        ProviderId::new("scripted").expect("a name")
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let envelope = &call.envelope;
        assert_eq!(envelope.endpoint, Endpoint::ChatCompletions);
        assert!(envelope.wants_usage);
        let body = serde_json::from_slice(&envelope.body).expect("JSON");
        *self.asked.lock().expect("no panic") = Some(body);
        let report = UsageReport {
            consumption: Some(Consumption {
                input: 1,
                output: 26,
                reasoning: 227,
                cache_read: 306,
                ..Consumption::default()
            }),
            ..UsageReport::default()
        };
        if !envelope.stream {
            return Ok(Reply::Whole(WholeReply {
                body: Bytes::from_static(self.pieces[0].as_bytes()),
                report,
            }));
        }
        let (last, pieces) = self.pieces.split_last().expect("an end");
        let mut answer: Vec<Result<ReplyChunk, ProviderFault>> = Vec::new();
        for piece in pieces {
            answer.push(Ok(ReplyChunk::Content {
                frames: Bytes::from_static(piece.as_bytes()),
                output_bytes: 1,
            }));
        }
        answer.push(Ok(ReplyChunk::End {
            frames: Bytes::from_static(last.as_bytes()),
            usage_frame: None,
            report,
        }));
        Ok(Reply::Stream(ReplyStream::new(stream::iter(answer))))
    }
}

async fn scripted(
    pieces: &[&'static str],
    dialect: Dialect,
    call: &UpstreamCall,
) -> (Result<Reply, ProviderFault>, Value) {
    let provider = Arc::new(Scripted {
        pieces: pieces.to_vec(),
        asked: Mutex::new(None),
    });
    let inner: Arc<dyn ChatProvider> = Arc::clone(&provider) as _;
    let reply = Bridged::new(inner, Arc::new(Noon), dialect)
        .open(call)
        .await;
    let asked = provider.asked.lock().expect("no panic").take();
    (reply, asked.unwrap_or_default())
}

#[tokio::test]
async fn usage_is_that_of_the_report_and_an_end_without_a_word_is_an_end() {
    // As xAI streams: the finish reason never comes, and reasoning is beside the completion.
    let pieces = [
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":null}]}\n\n",
        "",
    ];
    let body = json!({"model": "m", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "x"}]});
    let call = call(Endpoint::Messages, &body);
    let (reply, asked) = scripted(&pieces, Dialect::XAi, &call).await;
    assert_eq!(asked["max_completion_tokens"], 9);
    assert_eq!(asked["stream_options"], json!({"include_usage": true}));
    assert!(asked.get("sim").is_none());
    let Ok(Reply::Stream(mut stream)) = reply else {
        panic!("no stream");
    };
    let mut all = String::new();
    while let Some(piece) = Pin::new(&mut stream).next().await {
        match piece.expect("a piece") {
            ReplyChunk::Content { frames, .. } => {
                all.push_str(core::str::from_utf8(&frames).expect("text"));
            }
            ReplyChunk::End {
                frames,
                usage_frame,
                report,
            } => {
                all.push_str(core::str::from_utf8(&frames).expect("text"));
                let usage = usage_frame.unwrap_or_default();
                all.push_str(core::str::from_utf8(&usage).expect("text"));
                assert_eq!(report.consumption.map(|used| used.reasoning), Some(227));
            }
        }
    }
    assert!(all.contains(r#""stop_reason":"tool_use""#), "{all}");
    assert!(all.contains(r#""output_tokens":253"#), "{all}");
}

#[tokio::test]
async fn openrouter_is_told_what_only_it_knows() {
    let body = json!({"model": "m", "max_tokens": 9000, "top_k": 5,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "x"}]});
    let answer = r#"{"id":"a","model":"z","choices":[{"index":0,"message":{"content":"y"},"finish_reason":"stop"}]}"#;
    let mut call = call(Endpoint::Messages, &body);
    call.capabilities = vec!["reasoning".to_owned()].into();
    let (reply, asked) = scripted(&[answer], Dialect::OpenRouter, &call).await;
    assert!(matches!(reply, Ok(Reply::Whole(_))), "{reply:?}");
    assert_eq!(asked["max_tokens"], 9000);
    assert_eq!(asked["top_k"], 5);
    assert_eq!(asked["reasoning"], json!({"max_tokens": 2000}));
    assert_eq!(
        asked["messages"][0]["content"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
    let (refused, _) = scripted(&[answer], Dialect::OpenAi, &call).await;
    let FaultKind::BadRequest { param, .. } = refused.expect_err("top_k").kind else {
        panic!("another kind");
    };
    assert_eq!(param.as_deref(), Some("top_k"));
}

#[tokio::test]
async fn answers_that_nobody_understands_are_garbled() {
    let body = json!({"model": "m", "prompt": "x"});
    let whole = call(Endpoint::Completions, &body);
    let (reply, _) = scripted(&["<html>"], Dialect::OpenAi, &whole).await;
    let fault = reply.expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert!(
        fault
            .report
            .is_some_and(|report| report.consumption.is_some())
    );
}

#[tokio::test]
async fn who_does_not_count_leaves_the_counts_to_the_bill() {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    for (endpoint, mut body) in [
        (
            Endpoint::Messages,
            json!({"model": "m", "max_tokens": 9, "messages": messages}),
        ),
        (Endpoint::Responses, json!({"model": "m", "input": "Hi"})),
    ] {
        body["sim"] = json!({"usage": "missing"});
        let (answer, report) = whole(endpoint, body.clone()).await;
        assert_eq!(report.consumption, None);
        assert!(answer["usage"].is_null(), "{answer}");
        body["stream"] = json!(true);
        let (_, _, last, _) = streamed(endpoint, body).await;
        let last = last.expect("the last frame");
        let names_none = !last.contains("\"usage\":") || last.contains("\"usage\":null");
        assert!(names_none, "{last}");
    }
}
