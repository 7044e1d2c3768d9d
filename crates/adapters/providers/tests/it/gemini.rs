//! Gemini, played by hand.

mod embeddings;
mod offsets;
pub(crate) mod seals;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, Envelope, FaultKind, Reply, ReplyChunk, UpstreamCall};
use vuzo_domain::port::{ChatProvider as _, Clock};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Gemini, GeminiSettings, HttpClient, Patience};

use crate::fake::{Act, Fake, Request, call, plain_call, short_patience, streamed, whole};
use crate::outcome::{self, Outcome};

const ANSWER: &str = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"gemini-9"}"#;
const FIRST: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Grüße"}]},"index":0}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3},"modelVersion":"gemini-9"}"#;
const LAST: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":" 🦀"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"gemini-9"}"#;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_168_800)
    }
}

pub(crate) fn adapter(base_url: &str) -> Gemini {
    adapter_over(base_url, HttpClient::new(short_patience()).expect("client"))
}

pub(crate) fn adapter_over(base_url: &str, client: HttpClient) -> Gemini {
    let settings = GeminiSettings {
        id: ProviderId::new("google").expect("id"),
        base_url: base_url.to_owned(),
        key: Some(Secret::new("g-operator")),
    };
    Gemini::new(settings, client, Arc::new(Stopped)).expect("settings")
}

async fn fault_of(answer: Vec<u8>, is_stream: bool) -> vuzo_domain::chat::ProviderFault {
    let fake = Fake::saying(answer).await;
    match outcome::of(&adapter(&fake.base_url), &plain_call(is_stream)).await {
        Err(fault) => fault,
        Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault"),
        Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
    }
}

/// What the provider gets to see of a call.
async fn forwarded(call: &UpstreamCall) -> Request {
    let is_stream = call.envelope.stream;
    let fake = Fake::start(move |_| {
        vec![Act::Send(if is_stream {
            streamed(&[LAST.as_bytes(), b"\r\n\r\n"])
        } else {
            whole("200 OK", "application/json", ANSWER.as_bytes())
        })]
    })
    .await;
    let outcome = outcome::of(&adapter(&fake.base_url), call).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    fake.seen().pop().expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_out_in_the_vendors_wire() {
    let body = r#"{"model":"m","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}],"temperature":0.50,"max_tokens":900,"reasoning_effort":"low","metadata":{"a":"b"},"user":"u"}"#;
    let mut call = call(body, false, false, 1);
    call.upstream_model = "models/gemini-9".to_owned();
    call.output_limit = Some(77);
    call.capabilities = vec!["thinking_budget".to_owned()].into();
    let sent = forwarded(&call).await;
    assert_eq!(sent.path, "/models/gemini-9:generateContent");
    assert_eq!(
        String::from_utf8(sent.body).expect("text"),
        r#"{"systemInstruction":{"parts":[{"text":"Be brief"}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"temperature":0.50,"maxOutputTokens":77,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":1024}}}"#
    );
    let head = sent.head.to_ascii_lowercase();
    assert!(head.contains("x-goog-api-key: g-operator"), "{head}");
    assert!(head.contains("accept-encoding: identity"), "{head}");

    call.secret = Some(Secret::new("g-other"));
    call.upstream_model = "tuned/a?key=b#c".to_owned();
    let envelope = Arc::get_mut(&mut call.envelope).expect("nobody else has it");
    envelope.stream = true;
    let sent = forwarded(&call).await;
    assert_eq!(
        sent.path,
        "/models/tuned%2Fa%3Fkey=b%23c:streamGenerateContent?alt=sse"
    );
    let head = sent.head.to_ascii_lowercase();
    assert!(head.contains("x-goog-api-key: g-other"), "{head}");
    assert!(!head.contains("g-operator"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_does_not_have_is_refused_by_name() {
    let fake = Fake::start(|_| vec![Act::Close]).await;
    for (body, param) in [
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.test/b.png"}}]}]}"#,
            "messages.content.image_url.url",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"seed":4294967296}"#,
            "seed",
        ),
    ] {
        let outcome = outcome::of(&adapter(&fake.base_url), &call(body, false, false, 1)).await;
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
    assert_eq!(body["created"], 1_795_168_800);
    assert_eq!(body["choices"][0]["message"]["content"], "Hi");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 5);
    assert_eq!(reply.report.served_model.as_deref(), Some("gemini-9"));
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
    assert!(content.contains(r#""content":" 🦀""#), "{content}");
    assert!(!content.contains(r#""finish_reason":"stop""#), "{content}");
    let frames = String::from_utf8(end.frames).expect("text");
    assert!(frames.contains(r#""finish_reason":"stop""#), "{frames}");
    let usage = String::from_utf8(end.usage_frame.expect("usage")).expect("text");
    assert!(usage.contains(r#""prompt_tokens":3"#), "{usage}");
    assert_eq!(end.report.output_bytes, told.output_bytes);
}

fn recorded_stream() -> Vec<u8> {
    let first = format!("{FIRST}\r\n\r\n");
    let last = format!("{LAST}\r\n\r\n");
    streamed(&[first.as_bytes(), last.as_bytes()])
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_have_the_same_ids_every_time() {
    let parts = r#"[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"g","args":{}}}]"#;
    let answer = ANSWER.replace(r#"[{"text":"Hi"}]"#, parts);
    let fake = Fake::saying(whole("200 OK", "application/json", answer.as_bytes())).await;
    for _ in 0..2 {
        let outcome = outcome::of(&adapter(&fake.base_url), &plain_call(false)).await;
        let Ok(Outcome::Whole(reply)) = outcome else {
            panic!("{outcome:?}")
        };
        let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        let choice = &body["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls");
        for (number, name) in [(0, "f"), (1, "g")] {
            let made = &choice["message"]["tool_calls"][number];
            assert_eq!(made["function"]["name"], name);
            assert_eq!(
                made["id"],
                format!("call_00000000000000000000000000000abc_{number}")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_fall_on_who_can_mend_them() {
    let error = |code: u16, status: &str, details: &str| {
        format!(
            r#"{{"error":{{"code":{code},"message":"Of tokens","status":"{status}","details":[{details}]}}}}"#
        )
    };
    let key = r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}"#;
    let minute = r#"{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProject"}]},{"retryDelay":"34.4s"}"#;
    let day =
        r#"{"violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]},{"retryDelay":"34.4s"}"#;
    let bad = FaultKind::BadRequest {
        status: 400,
        param: None,
        code: None,
    };
    let cases = [
        (400, error(400, "INVALID_ARGUMENT", ""), bad),
        (
            400,
            error(400, "INVALID_ARGUMENT", key),
            FaultKind::OurAccount,
        ),
        (
            400,
            error(400, "FAILED_PRECONDITION", ""),
            FaultKind::OurAccount,
        ),
        (
            403,
            error(403, "PERMISSION_DENIED", ""),
            FaultKind::OurAccount,
        ),
        (404, error(404, "NOT_FOUND", ""), FaultKind::NotServed),
        (
            429,
            error(429, "RESOURCE_EXHAUSTED", minute),
            FaultKind::RateLimited,
        ),
        (
            429,
            error(429, "RESOURCE_EXHAUSTED", day),
            FaultKind::NotServed,
        ),
        (503, error(503, "UNAVAILABLE", ""), FaultKind::Overloaded),
        (
            504,
            error(504, "DEADLINE_EXCEEDED", ""),
            FaultKind::TimedOut,
        ),
    ];
    for (status, body, expected) in cases {
        let answer = whole(&format!("{status} X"), "application/json", body.as_bytes());
        for is_stream in [false, true] {
            let fault = fault_of(answer.clone(), is_stream).await;
            assert_eq!(fault.kind, expected, "{body}");
            if status == 429 {
                assert_eq!(fault.retry_after, Some(Duration::from_millis(34_400)));
            }
        }
        // The same words in a stream that had begun well, and bare at its end.
        for error in [format!("data: {body}\r\n\r\n"), format!("[{body}\r\n]")] {
            let begun = format!("{FIRST}\r\n\r\n{error}");
            let fault = fault_of(streamed(&[begun.as_bytes()]), true).await;
            assert_eq!(fault.kind, expected, "{error}");
            let report = fault.report.expect("what came before");
            assert_eq!(report.output_bytes, 7);
            assert_eq!(report.consumption, None, "half a count is none");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_garbled() {
    let html: &[u8] = b"<!doctype html><html><body>Welcome to the proxy</body></html>";
    for is_stream in [false, true] {
        for (content_type, body) in [
            ("text/html", html),
            ("application/json", html),
            ("text/event-stream", html),
            ("application/json", b"{\"candidates\":[{\"index\":0"),
            ("application/json", b""),
            ("application/json", b"null"),
            ("application/json", b"[]"),
            ("application/json", b"{}"),
            ("application/json", b"\xff\xfe{}"),
            ("text/event-stream", b"data: {}\n\n"),
            ("text/event-stream", b"data: 7\n\n"),
            ("text/event-stream", b": only comments\n\n: and more\n\n"),
            ("text/event-stream", b"data: \xff\xff\n\n"),
        ] {
            let fault = fault_of(whole("200 OK", content_type, body), is_stream).await;
            assert_eq!(
                fault.kind,
                FaultKind::Garbled,
                "{content_type}: {:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
    // Without a reason for its end, a stream broke off.
    let begun = format!("{FIRST}\r\n\r\n");
    let fault = fault_of(streamed(&[begun.as_bytes()]), true).await;
    assert_eq!(fault.kind, FaultKind::Garbled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_event_passes_in_small_pieces() {
    let text = "Grüße 🦀 ".repeat(60_000);
    let first = FIRST.replace("Grüße", &text);
    let bytes = format!("{first}\r\n\r\n{LAST}\r\n\r\n").into_bytes();
    assert!(bytes.len() > 700_000);
    // A chunk of 1021 bytes ends inside of characters.
    let pieces: Vec<&[u8]> = bytes.chunks(1021).collect();
    let fake = Fake::saying(streamed(&pieces)).await;
    let outcome = outcome::of(&adapter(&fake.base_url), &plain_call(true)).await;
    let Ok(Outcome::Stream(told)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(told.ending.expect("an ending").is_ok());
    assert_eq!(
        told.output_bytes,
        u64::try_from(text.len() + 5).expect("small")
    );
    let content = String::from_utf8(told.content).expect("text");
    assert!(content.contains(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_not_waited_for() {
    let begun = format!("{FIRST}\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    for (said, is_begun) in [
        (head.to_owned(), false),
        (format!("{head}: hello\n\n"), false),
        (format!("{head}{begun}"), true),
    ] {
        let said = said.into_bytes();
        let fake = Fake::start(move |_| vec![Act::Send(said.clone()), Act::Stall]).await;
        let patience = Patience {
            first_byte: Duration::from_millis(100),
            between_reads: Duration::from_millis(if is_begun { 100 } else { 40_000 }),
            first_event: Duration::from_millis(20),
            ..short_patience()
        };
        let client = HttpClient::new(patience).expect("client");
        let asked_at = Instant::now();
        let outcome = outcome::of(&adapter_over(&fake.base_url, client), &plain_call(true)).await;
        let kind = match outcome {
            Err(fault) => fault.kind,
            Ok(Outcome::Stream(told)) => told.ending.expect("an ending").expect_err("a fault").kind,
            Ok(whole @ Outcome::Whole(_)) => panic!("{whole:?}"),
        };
        assert_eq!(kind, FaultKind::TimedOut);
        assert!(asked_at.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_can_be_cut() {
    let begun = format!("{FIRST}\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let said = format!("{head}{begun}").into_bytes();
    let fake = Fake::start(move |_| vec![Act::Send(said.clone()), Act::Stall]).await;
    let reply = adapter(&fake.base_url).open(&plain_call(true)).await;
    let Ok(Reply::Stream(mut stream)) = reply else {
        panic!("no stream")
    };
    let first = stream.next().await.expect("a piece").expect("content");
    assert!(matches!(first, ReplyChunk::Content { .. }), "{first:?}");
    let Some(ReplyChunk::End { frames, report, .. }) = stream.cut() else {
        panic!("no end")
    };
    let frames = String::from_utf8(frames.to_vec()).expect("text");
    assert!(frames.contains(r#""finish_reason":"length""#), "{frames}");
    assert_eq!(report.output_bytes, 7);
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
            Endpoint::Messages,
            r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#,
            "end_turn",
        ),
        (
            Endpoint::Responses,
            r#"{"model":"m","input":"Hi"}"#,
            "output_text",
        ),
    ] {
        let answer = whole("200 OK", "application/json", ANSWER.as_bytes());
        let fake = Fake::saying(answer).await;
        let mut asked = call(body, false, false, 1);
        asked.envelope = Arc::new(Envelope {
            endpoint,
            ..Envelope::clone(&asked.envelope)
        });
        let outcome = outcome::of(&adapter(&fake.base_url), &asked).await;
        let Ok(Outcome::Whole(reply)) = outcome else {
            panic!("{endpoint:?}: {outcome:?}")
        };
        let body = String::from_utf8(reply.body.to_vec()).expect("text");
        assert!(body.contains(words), "{body}");
        assert!(body.contains("Hi"), "{body}");
        let sent = fake.seen().pop().expect("a request");
        let sent = String::from_utf8(sent.body).expect("text");
        assert!(
            sent.starts_with(r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]"#),
            "{sent}"
        );
    }
}
