//! The recorded answers again, to customers who speak other dialects: what is counted and
//! what goes wrong must be the same, and what they get must be whole.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use vuzo_domain::chat::{
    Endpoint, Envelope, FaultKind, ProviderFault, Reply, ReplyChunk, UpstreamCall, UsageReport,
};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::time::Timestamp;
use vuzo_providers::{Bridged, Dialect, HttpClient, OpenAiShaped};

use crate::fake::{Fake, adapter_over, call, short_patience, streamed, whole};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_795_262_400)
    }
}

/// What came of a call: everything that was sent, and what was told of it.
struct Came {
    sent: Vec<u8>,
    ending: Result<UsageReport, ProviderFault>,
}

async fn take(provider: &dyn ChatProvider, call: &UpstreamCall) -> Came {
    let mut sent = Vec::new();
    let mut stream = match provider.open(call).await {
        Err(fault) => {
            let ending = Err(fault);
            return Came { sent, ending };
        }
        Ok(Reply::Whole(whole)) => {
            sent.extend_from_slice(&whole.body);
            let ending = Ok(whole.report);
            return Came { sent, ending };
        }
        Ok(Reply::Stream(stream)) => stream,
    };
    loop {
        let ending = match stream.next().await.expect("an ending") {
            Ok(ReplyChunk::Content { frames, .. }) => {
                sent.extend_from_slice(&frames);
                continue;
            }
            Ok(ReplyChunk::End {
                frames,
                usage_frame,
                report,
            }) => {
                sent.extend_from_slice(&frames);
                sent.extend_from_slice(&usage_frame.unwrap_or_default());
                Ok(report)
            }
            Err(fault) => Err(fault),
        };
        assert!(stream.next().await.is_none(), "something after the ending");
        return Came { sent, ending };
    }
}

/// What decides about money and about the customer's answer.
fn verdict(came: &Came) -> (Option<&FaultKind>, Option<&UsageReport>) {
    match &came.ending {
        Ok(report) => (None, Some(report)),
        Err(fault) => (Some(&fault.kind), fault.report.as_deref()),
    }
}

/// A fault as it is told in a dialect, which may have another name for the field.
fn named_in(endpoint: Endpoint, fault: &FaultKind) -> FaultKind {
    let mut fault = fault.clone();
    if let FaultKind::BadRequest {
        param: Some(param), ..
    } = &mut fault
    {
        let own = match (endpoint, param.as_str()) {
            (Endpoint::Completions, "messages") => "prompt",
            (Endpoint::Responses, "messages") => "input",
            (Endpoint::Responses, "max_tokens") => "max_output_tokens",
            (_, other) => other,
        };
        *param = own.to_owned();
    }
    fault
}

/// The same request in a dialect; `None` where the dialect cannot ask for it.
fn body(endpoint: Endpoint, stream: bool, answers: u32) -> Option<String> {
    match endpoint {
        Endpoint::ChatCompletions => Some(format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],"n":{answers},"stream":{stream}}}"#
        )),
        Endpoint::Completions => Some(format!(
            r#"{{"model":"m","prompt":"Hi","n":{answers},"stream":{stream}}}"#
        )),
        _ if answers > 1 => None,
        Endpoint::Messages => Some(format!(
            r#"{{"model":"m","max_tokens":99,"messages":[{{"role":"user","content":"Hi"}}],"stream":{stream}}}"#
        )),
        Endpoint::Responses => Some(format!(
            r#"{{"model":"m","input":"Hi","store":false,"stream":{stream}}}"#
        )),
        Endpoint::Embeddings => None,
    }
}

/// Every event is JSON with the name that its line says, and what begins in it also ends.
fn is_well_formed(name: &str, endpoint: Endpoint, came: &Came) {
    let text = core::str::from_utf8(&came.sent).expect("text");
    let (mut begun, mut ended) = (0, 0);
    for frame in text.split_terminator("\n\n") {
        let (event, data) = match frame.split_once("\ndata: ") {
            Some((event, data)) => (event.strip_prefix("event: "), data),
            None => (None, frame.strip_prefix("data: ").expect(name)),
        };
        let data: Value = serde_json::from_str(data).expect(name);
        if endpoint == Endpoint::Completions {
            assert_eq!(data["object"], "text_completion", "{name}");
            continue;
        }
        let kind = data["type"].as_str();
        assert_eq!(event, kind, "{name}: {frame}");
        match kind {
            Some("content_block_start" | "response.output_item.added") => begun += 1,
            Some("content_block_stop" | "response.output_item.done") => ended += 1,
            _ => {}
        }
    }
    if came.ending.is_ok() {
        assert_eq!(begun, ended, "{name}: {text}");
    }
}

fn bridged(inner: &Arc<OpenAiShaped>, dialect: Dialect) -> Bridged {
    const CHAT: &[Endpoint] = &[Endpoint::ChatCompletions];
    let inner: Arc<dyn ChatProvider> = Arc::clone(inner) as _;
    Bridged::new(inner, Arc::new(Noon), dialect).speaking(CHAT)
}

/// Plays one recording in every dialect.
async fn play(client: HttpClient, name: &str, given: &str) -> usize {
    let (head, upstream) = given.split_once("=== upstream\n").expect(name);
    let words: Vec<&str> = head.split_whitespace().collect();
    let dialect = match words.first() {
        Some(&"openai") => Dialect::OpenAi,
        Some(&"xai") => Dialect::XAi,
        Some(&"openrouter") => Dialect::OpenRouter,
        _ => return 0,
    };
    // Answers in another wire than that of chats are read by nobody else.
    if words.contains(&"completions") {
        return 0;
    }
    let stream = words.contains(&"stream");
    let answers = if words.contains(&"n=2") { 2 } else { 1 };
    let status = words.iter().find_map(|word| word.strip_prefix("status="));
    let answer = if stream && status.is_none() && !words.contains(&"json") {
        let frames: Vec<&[u8]> = upstream
            .split_inclusive("\n\n")
            .map(str::as_bytes)
            .collect();
        streamed(&frames)
    } else {
        let status = format!("{} X", status.unwrap_or("200"));
        whole(&status, "application/json", upstream.trim_end().as_bytes())
    };
    let fake = Fake::saying(answer).await;
    let asked = body(Endpoint::ChatCompletions, stream, answers).expect(name);
    let inner = Arc::new(adapter_over(&fake.base_url, dialect, client));
    let native = take(&*inner, &call(&asked, stream, true, answers)).await;
    let mut played = 0;
    for endpoint in [
        Endpoint::Completions,
        Endpoint::Messages,
        Endpoint::Responses,
    ] {
        let Some(asked) = body(endpoint, stream, answers) else {
            continue;
        };
        let plain = call(&asked, stream, true, answers);
        let envelope = Envelope {
            endpoint,
            ..Envelope::clone(&plain.envelope)
        };
        let call = UpstreamCall {
            envelope: Arc::new(envelope),
            ..plain
        };
        let name = format!("{name} to {endpoint:?}");
        let provider = bridged(&inner, dialect);
        let came = tokio::time::timeout(Duration::from_secs(60), take(&provider, &call))
            .await
            .expect(&name);
        let (fault, report) = verdict(&native);
        let fault = fault.map(|fault| named_in(endpoint, fault));
        assert_eq!(verdict(&came), (fault.as_ref(), report), "{name}");
        if stream {
            is_well_formed(&name, endpoint, &came);
        } else if came.ending.is_ok() {
            let body: Value = serde_json::from_slice(&came.sent).expect(&name);
            assert!(body.is_object(), "{name}");
        }
        played += 1;
    }
    played
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_count_the_same_in_every_dialect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let recordings = fs::read_dir(&folder).expect("golden files").map(|entry| {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        (path.display().to_string(), text)
    });
    let client = HttpClient::new(short_patience()).expect("client");
    let played: usize = stream::iter(recordings)
        .map(|recording| (client.clone(), recording))
        .map(|(client, (name, text))| async move {
            let (given, _) = text.split_once("=== outcome\n").expect("an outcome");
            play(client, &name, given).await
        })
        .buffer_unordered(24)
        .fold(0, async |sum, played| sum + played)
        .await;
    assert!(played >= 150, "only {played} were played");
}
