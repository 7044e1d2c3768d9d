//! Anthropic, played by hand.

mod faults;
mod native;
mod offsets;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, Envelope, FaultKind, Reply, ReplyChunk, UpstreamCall};
use vuzo_domain::port::{ChatProvider as _, Clock};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Anthropic, AnthropicSettings, HttpClient, Patience};

use crate::fake::{Act, Fake, Request, call, plain_call, short_patience, streamed, whole};
use crate::outcome::{self, Outcome};

const ANSWER: &str = r#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-9","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}"#;

const FRAMES: [&str; 8] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-9\",\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" 🦀\"}}   \n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_168_800)
    }
}

pub(crate) fn adapter(base_url: &str) -> Anthropic {
    adapter_over(base_url, HttpClient::new(short_patience()).expect("client"))
}

fn adapter_over(base_url: &str, client: HttpClient) -> Anthropic {
    let settings = AnthropicSettings {
        id: ProviderId::new("anthropic").expect("id"),
        base_url: base_url.to_owned(),
        key: Some(Secret::new("sk-ant-operator")),
    };
    Anthropic::new(settings, client, Arc::new(Stopped)).expect("settings")
}

fn recorded_stream() -> Vec<u8> {
    streamed(&FRAMES.map(str::as_bytes))
}

/// The same question by another endpoint.
fn by(endpoint: Endpoint, body: &str, is_stream: bool) -> UpstreamCall {
    let mut asked = call(body, is_stream, true, 1);
    asked.envelope = Arc::new(Envelope {
        endpoint,
        ..Envelope::clone(&asked.envelope)
    });
    asked
}

/// A customer of `/v1/messages`.
fn native_call(is_stream: bool) -> UpstreamCall {
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"Hi"}}],"stream":{is_stream}}}"#
    );
    by(Endpoint::Messages, &body, is_stream)
}

/// Both ways through the adapter.
fn both_calls(is_stream: bool) -> [UpstreamCall; 2] {
    [plain_call(is_stream), native_call(is_stream)]
}

async fn fault_of(answer: Vec<u8>, asked: &UpstreamCall) -> vuzo_domain::chat::ProviderFault {
    let fake = Fake::saying(answer).await;
    match outcome::of(&adapter(&fake.base_url), asked).await {
        Err(fault) => fault,
        Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault"),
        Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
    }
}

/// What the provider gets to see of a call.
async fn forwarded(asked: &UpstreamCall) -> Request {
    let is_stream = asked.envelope.stream;
    let fake = Fake::start(move |_| {
        vec![Act::Send(if is_stream {
            recorded_stream()
        } else {
            whole("200 OK", "application/json", ANSWER.as_bytes())
        })]
    })
    .await;
    let outcome = outcome::of(&adapter(&fake.base_url), asked).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    fake.seen().pop().expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_out_in_the_vendors_wire() {
    let body = r#"{"model":"m","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}],"temperature":1.50,"max_tokens":9000,"reasoning_effort":"low","user":"u"}"#;
    let mut asked = call(body, false, false, 1);
    asked.output_limit = Some(1_700);
    asked.capabilities = vec!["reasoning".to_owned()].into();
    let sent = forwarded(&asked).await;
    assert_eq!(sent.path, "/v1/messages");
    assert_eq!(
        String::from_utf8(sent.body).expect("text"),
        r#"{"model":"upstream-model","max_tokens":1700,"system":[{"type":"text","text":"Be brief"}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"thinking":{"type":"enabled","budget_tokens":1024},"metadata":{"user_id":"u"},"service_tier":"standard_only"}"#
    );
    let head = sent.head.to_ascii_lowercase();
    for line in [
        "x-api-key: sk-ant-operator",
        "anthropic-version: 2023-06-01",
        "accept-encoding: identity",
        "content-type: application/json",
    ] {
        assert!(head.contains(line), "{head}");
    }
    asked.secret = Some(Secret::new("sk-ant-other"));
    let head = forwarded(&asked).await.head.to_ascii_lowercase();
    assert!(head.contains("x-api-key: sk-ant-other"), "{head}");
    assert!(!head.contains("sk-ant-operator"), "{head}");
    // Without a limit of anybody's, the model's own is sent: the wire wants one.
    let sent = forwarded(&plain_call(true)).await;
    let body = String::from_utf8(sent.body).expect("text");
    assert!(
        body.contains(r#""max_tokens":4096,"stream":true"#),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_does_not_have_is_refused_by_name() {
    let fake = Fake::start(|_| vec![Act::Close]).await;
    let user = r#""messages":[{"role":"user","content":"Hi"}]"#;
    for (body, param) in [
        (format!(r#"{{"model":"m",{user},"n":2}}"#), "n"),
        (format!(r#"{{"model":"m",{user},"logprobs":true}}"#), "logprobs"),
        (
            format!(r#"{{"model":"m",{user},"presence_penalty":0.5}}"#),
            "presence_penalty",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}]}]}"#.to_owned(),
            "messages",
        ),
        (
            r#"{"model":"m","messages":[{"role":"system","content":"Hi"}]}"#.to_owned(),
            "messages",
        ),
    ] {
        let outcome = outcome::of(&adapter(&fake.base_url), &call(&body, false, false, 1)).await;
        let fault = outcome.expect_err("a refusal");
        let FaultKind::BadRequest {
            status: 400,
            param: Some(named),
            ..
        } = &fault.kind
        else {
            panic!("{fault:?}")
        };
        assert_eq!(named, param);
    }
    assert_eq!(fake.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_customers_dialect() {
    let fake = Fake::saying(whole("200 OK", "application/json", ANSWER.as_bytes())).await;
    let Ok(Outcome::Whole(reply)) = outcome::of(&adapter(&fake.base_url), &plain_call(false)).await
    else {
        panic!("no answer")
    };
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["id"], "gen_00000000000000000000000000000abc");
    assert_eq!(body["choices"][0]["message"]["content"], "Hi");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 5);
    assert_eq!(reply.report.served_model.as_deref(), Some("claude-9"));
    assert_eq!(reply.report.output_bytes, 2);

    let fake = Fake::saying(recorded_stream()).await;
    let asked = call(
        r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}"#,
        true,
        true,
        1,
    );
    let Ok(Outcome::Stream(told)) = outcome::of(&adapter(&fake.base_url), &asked).await else {
        panic!("no stream")
    };
    let end = told.ending.expect("an ending").expect("a good one");
    let content = String::from_utf8(told.content).expect("text");
    assert!(content.contains(r#""content":"Grüße""#), "{content}");
    assert!(!content.contains(r#""finish_reason":"stop""#), "{content}");
    let frames = String::from_utf8(end.frames).expect("text");
    assert!(frames.contains(r#""finish_reason":"stop""#), "{frames}");
    let usage = String::from_utf8(end.usage_frame.expect("usage")).expect("text");
    assert!(usage.contains(r#""prompt_tokens":3"#), "{usage}");
    assert_eq!(end.report.output_bytes, told.output_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_calls_have_dense_numbers() {
    let blocks = r#"[{"type":"thinking","thinking":"Hmm","signature":"s"},{"type":"text","text":"Wait"},{"type":"tool_use","id":"toolu_a","name":"f","input":{"a":1}},{"type":"tool_use","id":"toolu_b","name":"g","input":{}}]"#;
    let answer = ANSWER
        .replace(r#"[{"type":"text","text":"Hi"}]"#, blocks)
        .replace("end_turn", "tool_use");
    let fake = Fake::saying(whole("200 OK", "application/json", answer.as_bytes())).await;
    let Ok(Outcome::Whole(reply)) = outcome::of(&adapter(&fake.base_url), &plain_call(false)).await
    else {
        panic!("no answer")
    };
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    let choice = &body["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let calls = &choice["message"]["tool_calls"];
    assert_eq!(calls[0]["id"], "toolu_a");
    assert_eq!(calls[0]["function"]["arguments"], r#"{"a":1}"#);
    assert_eq!(calls[1]["id"], "toolu_b");
    assert_eq!(calls[1]["function"]["arguments"], "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_answered_by_a_model_that_has_none() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"integer"}}}}}}"#;
    let blocks = r#"[{"type":"tool_use","id":"toolu_a","name":"json_answer","input":{"a":1}}]"#;
    let answer = ANSWER
        .replace(r#"[{"type":"text","text":"Hi"}]"#, blocks)
        .replace("end_turn", "tool_use");
    let fake = Fake::saying(whole("200 OK", "application/json", answer.as_bytes())).await;
    let asked = call(body, false, false, 1);
    let Ok(Outcome::Whole(reply)) = outcome::of(&adapter(&fake.base_url), &asked).await else {
        panic!("no answer")
    };
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    let choice = &body["choices"][0];
    assert_eq!(choice["message"]["content"], r#"{"a":1}"#);
    assert_eq!(choice["finish_reason"], "stop");
    assert!(choice["message"].get("tool_calls").is_none(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_event_passes_in_small_pieces() {
    let text = "Grüße 🦀 ".repeat(60_000);
    let bytes = FRAMES.concat().replace("Grüße", &text).into_bytes();
    assert!(bytes.len() > 700_000);
    // A chunk of 1021 bytes ends inside of characters.
    let pieces: Vec<&[u8]> = bytes.chunks(1021).collect();
    for asked in both_calls(true) {
        let fake = Fake::saying(streamed(&pieces)).await;
        let outcome = outcome::of(&adapter(&fake.base_url), &asked).await;
        let Ok(Outcome::Stream(told)) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(told.ending.expect("an ending").is_ok());
        let expected = u64::try_from(text.len() + 5).expect("small");
        assert_eq!(told.output_bytes, expected);
        let content = String::from_utf8(told.content).expect("text");
        assert!(content.contains(&text));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_not_waited_for() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    for (said, is_begun) in [
        (head.to_owned(), false),
        (format!("{head}: hello\n\n"), false),
        (format!("{head}{}{}", FRAMES[0], FRAMES[1]), true),
        (format!("{head}{}", FRAMES[..4].concat()), true),
    ] {
        for asked in both_calls(true) {
            let said = said.clone().into_bytes();
            let fake = Fake::start(move |_| vec![Act::Send(said.clone()), Act::Stall]).await;
            let patience = Patience {
                first_byte: Duration::from_millis(if is_begun { 40_000 } else { 100 }),
                between_reads: Duration::from_millis(if is_begun { 100 } else { 40_000 }),
                first_event: Duration::from_millis(20),
                ..short_patience()
            };
            let client = HttpClient::new(patience).expect("client");
            let begin = Instant::now();
            let adapter = adapter_over(&fake.base_url, client);
            let kind = match outcome::of(&adapter, &asked).await {
                Err(fault) => fault.kind,
                Ok(Outcome::Stream(told)) => {
                    told.ending.expect("an ending").expect_err("a fault").kind
                }
                Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
            };
            assert_eq!(kind, FaultKind::TimedOut);
            assert!(begin.elapsed() < Duration::from_secs(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_can_be_cut() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let said = format!("{head}{}", FRAMES[..4].concat()).into_bytes();
    let fake = Fake::start(move |_| vec![Act::Send(said.clone()), Act::Stall]).await;
    for (asked, words) in both_calls(true)
        .into_iter()
        .zip([r#""finish_reason":"length""#, "content_block_stop"])
    {
        let reply = adapter(&fake.base_url).open(&asked).await;
        let Ok(Reply::Stream(mut stream)) = reply else {
            panic!("no stream")
        };
        let mut spoken = 0;
        while spoken < 7 {
            let piece = stream.next().await.expect("a piece").expect("content");
            let ReplyChunk::Content { output_bytes, .. } = piece else {
                panic!("{piece:?}")
            };
            spoken += output_bytes;
        }
        let Some(ReplyChunk::End {
            frames,
            usage_frame,
            report,
        }) = stream.cut()
        else {
            panic!("no end")
        };
        let frames = String::from_utf8(frames.to_vec()).expect("text");
        assert!(frames.contains(words), "{frames}");
        assert_eq!(report.output_bytes, 7);
        // What was said has been paid for by the prompt and by its length.
        let counted = report.consumption.expect("counts");
        assert_eq!((counted.input, counted.output), (3, 2));
        if asked.envelope.endpoint == Endpoint::Messages {
            let frame = String::from_utf8(usage_frame.expect("usage").to_vec()).expect("text");
            assert!(frame.contains(r#""stop_reason":"max_tokens""#), "{frame}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_dialects_are_spoken() {
    for (endpoint, body, words) in [
        (
            Endpoint::Completions,
            r#"{"model":"m","prompt":"Hi","max_tokens":9}"#,
            "text_completion",
        ),
        (
            Endpoint::Responses,
            r#"{"model":"m","input":"Hi"}"#,
            "output_text",
        ),
    ] {
        let answer = whole("200 OK", "application/json", ANSWER.as_bytes());
        let fake = Fake::saying(answer).await;
        let outcome = outcome::of(&adapter(&fake.base_url), &by(endpoint, body, false)).await;
        let Ok(Outcome::Whole(reply)) = outcome else {
            panic!("{endpoint:?}: {outcome:?}")
        };
        let body = String::from_utf8(reply.body.to_vec()).expect("text");
        assert!(body.contains(words), "{body}");
    }
    let fake = Fake::start(|_| vec![Act::Close]).await;
    let asked = by(Endpoint::Embeddings, r#"{"model":"m","input":"Hi"}"#, false);
    let fault = outcome::of(&adapter(&fake.base_url), &asked).await;
    let kind = fault.expect_err("a refusal").kind;
    assert!(matches!(kind, FaultKind::BadRequest { .. }), "{kind:?}");
    assert_eq!(fake.seen().len(), 0);
}
