use core::time::Duration;

use futures_util::StreamExt as _;
use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{Endpoint, Envelope, ReplyChunk, UsageReport};
use vuzo_domain::id::GenerationId;
use vuzo_domain::pricing::{ServedTier, ServiceTier};
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_wire::chat::ChatRequest;

use super::*;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

/// A body with these fields beside the model and two messages.
fn body(fields: &str) -> String {
    format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"text","text":"Grüße,"}},{{"type":"text","text":"Welt!"}}]}},{{"role":"assistant","content":"no"}}]{fields}}}"#
    )
}

fn call(model: &str, fields: &str) -> UpstreamCall {
    let body = body(fields);
    let request = ChatRequest::parse(body.as_bytes()).expect("a request");
    let envelope = Envelope {
        endpoint: Endpoint::ChatCompletions,
        model: format!("sim/{model}"),
        fallbacks: Vec::new(),
        stream: request.stream,
        wants_usage: request.include_usage,
        output_limit: request.max_output_tokens.map(u64::from),
        answers: request.n,
        prompt_bytes: 41,
        images: 0,
        audio_bytes: 0,
        long_cache: false,
        betas: Vec::new(),
        service_tier: vuzo_domain::pricing::TierWish::Standard,
        metadata: None,
        body: body.clone().into(),
    };
    UpstreamCall {
        capabilities: Vec::new().into(),
        model_most: 4_096,
        secret: None,
        generation: GenerationId::from_uuid(uuid::Uuid::from_u128(0xabc)),
        model: ModelId::new(&format!("sim/{model}")).unwrap(),
        upstream_model: model.to_owned(),
        output_limit: None,
        service_tier: None,
        envelope: Arc::new(envelope),
    }
}

async fn open(model: &str, fields: &str) -> Result<Reply, ProviderFault> {
    Simulator::new(Arc::new(Noon))
        .open(&call(model, fields))
        .await
}

async fn whole(model: &str, fields: &str) -> (serde_json::Value, UsageReport) {
    match open(model, fields).await {
        Ok(Reply::Whole(whole)) => (
            serde_json::from_slice(&whole.body).expect("JSON"),
            whole.report,
        ),
        other => panic!("{other:?}"),
    }
}

/// The payloads of a stream, how many of them came before the end, and its report.
async fn streamed(model: &str, fields: &str) -> (Vec<serde_json::Value>, usize, UsageReport) {
    let Ok(Reply::Stream(mut stream)) = open(model, &format!(r#","stream":true{fields}"#)).await
    else {
        panic!("no stream");
    };
    let (mut payloads, mut bytes) = (Vec::new(), 0);
    let mut add = |frames: &[u8]| {
        let text = core::str::from_utf8(frames).expect("text");
        for frame in text.split_terminator("\n\n") {
            let payload = frame.strip_prefix("data: ").expect("data");
            payloads.push(serde_json::from_str::<serde_json::Value>(payload).expect("JSON"));
        }
        payloads.len()
    };
    let mut before = 0;
    while let Some(item) = stream.next().await {
        match item.expect("no fault") {
            ReplyChunk::Content {
                frames,
                output_bytes,
            } => {
                before = add(&frames);
                bytes += output_bytes;
            }
            ReplyChunk::End {
                frames,
                usage_frame,
                report,
            } => {
                add(&frames);
                usage_frame.map(|frame| add(&frame));
                assert!(stream.next().await.is_none());
                assert_eq!(bytes, report.output_bytes);
                return (payloads, before, report);
            }
        }
    }
    panic!("no end");
}

fn said(payloads: &[serde_json::Value], answer: u64, member: &str) -> String {
    let choices = payloads
        .iter()
        .flat_map(|payload| payload["choices"].as_array().expect("choices"));
    choices
        .filter(|choice| choice["index"] == answer)
        .filter_map(|choice| choice["delta"][member].as_str())
        .collect()
}

#[tokio::test]
async fn echo_says_the_last_words_of_the_user_either_way() {
    let (body, report) = whole("echo", "").await;
    let text = "Grüße,\nWelt!";
    assert_eq!(body["choices"][0]["message"]["content"], text);
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["id"], "gen_00000000000000000000000000000abc");
    assert_eq!(body["created"], 1_795_262_400);
    // 41 bytes are eleven tokens, and 14 are four.
    assert_eq!(body["usage"]["prompt_tokens"], 11);
    assert_eq!(body["usage"]["completion_tokens"], 4);
    assert_eq!(body["usage"]["total_tokens"], 15);
    let expected = Consumption {
        input: 11,
        output: 4,
        ..Consumption::default()
    };
    assert_eq!(report.consumption, Some(expected));
    assert_eq!(report.served_model.as_deref(), Some("sim/echo"));

    let (payloads, _, streamed) = streamed("echo", "").await;
    assert_eq!(said(&payloads, 0, "content"), text);
    assert_eq!(streamed, report);
    assert!(
        payloads
            .iter()
            .all(|payload| payload.get("usage").is_none())
    );
    assert_eq!(
        payloads.last().expect("chunks")["choices"][0]["finish_reason"],
        "stop"
    );
}

#[tokio::test]
async fn lorem_is_the_same_for_a_seed_and_as_long_as_wanted() {
    let long = |seed: u32| format!(r#","seed":{seed},"sim":{{"output_tokens":1000}}"#);
    let (first, report) = whole("lorem", &long(1)).await;
    let (again, ..) = streamed("lorem", &long(1)).await;
    let (other, _) = whole("lorem", &long(2)).await;
    let text = first["choices"][0]["message"]["content"]
        .as_str()
        .expect("text");
    assert_eq!(text, said(&again, 0, "content"));
    assert_ne!(first["choices"], other["choices"]);
    assert_eq!(text.len(), 4_000);
    assert_eq!(report.consumption.expect("counted").output, 1_000);
}

#[tokio::test]
async fn limits_cut_and_reasons_can_be_chosen() {
    for (model, fields, content, finish, reasoning) in [
        ("echo", r#","max_tokens":2"#, "Grüße,", "length", 0),
        ("echo", r#","max_tokens":4"#, "Grüße,\nWelt!", "stop", 0),
        (
            "echo",
            r#","sim":{"output_tokens":5}"#,
            "Grüße,\nWelt! Grü",
            "stop",
            0,
        ),
        ("echo", r#","sim":{"output_tokens":0}"#, "", "stop", 0),
        (
            "echo",
            r#","sim":{"finish_reason":"content_filter"}"#,
            "Grüße,\nWelt!",
            "content_filter",
            0,
        ),
        (
            "echo",
            r#","max_tokens":5,"sim":{"reasoning":4}"#,
            "Grü",
            "length",
            4,
        ),
        ("lorem", r#","max_tokens":3"#, "lorem ipsum ", "length", 0),
    ] {
        let (body, report) = whole(model, fields).await;
        let choice = &body["choices"][0];
        assert_eq!(choice["message"]["content"], content, "{fields}");
        assert_eq!(choice["finish_reason"], finish, "{fields}");
        assert_eq!(
            report.consumption.expect("counted").reasoning,
            reasoning,
            "{fields}"
        );
        let (payloads, ..) = streamed(model, fields).await;
        assert_eq!(said(&payloads, 0, "content"), content, "{fields}");
    }
}

#[tokio::test]
async fn several_answers_come_in_turn_and_are_all_counted() {
    let fields =
        r#","n":3,"stream_options":{"include_usage":true},"sim":{"output_tokens":8,"chunks":2}"#;
    let (payloads, _, report) = streamed("lorem", fields).await;
    assert_eq!(report.consumption.expect("counted").output, 24);
    let usage = &payloads.last().expect("chunks")["usage"];
    assert_eq!(usage["completion_tokens"], 24);
    let texts: Vec<_> = (0..3)
        .map(|answer| said(&payloads, answer, "content"))
        .collect();
    assert!(texts.iter().all(|text| text.len() == 32));
    assert_ne!(texts[0], texts[1]);
    let null_usage = payloads.iter().filter(|payload| payload["usage"].is_null());
    assert_eq!(null_usage.count(), payloads.len() - 1);
}

#[tokio::test]
async fn tools_are_called_in_parallel() {
    let fields = r#","sim":{"tool_calls":[{"name":"weather","arguments":{"city":"Bern, which is the city that has the bears"}},{"name":"time"}]}"#;
    let (body, report) = whole("lorem", fields).await;
    let message = &body["choices"][0]["message"];
    assert!(message["content"].is_null());
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    let arguments = message["tool_calls"][0]["function"]["arguments"]
        .as_str()
        .expect("text");
    assert!(arguments.starts_with(r#"{"city":"Bern"#));
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
    let (payloads, _, streamed) = streamed("lorem", fields).await;
    assert_eq!(streamed, report);
    let mut pieces = [String::new(), String::new()];
    for payload in &payloads {
        for call in payload["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = usize::try_from(call["index"].as_u64().expect("index")).expect("small");
            pieces[index].push_str(call["function"]["arguments"].as_str().expect("arguments"));
            assert_eq!(
                call.get("id").is_some(),
                call["function"].get("name").is_some()
            );
        }
    }
    assert_eq!(pieces[0], arguments);
    assert_eq!(pieces[1], "{}");
}

#[tokio::test]
async fn usage_is_what_the_request_wants() {
    let (body, report) = whole("echo", r#","sim":{"usage":"missing"}"#).await;
    assert!(body.get("usage").is_none());
    assert_eq!((report.consumption, report.output_bytes), (None, 14));
    let (_, report) = whole("echo", r#","sim":{"usage":"zero"}"#).await;
    assert_eq!(report.consumption, Some(Consumption::default()));
    let (body, report) = whole(
        "echo",
        r#","sim":{"usage":{"prompt_tokens":100,"cached_tokens":60,"cache_write_tokens":10,"completion_tokens":50,"reasoning_tokens":20,"cost":0.0035}}"#,
    )
    .await;
    assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 60);
    let expected = Consumption {
        input: 30,
        cache_read: 60,
        cache_write: 10,
        output: 30,
        reasoning: 20,
        ..Consumption::default()
    };
    assert_eq!(report.consumption, Some(expected));
    assert_eq!(report.stated_cost.map(|units| units.0), Some(3_500_000));
    let (payloads, ..) = streamed(
        "echo",
        r#","stream_options":{"include_usage":true},"sim":{"usage":"missing"}"#,
    )
    .await;
    assert!(payloads.iter().all(|payload| payload["usage"].is_null()));
}

#[tokio::test]
async fn a_service_tier_is_served_as_asked_or_as_wanted() {
    async fn served(
        fields: &str,
        asked: Option<ServiceTier>,
    ) -> (Option<String>, Option<ServedTier>) {
        let call = UpstreamCall {
            service_tier: asked,
            ..call("echo", fields)
        };
        let reply = Simulator::new(Arc::new(Noon)).open(&call).await;
        let Ok(Reply::Whole(whole)) = reply else {
            panic!("{reply:?}");
        };
        let body: serde_json::Value = serde_json::from_slice(&whole.body).expect("JSON");
        let told = body["service_tier"].as_str().map(str::to_owned);
        (told, whole.report.served_tier)
    }
    let flex = Some(ServiceTier::Flex);
    assert_eq!(served("", None).await, (None, None));
    let given = Some(ServedTier::Tier(ServiceTier::Flex));
    assert_eq!(served("", flex).await, (Some("flex".to_owned()), given));
    for (word, given) in [
        ("default", ServedTier::Standard),
        ("priority", ServedTier::Tier(ServiceTier::Priority)),
        ("gold", ServedTier::Unknown("gold".into())),
    ] {
        let fields = format!(r#","sim":{{"service_tier":"{word}"}}"#);
        let came = served(&fields, flex).await;
        assert_eq!(came, (Some(word.to_owned()), Some(given)));
    }
    let fields = r#","sim":{"service_tier":"flex"},"stream_options":{"include_usage":true}"#;
    let (payloads, _, report) = streamed("echo", fields).await;
    assert!(
        payloads
            .iter()
            .all(|payload| payload["service_tier"] == "flex")
    );
    assert_eq!(
        report.served_tier,
        Some(ServedTier::Tier(ServiceTier::Flex))
    );
}

#[tokio::test]
async fn every_failure_fails_in_its_way() {
    for (fail, expected) in [
        ("connect", FaultKind::Unreachable),
        ("timeout", FaultKind::TimedOut),
        ("rate_limited", FaultKind::RateLimited),
        ("server_error", FaultKind::Failing),
        ("our_account", FaultKind::OurAccount),
        ("mid_stream", FaultKind::Failing),
        ("truncate", FaultKind::Garbled),
        ("garbage", FaultKind::Garbled),
    ] {
        let fault = open("echo", &format!(r#","sim":{{"fail":"{fail}"}}"#))
            .await
            .expect_err("a fault");
        assert_eq!(fault.kind, expected, "{fail}");
        assert_eq!(fault.retry_after.is_some(), fail == "rate_limited");
    }
    let fault = open("echo", r#","sim":{"fail":"bad_request"}"#)
        .await
        .expect_err("a fault");
    assert!(matches!(
        fault.kind,
        FaultKind::BadRequest { status: 400, .. }
    ));

    for (fail, kind) in [
        ("mid_stream", Some(FaultKind::Failing)),
        ("garbage", Some(FaultKind::Garbled)),
        ("truncate", None),
    ] {
        let fields = format!(
            r#","stream":true,"sim":{{"output_tokens":40,"fail":"{fail}","fail_after_chunks":2}}"#
        );
        let Ok(Reply::Stream(stream)) = open("lorem", &fields).await else {
            panic!("no stream")
        };
        let items: Vec<_> = stream.collect().await;
        let said: u64 = items
            .iter()
            .filter_map(|item| match item {
                Ok(ReplyChunk::Content { output_bytes, .. }) => Some(*output_bytes),
                _ => None,
            })
            .sum();
        assert_eq!(said, 32, "two pieces of four tokens");
        let last = items.last().expect("items");
        assert_eq!(
            last.as_ref().err().map(|fault| fault.kind.clone()),
            kind,
            "{fail}"
        );
        if let Err(fault) = last {
            let report = fault.report.as_ref().expect("a report");
            assert_eq!(report.consumption.expect("counted").output, 8);
        }
    }
}

#[tokio::test]
async fn a_wrong_option_is_refused_by_name() {
    for (sim, param) in [
        (r#"{"output_token":1}"#, "sim.output_token"),
        (r#"{"output_tokens":-1}"#, "sim.output_tokens"),
        (r#"{"output_tokens":1000001}"#, "sim.output_tokens"),
        (r#"{"output_tokens":1.5}"#, "sim.output_tokens"),
        (r#"{"delay_ms":60001}"#, "sim.delay_ms"),
        (r#"{"chunk_delay_ms":"1"}"#, "sim.chunk_delay_ms"),
        (
            r#"{"chunk_delay_ms":60000,"chunks":61}"#,
            "sim.chunk_delay_ms",
        ),
        (r#"{"fail":"often"}"#, "sim.fail"),
        (r#"{"finish_reason":"bored"}"#, "sim.finish_reason"),
        (r#"{"tool_calls":{}}"#, "sim.tool_calls"),
        (r#"{"tool_calls":[{"name":""}]}"#, "sim.tool_calls[0].name"),
        (
            r#"{"tool_calls":[{"name":"f","id":"x"}]}"#,
            "sim.tool_calls[0].id",
        ),
        (
            r#"{"tool_calls":[{"name":"f","arguments":7}]}"#,
            "sim.tool_calls[0].arguments",
        ),
        (r#"{"usage":"none"}"#, "sim.usage"),
        (r#"{"service_tier":"auto"}"#, "sim.service_tier"),
        (r#"{"service_tier":7}"#, "sim.service_tier"),
        (r#"{"usage":{"tokens":1}}"#, "sim.usage.tokens"),
        (
            r#"{"usage":{"prompt_tokens":-1}}"#,
            "sim.usage.prompt_tokens",
        ),
        (r#""fast""#, "sim"),
        ("[]", "sim"),
    ] {
        let fault = open("echo", &format!(r#","sim":{sim}"#))
            .await
            .expect_err("a fault");
        let FaultKind::BadRequest {
            status: 400,
            param: Some(named),
            ..
        } = fault.kind
        else {
            panic!("{sim}: {:?}", fault.kind);
        };
        assert_eq!(named, param, "{sim}");
    }
    let fault = open("echo", r#","n":2,"sim":{"output_tokens":500001}"#)
        .await
        .expect_err("a fault");
    assert!(matches!(fault.kind, FaultKind::BadRequest { .. }));
    let fault = open("gpt-9", "").await.expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::OurAccount);
}

#[tokio::test(start_paused = true)]
async fn delays_are_kept() {
    let begin = tokio::time::Instant::now();
    let fields = r#","sim":{"delay_ms":700,"chunk_delay_ms":100,"output_tokens":16,"chunks":4}"#;
    let (payloads, ..) = streamed("lorem", fields).await;
    // Role, four pieces, end: a pause before every piece but the first, and before the end.
    assert_eq!(payloads.len(), 6);
    assert_eq!(begin.elapsed().as_millis(), 1_100);
    let begin = tokio::time::Instant::now();
    open("echo", r#","sim":{"delay_ms":60000,"fail":"timeout"}"#)
        .await
        .expect_err("a fault");
    assert_eq!(begin.elapsed(), Duration::from_secs(60));
}

#[tokio::test]
async fn the_longest_stream_comes_in_small_pieces() {
    let fields = r#","stream":true,"sim":{"output_tokens":1000000}"#;
    let Ok(Reply::Stream(mut stream)) = open("lorem", fields).await else {
        panic!("no stream")
    };
    let (mut largest, mut said) = (0, 0);
    while let Some(item) = stream.next().await {
        if let ReplyChunk::Content {
            frames,
            output_bytes,
        } = item.expect("no fault")
        {
            largest = largest.max(frames.len());
            said += output_bytes;
        }
    }
    assert_eq!(said, 4_000_000);
    assert!(largest < 16 << 10, "{largest}");
}
